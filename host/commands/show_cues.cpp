// From a log to cues: a fader's many steps become few straight ways, as near to what was played as can be heard.
// SPDX-License-Identifier: MIT
#include "host/commands/show_cues.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "graph/builtin_nodes.h"
#include "graph/check.h"
#include "host/control/controls.h"
#include "host/session/open.h"
#include "host/show/show.h"
#include "host/system/command.h"

namespace legume {
namespace {

constexpr double pause_seconds = 0.25;  // a hand that rests longer begins a new gesture
constexpr float tolerance = 0.01f;      // of a param's travel

struct Move {
    double time = 0;  // seconds
    float value = 0;
    float glide = -1;
};
struct Line {
    double time;
    std::string text;
};

std::string clock(double seconds) {
    const auto whole = static_cast<long>(seconds + 0.0005);
    char text[48];
    std::snprintf(text, sizeof text, "%ld:%06.3f", whole / 60, std::max(0.0, seconds - 60.0 * double(whole / 60)));
    return text;
}

std::string cue(double time, const std::string& to, const std::string& value, double over) {
    char span[32] = "";
    if (over >= 0) std::snprintf(span, sizeof span, ", over: %.3f s", over);
    return "{at: " + clock(time) + ", set: " + to + ", to: " + value + span + "}";
}

// Whether all between two moves lies on the straight way from the one to the other.
bool straight(const std::vector<Move>& moves, std::size_t a, std::size_t b, const Range& range) {
    const double whole = moves[b].time - moves[a].time;
    for (auto i = a + 1; i < b; ++i) {
        const double share = whole > 0 ? (moves[i].time - moves[a].time) / whole : 1;
        const float there = range.between(moves[a].value, moves[b].value, static_cast<float>(share));
        if (std::abs(range.normalise(there) - range.normalise(moves[i].value)) > tolerance) return false;
    }
    return true;
}

void add(std::vector<Line>& lines, const std::string& to, const std::vector<Move>& moves, const Range& range) {
    const auto put = [&](double time, float value, double over) {
        lines.push_back({time, cue(time, to, range.print(value), over)});
    };
    for (std::size_t i = 0; i < moves.size(); ++i) {
        put(moves[i].time, moves[i].value, static_cast<double>(moves[i].glide));
        if (!range.glides()) continue;
        // As far as the hand went on without a rest and without a glide of its own, in ways that are as long as can be.
        const auto next = [&](std::size_t k) {
            return k + 1 < moves.size() && moves[k].glide < 0 && moves[k + 1].glide < 0 &&
                   moves[k + 1].time - moves[k].time <= pause_seconds;
        };
        double begun = std::max(range.glide_seconds, 0.0f);  // what was just set is there, and then goes on
        while (next(i)) {
            auto end = i + 1;
            while (next(end) && straight(moves, i, end + 1, range)) ++end;
            const double whole = moves[end].time - moves[i].time;
            begun = std::min(begun, whole / 2);
            put(moves[i].time + begun, moves[end].value, whole - begun);
            begun = 0;
            i = end;
        }
    }
}

struct Played {
    std::map<std::string, std::vector<Move>> moves;
    std::vector<std::pair<double, std::string>> fired;
    std::size_t notes = 0;
};

Played played_in(const Show& show) {
    Played played;
    for (const auto& [applied, source] : show.controls) {
        const double time = static_cast<double>(applied.frame) / show.rate;
        if (applied.kind == Member::Kind::param)
            played.moves[applied.target].push_back({time, applied.value, applied.seconds});
        else if (applied.kind == Member::Kind::trigger)
            played.fired.emplace_back(time, applied.target);
        else
            ++played.notes;
    }
    return played;
}

}  // namespace

int print_cues(const std::string& asked) {
    return attempt([&] {
        const auto file = find_show(asked) / show_log_name;
        const auto kept = open_show(file.parent_path());
        const auto show = played_in(kept);
        const auto checked = open_patch(std::filesystem::path(kept.cwd) / kept.edits.front().file);
        if (print_problems(checked.problems))
            throw CommandError(file.string() + ": its patch has faults; mend them, so that its params are known");
        const auto find = [&](const std::string& target) -> const Member* {
            const auto end = end_of(target);
            if (const auto* standing = builtin_node(end.node)) return standing->find(end.member);
            for (std::size_t i = 0; i < checked.nodes.size(); ++i)
                if (checked.patch.nodes[i].id == end.node)
                    if (const auto* member = checked.nodes[i]->find(end.member)) return member;
            std::fprintf(stderr, "%s: the patch has no %s any more; it is left out\n", file.c_str(), target.c_str());
            return nullptr;
        };
        std::vector<Line> lines;
        for (const auto& [target, moves] : show.moves)
            if (const auto* member = find(target); member && member->kind == Member::Kind::param)
                add(lines, to_string(end_of(target)), moves, static_cast<const Param*>(member)->range);
        for (const auto& [time, target] : show.fired)
            if (find(target))
                lines.push_back({time, "{at: " + clock(time) + ", fire: " + to_string(end_of(target)) + "}"});
        std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.time < b.time; });
        std::printf("cues:\n");
        for (const auto& line : lines) std::printf("  - %s\n", line.text.c_str());
        if (show.notes)
            std::fprintf(stderr, "%s: %zu notes were played too, which cues cannot do\n", file.c_str(), show.notes);
    });
}

}  // namespace legume
