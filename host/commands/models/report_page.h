// What the report shows, and the page made of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace legume {

struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;  // step, value
};

struct ReportEvent {
    double step = 0;
    std::string what;
};

struct ReportTake {
    std::string file;                                          // relative to the run
    std::vector<std::pair<std::string, std::string>> sources;  // link or data URI, MIME type; the best first
    std::string title;                                         // "voice 3, temperature 0.9, seed 7, 10 s"
    std::string measures;
    std::vector<std::string> flags;
    std::string waveform, spectrogram;  // a path's d; a data URI
    std::optional<std::uint64_t> seed;
    bool picked = false, dropped = false;
};

struct ReportAge {
    std::int64_t step = 0;
    std::string about;  // "half way, 1.23 bits a sample"
    std::vector<ReportTake> takes;
};

struct ReportPage {
    std::string title;
    std::vector<std::string> facts;  // a line each
    std::vector<Series> bits, speed, memory;
    std::vector<ReportEvent> events;  // over the bits
    std::vector<ReportAge> ages;      // the youngest first
};

std::string html(const ReportPage& page);

}  // namespace legume
