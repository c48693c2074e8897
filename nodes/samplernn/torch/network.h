// The SampleRNN as it is trained: weights, one pass over a window, and Adam. LibTorch stays in network.cpp.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/gradient_checkpoints.h"
#include "nodes/samplernn/train/learning.h"

namespace legume::samplernn {

// What several streams of sound hold at the same time: each stream's last `history` levels, then the `samples` to
// learn.
struct Window {
    int streams = 0;
    int samples = 0;                   // a multiple of the largest frame
    int history = 0;                   // the largest frame
    std::vector<std::int32_t> levels;  // [streams][history + samples]
    std::vector<std::uint8_t> fresh;   // [streams]: 1 where the sound begins anew, so the state does too
};

// The RNNs' states of several streams, carried from window to window.
class States {
  public:
    States();
    ~States();
    States(States&&) noexcept;
    States& operator=(States&&) noexcept;
    std::vector<float> save() const;

  private:
    friend class Network;
    struct Held;
    std::unique_ptr<Held> held_;
};

class Network {
  public:
    // Fresh weights, drawn from the seed. `device` is auto, cpu or cuda; throws ModelError when there is none.
    Network(const Config& config, std::uint64_t seed, const std::string& device = "cpu", const Learning& learning = {});
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    const Config& config() const;
    std::string device() const;     // "cpu" or "cuda"
    static std::string libtorch();  // its version, such as "1.13.0"
    std::int64_t parameters() const;

    // The weights that play; what is learned may be others (weight norm's v and g).
    Tensors tensors() const;
    void set_tensors(const Tensors& tensors);  // names and shapes as expected_shapes gives them

    States fresh_states(int streams) const;
    States load_states(int streams, std::span<const float> saved) const;  // throws ModelError when sizes differ

    // Forward and backward over a window. Gives the loss in bits a sample; the gradient waits for update().
    double learn(const Window& window, States& states, const GradientCheckpoints& cuts = {});
    // Forward alone, with the averaged weights. Bits a sample.
    double evaluate(const Window& window, States& states, const GradientCheckpoints& cuts = {});
    // Adam with the gradient clipped to a global norm. False, and nothing changed, when the gradient is not finite, or
    // its norm more than `most_norm`.
    bool update(double learning_rate, double clip_norm, double most_norm = std::numeric_limits<double>::infinity());
    // From now on `share` of the blocks of each prunable matrix are zero; each further call chooses anew which, and
    // as many as `churn` of those that live are grown where the gradient wants them. Before the first update the
    // weights that live are made larger for those that do not.
    void prune(double share, double churn);
    double gradient_norm() const;  // before clipping
    // By what is learned, in the order of names; weight norm's v has its tensor's, g that and ".g".
    std::vector<float> gradient() const;
    std::vector<float> weights() const;  // what is learned, in the gradient's order
    void set_weights(std::span<const float> weights);

    // A running mean of the weights: what checkpoints hold, since it predicts and sounds better than the newest.
    Tensors averaged() const;

    // What is learned, its mean and Adam's moments, for a resume.
    std::vector<float> save() const;
    void load(std::span<const float> saved, std::int64_t updates);  // throws ModelError when sizes differ

    // Teacher-forced from silence and fresh states: [levels.size()][Q], row t before levels[t] is known.
    std::vector<float> logits(std::span<const int> levels) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// Threads of each network made after this; as many lanes share out its work, so that they may move its last bits.
void set_threads(int threads);

}  // namespace legume::samplernn
