// Counts by cause, and says it at a rate that leaves the terminal readable.
// SPDX-License-Identifier: MIT
#include "host/session/xrun_log.h"

#include <algorithm>
#include <cstdio>

namespace legume {
namespace {

constexpr const char* the_system = "system";
constexpr double named_from = 0.1;  // a node's share of the nodes' time

std::string clock(double seconds) {
    char text[40];
    std::snprintf(text, sizeof text, "%d:%04.1f", static_cast<int>(seconds) / 60,
                  seconds - 60 * (static_cast<int>(seconds) / 60));
    return text;
}

}  // namespace

std::string XrunLog::line(const LateCallback& late) {
    char text[160];
    std::snprintf(text, sizeof text, "late at %s: %.1f ms of %.1f ms; ", clock(late.at).c_str(), late.took * 1'000,
                  late.allowed * 1'000);
    std::string line = text;
    if (late.held_up()) {
        std::snprintf(text, sizeof text, "the system held the audio thread up, the nodes took %.1f ms",
                      late.worked * 1'000);
        return line + text;
    }
    for (std::size_t i = 0; i < late.nodes.size(); ++i) {
        const auto& [id, share] = late.nodes[i];
        if (i > 0 && share < named_from) break;
        std::snprintf(text, sizeof text, "%s %.0f %%", id.c_str(), share * 100);
        line.append(i > 0 ? ", " : "").append(text);
    }
    return line;
}

void XrunLog::tell(const std::string& line) {
    if (on_line) on_line(line);
    if (!telling_.due()) {
        ++unsaid_;
        return;
    }
    say_(line + (unsaid_ > 0 ? " (and " + std::to_string(unsaid_) + " times before that)" : ""));
    unsaid_ = 0;
}

void XrunLog::take(const LateCallback& late) {
    ++late_;
    ++causes_[late.held_up() || late.nodes.empty() ? the_system : late.nodes.front().first];
    tell(line(late));
}

void XrunLog::look(double now, std::uint64_t xruns) {
    // A gap shows up to a look later than the block that made it.
    // What comes before the first look is the card finding its feet.
    if (xruns > xruns_ && late_ == late_before_)
        tell("gap at " + clock(now) + ": the sound card was not given a block in time, though no node was late");
    xruns_ = xruns;
    late_before_ = late_;
}

std::string XrunLog::summary() const {
    std::vector<std::pair<std::string, std::uint64_t>> all(causes_.begin(), causes_.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string text;
    for (const auto& [cause, count] : all)
        text.append(text.empty() ? "; late: " : ", ")
            .append(cause == the_system ? "the system" : cause)
            .append(" ")
            .append(std::to_string(count));
    return text;
}

}  // namespace legume
