// Whether files have been edited: said once, when they have been still for one look, since editors write in steps.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace legume {

class Watch {
  public:
    // What is watched from now on; a file that was watched before is taken to be as it was seen last.
    void set(const std::vector<std::string>& files) {
        std::map<std::string, Time> now;
        for (const auto& file : files) {
            const auto known = seen_.find(file);
            now[file] = known != seen_.end() ? known->second : time_of(file);
        }
        taken_ = seen_ = now;
    }
    // A file that is gone is no edit: it is on its way to being written anew.
    bool edited() {
        auto now = taken_;
        for (auto& [file, time] : now)
            if (const auto newest = time_of(file); newest != Time{}) time = newest;
        const bool still = now == seen_;
        seen_ = now;
        return still && now != taken_;
    }

  private:
    using Time = std::filesystem::file_time_type;
    static Time time_of(const std::string& file) {
        std::error_code error;
        const auto time = std::filesystem::last_write_time(file, error);
        return error ? Time{} : time;
    }
    std::map<std::string, Time> taken_, seen_;
};

}  // namespace legume
