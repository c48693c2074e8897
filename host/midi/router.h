// What each MIDI event is bound to: knobs, keys and notes in, values and triggers out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "host/control/controls.h"
#include "host/control/mapping.h"
#include "host/midi/fader.h"
#include "host/midi/midi.h"

namespace legume {

// Control thread.
class MidiRouter : public Follower {
  public:
    explicit MidiRouter(Controls& controls) : Follower(controls) { bind(false); }
    // A fader that stays bound stays where it is; in another patch each waits until it has passed the value.
    void bind(bool another) override;
    // What a message is and, after it, what it has made whole.
    void take(std::span<const MidiEvent> events, std::string_view port);
    void lose(std::string_view port);                   // it is gone: its keys are let go, its faders are anywhere
    void silence();                                     // lets all keys go that are held
    std::uint64_t refused() const { return refused_; }  // events that nothing is bound to

    struct Bound {
        Binding binding;
        Target target;
        Mapping mapping;
        Fader fader;
        float own = 0;       // the param's, when this moved it last, or met it first
        float share = 0;     // of the control, when it was heard last
        bool heard = false;  // whether it ever was; then:
        std::string port;
        int channel = 0;
        int shown = unknown;  // where the control stands or what it shows, in its own numbers
    };
    static constexpr int unknown = -100'000;
    std::vector<Bound>& bound() { return bound_; }

  private:
    using Key = std::tuple<std::string, int, int>;  // port, channel, number
    bool give(const MidiEvent& event, std::string_view port);
    void play(Bound& bound, const MidiEvent& event);
    void fire(Bound& bound, const MidiEvent& event);
    void move(Bound& bound, const MidiEvent& event);
    // Lets go whatever is held there; channel 0: on all of them.
    void release(std::string_view port, int channel);
    void let_go(const Key& key);

    std::vector<Bound> bound_;
    std::set<Key> held_;
    std::uint64_t refused_ = 0;
};

std::string name_of(const MidiSource& midi);  // "midi cc 1"

}  // namespace legume
