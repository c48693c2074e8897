// What a player does to a running network beside its chance: lets it listen, remembers its states, holds and bends it.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/ring.h"
#include "graph/node.h"
#include "nodes/samplernn/engine/generator_state.h"
#include "nodes/samplernn/play/ear.h"
#include "nodes/samplernn/play/stream.h"

namespace legume::samplernn {

class Gestures {
  public:
    static constexpr std::size_t slots = 8;
    // What was asked for by the end of a block. Counts and not edges.
    struct Asked {
        std::array<Touch, max_channels> touches{};
        float hold_seconds = 0;  // 0: it plays on
        float morph = 0;
        std::uint8_t slot = 0, other = 1;  // to recall
        std::uint8_t remember_slot = 0;
        std::uint32_t remembers = 0, recalls = 0;
    };

    explicit Gestures(Node* node);
    ~Gestures();
    Gestures(const Gestures&) = delete;
    Gestures& operator=(const Gestures&) = delete;

    In ear;
    FileOption prime;
    Param listen, guard;
    Param slow_gain, slow_noise, slow_dropout, slow_freeze;
    Param fast_gain, fast_noise, fast_dropout, fast_freeze, drift;
    Param hold, hold_time, slot, other_slot, morph;
    Trigger remember, recall;
    Meter surprise, slow_energy, fast_energy;
    Work keeper;

    void check(const Checking& checking) const;
    // Before the first block: `pitch` is what the stream plays a second of the networks' samples; records is how many
    // blocks may wait. Throws PrepareError.
    void prepare(const Prepare& p, Stream& stream, int voices, double pitch);
    void make_room(std::size_t records);
    Asked first() const;  // of what is set before the first block

    // ---- audio thread

    void ask(const Block& b, Asked& now) noexcept RT_SAFE;
    void hear(const Block& b) noexcept RT_SAFE;  // before the block's record, where there is room for that

    // ---- worker

    void take_heard() noexcept;  // with each record that is taken
    void listen_now() noexcept;  // what was heard with the last one is heard during the block that is made now
    void begin_life() noexcept;
    void heed(const Asked& asked, Stream& stream) noexcept;  // what is asked for is done to the stream
    void measure(Stream& stream, double seconds) noexcept;   // of a block

    // ---- control thread

    std::string save_state();
    std::optional<GeneratorState> kept(std::string_view bytes) const;

  private:
    template <class Read, class Own>
    void read(Asked& asked, Read value, Own of_all) const;
    std::filesystem::path file(std::size_t slot) const;
    void load(std::size_t slot);
    bool write_remembered();
    const GeneratorState* recalled(const Asked& asked) noexcept;

    // Before the first block.
    int voices_ = 1;
    std::size_t ears_ = 0;
    double pitch_ = 16'000;
    std::string owner_;
    std::filesystem::path folder_;
    bool writes_ = false;
    std::function<void(std::string)> tell_;

    Ring<float> sound_;  // what was heard with each record

    // Worker.
    std::vector<float> block_;
    std::optional<Ear> ear_;
    std::array<GeneratorState, slots> moments_;
    std::array<bool, slots> there_{}, unsaved_{};
    GeneratorState mixed_;
    float morphed_ = -1;  // what the held moment was recalled with; below 0: it was not recalled
    Asked done_;
    double since_kept_ = 0;
    std::vector<float> means_[2];
    double energies_[2]{};
    double surprised_ = 0;

    std::array<Passing, slots> saving_;
    Passing keeping_;
    std::atomic<int> missed_{0};  // a slot that was recalled and is empty, from 1 on
    std::string last_kept_;
};

}  // namespace legume::samplernn
