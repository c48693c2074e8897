// Reads headers and puts them in order.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/run.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <system_error>
#include <utility>

namespace legume::samplernn {

std::string difference(const Config& like, const Config& other) {
    static const std::set<std::string> of_its_age{"step", "age", "corpus_hash", "held_out_nll", "int8_cost"};
    const auto theirs = other.settings();
    for (const auto& [name, value] : like.settings()) {
        if (of_its_age.count(name)) continue;
        for (const auto& [its_name, its_value] : theirs)
            if (its_name == name && its_value != value)
                return name + " is " + its_value + ", and " + value + " in the newest";
    }
    return "";
}

Run read_checkpoints_of(const std::filesystem::path& model, std::optional<std::int64_t> up_to) {
    std::error_code none;
    const bool whole = std::filesystem::is_directory(model, none);
    auto newest_file = find_checkpoint(model);
    std::vector<std::filesystem::path> files{newest_file};
    if (whole || (up_to && newest_file != model)) files = find_checkpoints(whole ? model : model.parent_path());
    if (up_to) {
        const auto later = [&](const std::filesystem::path& file) { return read_config(file).step > *up_to; };
        while (files.size() > 1 && later(files.back())) files.pop_back();
        newest_file = files.back();
    }
    const Config newest = read_config(newest_file);
    if (!whole) return {{{newest_file, newest.age}}, {}, newest.step};
    Run run;
    run.newest = newest.step;
    std::vector<std::int64_t> steps;
    for (const auto& file : files) {
        try {
            const Config config = file == newest_file ? newest : read_config(file);
            const auto differs = difference(newest, config);
            if (differs.empty()) {
                run.ages.push_back({file, 0});
                steps.push_back(config.step);
            } else {
                run.left_out.push_back(file.string() + ": its " + differs + "; age leaves it out");
            }
        } catch (const ModelError& error) {
            run.left_out.push_back(std::string(error.what()) + "; age leaves it out");
        }
    }
    const bool rise = std::adjacent_find(steps.begin(), steps.end(), std::greater_equal<>()) == steps.end();
    const double last = newest.age > 0 ? newest.age : 1;
    const auto count = static_cast<double>(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i)
        run.ages[i].age =
            last * (rise && steps.back() > 0 ? static_cast<double>(steps[i]) / static_cast<double>(steps.back())
                                             : static_cast<double>(i + 1) / count);
    return run;
}

std::filesystem::path nearest(const Run& run, double age) {
    return std::min_element(run.ages.begin(), run.ages.end(),
                            [&](const Age& a, const Age& b) { return std::abs(a.age - age) < std::abs(b.age - age); })
        ->file;
}

}  // namespace legume::samplernn
