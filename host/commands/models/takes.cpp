// Chooses the ages and voices; the rendering is samplernn's own, as in training.
// SPDX-License-Identifier: MIT
#include "host/commands/models/takes.h"

#include <charconv>
#include <cstdio>
#include <random>
#include <system_error>

#include "host/commands/models/report.h"
#include "host/system/command.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/takes/rendering.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

struct Age {
    fs::path file;
    Config config;
};

// A take to be made.
struct Job {
    std::size_t age;
    Voice voice;
};

std::string list(const std::vector<Age>& ages) {
    std::string text;
    for (std::size_t i = 0; i < ages.size(); ++i) {
        if (ages.size() > 8 && i == 4) text += ", ...";
        if (ages.size() <= 8 || i < 4 || i + 2 >= ages.size())
            text += (text.empty() ? "" : ", ") + std::to_string(ages[i].config.step);
    }
    return text;
}

std::vector<Age> ages_of(const TakesRequest& request) {
    std::error_code none;
    if (!fs::exists(request.run, none))
        throw CommandError(request.run.string() + ": there is no such folder; name the folder of a run");
    if (!fs::is_directory(request.run, none))
        throw CommandError(request.run.string() +
                           " is a file; name the folder of its run, and the file with --checkpoint");
    std::int64_t step = 0;
    const char* const end = request.checkpoint.data() + request.checkpoint.size();
    const bool by_step =
        std::from_chars(request.checkpoint.data(), end, step).ptr == end && !request.checkpoint.empty();
    if (!request.checkpoint.empty() && !by_step)
        return {{find_checkpoint(request.checkpoint), read_config(find_checkpoint(request.checkpoint))}};
    std::vector<Age> all, chosen;
    for (const auto& file : find_checkpoints(request.run)) all.push_back({file, read_config(file)});
    for (const auto& age : all)
        if (by_step ? age.config.step == step : age.config.age >= request.from && age.config.age <= request.to)
            chosen.push_back(age);
    if (!chosen.empty()) return chosen;
    if (by_step)
        throw CommandError(request.run.string() + " has no checkpoint of step " + request.checkpoint + "; it has " +
                           list(all));
    throw CommandError(request.run.string() + " has no checkpoint of an age from " + print_number(request.from) +
                       " to " + print_number(request.to) + "; it has " + std::to_string(all.size()) + ", from " +
                       print_number(all.front().config.age) + " to " + print_number(all.back().config.age));
}

// Evenly over the ages, the oldest always among them; each age's takes are voices 0, 1, 2, ...
std::vector<Job> plan(const TakesRequest& request, std::size_t ages) {
    std::vector<Job> jobs;
    const auto count = static_cast<std::size_t>(request.count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t age = count == 1 ? ages - 1 : count < ages ? i * (ages - 1) / (count - 1) : i * ages / count;
        const std::uint64_t voice = !jobs.empty() && jobs.back().age == age ? jobs.back().voice.number + 1 : 0;
        const auto& heats = request.temperatures;
        jobs.push_back({age, {voice, heats.empty() ? 1 : heats[i % heats.size()]}});
    }
    return jobs;
}

// Those that are there already are neither made again nor written over.
void make(const TakesRequest& request) {
    const auto ages = ages_of(request);
    const auto jobs = plan(request, ages.size());
    const Rendering rendering{request.run / "takes", request.seed ? *request.seed : std::random_device{}(),
                              request.seconds};
    std::error_code failed;
    fs::create_directories(rendering.folder, failed);
    if (failed)
        throw CommandError(rendering.folder.string() + " cannot be made: " + failed.message() +
                           "; takes are written there, so it must be a folder that may be written");
    const auto seconds = print_number(request.seconds);
    Progress progress;
    std::size_t there = 0;
    for (std::size_t at = 0, end = 0; at < jobs.size(); at = end) {
        const Age& age = ages[jobs[at].age];
        std::vector<Voice> voices;
        for (; end < jobs.size() && jobs[end].age == jobs[at].age; ++end) voices.push_back(jobs[end].voice);
        there += render_takes(age.file, rendering, voices, [&](std::size_t first, std::size_t count, double part) {
            char line[128];
            std::snprintf(line, sizeof line, "step %lld, %zu to %zu of %zu takes, %.1f of %s s",
                          static_cast<long long>(age.config.step), at + first + 1, at + first + count, jobs.size(),
                          part * request.seconds, seconds.c_str());
            progress.show(line, (static_cast<double>(at + first) + part * static_cast<double>(count)) /
                                    static_cast<double>(jobs.size()));
            return true;
        });
    }
    progress.finish();
    std::printf("%zu takes of %s s in %s, seed %llu", jobs.size() - there, seconds.c_str(), rendering.folder.c_str(),
                static_cast<unsigned long long>(rendering.seed));
    if (there) std::printf("; %zu were there already", there);
    std::printf("\n");
}

}  // namespace

int takes(const TakesRequest& request) {
    const int failed = attempt([&] { make(request); });
    return failed ? failed : report({request.run, false});
}

}  // namespace legume
