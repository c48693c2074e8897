// Reads takes' names and recipes, and picks.yaml as any YAML, since people edit it.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/picks.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "nodes/files/atomic_file.h"
#include "nodes/files/yaml.h"
#include "nodes/samplernn/takes/take.h"
#include "nodes/sound/sound_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

// By its name, and else by its recipe.
std::int64_t step_of(const fs::path& file) {
    if (const auto step = samplernn::step_in_name(file)) return *step;
    const auto recipe = samplernn::parse_recipe(read_sound_comment(file));
    return recipe ? recipe->step : 0;
}

[[noreturn]] void refuse(const Problem& problem) {
    throw RunError(to_string(problem) + "; mend it, or move the file away");
}

template <class T>
bool read_whole(const std::string& text, T& into) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, into);
    return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

bool read_flag(const std::string& text, bool& into) {
    into = text == "true" || text == "yes";
    return into || text == "false" || text == "no";
}

void read_pick(const Tree& tree, Picks& picks) {
    Pick pick;
    pick.place = picks.size();
    const Tree* const file = tree.kind == Tree::Kind::text ? &tree : tree.find("file");
    if (!file || file->kind != Tree::Kind::text)
        refuse({tree.place, "a pick wants a file: {file: takes/NAME.flac, star: true}"});
    for (const auto& field : tree.items) {
        std::uint64_t seed = 0;
        if (field.key == "seed" && read_whole(field.text, seed))
            pick.seed = seed;
        else if (field.key != "file" && !(field.key == "star" && read_flag(field.text, pick.star)) &&
                 !(field.key == "step" && read_whole(field.text, pick.step)))
            refuse({field.key_place, "a pick has a file, star: true or false, and a whole step and seed"});
    }
    picks[fs::path(file->text).lexically_normal().generic_string()] = pick;
}

}  // namespace

Picks read_picks(const fs::path& run) {
    const auto file = run / "picks.yaml";
    std::ifstream in(file, std::ios::binary);
    if (!in) return {};
    Problems problems;
    const Tree root = load_tree({std::istreambuf_iterator<char>(in), {}}, file.string(), problems);
    if (!problems.empty()) refuse(problems.front());
    Picks picks;
    if (root.kind == Tree::Kind::nothing) return picks;
    const Tree* const list = root.kind == Tree::Kind::list ? &root : root.find("picks");
    if (!list || list->kind == Tree::Kind::text || list->kind == Tree::Kind::map)
        refuse({root.place, "it wants picks: and a list below"});
    for (const auto& item : list->items) read_pick(item, picks);
    return picks;
}

void write_picks(const fs::path& run, const Picks& picks) {
    std::string text = "# Takes that were starred, and those that were dropped (star: false).\npicks:\n";
    for (const auto& [file, pick] : picks)
        text += "  - {file: " + quoted(file) + ", star: " + (pick.star ? "true" : "false") +
                ", step: " + std::to_string(pick.step) + (pick.seed ? ", seed: " + std::to_string(*pick.seed) : "") +
                "}\n";
    if (const auto failed = samplernn::write_atomically(run / "picks.yaml", text))
        throw RunError((run / "picks.yaml").string() + " cannot be written: " + failed.message());
}

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
        const auto pick = picks.find(file.lexically_relative(run).generic_string());
        if (pick == picks.end() || pick->second.star) takes.push_back({file, step_of(file), pick != picks.end()});
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
    const auto picks = read_picks(run);
    std::vector<const Picks::value_type*> order;
    for (const auto& pick : picks)
        if (pick.second.star) order.push_back(&pick);
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->second.place < b->second.place; });
    std::vector<RunTake> stars;
    for (const auto* pick : order) {
        const auto file = (run / pick->first).lexically_normal();
        stars.push_back({file, step_of(file), true});
    }
    if (stars.empty())
        throw RunError(run.string() + " has no starred takes; star some with `legume listen " + run.string() +
                       "`, or in its report");
    return stars;
}

}  // namespace legume
