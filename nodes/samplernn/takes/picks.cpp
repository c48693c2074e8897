// Reads takes' names, recipes, and picks.yaml line by line: `legume listen` and the report write it so.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/picks.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

#include "nodes/samplernn/takes/take.h"
#include "nodes/sound/sound_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

// Made by legume it begins with the step, as 00000640-seed7-..., and in any case its comment says so.
std::int64_t step_of(const fs::path& file) {
    const auto name = file.stem().string();
    std::int64_t step = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, step);
    if (read.ec == std::errc() && (read.ptr == end || *read.ptr == '-')) return step;
    const auto recipe = samplernn::parse_recipe(read_sound_comment(file));
    return recipe ? recipe->step : 0;
}

struct Pick {
    std::string file;  // relative to the run
    bool star = true;
};

std::string trimmed(std::string text) {
    const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && space(text.back())) text.pop_back();
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), space));
    return text;
}

// A word in quotes or without, from the text's beginning, which is then what is left; nothing when its quote stays
// open.
std::optional<std::string> word(std::string& text) {
    std::string found;
    text = trimmed(text);
    if (text.empty()) return std::nullopt;
    if (text[0] != '"') {
        const auto end = std::min(text.find_first_of(",}"), text.size());
        found = trimmed(text.substr(0, end));
        text.erase(0, end);
        return found;
    }
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        found += text[at];
    }
    if (at == text.size()) return std::nullopt;
    text.erase(0, at + 1);
    return found;
}

// What stands behind the dash: {file: "takes/NAME.flac", star: true, step: 640}, or a bare file.
std::optional<Pick> read_pick(std::string text) {
    Pick pick;
    if (text.empty()) return std::nullopt;
    if (text[0] != '{') {
        const auto file = word(text);
        return file && trimmed(text).empty() && file->find(": ") == file->npos ? std::optional(Pick{*file, true})
                                                                               : std::nullopt;
    }
    do {
        text.erase(0, 1);  // the brace, or a comma
        const auto colon = text.find(':');
        if (colon == text.npos) return std::nullopt;
        const auto key = trimmed(text.substr(0, colon));
        text.erase(0, colon + 1);
        const auto value = word(text);
        if (!value) return std::nullopt;
        if (key == "file") pick.file = *value;
        if (key == "star") pick.star = *value == "true";
        text = trimmed(text);
    } while (!text.empty() && text[0] == ',');
    return text == "}" && !pick.file.empty() ? std::optional(pick) : std::nullopt;
}

std::vector<Pick> read_picks(const fs::path& run) {
    const auto file = run / "picks.yaml";
    std::ifstream in(file);
    std::vector<Pick> picks;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        line = trimmed(line);
        if (line.empty() || line[0] == '#' || line == "---" || line.rfind("picks:", 0) == 0) continue;
        const auto pick = line[0] == '-' ? read_pick(trimmed(line.substr(1))) : std::nullopt;
        if (!pick)
            throw RunError(file.string() + ":" + std::to_string(number) +
                           ": a player wants one pick a line, such as - {file: \"takes/NAME.flac\", star: true}");
        picks.push_back(*pick);
    }
    return picks;
}

}  // namespace

std::vector<RunTake> read_takes_of(const fs::path& run) {
    std::error_code failed;
    if (!fs::is_directory(run, failed))
        throw RunError(run.string() + (fs::exists(run, failed) ? " is no folder" : " does not exist") +
                       "; name the folder of a training run, or one of takes");
    auto files = samplernn::find_takes(run / "takes");
    if (files.empty()) files = samplernn::find_takes(run);
    if (files.empty())
        throw RunError(run.string() + " has no takes: there is no .flac in it or in its takes; `legume takes " +
                       run.string() + "` makes some");
    const auto picks = read_picks(run);
    std::vector<RunTake> takes;
    for (const auto& file : files) {
        const auto name = file.lexically_relative(run).generic_string();
        const auto same = [&](const Pick& pick) { return fs::path(pick.file).lexically_normal() == name; };
        const auto pick = std::find_if(picks.begin(), picks.end(), same);
        if (pick == picks.end() || pick->star) takes.push_back({file, step_of(file), pick != picks.end()});
    }
    if (takes.empty()) throw RunError(run.string() + ": its picks.yaml drops every take");
    std::stable_sort(takes.begin(), takes.end(), [](const RunTake& a, const RunTake& b) { return a.step < b.step; });
    return takes;
}

std::vector<fs::path> picks_of(const fs::path& run) {
    std::error_code failed;
    return fs::exists(run / "picks.yaml", failed) ? std::vector{run / "picks.yaml"} : std::vector<fs::path>{};
}

std::vector<RunTake> read_stars(const fs::path& run) {
    std::vector<RunTake> stars;
    for (const auto& pick : read_picks(run))
        if (pick.star) stars.push_back({(run / pick.file).lexically_normal(), step_of(run / pick.file), true});
    if (stars.empty())
        throw RunError(run.string() + " has no starred takes; star some with `legume listen " + run.string() +
                       "`, or in its report");
    return stars;
}

}  // namespace legume
