// What every node that plays networks has: params, and sound made a fixed distance behind them, the same bytes live.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/abilities.h"
#include "nodes/samplernn/engine/speed.h"
#include "nodes/samplernn/play/concealment.h"
#include "nodes/samplernn/play/gestures.h"
#include "nodes/samplernn/play/stream.h"

namespace legume::samplernn {

using Chances = std::array<Sampling, max_channels>;  // of each voice
using Faders = std::array<float, most_networks>;     // what a node's own params say, for its worker
using Networks = std::vector<std::shared_ptr<const Model>>;

// What the audio thread heard in one block. Counts and not edges, so that a record that found no room loses nothing.
struct Record {
    std::uint64_t life = 0, block = 0;
    Chances chances{};
    Faders faders{};
    Gestures::Asked asked{};
    std::uint64_t resets = 0, reseeds = 0;
};

class NetworkPlayer {
  public:
    // The node's option that names what is played, for its refusals; and what `when_slow` may be.
    NetworkPlayer(Node* node, const Option& played, std::vector<std::string> when_slow_choices,
                  std::string when_slow_doc);

    NumberOption seed, voices;
    ChoiceOption precision;
    NumberOption cores, ahead;
    ChoiceOption when_slow;
    Out out;
    Param temperature, top_p, top_k, loudness, gain;
    Trigger restart, reseed;
    Meter covering, entropy, speed;
    Work generate;
    TimingDecision lateness, let_go, slowness;
    Gestures gestures;

    // ---- before the first block, in this order; all of it throws PrepareError

    void begin(const Prepare& p);
    Precision wanted(const Config& config) const;
    std::unique_ptr<RunState> state_of(std::shared_ptr<const Model> network) const;
    // Live: whether this machine keeps up with all of them at once; in a replay, whether that one did. Gives the share
    // of their rate that they are played at, or nothing where they are too slow and `when_slow` asks for something that
    // the node itself must have.
    std::optional<double> admit(const Prepare& p, const Networks& networks);
    // `pitch` is what it plays a second of the networks' samples.
    void tune(std::span<const Part> parts, Mix mix, double pitch);
    // Before each block that the worker makes: whether it may be made. `first` asks for what the opening was made
    // with. A node that has nothing to change needs none.
    std::function<bool(const Record&, bool first)> heed;
    void open(const Faders& faders);                                                    // makes the first blocks
    std::string save_state() { return preroll_.empty() ? "" : gestures.save_state(); }  // as HasState has it
    bool load_state(std::string_view bytes);

    // ---- audio thread

    void play(const Block& b, const Faders& faders) noexcept RT_SAFE;
    void amplify(const Block& b) noexcept RT_SAFE;
    void reset() noexcept RT_SAFE;

    std::size_t width() const { return static_cast<std::size_t>(voices.count()); }
    int latency() const { return latency_; }

    double rate = 48'000;
    std::uint64_t own_seed = 0;
    RealTimeFactor found;
    std::optional<Stream> stream;  // the worker's, from the first block on

  private:
    // A block of sound on its way to the audio thread; its frames travel beside it.
    struct Piece {
        std::uint64_t life = 0, block = 0;
    };
    std::uint64_t semitones_lower(const Prepare& p, const Networks& networks);
    template <class Value>
    Sampling sampling_of(Value value) const;
    const float* arrived() noexcept RT_SAFE;
    bool work();
    void begin_life() noexcept;
    void make_opening();
    void make(const Chances& chances, std::span<float> into) noexcept;
    std::span<float> opening_of(std::uint64_t block) noexcept {
        return std::span(preroll_).subspan(block * width() * block_frames, width() * block_frames);
    }

    const Option& played_;

    // Before the first block.
    std::uint64_t distance_ = 1;  // `ahead` in blocks
    int latency_ = 0;
    Record first_;                // what the opening was made with
    std::vector<float> preroll_;  // blocks 0 to distance - 1, made before there is any record; never changes
    std::vector<std::shared_ptr<const Speed>> measured_;  // held, so that a node that takes over finds the same

    // Audio thread.
    Record now_;
    Piece piece_;
    std::vector<float> piece_frames_;  // interleaved, like all frames here
    bool holding_ = false, behind_ = false;
    std::uint64_t asked_ = 0;  // blocks, over all lives: lateness counts them
    Concealment concealment_;
    float share_ = 0;

    Ring<Record> records_;
    Ring<Piece> pieces_;
    Ring<float> frames_;  // of the pieces, written before them

    // Worker.
    std::vector<float> fresh_frames_;
    std::optional<Record> hand_;  // taken, but not heeded yet
    std::uint64_t popped_ = 0;    // records, over all lives: let_go counts them
    std::uint64_t to_let_go_ = 0;
    Record done_;                // the last one that was heeded
    std::uint64_t to_drop_ = 0;  // blocks of the opening still to be lived through again
    double made_seconds_ = 0, spent_seconds_ = 0, unsure_ = 0;
};

}  // namespace legume::samplernn
