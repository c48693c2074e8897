// Opens the ports, says what comes and goes, and hands events to their bindings.
// SPDX-License-Identifier: MIT
#include "host/midi/midi_control.h"

#include <utility>

#include "host/midi/jack_watch.h"

namespace legume {

MidiControl::MidiControl(const std::string& learn, Controls& controls, Commands& commands, Inbox& inbox, bool verbose,
                         Say say)
    : say_(std::move(say)), router_(controls), learn_(learn, controls, commands, say_), outputs_(verbose) {
    std::vector<std::string> messages;
    if (!verbose) hush_jack();
    inputs_ =
        std::make_unique<MidiInputs>([&inbox](const MidiMessage& message) { inbox.post(message); }, verbose, messages);
    for (const auto& message : messages) say_(message);
    if (jack_died()) renew(false);
    for (const auto& port : inputs_->ports()) say_("MIDI: " + port);
    commands.add({"panic", "Lets go all notes that are held.", true, [this, &controls](const CommandArguments&) {
                      router_.silence();
                      controls.silence("panic");
                      return std::string();
                  }});
    bind();
}

MidiControl::~MidiControl() { forget_jack(); }

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
    if (jack_died()) renew(true);
    if (!poll_.due()) return;
    for (const auto& change : inputs_->poll()) say(change);
    if (outputs_.poll(feedback_.wanted() ? inputs_->ports() : std::vector<std::string>{}, wanted_, inputs_->systems()))
        feedback_.again();
    if (jack_died()) renew(false);  // it may have been while a port was opened
}

void MidiControl::say(const MidiPortChange& change) {
    say_("MIDI: " + change.port + (change.arrived ? "" : " is gone; it is taken up again when it returns"));
    if (!change.arrived) gone_.push_back(change.port);
}

void MidiControl::renew(bool close) {
    for (const auto& change : inputs_->renew(close)) say(change);
    outputs_.renew(close);
    if (close)
        forget_jack();
    else
        leave_jack();
}

}  // namespace legume
