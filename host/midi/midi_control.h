// MIDI's part of a live session: its ports, what they are bound to, and what it has to say.
// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/say.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/inbox.h"
#include "host/midi/assemble.h"
#include "host/midi/feedback.h"
#include "host/midi/learn.h"
#include "host/midi/midi.h"
#include "host/midi/router.h"
#include "host/system/every.h"

namespace legume {

// Control thread.
class MidiControl final : public Follower {
  public:
    // Opens every port; what comes is left in the inbox, from which the session brings it to take().
    MidiControl(const std::string& learn, Controls& controls, Commands& commands, Inbox& inbox, bool verbose, Say say);
    ~MidiControl() override;
    void bind(bool another) override;
    void take(const MidiEvent& event, std::string_view port);
    void tick() override;  // takes up what was plugged in, says what went
    // Any thread: to midi_out, and to every open output whose name has `port` in it.
    void send(std::string_view port, std::span<const std::uint8_t> bytes) { outputs_.send(port, bytes); }
    std::uint64_t refused() const { return router_.refused(); }

  private:
    struct PortChanges {
        std::vector<MidiPortChange> ports;
        bool new_output = false;
    };
    PortChanges look(bool feedback, const std::string& wanted);  // for what was plugged in; one thread at a time
    void renew(bool close, PortChanges& changes);                // after JACK's server has gone
    void take(const PortChanges& changes);
    void say(const MidiPortChange& changed);
    const Say say_;
    MidiAssembler assembler_;
    MidiRouter router_;
    MidiLearn learn_;
    MidiOutputs outputs_;
    MidiFeedback feedback_{router_, [this](auto port, auto bytes) { outputs_.send(port, bytes); }};
    Every poll_{500};
    std::string wanted_;  // whom the patch sends its clock to: these outputs are opened for it; empty is none
    std::vector<std::string> gone_;       // ports whose last messages may still wait in the inbox
    std::unique_ptr<MidiInputs> inputs_;  // its threads stop before what they use
    std::future<PortChanges> looking_;    // on a thread of its own: JACK's server may make it wait for many seconds
};

}  // namespace legume
