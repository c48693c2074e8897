// What only a few nodes can do, each an interface that is asked for by as<T>(node): a node is one beside being a Node.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "graph/node.h"

namespace legume {

// nullptr: it cannot do that.
template <class T>
const T* as(const Declaration& node) {
    return dynamic_cast<const T*>(&node);
}
template <class T>
T* as(Declaration& node) {
    return dynamic_cast<T*>(&node);
}

// Declares members that follow from its options, as the handles of a model do, beside those that it always has. They
// live in the node, where nothing moves them (std::deque).
class DynamicMembers {
  public:
    virtual ~DynamicMembers() = default;
    // Control thread, once: the options are set and sound, the params not yet set. Any members but options, under names
    // that Declaration::refuses has nothing against. With a problem the patch is not played, and nothing that it says
    // of this node's members is looked at.
    virtual void declare(const Checking&) = 0;
};

// Sounds on for a while when its Ins fall silent, as an echo or a room does. When another patch takes over, it is fed
// no more and rings on.
class HasTail {
  public:
    virtual ~HasTail() = default;
};

// Goes on in another run where it was.
class HasState {
  public:
    virtual ~HasState() = default;
    // What it would go on from if the program ended now, beside its params, as bytes of its own; empty: nothing.
    // Control thread, about once a second while it plays.
    virtual std::string save_state() = 0;
    // Goes on from what `save_state` gave in another run. Control thread, prepared, before the first block. False:
    // these are not its bytes, and it begins afresh.
    virtual bool load_state(std::string_view bytes) = 0;
};

// How a node that makes its sound ahead of time keeps up with this machine, as it found when it was prepared live.
struct RealTimeFactor {
    std::string speed;     // "3.4 x real time at 22.05 kHz"; empty: not known
    std::string short_of;  // what follows when that is not enough, as a sentence without a full stop
    std::string help;      // what would make it lighter, the best first
    double load = 0;       // of one generate worker: 1 takes all its time
};
// As many times faster than sound must a generator be: the rest is for all else that its thread and its core do.
inline constexpr double real_time_factor_needed = 1.1;

class GeneratesAhead {
  public:
    virtual ~GeneratesAhead() = default;
    virtual RealTimeFactor real_time_factor() const = 0;  // prepared
};

// Where a node's meter goes by OSC, while the host has OSC.
struct OscOut {
    const Meter& value;
    const TextOption& to;       // "127.0.0.1:9001"; the host says what is wrong with it
    const TextOption& address;  // empty: the meter's own
    const NumberOption& rate;   // times a second at the most
};

class SendsOsc {
  public:
    virtual ~SendsOsc() = default;
    virtual const OscOut& osc_out() const = 0;
};

}  // namespace legume
