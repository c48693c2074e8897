// Draws one sample after another from a network, or several that share it: takes, given back exactly by their seed.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nodes/samplernn/engine/bend.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/generator_state.h"
#include "nodes/samplernn/engine/loop_detector.h"
#include "nodes/samplernn/engine/sampling.h"

namespace legume::samplernn {

inline constexpr std::size_t most_networks = 4;  // that share a stream of samples

// A network among those that draw, and its share of the draw.
struct Part {
    RunState* state = nullptr;
    float share = 1;
};
// What is drawn from: the networks' logits, each times its share (what all of them find likely comes); or each sample
// from one of the networks, as often as its share says (what any of them finds likely comes).
enum class Mix { product, mixture };

// What a player's hands do to one voice, beside its chance. As it is made it changes nothing.
struct Touch {
    float listen = 0;  // how likely the next sample is the one that is heard, and not one that is drawn
    float guard = 0;   // what is added to the temperature for a moment when the voice is stuck
    Bend bend;
    bool operator==(const Touch&) const = default;
};

class Generator {
  public:
    // `voices` of them, numbered from `first_voice`: a voice's take depends on the seed and its number alone.
    Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices = 1, std::uint64_t first_voice = 0,
              int cores = 1);
    // Of parts that others own.
    Generator(std::span<const Part> parts, Mix mix, std::uint64_t seed);
    // From the next sample on: these draw it, and all of them take it. Shares of 0 and more, not all 0; they need not
    // sum to 1. One part alone, or all others at 0, draws as it would by itself.
    void play(std::span<const Part> parts) noexcept;
    // The next sample's amplitude, -1..1, at the model's rate, for each voice.
    void next(std::span<const Sampling> chances, std::span<float> samples) noexcept;
    float next(const Sampling& chance) noexcept;          // of one voice alone
    void touch(std::span<const Touch> touches) noexcept;  // of each voice, from the next sample on
    // What each voice would hear at its next sample; one value is for all. Nothing: there is nothing to hear.
    void hear(std::span<const float> amplitudes) noexcept { heard_ = amplitudes; }
    // How unsure the first voice is of its next sample, in bits; of a mixture the mean of its networks.
    double entropy(const Sampling& chance) noexcept;
    // How far the first voice's samples were from what was expected, in bits: the mean since the last call, or below 0
    // when there was none. A few of the samples are looked at.
    double surprise() noexcept;
    void read(GeneratorState& into) const;
    void go_to(const GeneratorState& moment) noexcept;    // with its dice; states that do not fit are left as they are
    void go_back(const GeneratorState& moment) noexcept;  // without: chance goes on
    void begin_at(const GeneratorState& moment);          // this is where it begins from now on
    // All voices have heard these levels before they begin, and where a take begins again.
    void prime(std::span<const int> levels);
    // Its one voice has that number from now on, and has drawn these levels already: it begins where they end.
    void go_on(std::uint64_t voice, std::span<const int> levels);
    void restart() noexcept;     // fresh state, where it began: with the same seed the same takes again
    void begin_take() noexcept;  // from the silence before the first sample, or from what it was primed with
    void reseed(std::uint64_t seed) noexcept { seed_ = seed; }
    std::uint64_t drawn() const noexcept { return drawn_; }  // samples of the take
    std::span<const Part> parts() const noexcept { return {parts_.data(), count_}; }

  private:
    void get_ready();
    int level(int voice, const Sampling& chance, double uniform) noexcept;
    int touched(std::size_t voice, Sampling chance, double uniform) noexcept;
    void look_at(int level) noexcept;
    std::span<const float> product(int voice) noexcept;
    const Model& model() const noexcept { return parts_[0].state->model(); }

    std::unique_ptr<RunState> own_;
    std::array<Part, most_networks> parts_;  // shares sum to 1
    std::size_t count_ = 0;
    Mix mix_ = Mix::product;
    std::uint64_t seed_, first_voice_ = 0;
    std::uint64_t drawn_ = 0;
    GeneratorState beginning_;  // where it goes on from
    bool primed_ = false;       // and takes begin there too
    std::vector<int> levels_;
    std::array<float, max_levels> mixed_;
    // While a hand is on it.
    bool touched_ = false;
    std::vector<Touch> touches_;
    std::vector<Bend> bends_;
    Bending bending_;
    bool bent_ = false;
    std::span<const float> heard_;
    std::vector<LoopDetector> stuck_;
    std::vector<std::uint64_t> heat_;  // samples of it left
    double surprise_ = 0;
    int looked_ = 0;
};

}  // namespace legume::samplernn
