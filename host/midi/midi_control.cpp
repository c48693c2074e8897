// Opens the ports, says what comes and goes, and hands events to their bindings.
// SPDX-License-Identifier: MIT
#include "host/midi/midi_control.h"

#include <chrono>
#include <utility>

#include "host/midi/jack_watch.h"

namespace legume {

MidiControl::MidiControl(const std::string& learn, Controls& controls, Commands& commands, Inbox& inbox, bool verbose,
                         Say say)
    : Follower(controls),
      say_(std::move(say)),
      router_(controls),
      learn_(learn, controls, commands, say_),
      outputs_(verbose) {
    std::vector<std::string> messages;
    if (!verbose) hush_jack();
    inputs_ =
        std::make_unique<MidiInputs>([&inbox](const MidiMessage& message) { inbox.post(message); }, verbose, messages);
    for (const auto& message : messages) say_(message);
    PortChanges lost;
    if (jack_died()) renew(false, lost);
    for (const auto& port : inputs_->ports()) say_("MIDI: " + port);
    commands.add({"panic", "Lets go all notes that are held.", true, [this, &controls](const CommandArguments&) {
                      router_.silence();
                      controls.silence("panic");
                      return std::string();
                  }});
    bind(false);
}

void MidiControl::bind(bool) { wanted_ = controls_.runner().patch().clock.out.value_or(""); }

MidiControl::~MidiControl() {
    if (looking_.valid()) looking_.wait();
    forget_jack();
}

void MidiControl::take(const MidiEvent& event, std::string_view port) {
    const auto events = assembler_.take(event, port);
    if (!learn_.take(events, port)) router_.take(events, port);
}

void MidiControl::tick() {
    for (const auto& port : std::exchange(gone_, {})) {
        assembler_.forget(port);
        router_.lose(port);
    }
    feedback_.tick();
    if (looking_.valid() && looking_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
        take(looking_.get());
    if (looking_.valid() || !poll_.due()) return;
    looking_ = std::async(std::launch::async,
                          [this, feedback = feedback_.wanted(), wanted = wanted_] { return look(feedback, wanted); });
}

MidiControl::PortChanges MidiControl::look(bool feedback, const std::string& wanted) {
    PortChanges changes;
    if (jack_died()) renew(true, changes);
    inputs_->poll(changes.ports);
    changes.new_output =
        outputs_.poll(feedback ? inputs_->ports() : std::vector<std::string>{}, wanted, inputs_->systems());
    if (jack_died()) renew(false, changes);  // it may have been while a port was opened
    return changes;
}

void MidiControl::renew(bool close, PortChanges& changes) {
    inputs_->renew(close, changes.ports);
    outputs_.renew(close);
    if (close)
        forget_jack();
    else
        leave_jack();
}

void MidiControl::take(const PortChanges& changes) {
    for (const auto& port : changes.ports) say(port);
    if (changes.new_output) feedback_.again();
}

void MidiControl::say(const MidiPortChange& changed) {
    const auto& [port, arrived] = changed;
    say_("MIDI: " + port + (arrived ? "" : " is gone; it is taken up again when it returns"));
    if (!arrived) gone_.push_back(port);
}

}  // namespace legume
