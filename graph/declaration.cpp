// Finds members, and hands each its setting.
// SPDX-License-Identifier: MIT
#include "graph/declaration.h"

#include "graph/option.h"
#include "graph/patch/words.h"

namespace legume {

Member* Declaration::find(std::string_view name) const {
    for (auto* member : members_)
        if (member->name == name) return member;
    return nullptr;
}

void Declaration::configure_options(const PatchNode& text, Problems& problems) {
    for (const auto& setting : text.settings)
        if (auto* member = find(setting.name); member && member->kind == Member::Kind::option)
            static_cast<Option*>(member)->configure(setting.value, problems);
    for (const auto* option : options_)
        if (option->required && !option->given())
            problems.push_back(
                {text.place, text.type + " needs \"" + option->name + "\"; add " + option->name + ": ..."});
}

void Declaration::configure_params(const PatchNode& text, Problems& problems) {
    for (const auto& setting : text.settings) {
        auto* member = find(setting.name);
        if (!member) {
            std::vector<std::string> names;
            for (const auto* option : options_) names.push_back(option->name);
            for (const auto* param : params_) names.push_back(param->name);
            problems.push_back({setting.place, text.type + " has no setting \"" + setting.name + "\"; " +
                                                   instead_of(setting.name, names, "it has none", "it has ")});
        } else if (member->kind == Member::Kind::param) {
            auto* param = static_cast<Param*>(member);
            float value = 0;
            if (const auto error = read_number(setting.value, param->range, value))
                problems.push_back({setting.value.place, setting.name + ": " + *error});
            else
                param->set_initial(value);
        } else if (member->kind != Member::Kind::option) {
            static constexpr const char* what[] = {"signal input; wire something to it",
                                                   "signal output; wire it to something",
                                                   "",
                                                   "trigger; bind or wire something to it",
                                                   "note input; bind something to it",
                                                   "",
                                                   "meter; it can only be read",
                                                   "job of the node; it cannot be set",
                                                   "decision of the clock; it cannot be set"};
            problems.push_back({setting.place, setting.name + " is a " + what[static_cast<std::size_t>(member->kind)]});
        }
    }
}

std::string Declaration::refuses(std::string_view name) const {
    const auto quoted = "\"" + std::string(name) + "\"";
    if (!valid_id(name) || name == "type")  // which says what kind of node it is
        return quoted + " can name nothing; begin with a letter and use only a-z, 0-9, _ and -, and not legume or type";
    return find(name) ? quoted + " is there already; take another name" : "";
}

void Declaration::set_rate(double rate) {
    for (auto* param : params_) param->blocks_a_second_ = static_cast<float>(rate / block_frames);
}

void Declaration::advance_members() noexcept {
    for (auto* param : params_) param->advance(nullptr, 0);
    forget_events();
}

void Declaration::forget_events() noexcept {
    for (auto* trigger : triggers_) trigger->edges_ = 0;
    for (auto* notes : notes_) notes->count_ = 0;
}

std::string print(const Member& member) {
    auto line = std::to_string(static_cast<int>(member.kind)) + " " + member.name;
    const auto add = [&](auto number) { line += " " + print_number(static_cast<double>(number)); };
    if (member.kind == Member::Kind::in) {
        const auto& shape = static_cast<const In&>(member).shape;
        add(shape.channels);
        add(shape.feedback);
    } else if (member.kind == Member::Kind::param) {
        const auto& range = static_cast<const Param&>(member).range;
        for (const float limit : {range.min, range.max, range.initial, range.glide_seconds}) add(limit);
        add(static_cast<int>(range.unit));
        add(static_cast<int>(range.curve));
    } else if (member.kind == Member::Kind::meter) {
        add(static_cast<int>(static_cast<const Meter&>(member).unit));
    }
    return line + " " + member.doc;
}

}  // namespace legume
