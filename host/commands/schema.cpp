// The patch format as a JSON Schema (draft-07), from which an editor's YAML language server completes and checks.
// SPDX-License-Identifier: MIT
#include <charconv>
#include <nlohmann/json.hpp>

#include "graph/abilities.h"
#include "graph/setlist_controls.h"
#include "graph/transport.h"
#include "host/commands/describe.h"
#include "host/patch/tree.h"

namespace legume {
namespace {

using nlohmann::ordered_json;

const std::string id_pattern = "[a-z][a-z0-9_-]*";
const std::string end_pattern = id_pattern + "(/" + id_pattern + ")*(\\." + id_pattern + ")?";
const std::string member_pattern = id_pattern + "(/" + id_pattern + ")*\\." + id_pattern;
const std::string number_pattern = "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";

// The shortest number that is this float: 0.1, not 0.10000000149.
ordered_json number(float value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    double shortest = value;
    std::from_chars(text, end, shortest);
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<float>(whole) == value ? ordered_json(whole) : ordered_json(shortest);
}

// A bare number within limits, or a number with a unit; within what limits that is, only legume itself can tell.
ordered_json quantity(const Range& range) {
    if (range.unit == Unit::flag) return {{"type", "boolean"}};
    ordered_json bare{{"type", range.unit == Unit::count ? "integer" : "number"}};
    bare["minimum"] = number(range.min);
    bare["maximum"] = number(range.max);
    auto pattern = number_pattern;
    if (range.unit == Unit::beats) pattern += "(/[0-9]+)?";
    if (const auto units = spellings(range.unit); !units.empty()) pattern += " *(" + join(units, "|") + ")?";
    return {{"anyOf", {bare, {{"type", "string"}, {"pattern", "^" + pattern + "$"}}}}};
}

ordered_json one_or_more(const ordered_json& item) {
    return {{"anyOf", {item, {{"type", "array"}, {"items", item}, {"minItems", 1}}}}};
}

std::string description(const Member& member, const std::string& limits, const std::string& initial) {
    return member.doc + (limits.empty() ? "" : " " + limits + ".") +
           (initial.empty() ? "" : " Default: " + initial + ".");
}

ordered_json setting(const Option& option);

// What a map may say by its options; those that must be there are added to `required`.
void add_options(const Declaration& node, ordered_json& properties, std::vector<std::string>& required) {
    for (const auto* option : node.options()) {
        auto& property = properties[option->name] = setting(*option);
        property["description"] =
            description(*option, option->limits() ? option->limits()->limits() : "", option->print_initial());
        if (option->required) required.push_back(option->name);
    }
}

ordered_json entry(const Entry& form) {
    ordered_json properties = ordered_json::object();
    std::vector<std::string> required;
    add_options(form, properties, required);
    const ordered_json map{
        {"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}};
    return {{"anyOf", {setting(*form.options().front()), map}}};
}

ordered_json setting(const Option& option) {
    switch (option.type) {
        case Option::Type::flag: return {{"type", "boolean"}};
        case Option::Type::number: {
            auto number_or_word = quantity(*option.limits());
            for (const auto& word : option.choices()) number_or_word["anyOf"].push_back({{"const", word}});
            return number_or_word;
        }
        case Option::Type::file: return {{"type", "string"}, {"minLength", 1}};
        case Option::Type::choice: {
            ordered_json words = option.choices();
            for (const auto& word : option.choices())  // people write 2, and not "2"
                if (word.find_first_not_of("0123456789") == word.npos) words.push_back(std::stoi(word));
            return {{"enum", words}};
        }
        case Option::Type::list:
            return one_or_more(option.holds_files() ? ordered_json{{"type", "string"}, {"minLength", 1}}
                                                    : quantity(*option.limits()));
        case Option::Type::scenes:
            return {{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 2}, {"maxItems", 4}};
        case Option::Type::entries: return one_or_more(entry(*static_cast<const EntriesOption&>(option).form()));
        case Option::Type::text: break;
    }
    return {{"type", {"string", "number", "boolean"}}};
}

ordered_json node_schema(const NodeType& type) {
    const auto node = type.make();
    ordered_json properties{{"type", {{"const", type.name}}}};
    std::vector<std::string> required{"type"};
    add_options(*node, properties, required);
    for (const auto* param : node->params()) {
        auto& property = properties[param->name] = quantity(param->range);
        property["description"] = description(*param, param->range.limits(), param->range.print(param->range.initial));
    }
    ordered_json schema{{"description", type.doc},
                        {"type", "object"},
                        {"properties", properties},
                        {"required", required},
                        {"additionalProperties", false}};
    if (as<DynamicMembers>(*node)) {  // params that only its file knows
        schema["propertyNames"] = {{"pattern", "^" + id_pattern + "$"}};
        schema["additionalProperties"] = {{"type", {"number", "string", "boolean"}}};
    }
    return schema;
}

// Which settings a node has follows from its type.
ordered_json any_node(NodeTypes types) {
    ordered_json names = ordered_json::array(), docs = ordered_json::array(), cases = ordered_json::array();
    for (const auto* type : types) {
        names.push_back(type->name);
        docs.push_back(type->doc);
        ordered_json is_it{{"properties", {{"type", {{"const", type->name}}}}}, {"required", {"type"}}};
        cases.push_back({{"if", is_it}, {"then", {{"$ref", "#/definitions/" + std::string(type->name)}}}});
    }
    names.push_back("patch");
    docs.push_back("Another patch's nodes, wired by its ports.");
    cases.push_back({{"if", {{"properties", {{"type", {{"const", "patch"}}}}}, {"required", {"type"}}}},
                     {"then", {{"$ref", "#/definitions/patch"}}}});
    return {{"type", "object"},
            {"properties",
             {{"type", {{"description", "What kind of node it is."}, {"enum", names}, {"enumDescriptions", docs}}}}},
            {"required", {"type"}},
            {"allOf", cases}};
}

ordered_json whole(int min, int max, const char* doc) {
    return {{"description", doc}, {"type", "integer"}, {"minimum", min}, {"maximum", max}};
}

ordered_json wire_schema() {
    const ordered_json text{{"description", "Nodes joined by arrows: a -> b.in -> c."},
                            {"type", "string"},
                            {"pattern", "^\\s*" + end_pattern + "(\\s*->\\s*" + end_pattern + ")+\\s*$"}};
    auto depth = quantity(depth_range);
    depth["description"] = "How far the signal moves the param: 1 is its whole range, negative turns it over.";
    return {{"anyOf",
             {text,
              {{"type", "object"},
               {"properties", {{"wire", text}, {"depth", depth}}},
               {"required", {"wire"}},
               {"additionalProperties", false}}}}};
}

ordered_json two(const char* doc) {
    return {{"description", doc},
            {"type", "array"},
            {"items", {{"type", {"number", "string", "boolean"}}}},
            {"minItems", 2},
            {"maxItems", 2}};
}

ordered_json exactly_one_of(const std::vector<std::string>& keys) {
    auto cases = ordered_json::array();
    for (const auto& key : keys) cases.push_back({{"required", ordered_json::array({key})}});
    return cases;
}

ordered_json grid_schema() {
    auto beats = quantity({.min = least_grid_beats, .max = most_grid_beats, .unit = Unit::beats});
    beats["anyOf"].push_back({{"type", "string"}, {"pattern", "^([1-9]|[1-5][0-9]|6[0-4]) *bars?$"}});
    beats["description"] = "The trigger waits for the next such line of musical time: 1 bar, 1/4, 2 beats.";
    return beats;
}

ordered_json clock_schema() {
    const ordered_json from{{"description", "Whose time it is: the patch's own, or MIDI clock."},
                            {"enum", {"internal", "midi"}}};
    const ordered_json port{{"description", "Part of the name of the port that the clock comes from; any when absent."},
                            {"type", {"string", "number"}}};
    const ordered_json out{{"description", "Sends MIDI clock: true, or part of the name of the port that it goes to."},
                           {"type", {"boolean", "string"}}};
    return {{"anyOf",
             {from,
              {{"type", "object"},
               {"properties", {{"from", from}, {"port", port}, {"out", out}}},
               {"additionalProperties", false}}}}};
}

ordered_json all_of(const char* doc) { return {{"description", doc}, {"const", "all"}}; }
ordered_json or_all(const ordered_json& number) { return {{"anyOf", {number, {{"const", "all"}}}}}; }
ordered_json flag(const char* doc) { return {{"description", doc}, {"type", "boolean"}}; }

ordered_json binding_schema() {
    const ordered_json midi{
        {"description", "What is heard from MIDI."},
        {"type", "object"},
        {"properties",
         {{"cc", whole(0, 127, "A controller's number.")},
          {"nrpn", whole(0, 16383, "A non-registered parameter's number.")},
          {"rpn", whole(0, 16382, "A registered parameter's number.")},
          {"note", whole(0, 127, "A key's number.")},
          {"notes", all_of("All keys, into a note input.")},
          {"pressure", or_all(whole(0, 127, "How hard one key is pressed, or all that are held."))},
          {"bend", all_of("The pitch wheel.")},
          {"program", or_all(whole(0, 127, "A program change, one or all; the first is 0."))},
          {"bits",
           {{"description", "14: with the fine half that comes on the controller 32 above."}, {"enum", {7, 14}}}},
          {"relative",
           {{"description", "An encoder that turns for ever, and how it says left and right."},
            {"enum", {"twos", "offset", "sign"}}}},
          {"channel", whole(1, 16, "Only this channel; any when absent.")},
          {"port", {{"description", "Part of the port's name; any when absent."}, {"type", {"string", "number"}}}}}},
        {"oneOf", exactly_one_of({"cc", "nrpn", "rpn", "note", "notes", "pressure", "bend", "program"})},
        {"additionalProperties", false}};
    const ordered_json osc{{"description", "The OSC address that is heard."},
                           {"type", "string"},
                           {"pattern", "^/(?!legume(/|$))[!-~]*$"},
                           {"not", {{"pattern", "[#*,?\\[\\]{}]|//|/$"}}}};
    const ordered_json to{{"description", "What it moves: node.param, node.trigger or node.notes."},
                          {"type", "string"},
                          {"pattern", "^\\s*" + end_pattern + "\\s*$"}};
    auto step = quantity({.min = 0.0001f, .max = 1});
    step["description"] = "How far one click of an encoder goes, such as 1 %.";
    return {{"type", "object"},
            {"properties",
             {{"midi", midi},
              {"osc", osc},
              {"to", to},
              {"range", two("The part of the param that is covered, in its unit.")},
              {"from", two("What arrives by OSC; 0 to 1 when range or curve is given.")},
              {"curve",
               {{"description", "How it moves through the range: evenly, or evenly in ratios; else as the param does."},
                {"enum", {"linear", "log"}}}},
              {"quantise", grid_schema()},
              {"mode",
               {{"description",
                 "How a fader takes a param that something else has moved: it waits until it passes the value, jumps "
                 "there, or has the rest of its travel stretched."},
                {"enum", {"pickup", "jump", "scale"}}}},
              {"toggle", flag("Each press goes to the other end of the range.")},
              {"momentary", flag("The range's end while it is pressed, its beginning else.")},
              {"steps", whole(2, 1024, "So many places in the range.")},
              {"step", step},
              {"feedback", flag("Sends the value back, to the controller's lights and motors.")}}},
            {"required", {"to"}},
            {"oneOf", exactly_one_of({"midi", "osc"})},
            {"not", {{"required", {"midi", "from"}}}},
            {"additionalProperties", false}};
}

ordered_json send_schema() {
    return {
        {"type", "object"},
        {"properties",
         {{"to",
           {{"description", "Where to, such as 127.0.0.1:9001."}, {"type", "string"}, {"pattern", "^[0-9.]+:[0-9]+$"}}},
          {"values",
           {{"description", "Params and meters, node.name each; one number goes to /node/name."},
            {"type", "array"},
            {"minItems", 1},
            {"items", {{"type", "string"}, {"pattern", "^\\s*" + end_pattern + "\\s*$"}}}}},
          {"rate",
           {{"description", "How often at the most, 1 to 100 Hz; 20 when absent."}, {"type", {"number", "string"}}}}}},
        {"required", {"to", "values"}},
        {"additionalProperties", false}};
}

ordered_json subpatch_schema() {
    return {
        {"type", "object"},
        {"properties",
         {{"type", {{"const", "patch"}}},
          {"file", {{"description", "The patch that is played here."}, {"type", "string"}}},
          {"with", {{"description", "What its nodes have instead, such as tone.cutoff: 2 kHz."}, {"type", "object"}}}}},
        {"required", {"file"}},
        {"additionalProperties", false}};
}

ordered_json span_schema() {
    return {{"description", "How long it takes, in seconds or beats."},
            {"anyOf",
             {{{"type", "number"}, {"minimum", 0}},
              {{"type", "string"}, {"pattern", "^" + number_pattern + "(/[0-9]+)? *(s|ms|min|beats?)?$"}}}}};
}

ordered_json scenes_schema() {
    const ordered_json value{{"type", {"number", "string", "boolean"}}};
    const ordered_json scene{
        {"type", "object"},
        {"properties",
         {{"over", span_schema()}, {"program", whole(0, 127, "The MIDI program change that recalls it.")}}},
        {"patternProperties", {{"^" + member_pattern + "$", value}}},
        {"additionalProperties", false}};
    return {{"description", "Params and where they stand, by the scene's name."},
            {"type", {"object", "null"}},
            {"propertyNames", {{"pattern", "^" + id_pattern + "(/" + id_pattern + ")*$"}}},
            {"additionalProperties", scene}};
}

ordered_json cue_schema() {
    const ordered_json member{{"type", "string"}, {"pattern", "^\\s*" + member_pattern + "\\s*$"}};
    const auto described = [](ordered_json schema, const char* doc) {
        schema["description"] = doc;
        return schema;
    };
    return {{"type", "object"},
            {"properties",
             {{"at",
               {{"description", "Minutes and seconds since the patch began, such as 3:20; or bar 65."},
                {"type", {"number", "string"}}}},
              {"set", described(member, "The param that moves.")},
              {"to", {{"description", "Where it moves, in its unit."}, {"type", {"number", "string", "boolean"}}}},
              {"fire", described(member, "The trigger that fires.")},
              {"scene", {{"description", "The scene that is recalled."}, {"type", "string"}}},
              {"patch", {{"description", "The patch that plays on."}, {"type", "string"}}},
              {"over", span_schema()}}},
            {"required", {"at"}},
            {"oneOf", exactly_one_of({"set", "fire", "scene", "patch"})},
            {"dependencies", {{"set", {"to"}}, {"to", {"set"}}}},
            {"additionalProperties", false}};
}

}  // namespace

std::string patch_schema(NodeTypes types) {
    ordered_json nodes{
        {"description", "The patch's nodes by id."},
        {"type", "object"},
        {"minProperties", 1},
        {"propertyNames",
         {{"pattern", "^" + id_pattern + "$"}, {"not", {{"enum", {"legume", Transport::id, SetlistControls::id}}}}}},
        {"additionalProperties", {{"$ref", "#/definitions/node"}}}};
    auto length = quantity(length_range);
    length["description"] = "How long `legume render` goes, such as 20 min.";
    auto tempo = quantity(tempo_range);
    tempo["description"] = "Beats a minute.";
    const ordered_json meter{{"description", "The bars' length, such as 4/4 or 6/8."},
                             {"type", "string"},
                             {"pattern", "^[1-9][0-9]?/(1|2|4|8|16|32)$"}};
    // Empty lists are what is left when all of their lines are commented out.
    const ordered_json list{"array", "null"};
    ordered_json schema{
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"$comment", "Generated by `legume describe --schema` from nodes/*.cpp; edit those."},
        {"title", "A legume patch"},
        {"type", "object"},
        {"properties",
         {{"legume", {{"description", "The patch format's number."}, {"const", 1}}},
          {"title", {{"description", "What the piece is called."}, {"type", {"string", "number", "boolean"}}}},
          {"seed",
           {{"description", "Makes every playing the same; a new one each time when absent."},
            {"type", "integer"},
            {"minimum", 0}}},
          {"length", length},
          {"tempo", tempo},
          {"meter", meter},
          {"clock", clock_schema()},
          {"nodes", nodes},
          {"wires", {{"description", "What feeds what."}, {"type", list}, {"items", wire_schema()}}},
          {"bindings", {{"description", "What MIDI and OSC move."}, {"type", list}, {"items", binding_schema()}}},
          {"ports",
           {{"description", "What a patch that plays this one as a node may wire and set, by name."},
            {"type", {"object", "null"}},
            {"additionalProperties", {{"type", "string"}, {"pattern", "^\\s*" + end_pattern + "\\s*$"}}}}},
          {"scenes", scenes_schema()},
          {"cues", {{"description", "What happens by itself, and when."}, {"type", list}, {"items", cue_schema()}}},
          {"send",
           {{"description", "Params and meters that go out by OSC while it plays."},
            {"type", list},
            {"items", send_schema()}}}}},
        {"required", {"legume", "nodes"}},
        {"additionalProperties", false},
        {"definitions", {{"node", any_node(types)}}}};
    for (const auto* type : types) schema["definitions"][type->name] = node_schema(*type);
    schema["definitions"]["patch"] = subpatch_schema();
    return schema.dump(2) + "\n";
}

}  // namespace legume
