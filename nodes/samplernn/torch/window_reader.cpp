// Where the streams go is drawn from counters, so that a resume needs no generator's state.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/window_reader.h"

#include <algorithm>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/quantise.h"

namespace legume::samplernn {
namespace {

constexpr double visit_seconds = 4;                // how long a stream stays with one place in the sound
constexpr std::size_t measured_samples = 1 << 17;  // of the held-out sound at the most

}  // namespace

WindowReader::WindowReader(const Corpus& corpus, const TrainSettings& settings, std::uint64_t seed)
    : streams(static_cast<std::size_t>(settings.batch)),
      corpus_(corpus),
      settings_(settings),
      seed_(seed),
      history_(settings.config.tiers.back().frame),
      silence_(Levels(settings.config).silence()),
      visit_(static_cast<std::uint64_t>(std::max(1.0, visit_seconds * settings.config.sample_rate / settings.window))),
      places_(corpus, samples(), visit_ * samples(), settings.overlap, seed) {}

Window WindowReader::next() {
    Window window{settings_.batch, settings_.window, history_, {}, {}};
    window.levels.reserve(streams.size() * (samples() + static_cast<std::size_t>(history_)));
    for (std::size_t b = 0; b < streams.size(); ++b) {
        StreamPlace& s = streams[b];
        const bool fresh = s.left < samples() || s.at + samples() > corpus_.passages[s.passage].learn;
        if (fresh) send(s, b);
        window.fresh.push_back(fresh);
        const auto& levels = corpus_.passages[s.passage].levels;
        for (int i = history_; i > 0; --i)
            window.levels.push_back(fresh ? silence_ : levels[s.at - static_cast<std::size_t>(i)]);
        for (std::size_t i = 0; i < samples(); ++i) window.levels.push_back(levels[s.at + i]);
        s.at += samples();
        s.left -= samples();
    }
    return window;
}

void WindowReader::send(StreamPlace& s, std::uint64_t b) {
    const auto place = places_.draw(b, streams.size(), s.drawn);
    s.passage = place.passage;
    s.at = place.at;
    // The first visits end at different times, so that the streams do not all begin anew together; but those of a
    // grid are whole.
    const double share = s.drawn == 0 && !settings_.overlap ? dsp::random_uniform(seed_, b, 1) : 1;
    s.left = (1 + static_cast<std::uint64_t>(share * static_cast<double>(visit_ - 1))) * samples();
    ++s.drawn;
}

std::vector<Window> held_out_windows(const Corpus& corpus, const TrainSettings& settings) {
    const auto samples = static_cast<std::size_t>(settings.window);
    struct Start {
        const Passage* passage;
        std::size_t at;
    };
    std::vector<Start> all;
    const std::size_t length = std::min<std::size_t>(8, [&] {  // windows a stream
        std::size_t longest = 0;
        for (const auto& p : corpus.passages) longest = std::max(longest, (p.levels.size() - p.learn) / samples);
        return longest;
    }());
    if (length == 0) return {};
    for (const auto& p : corpus.passages)
        for (std::size_t at = p.learn; at + length * samples <= p.levels.size(); at += length * samples)
            all.push_back({&p, at});
    const std::size_t most = std::max<std::size_t>(1, measured_samples / (length * samples));
    const std::size_t streams = std::min(all.size(), most);
    const int history = settings.config.tiers.back().frame, silence = Levels(settings.config).silence();
    std::vector<Window> windows;
    for (std::size_t w = 0; w < length; ++w) {
        Window window{
            static_cast<int>(streams), settings.window, history, {}, std::vector<std::uint8_t>(streams, w == 0)};
        for (std::size_t b = 0; b < streams; ++b) {
            const Start& start = all[b * all.size() / streams];
            const std::size_t from = start.at + w * samples;
            for (int i = history; i > 0; --i)
                window.levels.push_back(w == 0 ? silence : start.passage->levels[from - static_cast<std::size_t>(i)]);
            for (std::size_t i = 0; i < samples; ++i) window.levels.push_back(start.passage->levels[from + i]);
        }
        windows.push_back(std::move(window));
    }
    return windows;
}

}  // namespace legume::samplernn
