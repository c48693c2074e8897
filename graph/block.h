// A block: 64 frames of time, and the signals in it.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "graph/base/rt.h"

namespace legume {

inline constexpr int block_frames = 64;
inline constexpr int max_channels = 16;
using Frames = std::span<float, block_frames>;
using ConstFrames = std::span<const float, block_frames>;

class Schedule;
class In;
class Out;

// Musical time: where a block begins and how it goes on. Standing still its step is 0.
struct TransportTime {
    double tempo = 120;  // beats a minute; a beat is a quarter
    double beat = 0;     // since the start, at the block's first frame
    double step = 0;     // beats a frame
    double bar_beats = 4;
    bool running = true;
    double at(int frame) const noexcept RT_SAFE { return beat + step * frame; }
};

// One port's channels in one schedule. Frames of channel c are data[c][0..63].
struct Signal {
    int channels = 0;
    std::array<float*, max_channels> data{};
};

// 64 frames of time. `const Block&` in a signature means: audio thread. Only Schedule makes one.
class Block {
  public:
    std::uint64_t frame() const noexcept RT_SAFE { return frame_; }  // of the block's first frame, since the start
    double rate() const noexcept RT_SAFE { return rate_; }           // frames a second
    const TransportTime& transport() const noexcept RT_SAFE { return transport_; }
    const Signal& device_in() const noexcept RT_SAFE { return *device_in_; }    // what the device hears
    const Signal& device_out() const noexcept RT_SAFE { return *device_out_; }  // add to it what it shall play

  private:
    friend class Schedule;
    friend class In;
    friend class Out;
    Block() = default;
    std::uint64_t frame_ = 0;
    double rate_ = 48'000;
    TransportTime transport_;
    const Signal* device_in_ = nullptr;
    const Signal* device_out_ = nullptr;
    const Signal* ins_ = nullptr;  // of the step at hand, by In::index
    const Signal* outs_ = nullptr;
    const float* silence_ = nullptr;
};

}  // namespace legume
