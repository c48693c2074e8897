// Why blocks were late: which node took the time, or that the system held the audio thread up.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/every.h"

namespace legume {

// A callback of the device that took longer than what it played lasts.
struct Late {
    double at = 0;                                      // seconds since the show began
    double took = 0;                                    // seconds, by the clock on the wall
    double worked = 0;                                  // of these the thread had the processor
    double allowed = 0;                                 // what it played
    std::vector<std::pair<std::string, double>> nodes;  // the heaviest first, and their share of the nodes' time
    // Within the time there was, had the thread only been let to work.
    bool held_up() const { return worked <= allowed; }
};

// Control thread.
class Ledger {
  public:
    using Say = std::function<void(const std::string&)>;
    explicit Ledger(Say say) : say_(std::move(say)) {}
    void take(const Late& late);
    // As often as the session looks: gaps that the card told of, so far; those that no late block explains are said.
    void look(double now, std::uint64_t xruns);
    std::function<void(const std::string&)> on_line;  // each, where say_ is told no more than one in five seconds
    // "; late: dream 5, the system 2"; empty: nothing was.
    std::string summary() const;
    const std::map<std::string, std::uint64_t>& causes() const { return causes_; }  // by node's id, or "system"
    static std::string line(const Late& late);

  private:
    void tell(const std::string& line);
    const Say say_;
    std::map<std::string, std::uint64_t> causes_;
    std::uint64_t xruns_ = ~std::uint64_t{0}, late_ = 0, late_before_ = 0, unsaid_ = 0;
    Every telling_{5'000};
};

}  // namespace legume
