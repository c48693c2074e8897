// Why blocks were late: which node took the time, or that the system held the audio thread up.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/say.h"
#include "host/engine/runner.h"
#include "host/system/every.h"

namespace legume {

// Control thread.
class XrunLog {
  public:
    explicit XrunLog(Say say) : say_(std::move(say)) {}
    void take(const LateCallback& late);
    // As often as the session looks: gaps that the card told of, so far; those that no late block explains are said.
    void look(double now, std::uint64_t xruns);
    Say on_line;  // each, where say_ is told no more than one in five seconds
    // "; late: dream 5, the system 2"; empty: nothing was.
    std::string summary() const;
    const std::map<std::string, std::uint64_t>& causes() const { return causes_; }  // by node's id, or "system"
    static std::string line(const LateCallback& late);

  private:
    void tell(const std::string& line);
    const Say say_;
    std::map<std::string, std::uint64_t> causes_;
    std::uint64_t xruns_ = ~std::uint64_t{0}, late_ = 0, late_before_ = 0, unsaid_ = 0;
    Every telling_{5'000};
};

}  // namespace legume
