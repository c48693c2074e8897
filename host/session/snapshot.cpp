// A line for each thing, in which a name is the last word or stands before a number.
// SPDX-License-Identifier: MIT
#include "host/session/snapshot.h"

#include <algorithm>
#include <charconv>

#include "graph/abilities.h"
#include "graph/check.h"

namespace legume {
namespace {

constexpr std::string_view first_line = "legume standing 1", last_line = "end";
constexpr const char* position = "transport/position";  // what was set last; where it is now is the beat

template <class T>
std::string print(T value) {
    char text[64];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

template <class T>
bool read(std::string_view text, T& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

// Takes the text up to the mark away from its front.
std::string_view cut(std::string_view& text, char mark) {
    const auto at = std::min(text.find(mark), text.size());
    const auto front = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return front;
}

}  // namespace

Snapshot snapshot_of(Controls& controls) {
    Snapshot standing;
    auto& runner = controls.runner();
    standing.seconds = static_cast<double>(runner.frames()) / runner.rate();
    standing.beat = runner.beat();
    for (const auto& target : controls.targets())
        if (const auto* param = target.param(); param && target.name != position)
            standing.values.emplace_back(target.name, param->own());
    const auto& plan = runner.schedule().plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i)
        if (auto* node = as<HasState>(*plan.nodes[i]))
            if (auto bytes = node->save_state(); !bytes.empty())
                standing.nodes.emplace_back(plan.ids[i], std::move(bytes));
    return standing;
}

void take_up(const Snapshot& standing, Controls& controls) {
    // A morph first: what it moves was taken from it, or stands where it put it.
    for (const bool morphs : {true, false})
        for (const auto& [name, value] : standing.values) {
            const auto* target = controls.find(name);  // the patch may have been edited since
            if (!target || !target->param() || morphs != (scenes_of(target->member->owner) != nullptr)) continue;
            controls.move(*target, value, "resume", 0);
        }
}

void resume(const Snapshot& standing, const std::string& id, Node& node) {
    auto* stateful = as<HasState>(node);
    for (const auto& [name, bytes] : standing.nodes)
        if (name == id && stateful) stateful->load_state(bytes);
}

std::string write_snapshot(const Snapshot& standing) {
    std::string text(first_line);
    const auto line = [&](const char* what, const std::string& value) {
        text.append("\n").append(what).append(" ").append(value);
    };
    line("patch", standing.patch.string());
    line("place", print(standing.place));
    line("seed", print(standing.seed));
    line("seconds", print(standing.seconds));
    line("beat", print(standing.beat));
    line("scene", standing.scene);
    for (const auto& [name, value] : standing.values) line("value", print(value) + " " + name);
    for (const auto& [id, bytes] : standing.nodes) {
        line("node", print(bytes.size()) + " " + id + "\n");
        text += bytes;
    }
    return text.append("\n").append(last_line).append("\n");
}

std::optional<Snapshot> read_snapshot(std::string_view text) {
    Snapshot standing;
    if (cut(text, '\n') != first_line) return {};
    while (!text.empty()) {
        auto value = cut(text, '\n');
        const auto what = cut(value, ' ');
        bool sound = true;
        if (what == last_line) return standing;
        if (what == "patch") {
            standing.patch = value;
        } else if (what == "place") {
            sound = read(value, standing.place);
        } else if (what == "seed") {
            sound = read(value, standing.seed);
        } else if (what == "seconds") {
            sound = read(value, standing.seconds);
        } else if (what == "beat") {
            sound = read(value, standing.beat);
        } else if (what == "scene") {
            standing.scene = value;
        } else if (what == "value") {
            float number = 0;
            sound = read(cut(value, ' '), number);
            standing.values.emplace_back(value, number);
        } else if (what == "node") {
            std::size_t size = 0;
            sound = read(cut(value, ' '), size) && size < text.size();
            if (!sound) return {};
            standing.nodes.emplace_back(value, text.substr(0, size));
            text.remove_prefix(size + 1);
        }
        if (!sound) return {};
    }
    return {};
}

}  // namespace legume
