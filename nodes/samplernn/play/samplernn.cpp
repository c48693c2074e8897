// Plays a SampleRNN live.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "graph/abilities.h"
#include "graph/base/denormals.h"
#include "graph/base/math.h"
#include "graph/reads.h"
#include "nodes/samplernn/engine/shared.h"
#include "nodes/samplernn/play/ages.h"
#include "nodes/samplernn/play/network_player.h"
#include "nodes/samplernn/play/takes.h"
#include "nodes/samplernn/takes/take.h"

namespace legume {
namespace {

using samplernn::Precision;

struct SampleRnn final : Node, Reads, GeneratesAhead, HasState {
    FileOption model{this, "model", Required{},
                     "The checkpoint to play, or a folder of them or a training run, whose newest plays unless `age` "
                     "says another."};
    FileOption from{this, "from",
                    "A take that `legume takes` made with this model: it goes on from its last sample, with its seed "
                    "and voice; reset begins that take again."};
    FlagOption follow{this, "follow", false,
                      "Takes up each new checkpoint of a run that is being trained, as it is written."};
    Param age{this,
              "age",
              {.min = 0, .max = 1, .initial = 1},
              "How old the network is, as a share of its training: below 1 the run's younger checkpoints play, and "
              "between two of them both at once."};
    Meter age_heard{this, "age_heard", Unit::none, "The age that the network plays at now."};
    samplernn::NetworkPlayer play{
        this,
        model,
        {"slow", "takes", "refuse"},
        "What a machine that is too slow for it plays: the network lower and longer, the takes "
        "of its training, or nothing."};
    Work read{this, "read", Work::Pool::io, [this] { return !takes && ages.read(); }, "Reads the checkpoints."};
    TimingDecision missing{this, "missing", "Which checkpoint plays while another is not read yet."};
    TimingDecision newest{this, "newest", TimingDecision::Of::machine,
                          "Which update's checkpoint was the newest when it began, plus one."};
    TimingDecision found{this, "found", TimingDecision::Of::machine, "Which new checkpoint of a run is taken up."};

    // Before the first block.
    samplernn::Ages ages{missing, found};
    std::shared_ptr<const samplernn::Takes> takes;  // when they are played and not the network

    // Audio thread.
    std::size_t played = 0;  // frames of the takes

    int channels_of(const Out&, int) const override { return play.voices.count(); }
    void check(const Checking& checking) const override {
        try {
            samplernn::read_config(samplernn::find_checkpoint(model.path()));
        } catch (const samplernn::ModelError& error) {
            checking.problem(model, error.what());
        }
        if (std::error_code none; follow.value() && std::filesystem::is_regular_file(model.path(), none))
            checking.problem(follow, "follow watches a training run, and " + model.path().string() +
                                         " is one checkpoint; name the run's folder as model");
        play.gestures.check(checking);
        if (from.given() && play.gestures.prime.given())
            checking.problem(play.gestures.prime, "from and prime both say where it begins; remove one of them");
        if (!from.given()) return;
        if (std::error_code none; !std::filesystem::exists(from.path(), none))
            checking.problem(from, from.path().string() + " does not exist; name a take, takes/....flac");
        else if (!samplernn::parse_recipe(read_sound_comment(from.path())))
            checking.problem(
                from, from.path().string() + " carries no recipe of a take; `legume takes` writes takes that do");
        if (play.voices.count() > 1)
            checking.problem(play.voices, "voices is " + std::to_string(play.voices.count()) +
                                              ", and from goes on with one take; remove one of them");
        if (play.seed.given())
            checking.problem(play.seed, "from goes on with the seed of its take; remove one of them");
    }

    // A folder means its checkpoints, whichever of them plays; takes only where they may have to stand in.
    std::vector<std::filesystem::path> reads(const Option& option) const override {
        if (&option != &model) return named(option);
        std::vector<std::filesystem::path> files;
        const auto run = samplernn::read_checkpoints_of(model.path());
        for (const auto& one : run.ages) files.push_back(one.file);
        if (play.when_slow.value() == "takes")
            for (auto& take : samplernn::takes_beside(samplernn::nearest(run, age.own())))
                files.push_back(std::move(take));
        return files;
    }

