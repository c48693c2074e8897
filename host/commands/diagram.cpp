// A patch drawn as a Mermaid flowchart: sound goes along solid lines, what moves something along dotted ones.
// SPDX-License-Identifier: MIT
#include "host/commands/diagram.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "graph/transport.h"
#include "host/midi/router.h"
#include "host/session/open.h"
#include "host/system/command.h"

namespace legume {
namespace {

// Between quotes Mermaid takes any letter, and what could mean something to it or to HTML as its number.
std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view(" _-./,:()+").find(c) != std::string_view::npos ||
                           static_cast<unsigned char>(c) >= 0x80;
        result += plain ? std::string(1, c) : "#" + std::to_string(static_cast<int>(c)) + ";";
    }
    return result + "\"";
}

std::string source_of(const Binding& binding) {
    if (binding.osc) return binding.osc->address;
    auto name = name_of(*binding.midi);
    if (binding.midi->channel) name += ", channel " + std::to_string(binding.midi->channel);
    if (!binding.midi->port.empty()) name += ", " + binding.midi->port;
    return name;
}

class Drawing {
  public:
    explicit Drawing(const Checked& checked) : c_(checked) {}

    std::string draw() {
        text_ = "flowchart LR\n";
        for (std::size_t i = 0; i < c_.nodes.size(); ++i) {
            const auto& node = c_.patch.nodes[i];
            const auto id = enter(node.id);
            line(name_of_node(i) + "[\"" + id + "<br/>" + node.type + "\"]");
        }
        enter("");
        for (const auto& link : c_.links) draw(link);
        for (const auto& binding : c_.patch.bindings) draw(binding);
        return text_;
    }

  private:
    void line(const std::string& what) { text_ += std::string(2 * (open_.size() + 1), ' ') + what + "\n"; }
    static std::string name_of_node(std::size_t index) { return "n" + std::to_string(index + 1); }

    // Closes and opens boxes until it stands where a node of this path belongs; gives the path's last part. The nodes
    // of a patch within the patch stand side by side.
    std::string enter(const std::string& path) {
        std::vector<std::string> way;
        std::size_t from = 0;
        for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', from = slash + 1))
            way.push_back(path.substr(from, slash - from));
        const auto common = std::mismatch(open_.begin(), open_.end(), way.begin(), way.end());
        for (auto left = open_.end() - common.first; left > 0; --left) {
            open_.pop_back();
            line("end");
        }
        for (auto next = common.second; next != way.end(); ++next) {
            line("subgraph s" + std::to_string(++boxes_) + "[" + in_quotes(*next) + "]");
            open_.push_back(*next);
        }
        return path.substr(from);
    }

    void arrow(const std::string& from, bool sound, const std::string& label, const std::string& to) {
        line(from + (sound ? " -->" : " -.->") + (label.empty() ? "" : "|" + in_quotes(label) + "|") + " " + to);
    }

    void draw(const Link& link) {
        const auto& from = *c_.nodes[link.from_node];
        const auto& to = *c_.nodes[link.to_node];
        const bool sound = link.to->kind == Member::Kind::in;
        std::string label;
        if (link.from != from.outs().front()) label = link.from->name + " → ";
        if (!sound || link.to != to.ins().front())
            label += link.to->name;
        else if (!label.empty())
            label.resize(label.size() - std::string(" → ").size());
        if (link.to->kind == Member::Kind::param) label += ", depth " + print_number(link.depth);
        arrow(name_of_node(link.from_node), sound, label, name_of_node(link.to_node));
    }

    void draw(const Binding& binding) {
        const auto source = source_of(binding);
        const auto [control, fresh] = controls_.emplace(source, "c" + std::to_string(controls_.size() + 1));
        if (fresh) line(control->second + "([" + in_quotes(source) + "])");
        auto label = binding.to.member;
        if (binding.range) label += ", " + binding.range->first.text + " to " + binding.range->second.text;
        arrow(control->second, false, label, target(binding.to.node));
    }

    std::string target(const std::string& id) {
        for (std::size_t i = 0; i < c_.patch.nodes.size(); ++i)
            if (c_.patch.nodes[i].id == id) return name_of_node(i);
        const auto name = std::string(Transport::id);  // what else can be moved
        if (!std::exchange(transport_, true)) line(name + "[" + in_quotes(name) + "]");
        return name;
    }

    const Checked& c_;
    std::string text_;
    std::vector<std::string> open_;  // the boxes that the next line stands in
    int boxes_ = 0;
    std::map<std::string, std::string> controls_;  // by what they are called
    bool transport_ = false;
};

}  // namespace

std::string diagram(const Checked& checked) { return Drawing(checked).draw(); }

std::string draw_page(const std::filesystem::path& page) {
    constexpr std::string_view begin = "<!-- drawn from ", end = "<!-- drawn -->";
    std::ifstream in(page, std::ios::binary);
    if (!in) throw CommandError(page.string() + ": there is no such page; look at its name and folder");
    std::string text, line, missing;
    for (int number = 1; std::getline(in, line); ++number) {
        const auto place = page.string() + ":" + std::to_string(number) + ": ";
        if (line == end) {
            if (missing.empty()) throw CommandError(place + "no diagram begins before this line; remove it");
            missing.clear();
        }
        if (!missing.empty()) continue;  // what was drawn before
        if (!line.starts_with(begin)) {
            text += line + "\n";
            continue;
        }
        const auto name = line.substr(begin.size(), line.find(' ', begin.size()) - begin.size());
        const auto checked = open_patch(page.parent_path() / name);
        if (print_problems(checked.problems)) throw CommandError(place + name + " cannot be drawn; mend it");
        text += std::string(begin) + name + " by `legume describe --gallery`; edit that -->\n" + checked.patch.note +
                "\n\n```mermaid\n" + diagram(checked) + "```\n";
        missing = place + "the diagram of " + name + " does not end; add a line " + std::string(end);
    }
    if (!missing.empty()) throw CommandError(missing);
    return text;
}

}  // namespace legume
