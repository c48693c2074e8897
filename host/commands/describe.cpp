// Prints the nodes' declarations as text: for a terminal, as the manual, and as a patch's OSC addresses.
// SPDX-License-Identifier: MIT
#include "host/commands/describe.h"

#include <algorithm>

#include "graph/abilities.h"
#include "graph/setlist_controls.h"
#include "graph/transport.h"

namespace legume {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell; no spaces at a line's end.
std::string aligned(const std::vector<Row>& rows, const std::string& indent = "") {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line = indent;
        for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string markdown_row(const Row& row) {
    std::string line = "|";
    for (auto cell : row) {
        for (std::size_t at = 0; (at = cell.find('|', at)) != cell.npos; at += 2) cell.insert(at, "\\");
        line += " " + cell + (cell.empty() ? "|" : " |");
    }
    return line + "\n";
}

std::string limits(const Range& range) {
    return range.limits() + (range.unit == Unit::note ? " (MIDI note)" : range.curve == Curve::log ? ", log" : "");
}

std::string limits(const Option& option) {
    if (const auto* range = option.limits())
        return (option.choices().empty() ? "" : join(option.choices()) + " or ") + limits(*range) +
               (option.type == Option::Type::list ? " each" : "");
    switch (option.type) {
        case Option::Type::flag: return "true or false";
        case Option::Type::choice: return join(option.choices());
        case Option::Type::file: return "file";
        case Option::Type::scenes: return "two to four scenes";
        case Option::Type::entries: {
            const auto form = static_cast<const EntriesOption&>(option).form();
            std::vector<std::string> names;
            for (const auto* field : form->options()) names.push_back(field->name);
            return "list of {" + join(names) + "}";
        }
        case Option::Type::list: return option.holds_files() ? "files" : "list";
        default: return "text";
    }
}

// Name, kind, range, default, doc.
Row row_of(const Member& member) {
    switch (member.kind) {
        case Member::Kind::in: {
            const auto& shape = static_cast<const In&>(member).shape;
            const auto most = std::to_string(shape.channels) + (shape.channels == 1 ? " channel" : " channels");
            return {member.name, "in",
                    (shape.channels == 1 ? "" : "up to ") + most + (shape.feedback ? ", may close a loop" : ""), "",
                    member.doc};
        }
        case Member::Kind::out: return {member.name, "out", "", "", member.doc};
        case Member::Kind::param: {
            const auto& range = static_cast<const Param&>(member).range;
            return {member.name, "param", limits(range), range.print(range.initial), member.doc};
        }
        case Member::Kind::trigger: return {member.name, "trigger", "", "", member.doc};
        case Member::Kind::notes: return {member.name, "notes", "", "", member.doc};
        case Member::Kind::option: {
            const auto& option = static_cast<const Option&>(member);
            return {member.name, "option", limits(option), option.required ? "required" : option.print_initial(),
                    member.doc};
        }
        case Member::Kind::meter:
            return {member.name, "meter", suffix(static_cast<const Meter&>(member).unit), "", member.doc};
        case Member::Kind::work: break;
        case Member::Kind::decision: return {member.name, "fate", "", "", member.doc};
    }
    return {member.name, "work", static_cast<const Work&>(member).pool == Work::Pool::io ? "io" : "generate", "",
            member.doc};
}

// The same, and what may be said of each of its entries.
std::vector<Row> rows_of(const Member& member) {
    std::vector<Row> rows{row_of(member)};
    if (member.kind != Member::Kind::option || static_cast<const Option&>(member).type != Option::Type::entries)
        return rows;
    const auto form = static_cast<const EntriesOption&>(member).form();
    for (const auto* field : form->members()) {
        rows.push_back(row_of(*field));
        rows.back()[0] = member.name + ": " + field->name;
    }
    return rows;
}

// Options first, as they are what a patch sets once; then what is played; then signals and meters.
std::vector<const Member*> sorted_members(const Declaration& node) {
    static constexpr Member::Kind order[] = {Member::Kind::option, Member::Kind::param, Member::Kind::trigger,
                                             Member::Kind::notes,  Member::Kind::in,    Member::Kind::out,
                                             Member::Kind::meter,  Member::Kind::work,  Member::Kind::decision};
    std::vector<const Member*> members;
    for (const auto kind : order)
        for (const auto* member : node.members())
            if (member->kind == kind) members.push_back(member);
    return members;
}

std::vector<Row> table_of(const Node& node) {
    std::vector<Row> rows{{"member", "kind", "range", "default", "what it is"}};
    for (const auto* member : sorted_members(node))
        for (auto& row : rows_of(*member)) rows.push_back(std::move(row));
    return rows;
}

// What stands for the members that only its file knows.
const Row more{"more", "", "", "", "As its file says."};

const char* osc_type(const Range& range) {
    return range.unit == Unit::flag ? "i 0|1" : range.unit == Unit::count ? "i" : "f";
}

}  // namespace

std::string describe_text(NodeTypes types) {
    std::vector<Row> rows;
    for (const auto* type : types) rows.push_back({type->name, type->doc});
    return aligned(rows);
}

std::string describe_text(const NodeType& type) {
    const auto node = type.make();
    auto rows = table_of(*node);
    if (as<DynamicMembers>(*node)) rows.push_back(more);
    return std::string(type.name) + ": " + type.doc + "\n\n" + aligned(rows, "  ");
}

std::string describe_text(const Checked& checked, NodeTypes types) {
    std::string text;
    for (std::size_t i = 0; i < checked.nodes.size(); ++i) {
        const auto& node = checked.patch.nodes[i];
        text += (i ? "\n" : "") + node.id + " (" + node.type + "): " + find_type(types, node.type)->doc + "\n\n" +
                aligned(table_of(*checked.nodes[i]), "  ");
    }
    return text;
}

std::string manual_markdown(NodeTypes types) {
    std::string text =
        "<!-- Generated by `legume describe --markdown` from nodes/*.cpp; edit those. -->\n# Nodes\n\n"
        "An option is set by the patch; a param can be played too, by MIDI, OSC and wires. A wire may end "
        "in an in, a param or a trigger.\n\n";
    for (const auto* type : types)
        text += "- [" + std::string(type->name) + "](#" + type->name + "): " + type->doc + "\n";
    for (const auto* type : types) {
        const auto node = type->make();
        text += "\n## " + std::string(type->name) + "\n\n" + type->doc + "\n\n";
        const auto rows = table_of(*node);
        text += markdown_row(rows.front()) + "|---|---|---|---|---|\n";
        for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
            auto cells = *row;
            cells[0] = "`" + cells[0] + "`";
            text += markdown_row(cells);
        }
        if (as<DynamicMembers>(*node)) text += markdown_row(more);
    }
    return text;
}

