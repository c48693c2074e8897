// Takes are made from the checkpoint's file, so that what is heard is what will play.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/timeline.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "graph/base/math.h"
#include "nodes/files/atomic_file.h"
#include "nodes/samplernn/takes/rendering.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_behind = 3;  // checkpoints without takes, one of them at work

int passed(double share) {  // of `usual_checkpoints`
    int k = 0;
    while (k < usual_checkpoints && checkpoint_share(k + 1, usual_checkpoints) <= share) ++k;
    return k;
}

struct Age {
    fs::path file;
    std::int64_t step;
    double bits;  // held out
};

// The one whose neighbours lie closest together on a scale where `checkpoint_share` is even; never the first, the last
// or the best. None: nothing else is left.
std::optional<std::size_t> spare(const std::vector<Age>& ages) {
    const auto best =
        std::min_element(ages.begin(), ages.end(), [](const Age& a, const Age& b) { return a.bits < b.bits; });
    const auto at = [&](std::size_t i) { return math::pow(static_cast<double>(ages[i].step), 1.0 / 3); };
    std::optional<std::size_t> found;
    double least = 0;
    for (std::size_t i = 1; i + 1 < ages.size(); ++i) {
        const double gap = at(i + 1) - at(i - 1);
        if (ages.begin() + static_cast<std::ptrdiff_t>(i) == best || (found && gap >= least)) continue;
        found = i;
        least = gap;
    }
    return found;
}

}  // namespace

double checkpoint_share(int k, int n) {
    const double share = static_cast<double>(k) / n;
    return share * share * share;
}

bool checkpoint_due(const TrainSettings& settings, std::int64_t step, double before, double now) {
    if (settings.every > 0) return step % settings.every == 0 || now >= 1;
    return passed(now) > passed(before);
}

double checkpoint_count(const TrainSettings& settings, double steps) {
    if (settings.every > 0) return std::max(1.0, -math::floor(-steps / static_cast<double>(settings.every)));
    double count = 0, last = 0;
    for (int k = 1; k <= usual_checkpoints; ++k) {
        const double step = -math::floor(-checkpoint_share(k, usual_checkpoints) * steps);
        count += step > last;
        last = step;
    }
    return std::max(1.0, count);
}

void begin_timeline(const fs::path& run) {
    std::error_code failed;
    for (const char* folder : {"checkpoints", "takes"}) {
        fs::create_directories(run / folder, failed);
        if (failed) throw ModelError((run / folder).string() + ": cannot be made: " + failed.message());
    }
}

Timeline::Timeline(const TrainSettings& settings, std::uint64_t seed, Say tell)
    : settings_(settings), seed_(seed), tell_(std::move(tell)) {
    begin_timeline(settings.run);
    const auto patch = settings.run / "patch.yaml";
    if (!settings.patch.empty())
        if (const auto failed = write_atomically(patch, settings.patch))
            throw ModelError(patch.string() + " cannot be written: " + failed.message());
    look_at_all();
    worker_ = std::thread([this] { work(); });
}

void Timeline::look_at_all() {
    try {
        for (auto& file : find_checkpoints(settings_.run)) waiting_.push_back(std::move(file));
    } catch (const ModelError&) {
        // None yet.
    }
}

Timeline::~Timeline() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    worker_.join();
}

fs::path Timeline::add(const Checkpoint& checkpoint, const Stop& stop) {
    char name[32];
    std::snprintf(name, sizeof name, "%08lld.safetensors", static_cast<long long>(checkpoint.config.step));
    const fs::path file = settings_.run / "checkpoints" / name;
    write_checkpoint(file, checkpoint, settings_.storage);
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(file);
    }
    changed_.notify_all();
    wait(most_behind, stop);
    return file;
}

bool Timeline::finish(const Stop& stop) {
    if (!wait(0, [] { return true; }))
        tell_("making the takes of the last checkpoints; Ctrl-C leaves them for another time");
    if (!wait(0, stop)) return false;
    {
        const std::lock_guard lock(mutex_);
        if (!failed_.exchange(false)) return true;
        look_at_all();
    }
    changed_.notify_all();
    return wait(0, stop);
}

bool Timeline::wait(std::size_t behind, const Stop& stop) {
    std::unique_lock lock(mutex_);
    while (waiting_.size() > behind) {
        if (stop && stop()) return false;
        changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    return true;
}

void Timeline::work() {
#ifdef __linux__
    setpriority(PRIO_PROCESS, 0, 10);  // there, of this thread alone: training's threads wait for one another
#endif
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
        if (ending_) return;
        const auto checkpoint = waiting_.front();
        lock.unlock();
        try {
            make_takes(checkpoint);
        } catch (const std::exception& error) {
            tell_(std::string(error.what()) +
                  "; training goes on, and tries again at its end and when it is started again");
            failed_ = true;  // so that no checkpoint goes before its takes are made
        }
        lock.lock();
        if (ending_) return;
        waiting_.pop_front();
        changed_.notify_all();
    }
}

void Timeline::make_takes(const fs::path& checkpoint) {
    const Rendering rendering{settings_.run / "takes", seed_, settings_.take_seconds, true};
    std::vector<Voice> voices(static_cast<std::size_t>(settings_.takes));
    for (std::size_t v = 0; v < voices.size(); ++v) voices[v].number = v;
    const auto going = [&] {
        const std::lock_guard lock(mutex_);
        return !ending_;
    };
    render_takes(checkpoint, rendering, voices, [&](std::size_t, std::size_t, double) { return going(); });
    if (settings_.keep > 0 && going() && !failed_) thin(read_config(checkpoint).step);
}

// Looks no further than `step`, so that what stays does not depend on how far training has come meanwhile.
void Timeline::thin(std::int64_t step) const {
    std::vector<Age> ages;
    for (const auto& file : find_checkpoints(settings_.run)) {
        const Config config = read_config(file);
        if (config.step <= step)
            ages.push_back({file, config.step, config.held_out_nll.value_or(std::numeric_limits<double>::infinity())});
    }
    while (ages.size() > static_cast<std::size_t>(settings_.keep)) {
        const auto at = spare(ages);
        if (!at) return;
        std::error_code failed;
        fs::remove(ages[*at].file, failed);
        ages.erase(ages.begin() + static_cast<std::ptrdiff_t>(*at));
    }
}

}  // namespace legume::samplernn
