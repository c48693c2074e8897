// A network as it plays: voices that go in step through immutable weights, and no draw.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/base/rt.h"
#include "nodes/samplernn/engine/bend.h"
#include "nodes/samplernn/engine/model.h"
#include "nodes/samplernn/engine/second_core.h"

namespace legume::samplernn {

// What the voices remember, as a value: the same state gives the same logits.
struct State {
    std::vector<float> cells;           // all states of every tier, layer and voice
    std::vector<std::uint16_t> levels;  // the last B of every voice, oldest first
    std::uint64_t position = 0;         // samples pushed since the start
};

// Voices that go in step and share each read of the weights; a voice's numbers are the same in any company.
// What the frame tiers need next is made in equal parts between their steps, so that no sample costs much more than
// another. Allocates when made; logits, push and reset never do.
class RunState {
  public:
    // On two cores the frame tiers are made ahead on a thread of their own, beside the sample tier.
    explicit RunState(std::shared_ptr<const Model> model, int voices = 1, int cores = 1);
    ~RunState();
    RunState(const RunState&) = delete;
    RunState& operator=(const RunState&) = delete;
    int voices() const noexcept { return voices_; }
    // Of a voice's next sample, Q of them; valid until push, reset or set_state.
    std::span<const float> logits(int voice = 0) noexcept;
    // Takes a sample for each voice, drawn or given: priming is push without a draw. A level out of range is held at
    // the nearest.
    void push(std::span<const int> levels) noexcept;
    void push(int level) noexcept;  // the same for all
    void reset() noexcept;          // as fresh: learned initial states, silence behind it
    State state() const;
    void read_state(State& into) const;      // allocates nothing when `into` held a state of it before
    bool fits(const State&) const noexcept;  // false: it belongs to another network or number of voices
    void set_state(const State&);            // throws ModelError when it does not fit
    // Goes on from what another network of the same shape remembers; both have as many voices.
    void take_over(const RunState& from) noexcept;
    // From now on its tiers are bent so, as it says at each push; nothing: they play as they learned. The pointer stays
    // the caller's.
    void bend(const Bending* bending) noexcept { bending_ = bending; }
    std::span<const float> units(std::size_t tier, int voice = 0) const;  // that a tier's last layer remembers
    const Model& model() const noexcept { return *model_; }
    const std::shared_ptr<const Model>& shared_model() const noexcept { return model_; }

  private:
    // A product that is wanted at a later sample, made slice by slice until then.
    class Later {
      public:
        void begin(const Linear& linear, const Vectors& x, Vectors& middle, Rows& y, std::uint64_t now, int samples);
        void advance(const Kernels& kernels, std::uint64_t position) noexcept;  // what is to be done by the end of it
        void finish(const Kernels& kernels) noexcept;
        bool begun() const noexcept { return linear_; }
        void clear() noexcept { linear_ = nullptr; }

      private:
        void make(const Kernels& kernels, int to) noexcept;
        const Linear* linear_ = nullptr;
        const Vectors* x_ = nullptr;
        Vectors* middle_ = nullptr;
        Rows* y_ = nullptr;
        std::uint64_t now_ = 0;
        int samples_ = 1, done_ = 0;
    };
    struct Layer {
        LayerState state;
        Rows recurrent;
        Later next;  // recurrent, of the next step
    };
    struct TierState {
        std::vector<Layer> layers;
        Vectors sum;  // with skips, of all layers' h
        Rows gates;   // what the next step is given from above
        Vectors middle;
        Later given;
    };
    // A level for each voice; with a stride of 0 the same for all.
    void take(const int* levels, std::size_t stride) noexcept;
    const Vectors& out(std::size_t tier) const;  // what a tier hands down
    void step_tiers() noexcept;                  // those whose frame is full at position_, from the top
    void step(std::size_t tier) noexcept;
    void make_ahead() noexcept;    // a sample's share of what later steps want
    void wait() noexcept;          // until that is made
    void prepare_next() noexcept;  // begins all products anew, after the states were set
    void give(std::size_t tier, std::uint64_t step) noexcept;
    void hand_down(std::size_t tier) noexcept;
    float gain(std::size_t tier, std::size_t voice) const noexcept;  // of what it hands down
    void sample_tier() noexcept;

    std::shared_ptr<const Model> model_;
    int voices_;
    std::vector<TierState> tiers_;
    std::vector<std::uint16_t> history_;  // [voices] rings of B levels; sample t lies at t mod B
    std::uint64_t position_ = 0;
    bool have_logits_ = false;
    Vectors u_;  // the levels of a frame, as numbers
    StepRoom room_;
    const Bending* bending_ = nullptr;
    std::vector<Vectors> x_;  // of the sample tier: the sum, then each hidden layer's output
    std::unique_ptr<SecondCore> second_core_;
    std::vector<const float*> rows_;  // [voices, taps], of the tables
    Rows logits_;
};

}  // namespace legume::samplernn
