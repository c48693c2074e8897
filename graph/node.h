// A node, as it gets ready and plays. Its declaration is the manual, the schema, the OSC namespace and the sweep test.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/rt.h"
#include "graph/base/store.h"
#include "graph/block.h"
#include "graph/declaration.h"
#include "graph/member.h"
#include "graph/option.h"
#include "graph/patch/value.h"

namespace legume {

// Thrown by Node::prepare when the node cannot play; the place is that of the member's setting.
class PrepareError : public std::runtime_error {
  public:
    PrepareError(std::string where, const std::string& message)
        : std::runtime_error(message), member(std::move(where)) {}
    std::string member;  // empty: the node as a whole
};

// What a node may use while it gets ready. `const Prepare&` means: control thread, may allocate and load.
class Prepare {
  public:
    Prepare(double graph_rate, std::uint64_t node_seed, Store& things, std::function<void(std::string)> say)
        : rate(graph_rate), seed(node_seed), store(things), tell(std::move(say)) {}
    double rate;                   // frames a second of the graph
    std::uint64_t seed;            // this node's own
    bool live = false;             // what this machine can do may decide; offline the bytes never depend on a stopwatch
    Store& store;                  // immutable things that nodes share: decoded sounds, models
    std::filesystem::path states;  // folder for what nodes of this patch remember; it need not exist; empty: nowhere
    // Says a line to the player, any thread but the audio thread, after the node's id. Keep a copy to use later.
    std::function<void(std::string)> tell;
    int channels(const In& in) const;  // 0: nothing is wired to it
    int channels(const Out& out) const;

  private:
    friend class Schedule;
    friend struct Compiler;
    const std::vector<int>* in_channels_ = nullptr;
    const std::vector<int>* out_channels_ = nullptr;
};

// Gathers what a node finds wrong with its own options, each at its setting's place.
class Checking {
  public:
    Checking(const PatchNode& node, Problems& problems) : node_(node), problems_(problems) {}
    void problem(const Member& member, std::string message) const;
    void problem(std::string message) const;                       // the node as a whole
    void problem(const Place& place, std::string message) const {  // in a file that the node reads
        problems_.push_back({place, std::move(message)});
    }
    Checking of(const Entry& entry) const;  // the same for one of an option's entries

  private:
    const PatchNode& node_;
    Problems& problems_;
};

class Node : public Declaration {
  public:
    // Control thread, nothing is prepared: cheap checks (does the file exist, is its header sound). What it says of an
    // option that is wrong already is not said again.
    virtual void check(const Checking&) const {}
    // Control thread, once, before the first process. Throws PrepareError.
    virtual void prepare(const Prepare&) {}
    // Audio thread, every block.
    virtual void process(const Block& b) noexcept RT_SAFE = 0;
    // Audio thread. Afterwards the node sounds as it did when fresh (params keep their values).
    virtual void reset() noexcept RT_SAFE {}
    // How many channels an Out has, when the widest In has `widest` (0: none is wired). Options are set; not prepared.
    virtual int channels_of(const Out&, int widest) const { return widest > 0 ? widest : 1; }
    // How many channels an In takes at the most, where an option decides it.
    virtual int channels_of(const In& in) const { return in.shape.channels; }
    virtual int latency_frames() const { return 0; }  // prepared: from In to Out, or from control to Out of a source
    virtual int device_inputs() const { return 0; }   // channels that it takes from the device; options are set
    virtual int device_outputs() const { return 0; }  // channels that it gives to the device
    virtual bool portable() const { return true; }    // false: stands on a library whose bytes differ between machines
};

// State per channel, of fixed room, so that a channel count never allocates.
template <class T>
class PerChannel {
  public:
    T& operator[](int ch) noexcept RT_SAFE { return states_[static_cast<std::size_t>(ch)]; }
    void fill(const T& value) noexcept RT_SAFE { states_.fill(value); }
    auto begin() noexcept RT_SAFE { return states_.begin(); }
    auto end() noexcept RT_SAFE { return states_.end(); }

  private:
    std::array<T, max_channels> states_{};
};

// A kind of node, as the registry lists it.
struct NodeType {
    const char* name;  // the patch's `type:`, the file's name, the manual's heading
    const char* doc;   // one sentence: what it does for a player
    std::unique_ptr<Node> (*make)();
};
template <class T>
std::unique_ptr<Node> make_node() {
    return std::make_unique<T>();
}
using NodeTypes = std::span<const NodeType* const>;
const NodeType* find_type(NodeTypes types, std::string_view name);

}  // namespace legume
