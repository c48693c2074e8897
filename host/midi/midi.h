// MIDI that comes in: every port there is, opened as it is plugged in. No library's type shows here.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/control/midi_event.h"

namespace legume {

// Nothing when the bytes are not one whole message that legume knows. A note-on of velocity 0 is a note-off.
std::optional<MidiEvent> parse_midi(std::span<const std::uint8_t> bytes);

struct MidiPortChange {
    std::string port;
    bool arrived = true;  // false: it went, and whatever it held down is to be released
};

class MidiInputs {
  public:
    // Called on the MIDI library's threads, several at a time: take the message and be gone.
    using OnMessage = std::function<void(const MidiMessage&)>;

    // Tells in `messages`, once, when there is no MIDI on this machine; it then waits for some in poll.
    MidiInputs(OnMessage on_message, bool verbose, std::vector<std::string>& messages);
    ~MidiInputs();
    MidiInputs(const MidiInputs&) = delete;
    MidiInputs& operator=(const MidiInputs&) = delete;

    // One thread at a time, about twice a second: no MIDI system tells of plugging, so names are looked up anew. What
    // came and went is added to `changes`.
    void poll(std::vector<MidiPortChange>& changes);
    // After JACK's server has died, which RtMidi does not notice: closes what was open of it, or leaves it untouched
    // where libjack may have freed it (jack_watch.h); a later poll opens it anew, once there is a server again.
    void renew(bool close, std::vector<MidiPortChange>& changes);
    std::vector<std::string> ports() const;  // open now, without our own
    std::vector<bool> systems() const;       // which MIDI systems answer, of all that there may be

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Where values go back: a port of our own, `midi_out`, that programs connect to, and the outputs of what we listen to.
class MidiOutputs {
  public:
    explicit MidiOutputs(bool verbose);
    ~MidiOutputs();
    MidiOutputs(const MidiOutputs&) = delete;
    MidiOutputs& operator=(const MidiOutputs&) = delete;

    // One thread at a time, about twice a second: opens the outputs of these inputs, and those in whose name `named`
    // occurs, if it is not empty; closes all others. Of `systems` only those are asked that answer, as
    // MidiInputs::systems() says. True when there is a new one.
    bool poll(const std::vector<std::string>& inputs, const std::string& named, const std::vector<bool>& systems);
    void renew(bool close);  // as that of the inputs
    // Any thread but the audio thread: to midi_out, and to every open port in whose name `port` occurs.
    void send(std::string_view port, std::span<const std::uint8_t> bytes);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Ports that legume would listen to.
std::vector<std::string> list_midi_ports(bool verbose);

// "nanoKONTROL2:CTRL 20:0" -> "nanoKONTROL2:CTRL": the numbers change with every plugging.
std::string midi_port_name(std::string full);
// What an input and the output beside it have in common: "system:midi_capture_1" and "system:midi_playback_1".
std::string midi_port_pair(std::string name);

}  // namespace legume
