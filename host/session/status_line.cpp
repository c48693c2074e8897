// Takes parts away, or what is long of them, until the others fit.
// SPDX-License-Identifier: MIT
#include "host/session/status_line.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "host/system/terminal.h"

namespace legume {
namespace {

constexpr int least_columns = 12;  // of a text that is cut: less says nothing

struct Part {
    int goes;  // the highest first
    std::string text;
    std::string (*cut)(std::string_view, int) = nullptr;  // how it becomes shorter; most cannot
};

template <class... Values>
std::string print(const char* format, Values... values) {
    char text[64];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string joined(const std::vector<Part>& parts) {
    std::string line;
    for (const auto& part : parts) line += (line.empty() ? "" : " | ") + part.text;
    return line;
}

}  // namespace

std::string status_line(const Status& s, int columns) {
    const auto covering = print("covering %.0f %%", s.covering * 100);
    std::vector<Part> parts{{0, print("%8.1f s", s.seconds)},
                            {1, print("%5.1f dB", s.level)},
                            {2, print("cpu %3.0f %%", s.load * 100)},
                            {3, print("late %llu, xruns %llu", static_cast<unsigned long long>(s.late),
                                      static_cast<unsigned long long>(s.xruns))},
                            {covering == "covering 0 %" ? 8 : 4, covering},
                            {5, s.transport},
                            {6, s.set, fit},
                            {7, s.last, fit_end}};  // its end is the value
    std::erase_if(parts, [](const Part& part) { return part.text.empty(); });
    for (int over = 0; (over = columns_of(joined(parts)) - columns) > 0 && parts.size() > 1;) {
        const auto first =
            std::max_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.goes < b.goes; });
        const int room = columns_of(first->text) - over;
        if (first->cut && room >= least_columns)
            first->text = first->cut(first->text, room);
        else
            parts.erase(first);
    }
    return fit(joined(parts), columns);
}

}  // namespace legume
