// Each binding is a line of its own, so that what people add to the others stays.
// SPDX-License-Identifier: MIT
#include "host/patch/learned.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "host/patch/reader.h"
#include "nodes/files/atomic_file.h"
#include "nodes/files/yaml.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

constexpr const char* head =
    "# What legume learned of this controller. Copy it, edit it or remove it; the patch beside it stays as it is.\n"
    "bindings:\n";

std::vector<Binding> read_learned(const std::string& text, const std::string& name, Problems& problems) {
    std::vector<Binding> bindings;
    const Tree root = load_tree(text, name, problems);
    if (!problems.empty() || root.kind == Tree::Kind::nothing) return bindings;
    Reader reader(problems);
    if (root.kind != Tree::Kind::map) {
        reader.problem(root.place, "this file is a map; begin it with `bindings:`");
        return bindings;
    }
    reader.known(root, "a file of controls", {"bindings"});
    if (const auto* list = reader.part(root, "bindings", Tree::Kind::list, "- {midi: {cc: 1}, to: dream.gain}"))
        for (const auto& item : list->items)
            if (auto binding = read_binding(reader, item)) bindings.push_back(std::move(*binding));
    return bindings;
}

std::string line_of(const MidiSource& midi, const Endpoint& to) {
    std::string source;
    switch (midi.kind) {
        case MidiSource::Kind::cc: source = "cc: "; break;
        case MidiSource::Kind::nrpn: source = "nrpn: "; break;
        case MidiSource::Kind::rpn: source = "rpn: "; break;
        case MidiSource::Kind::note: source = "note: "; break;
        case MidiSource::Kind::notes: source = "notes: "; break;
        case MidiSource::Kind::pressure: source = "pressure: "; break;
        case MidiSource::Kind::bend: source = "bend: "; break;
        case MidiSource::Kind::program: source = "program: "; break;
    }
    const bool all =
        midi.kind == MidiSource::Kind::notes || midi.kind == MidiSource::Kind::bend || midi.number == MidiSource::all;
    source += all ? "all" : std::to_string(midi.number);
    if (midi.channel) source += ", channel: " + std::to_string(midi.channel);
    if (midi.relative == MidiSource::Relative::twos) source += ", relative: twos";
    if (midi.relative == MidiSource::Relative::offset) source += ", relative: offset";
    if (midi.relative == MidiSource::Relative::sign) source += ", relative: sign";
    return "  - {midi: {" + source + "}, to: " + to_string(to) + "}";
}

bool same_control(const MidiSource& a, const MidiSource& b) {
    return a.kind == b.kind && a.number == b.number && (a.channel == b.channel || !a.channel || !b.channel);
}

}  // namespace

fs::path controls_file(const fs::path& patch) {
    auto file = patch;
    return file.replace_extension(".controls.yaml");
}

void load_learned(const fs::path& patch, Patch& into, Problems& problems, const Texts* kept) {
    const auto file = controls_file(patch);
    into.files.push_back(file.string());
    const auto text = read_text(file, kept);
    if (!text) return;
    into.texts[file.string()] = *text;
    Problems own;
    for (auto& binding : read_learned(*text, file.string(), own)) into.bindings.push_back(std::move(binding));
    problems.insert(problems.end(), own.begin(), own.end());
}

std::string store_learned(const fs::path& patch, const MidiSource& control, const Endpoint& to) {
    const auto file = controls_file(patch);
    const auto text = read_text(file).value_or("");
    Problems problems;
    const auto before = read_learned(text, file.string(), problems);
    if (!problems.empty()) return to_string(problems.front()) + "; mend it, then learn again";
    std::vector<std::string> lines;
    const bool headless = text.find("bindings:") == text.npos;
    std::istringstream in(text.empty() ? head : text + (headless ? "\nbindings:\n" : ""));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::vector<std::size_t> old;
    for (const auto& binding : before) {
        if (!binding.midi || !same_control(*binding.midi, control)) continue;
        const auto at = static_cast<std::size_t>(binding.place.line - 1);
        const std::string_view line = lines[at];
        const auto first = std::min(line.find_first_not_of(' '), line.size());
        if (!line.substr(first).starts_with("- {") ||
            std::count(line.begin(), line.end(), '{') != std::count(line.begin(), line.end(), '}'))
            return to_string(binding.place) +
                   ": this binding of the same control is not written on a line of its own; remove it, then learn "
                   "again";
        old.push_back(at);
    }
    for (auto at = old.rbegin(); at != old.rend(); ++at) lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(*at));
    lines.push_back(line_of(control, to));
    std::string whole;
    for (const auto& line : lines) whole += line + "\n";
    if (read_learned(whole, file.string(), problems); !problems.empty())
        return file.string() + " is not written line by line; end it with a list below `bindings:`, then learn again";
    if (const auto failed = samplernn::write_atomically(file, whole))
        return file.string() + " cannot be written: " + failed.message();
    return {};
}

}  // namespace legume
