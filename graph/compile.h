// Checked patch -> Schedule; with a predecessor, the transition that turns the one into the other without a click.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "graph/base/store.h"
#include "graph/check.h"
#include "graph/schedule.h"

namespace legume {

struct CompileContext {
    double rate;
    std::uint64_t seed;  // the patch's or the command line's
    Store& store;
    std::function<void(const std::string& id, const std::string& line)> tell;  // what a node has to say; any thread
    bool live = false;
    std::filesystem::path states = {};  // Prepare::states
};

// A param of a node that stays, whose text has changed: it takes the new value, as a control.
struct ParamEdit {
    Param* param = nullptr;
    std::string name;  // "node/param"
    float value = 0;
};

struct Compiled {
    std::unique_ptr<Schedule> schedule;  // with a predecessor: the transition, whose `then` is the final schedule
    Schedule* last = nullptr;            // the final schedule
    std::vector<ParamEdit> edits;        // to be posted once the schedule is
    Problems problems;                   // when not empty, schedule is null and nothing has changed
};

// A node with the same id, type, options and channels as one in `previous` is the same instance: it keeps its state and
// its params' live values. Others are fresh and prepared here. Any thread but the audio thread: of `previous` it reads
// the plan alone, so a copy will do; whoever posts the schedule lets it follow() the one that plays first.
Compiled compile(Checked checked, const CompileContext& context, const Plan* previous = nullptr,
                 const Patch* previous_patch = nullptr);

inline constexpr double transition_seconds = 0.02;

// What plays, on its way out: in so many seconds whatever sounds by itself fades, and what rings passes on what it
// holds. It plays the same nodes as `playing`, which must stay alive until this one takes over.
std::unique_ptr<Schedule> leave(const Schedule& playing, double seconds);
bool has_tail(const Plan& plan);  // any node of it

// FNV-1a over the parts, then a finaliser (splitmix64): a node's seed from the patch's, its id and its own.
std::uint64_t hash_seed(std::uint64_t seed, std::string_view id, std::uint64_t own = 0);

}  // namespace legume