    void prepare(const Prepare& p) override {
        const NoDenormals no_denormals;
        play.begin(p);
        try {
            auto run = samplernn::read_checkpoints_of(model.path());
            const auto now = 1 + static_cast<std::uint64_t>(run.newest), then = newest.decide(0, now);
            if (then != 0 && then != now)
                run = samplernn::read_checkpoints_of(model.path(), static_cast<std::int64_t>(then) - 1);
            for (const auto& line : run.left_out) p.tell(line);
            if (run.ages.size() == 1 && age.own() < 1 && !follow.value())
                p.tell(run.ages[0].file.string() + " is one checkpoint: age does nothing; a run has several");
            const auto file = samplernn::nearest(run, age.own());
            const auto take = taken(file);
            if (take) play.own_seed = take->recipe.seed;
            const bool moves = run.ages.size() > 1 && age.own() < 1;
            ages.open({std::move(run), age.own(), block_frames / p.rate, p.live,
                       follow.value() ? model.path() : std::filesystem::path(),
                       [this, &store = p.store, take_as = take ? std::optional(take->recipe.precision) : std::nullopt](
                           const std::filesystem::path& checkpoint) {
                           const bool as_take = take_as && play.precision.value() == "auto";
                           const auto precision = as_take ? *take_as : play.wanted(samplernn::read_config(checkpoint));
                           return play.state_of(samplernn::shared_model(store, checkpoint, precision));
                       },
                       p.tell});
            const auto& network = ages.parts()[0].state->shared_model();
            double pitch = network->config.sample_rate;
            pitch *= admit(p, network, moves, file);
            play.tune(ages.parts(), samplernn::Mix::product, pitch);
            if (take) go_on(p, *network, *take);
            play.gestures.prepare(p, *play.stream, play.voices.count(), pitch);
        } catch (const samplernn::ModelError& error) {
            throw PrepareError("model", error.what());
        }
        if (takes) return;
        play.heed = [this](const samplernn::Record& record, bool first) {
            if (first) ages.begin_again(*play.stream);
            const bool there = first || ages.go(static_cast<double>(record.faders[0]), *play.stream);
            age_heard.set(static_cast<float>(ages.heard()));
            return there;
        };
        age_heard.set(static_cast<float>(ages.heard()));
        play.open({age.own()});
    }
    std::optional<samplernn::Take> taken(const std::filesystem::path& file) const {
        if (!from.given()) return {};
        try {
            return samplernn::read_take(from.path(), samplernn::read_config(file), samplernn::checkpoint_hash(file));
        } catch (const samplernn::ModelError& error) {
            throw PrepareError("from", error.what());
        }
    }
    void go_on(const Prepare& p, const samplernn::Model& network, const samplernn::Take& take) {
        play.stream->go_on(take.recipe.voice, take.levels);
        const double seconds = static_cast<double>(take.levels.size()) / network.config.sample_rate;
        p.tell("goes on after " + print_number(math::round_even(10 * seconds) / 10) + " s of " +
               from.path().filename().string() +
               (play.temperature.own() == take.recipe.temperature
                    ? ""
                    : ", which was made at temperature " + print_number(static_cast<double>(take.recipe.temperature))));
    }
    // The share of its rate that the network is played at, on this machine; between two ages there are two of it.
    double admit(const Prepare& p, const std::shared_ptr<const samplernn::Model>& network, bool moves,
                 const std::filesystem::path& file) {
        if (const auto part = play.admit(p, samplernn::Networks(moves ? 2 : 1, network))) return *part;
        auto& pace_found = play.found;
        try {
            takes = p.store.get<samplernn::Takes>(file.string() + "\n" + print_number(p.rate), [&] {
                return std::make_shared<const samplernn::Takes>(samplernn::read_takes(file, p.rate));
            });
        } catch (const samplernn::ModelError& error) {
            throw PrepareError("when_slow", pace_found.speed + ": " + pace_found.short_of + "; and " + error.what());
        }
        pace_found.short_of += ": plays " + std::to_string(takes->starts.size()) +
                               " of the takes of its training; temperature, reset and reseed do nothing";
        pace_found.load = 0;
        return 1;
    }
    int latency_frames() const override { return play.latency(); }
    RealTimeFactor real_time_factor() const override { return play.found; }
    bool portable() const override { return false; }  // libsamplerate
    std::string save_state() override { return play.save_state(); }
    bool load_state(std::string_view bytes) override { return play.load_state(bytes); }

    // ---- audio thread

    void process(const Block& b) noexcept RT_SAFE override {
        if (takes)
            play_takes(b);
        else
            play.play(b, {age.value(b)});
        play.amplify(b);
    }
    // Every voice reads the same loop, from another take on.
    void play_takes(const Block& b) noexcept RT_SAFE {
        const auto& loop = takes->loop;
        for (std::size_t v = 0; v < play.width(); ++v) {
            const auto y = play.out.write(b, static_cast<int>(v));
            std::size_t at = (takes->starts[v % takes->starts.size()] + played) % loop.size();
            for (float& x : y) {
                x = loop[at];
                if (++at == loop.size()) at = 0;
            }
        }
        played = (played + block_frames) % loop.size();
    }
    void reset() noexcept RT_SAFE override {
        play.reset();
        played = 0;
    }
};

}  // namespace

extern const NodeType samplernn_node{"samplernn", "Plays a SampleRNN network live, under a temperature.",
                                     make_node<SampleRnn>};

}  // namespace legume
