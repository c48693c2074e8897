// What a generator goes on from, as a value: its networks' states, its dice, and whose they are.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/samplernn/engine/engine.h"

namespace legume::samplernn {

struct GeneratorState {
    std::vector<State> states;  // of the networks that share the stream
    std::uint64_t seed = 0, drawn = 0;
    bool empty() const { return states.empty(); }
};
// Between two moments, 0 to 1: what the units remember is mixed; the last samples and the dice are those of the nearer
// one. States that do not match are those of the nearer one. Allocates nothing where `into` held such a moment before.
void mix(const GeneratorState& a, const GeneratorState& b, float share, GeneratorState& into);

// Whose moments these are, as lines of "name = value": shape, quantiser, rate, corpus and voices. The ages of a run
// are one network here, so that a state outlives the age at which it was remembered.
std::string owner_of(std::span<const Config> networks, int voices);

// With a sum at the end, so that half of it is not taken for the whole.
std::string to_bytes(const GeneratorState& moment, std::string_view owner);
// Throws ModelError with what is wrong, in a form that follows "dream.1.state ": "is cut short or damaged".
GeneratorState from_bytes(std::string_view bytes, std::string_view owner);

// A moment on its way from a worker to another thread. The newest wins and nobody waits.
class Passing {
  public:
    void prepare(const GeneratorState& like) { moment_ = like; }  // room, so that no offer allocates
    // The worker. False while the other thread reads: offer it again.
    bool offer(const GeneratorState& moment) noexcept;
    // The other thread, once for each moment that was offered.
    template <class Use>
    bool take(Use use) {
        int full = filled;
        if (!turn_.compare_exchange_strong(full, busy, std::memory_order_acquire)) return false;
        use(std::as_const(moment_));
        turn_.store(free, std::memory_order_release);
        return true;
    }

  private:
    enum Turn { free, busy, filled };
    GeneratorState moment_;
    std::atomic<int> turn_{free};
};

}  // namespace legume::samplernn
