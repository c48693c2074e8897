// Named as the patch names them, so that an error can say which key to set back.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/compatibility.h"

#include <array>
#include <cstdio>
#include <fstream>

namespace legume::samplernn {
namespace {

std::string text(double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.7g", value);  // options are single precision
    return digits;
}

std::string text(const std::optional<double>& value) { return value ? text(*value) : "none"; }

std::string text(const std::vector<double>& values) {
    std::string list;
    for (const double value : values) list += (list.empty() ? "" : ", ") + text(value);
    return "[" + list + "]";
}

}  // namespace

std::string processor_name() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("model name"))
            if (const auto at = line.find(": "); at != line.npos) return line.substr(at + 2);
    return "unknown";
}

std::vector<Term> terms(const TrainSettings& s, const Corpus& corpus, const Computer& computer) {
    static constexpr std::array<const char*, 3> loudness{"none", "per_file", "per_set"};
    static constexpr std::array<const char*, 3> storages{"f32", "f16", "int8"};
    std::vector<Term> all;
    for (auto& [name, value] : s.config.settings()) all.push_back({name, value, Compatibility::shape});
    all.push_back({"batch", std::to_string(s.batch), Compatibility::shape});
    all.push_back({"prune", text(s.prune), Compatibility::shape});
    all.push_back({"weight_norm", s.learning.weight_norm ? "true" : "false", Compatibility::shape});
    all.push_back({"dropout", text(s.learning.dropout), Compatibility::learning});
    all.push_back({"learning_rate", text(s.learning_rate), Compatibility::learning});
    all.push_back({"window", std::to_string(s.window), Compatibility::learning});
    all.push_back({"overlap", text(s.overlap), Compatibility::learning});
    all.push_back({"held_out", text(s.held_out), Compatibility::sound});
    all.push_back({"channel", s.channel ? std::to_string(s.channel) : "mix", Compatibility::sound});
    all.push_back({"level", loudness[static_cast<std::size_t>(s.loudness)], Compatibility::sound});
    all.push_back({"trim", text(s.trim_db), Compatibility::sound});
    all.push_back({"augment_speed", text(s.speeds), Compatibility::sound});
    all.push_back({"augment_gain", text(s.gain_range), Compatibility::sound});
    all.push_back({"sound", corpus.hash, Compatibility::sound});
    all.push_back({"steps", s.steps ? std::to_string(s.steps) : "none", Compatibility::free});
    all.push_back({"minutes", s.minutes > 0 ? text(s.minutes) : "none", Compatibility::free});
    all.push_back({"every", s.every ? std::to_string(s.every) : "auto", Compatibility::free});
    all.push_back({"storage", storages[static_cast<std::size_t>(s.storage)], Compatibility::free});
    all.push_back({"memory", text(s.memory / 1e9) + " GB", Compatibility::free});  // the cuts follow from it
    all.push_back({"device", computer.device, Compatibility::free});
    all.push_back({"processor", computer.processor, Compatibility::free});
    all.push_back({"libtorch", computer.libtorch, Compatibility::free});
    all.push_back({"threads", std::to_string(computer.threads), Compatibility::free});
    return all;
}

std::string print(const std::vector<Term>& terms) {
    std::string lines;
    for (const auto& term : terms) lines += term.name + " " + term.value + "\n";
    return lines;
}

std::optional<std::string> value_in(const std::string& printed, const std::string& name) {
    const std::string lines = "\n" + printed, start = "\n" + name + " ";
    const auto at = lines.find(start);
    if (at == lines.npos) return {};
    const auto from = at + start.size();
    return lines.substr(from, lines.find('\n', from) - from);
}

std::vector<Change> changes(const std::string& before, const std::vector<Term>& now) {
    std::vector<Change> found;
    for (const auto& term : now) {
        const auto value = value_in(before, term.name);
        if (!value && term.bond == Compatibility::free) continue;  // a run from before anybody wrote it down
        if (value.value_or("none") != term.value) found.push_back({term, value.value_or("none")});
    }
    return found;
}

}  // namespace legume::samplernn
