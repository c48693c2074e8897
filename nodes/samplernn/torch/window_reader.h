// What a training run reads from its corpus: windows to learn, window after window, and windows to measure with.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/resume.h"
#include "nodes/samplernn/train/train.h"
#include "nodes/samplernn/train/window_places.h"

namespace legume::samplernn {

// Every stream walks through the passages' learned parts, and now and then to another place.
class WindowReader {
  public:
    WindowReader(const Corpus& corpus, const TrainSettings& settings, std::uint64_t seed);
    Window next();

    std::vector<StreamPlace> streams;  // where each stands: all that a resume needs

  private:
    std::size_t samples() const { return static_cast<std::size_t>(settings_.window); }
    void send(StreamPlace& stream, std::uint64_t b);

    const Corpus& corpus_;
    const TrainSettings& settings_;
    const std::uint64_t seed_;
    const int history_;
    const int silence_;
    const std::uint64_t visit_;  // windows
    const WindowPlaces places_;
};

// Held-out sound as streams of equal length, evenly over all that there is; each begins from silence. Empty when
// nothing is held out.
std::vector<Window> held_out_windows(const Corpus& corpus, const TrainSettings& settings);

}  // namespace legume::samplernn