std::string osc_namespace(const Checked& checked) {
    std::vector<Row> rows{{"address", "type", "range", "value", "what it is"}};
    const auto add = [&](const Declaration& node, const std::string& id) {
        for (const auto* member : sorted_members(node)) {
            const auto address = "/" + id + "/" + member->name;
            if (member->kind == Member::Kind::trigger) rows.push_back({address, "any", "", "", member->doc});
            if (member->kind != Member::Kind::param) continue;
            const auto& param = static_cast<const Param&>(*member);
            rows.push_back(
                {address, osc_type(param.range), limits(param.range), param.range.print(param.own()), param.doc});
            rows.push_back({"/unit" + address, "f", "0 to 1", print_number(param.range.normalise(param.own())),
                            "The same, along its curve."});
        }
    };
    for (std::size_t i = 0; i < checked.nodes.size(); ++i) add(*checked.nodes[i], checked.patch.nodes[i].id);
    Transport conductor;
    conductor.tempo.set_initial(static_cast<float>(checked.patch.tempo.value_or(120)));
    add(conductor, std::string(Transport::id));
    add(SetlistControls(), std::string(SetlistControls::id));
    for (const auto& binding : checked.patch.bindings)
        if (binding.osc)
            rows.push_back({binding.osc->address, "any", "", "", "Bound to " + to_string(binding.to) + "."});
    return aligned(rows);
}

}  // namespace legume
