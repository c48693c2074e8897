// The same schedule as live, block after block, every job waited for.
// SPDX-License-Identifier: MIT
#include "host/commands/render.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "graph/base/math.h"
#include "host/control/desk.h"
#include "host/engine/bounce.h"
#include "host/engine/runner.h"
#include "host/session/open.h"
#include "host/session/setlist.h"
#include "host/system/command.h"
#include "nodes/sound/sound_file.h"

namespace legume {
namespace {

// What moves a piece that is played by nobody: its cues, and all that they call.
class Stage {
  public:
    // A patch that comes later has its own seed, unless the command line gave one.
    Stage(Runner& runner, double from, std::optional<std::uint64_t> asked_seed, std::uint64_t seed)
        : runner_(runner), desk_(runner, say, from), asked_seed_(asked_seed), seed_(seed) {
        desk_.commands.add({"load", "Plays on with another patch.", false, [this](const CommandArguments& arguments) {
                                next_ = std::get<std::string>(arguments.at(0));
                                return std::string();
                            }});
    }
    void tick() {  // before each block
        desk_.controls.tick();
        if (!next_.empty() && runner_.settled()) load(std::exchange(next_, {}));
    }

  private:
    static void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }
    void load(const std::string& file) {
        auto checked = open_patch(file);
        const auto seed = asked_seed_ ? *asked_seed_ : checked.patch.seed.value_or(seed_);
        auto next = runner_.prepare(std::move(checked), seed);
        if (print_problems(next.problems)) return;
        runner_.change(std::move(next), {});
        desk_.controls.bind();
    }

    Runner& runner_;
    Desk desk_;
    std::string next_;
    const std::optional<std::uint64_t> asked_seed_;
    const std::uint64_t seed_;
};

}  // namespace

int render(const RenderRequest& request) {
    if (find_set(request.patch)) {
        std::fprintf(stderr, "%s: a set is played live; render its patches one by one\n", request.patch.c_str());
        return 1;
    }
    auto checked = open_patch(request.patch);
    if (print_problems(checked.problems)) return 1;
    auto seconds = request.seconds ? request.seconds : checked.patch.length_seconds;
    if (!seconds) {
        std::fprintf(stderr, "%s: the patch has no length; say --seconds S, or add length: 20 s to it\n",
                     request.patch.c_str());
        return 1;
    }
    if (!request.seconds && (*seconds -= request.from) <= 0) {
        std::fprintf(stderr, "%s: its length is %.6g s, and --from is %.6g s; say an earlier one, or --seconds S\n",
                     request.patch.c_str(), *seconds + request.from, request.from);
        return 1;
    }
    const auto seed = choose_seed(request.seed, checked.patch);
    bool portable = true;
    for (const auto& node : checked.nodes) portable = portable && node->portable();

    RunnerSetup setup;
    setup.rate = request.rate;
    setup.outputs = request.channels > 0 ? request.channels : device_outputs(checked);
    setup.seed = seed;
    setup.tell = [](const std::string& id, const std::string& line) {
        std::fprintf(stderr, "%s: %s\n", id.c_str(), line.c_str());
    };
    print_problems(checked.notices);
    Runner runner(setup);
    if (print_problems(runner.edit(std::move(checked)))) return 1;
    try {
        const auto frames = static_cast<std::uint64_t>(math::round_even(*seconds * request.rate));
        Bounce bounce(runner, request.out, sound_format(request.out), frames);
        Stage stage(runner, request.from, request.seed, seed);
        while (!bounce.over()) {
            stage.tick();
            bounce.block(nullptr);
        }
        bounce.finish();
        for (const auto& poisoned : runner.poisoned())
            std::fprintf(stderr, "%s: %llu values were not finite; they were silenced and the node reset\n",
                         poisoned.id.c_str(), static_cast<unsigned long long>(poisoned.values));
        std::printf("%s: %.6g s, %d channels, %.6g Hz, seed %llu%s\n", request.out.c_str(), *seconds, setup.outputs,
                    request.rate, static_cast<unsigned long long>(seed),
                    portable ? "" : "; a node stands on a library whose bytes differ between machines");
    } catch (const SoundError& error) {
        std::fprintf(stderr, "%s %s\n", request.out.c_str(), error.what());
        return 1;
    }
    return 0;
}

}  // namespace legume
