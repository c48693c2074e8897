// Waits for a target, then for a control, then writes both down.
// SPDX-License-Identifier: MIT
#include "host/midi/learn.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "host/midi/assemble.h"
#include "host/midi/router.h"
#include "host/patch/learned.h"

namespace legume {
namespace {

using Kind = MidiEvent::Kind;

constexpr int channel_modes = 120;  // the first of them
constexpr int fine_half = 32;       // numbers above the coarse one

// The control that this came from, if a hand has surely moved it.
std::optional<MidiSource> control_of(std::span<const MidiEvent> events, bool notes) {
    const auto& first = events.front();
    const auto& last = events.back();
    if (notes) {
        if (first.kind == Kind::note_on) return MidiSource{MidiSource::Kind::notes, 0, first.channel, {}};
        return {};
    }
    if (is_nrpn(last)) return MidiSource{MidiSource::Kind::nrpn, last.number, last.channel, {}};
    if (is_rpn(last)) return MidiSource{MidiSource::Kind::rpn, last.number, last.channel, {}};
    if (first.kind == Kind::note_on) return MidiSource{MidiSource::Kind::note, first.number, first.channel, {}};
    if (first.kind != Kind::cc || selects_parameter(first.number) || first.number == data_fine ||
        first.number >= channel_modes)
        return {};
    return MidiSource{MidiSource::Kind::cc, first.number, first.channel, {}};
}

}  // namespace

MidiLearn::MidiLearn(const std::string& target, Controls& controls, Commands& commands, Say say)
    : controls_(controls), say_(std::move(say)), armed_(target == "next") {
    commands.add({"learn", "Binds the control that is moved next to a param: its name as node/param.", false,
                  [this](const CommandArguments& arguments) {
                      const auto* name = arguments.size() == 1 ? std::get_if<std::string>(&arguments[0]) : nullptr;
                      return name ? wait_for(*name) : "/legume/learn wants one name, such as tone/cutoff";
                  }});
    controls_.on_change([this](const Target& moved, float, std::string_view source) {
        if (armed_ && source.starts_with("osc ")) (void)wait_for(moved.name);
    });
    if (!target.empty() && !armed_) {
        if (const auto wrong = wait_for(target); !wrong.empty()) say_("Learn: " + wrong);
    } else if (armed_) {
        say_("Learn: move a param by OSC, or send its name to /legume/learn; then move a knob");
    }
}

std::string MidiLearn::wait_for(std::string target) {
    if (!target.empty() && target[0] == '/') target.erase(0, 1);
    if (const auto dot = target.rfind('.'); dot != target.npos) target[dot] = '/';
    if (!controls_.find(target)) {
        std::vector<std::string> names;
        for (const auto& each : controls_.targets()) names.push_back(each.name);
        const auto near = nearest(target, names);
        return "nothing is called \"" + target + "\"; " +
               (near.empty() ? "there are " + join(names) : "did you mean " + near + "?");
    }
    armed_ = false;
    turned_.reset();
    target_ = std::move(target);
    say_("Learn: move the control for " + target_);
    return {};
}

// A fader at once where it is one; of what may be a knob, more is to be heard.
bool MidiLearn::is_sure(MidiSource& control, int value, std::string_view port) {
    if (turned_ && turned_->port == port && turned_->control.channel == control.channel &&
        turned_->control.number + fine_half == control.number)
        return false;  // the fine half of the same fader
    if (!turned_ || turned_->port != port || !(turned_->control == control))
        turned_ = Turned{control, std::string(port), {}, false};
    const auto relative = turned_->dialect.hear(value);
    control.relative = relative.value_or(MidiSource::Relative::no);
    if (!relative && turned_->dialect.one_way() && !std::exchange(turned_->said, true))
        say_("Learn: this looks like an endless knob; turn it the other way too");
    return relative.has_value();
}

bool MidiLearn::take(std::span<const MidiEvent> events, std::string_view port) {
    if (target_.empty()) return false;
    const auto* target = controls_.find(target_);
    auto control = control_of(events, target && target->member->kind == Member::Kind::notes);
    if (!control) return false;
    if (control->kind == MidiSource::Kind::cc && target && target->param() &&
        !is_sure(*control, events.front().value, port))
        return true;
    turned_.reset();
    const std::filesystem::path patch = controls_.runner().patch().file;
    const auto wrong = target ? store_learned(patch, *control, end_of(target_)) : target_ + " is gone";
    say_("Learn: " + (wrong.empty() ? name_of(*control) + " moves " + target_ + " from now on, as " +
                                          controls_file(patch).filename().string() + " says"
                                    : wrong));
    target_.clear();
    return true;
}

}  // namespace legume
