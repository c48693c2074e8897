// A table that a run writes row by row, steps first: cut back to the step from which a killed run goes on.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace legume::samplernn {

class CsvLog {
  public:
    CsvLog(std::filesystem::path file, const std::string& names);  // "step,..." without a line's end
    // Both throw std::runtime_error, and leave the file as it was.
    void cut(std::int64_t step);             // keeps whole rows up to this step; makes the file when there is none
    void add(const std::string& row) const;  // without a line's end
    bool exists() const;

  private:
    const std::filesystem::path file_;
    const std::string names_;
};

}  // namespace legume::samplernn
