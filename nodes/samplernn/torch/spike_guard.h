// Compares each step's loss and gradient with the steps before, so that one bad step does not spoil days of learning.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace legume::samplernn {

class SpikeGuard {
  public:
    // What a step may have; infinite while little is known, and after several skipped in a row: then it is no spike but
    // how things are now.
    double most_bits() const;
    double most_norm() const;
    double usual_bits() const;  // medians
    double usual_norm() const;

    // After a step, skipped or not. Numbers that are not finite are not remembered.
    void saw_bits(double bits);
    void saw_norm(double norm);
    void learned() { in_a_row_ = not_finite_ = 0; }
    void skipped(bool finite);
    bool hopeless() const;  // steps without a finite number in a row

    std::int64_t skips() const { return skips_; }  // since the run began

    // All of it, for a resume.
    std::vector<double> save() const;
    void load(const std::vector<double>& saved);

  private:
    std::vector<double> bits_, norms_;  // the last ones, newest last
    std::int64_t skips_ = 0, in_a_row_ = 0, not_finite_ = 0;
};

}  // namespace legume::samplernn
