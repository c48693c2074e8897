// Where every message meets its binding: MIDI and OSC in, values on the control queue out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/midi.h"
#include "host/osc.h"
#include "host/runner.h"

namespace legume {

// Control thread.
class Router {
  public:
    explicit Router(Runner& runner) : runner_(runner) {}
    void bind();  // after every edit: looks everything up anew

    void midi(const MidiEvent& event, std::string_view port);
    // What is wrong with the message, with its next step; empty when it was taken.
    std::string osc(const OscMessage& message);

    const std::string& last() const { return last_; }  // the last control that was taken, for the status line
    std::uint64_t taken() const { return taken_; }
    // OSC that was answered with an error, MIDI that nothing is bound to.
    std::uint64_t refused() const { return refused_; }

  private:
    // Something that can be moved: a param, trigger or note input of a node.
    struct Target {
        std::string name;  // "node/member", as in its OSC address
        Member* member = nullptr;
    };
    struct Bound {
        Binding binding;
        std::size_t target = 0;
        Range span;           // of a param: what the binding covers, along its curve
        bool turned = false;  // the range is written backwards
        int last_cc = 0;
    };
    void move(const Target& target, float value, std::string_view source);  // in the param's unit
    void fire(const Target& target, std::string_view source);
    float mapped(const Bound& bound, float share) const;  // 0..1 to the param's unit
    std::string osc_to(const Target& target, const OscMessage& message, bool unit, const Bound* bound);
    std::string unknown(const std::string& address) const;

    Runner& runner_;
    std::vector<Target> targets_;
    std::vector<Bound> bound_;
    std::string last_;
    std::uint64_t taken_ = 0, refused_ = 0;
};

}  // namespace legume
