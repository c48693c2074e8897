// Cuts a sound where its strokes begin, or evenly, and plays the slices in any order.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>
#include <optional>

#include "nodes/dsp/head.h"
#include "nodes/dsp/onset.h"
#include "nodes/dsp/random.h"
#include "nodes/members/level.h"
#include "nodes/members/sync.h"
#include "nodes/sound/held_sound.h"

namespace legume {
namespace {

struct Slice : dsp::Head {
    double first = 0, last = 0;  // frames of the sound, the last one not among them
};

struct Slicer final : Node {
    FileOption file{this, "file", Required{}, "The sound to cut."};
    Trigger play{this, "play", "Plays the next slice."};
    Trigger again{this, "reset", "Goes back to the first slice."};
    ChoiceOption cut{this, "cut", {"grid", "onsets"}, "Cuts into equal slices, or where sounds begin."};
    NumberOption slices{this,
                        "slices",
                        {.min = 1, .max = 512, .initial = 16, .unit = Unit::count},
                        "How many slices a grid has; of onsets, how many at the most."};
    NumberOption threshold{this,
                           "threshold",
                           {.min = -80, .max = 0, .initial = -40, .unit = Unit::decibels},
                           "What is softer than this is no onset."};
    NumberOption rise{this,
                      "rise",
                      {.min = 1, .max = 40, .initial = 8, .unit = Unit::decibels},
                      "How much louder than just before an onset is; less finds more of them."};
    ChoiceOption order{this,
                       "order",
                       {"forward", "backward", "random", "shuffled", "weighted", "position"},
                       "Which slice comes next; shuffled plays each once before any comes again, weighted draws by "
                       "weights, position takes the one at position."};
    NumbersOption weights{this,
                          "weights",
                          {1},
                          {.min = 0, .max = 1'000, .initial = 1},
                          "How often each slice is drawn when the order is weighted; too few begin again."};
    Sync sync{this, "Plays a slice on each such line of the transport; 1/8 is an eighth note."};
    FlagOption run_on{this, "run_on", false, "Plays the next slice by itself when one ends."};
    Param position{this,
                   "position",
                   {.min = 0, .max = 1, .initial = 0, .glide_seconds = 0},
                   "The slice that is taken when the order is position: 0 is the first, 1 the last."};
    Param speed{this, "speed", {.min = -4, .max = 4, .initial = 1}, "How fast slices play; below 0 backwards."};
    Param fade{this,
               "fade",
               {.min = 0.0005f, .max = 1, .initial = 0.003f, .unit = Unit::seconds, .curve = Curve::log},
               "How long a slice rises at its beginning and dies away at its end."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Out out{this, "out", "The slices, on as many channels as the file has."};
    Out began{this, "began", "Goes to 1 for a frame when a slice begins."};
    Meter slice{this, "slice", Unit::count, "Which slice it plays; the first is 1."};
    Meter count{this, "count", Unit::count, "How many slices there are."};

    static constexpr double shortest_seconds = 0.005, between_onsets = 0.05;
    // How far before an onset is heard it began: the ear answers within 2 ms.
    static constexpr double early_seconds = 0.002;

    std::shared_ptr<const Sound> sound;
    std::vector<std::int64_t> edges;   // of the slices: where each begins, and at last the sound's end
    std::vector<double> summed;        // weights, each with those before it
    std::vector<std::size_t> shuffle;  // this round's order
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    std::array<Slice, 8> heads;  // one leads, the others are leaving
    std::size_t lead = 0;
    bool leads = false;
    Lines lines{sync};
    std::uint64_t seed = 0, taken = 0;
    HeaderOnce header;

    const SoundHeader& read_header() const { return header.of(file.path()); }
    int channels_of(const Out& which, int) const override { return &which == &out ? read_header().channels : 1; }
    bool portable() const override { return decodes_alike(file.path()); }
    void check(const Checking& checking) const override {
        try {
            const auto now = read_sound_header(file.path());
            const double most = static_cast<double>(now.frames) / (shortest_seconds * now.rate);
            if (cut.at() == 0 && slices.count() > 1 && slices.count() > most)
                checking.problem(slices, std::to_string(slices.count()) + " slices of " + file.path().string() +
                                             " would be shorter than 5 ms; ask for " +
                                             std::to_string(std::max(1, static_cast<int>(most))) + " at the most");
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
        const auto& all = weights.values();
        if (std::none_of(all.begin(), all.end(), [](float weight) { return weight > 0; }))
            checking.problem(weights, "weights are all 0, so no slice could be drawn; give one of them more");
        if (weights.given() && order.value() != "weighted")
            checking.problem(weights, "weights are for order: weighted; the order is " + order.value());
    }
    void prepare(const Prepare& p) override {
        try {
            sound = hold_sound(p.store, file.path());
        } catch (const SoundError& error) {
            throw PrepareError("file", file.path().string() + " " + error.what());
        }
        if (sound->channels != p.channels(out))
            throw PrepareError("file",
                               file.path().string() + " has changed its channels meanwhile; save the patch again");
        cut.at() == 0 ? cut_evenly() : cut_at_onsets();
        if (cut.at() == 1 && edges.size() == 2)
            p.tell(file.path().string() + " has no onset to cut at, so it is one slice; a lower rise finds more");
        double sum = 0;
        const auto& shares = weights.values();
        for (std::size_t s = 0; s < size(); ++s)
            summed.push_back(sum += static_cast<double>(shares[s % shares.size()]));
        if (order.value() == "weighted" && sum <= 0)
            throw PrepareError("weights", "weights are 0 for all " + std::to_string(size()) + " slices; give one more");
        shuffle.resize(size());
        seed = p.seed;
        sinc = &dsp::Sinc::table();
    }
    std::size_t size() const noexcept RT_SAFE { return edges.size() - 1; }

    void cut_evenly() {
        const auto frames = static_cast<std::int64_t>(sound->frames());
        for (int s = 0; s <= slices.count(); ++s) edges.push_back(frames * s / slices.count());
        edges.erase(std::unique(edges.begin(), edges.end()), edges.end());  // none is empty, however short the sound
    }
    void cut_at_onsets() {
        const dsp::OnsetEar::Paces paces(sound->rate);
        const auto width = static_cast<std::size_t>(sound->channels);
        const double floor = math::amplitude(static_cast<double>(threshold.value())),
                     louder = math::amplitude(static_cast<double>(rise.value()));
        dsp::OnsetEar ear;
        edges.push_back(0);
        for (std::size_t i = 0; i < sound->frames() && edges.size() < static_cast<std::size_t>(slices.count()); ++i) {
            float loudest = 0;
            for (std::size_t c = 0; c < width; ++c) {
                const float x = sound->samples[i * width + c];
                loudest = std::max(loudest, x < 0 ? -x : x);
            }
            if (!ear.hears(loudest, paces, floor, louder, between_onsets * sound->rate)) continue;
            const auto at = static_cast<std::int64_t>(i) - static_cast<std::int64_t>(early_seconds * sound->rate);
            if (static_cast<double>(at - edges.back()) >= shortest_seconds * sound->rate) edges.push_back(at);
        }
        edges.push_back(static_cast<std::int64_t>(sound->frames()));
    }

    std::size_t draw_shuffled(std::uint64_t at) noexcept RT_SAFE {
        const std::uint64_t round = at / size(), place = at % size();
        if (place == 0) {  // Fisher, Yates; as Durstenfeld wrote it (1964)
            std::iota(shuffle.begin(), shuffle.end(), std::size_t{0});
            for (std::size_t i = size() - 1; i > 0; --i)
                std::swap(shuffle[i], shuffle[dsp::random_bits(seed, 1 + round, i) % (i + 1)]);
        }
        return shuffle[place];
    }
    std::size_t next_slice(const Block& b) noexcept RT_SAFE {
        const std::uint64_t at = taken++;
        switch (order.at()) {
            case 0: return at % size();
            case 1: return size() - 1 - at % size();
            case 2: return dsp::random_bits(seed, 0, at) % size();
            case 3: return draw_shuffled(at);
            case 4: {
                const double drawn = dsp::random_uniform(seed, 0, at) * summed.back();
                return static_cast<std::size_t>(std::upper_bound(summed.begin(), summed.end() - 1, drawn) -
                                                summed.begin());
            }
            default: {
                const auto share = static_cast<double>(position.value(b)) * static_cast<double>(size());
                return std::min(static_cast<std::size_t>(share), size() - 1);
            }
        }
    }
    void begin(const Block& b, double step, double fade_frames) noexcept RT_SAFE {
        end(fade_frames);
        const std::size_t which = next_slice(b);
        std::size_t found = lead == 0 ? 1 : 0;  // the quietest of those that leave
        for (std::size_t h = 0; h < heads.size(); ++h)
            if (h != lead && heads[h].loudness() < heads[found].loudness()) found = h;
        lead = found;
        Slice& head = heads[lead];
        head.first = static_cast<double>(edges[which]);
        head.last = static_cast<double>(edges[which + 1]);
        head.begin(step < 0 ? head.last - 1 : head.first, std::min(fade_frames, 0.5 * length_of(head, step)));
        leads = true;
        slice.set(static_cast<float>(which + 1));
    }
    static double length_of(const Slice& head, double step) noexcept RT_SAFE {  // graph frames
        return (head.last - head.first) / std::max(step < 0 ? -step : step, 1e-6);
    }
    void end(double fade_frames) noexcept RT_SAFE {
        if (leads) heads[lead].leave(fade_frames);
        leads = false;
    }
    // Whether the slice that leads is over; its fade ends with it, unless the next one fades in over what follows.
    bool over(double step, double fade_frames) noexcept RT_SAFE {
        Slice& head = heads[lead];
        const double left =
            (step < 0 ? head.at - head.first : head.last - head.at) / std::max(step < 0 ? -step : step, 1e-6);
        const bool follows = step < 0 ? head.first > 0 : head.last < static_cast<double>(sound->frames());
        const double last_fade = run_on.value() && follows ? 0 : std::min(fade_frames, 0.5 * length_of(head, step));
        return left <= last_fade || !head.on;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b);
        const double ratio = sound->rate / b.rate();
        const double fade_frames = static_cast<double>(fade.value(b)) * b.rate();
        const std::uint64_t plays = play.edges(b), resets = again.edges(b);
        const dsp::Recording recording{sound->samples.data(), static_cast<std::int64_t>(sound->frames()),
                                       sound->channels};
        const auto starts = began.write(b, 0);
        lines.begin(b);
        for (int i = 0; i < block_frames; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const double step = static_cast<double>(pace[i]) * ratio;
            if (resets >> i & 1) taken = 0;
            bool plays_now = plays >> i & 1;
            if (sync.on() && lines.falls(b, i)) plays_now = true;
            if (!plays_now && leads && over(step, fade_frames)) {
                if (run_on.value())
                    plays_now = true;
                else
                    end(std::min(fade_frames, 0.5 * length_of(heads[lead], step)));
            }
            if (plays_now) begin(b, step, fade_frames);
            starts[at] = plays_now ? 1.0f : 0.0f;
            std::array<float, max_channels> sum{}, frame;
            for (Slice& head : heads) {
                if (!head.on) continue;
                dsp::read_between(recording, head.at, step, *sinc, taps, frame.data());
                for (std::size_t c = 0; c < static_cast<std::size_t>(recording.channels); ++c)
                    sum[c] += frame[c] * head.level;
                head.advance(step);
            }
            for (int c = 0; c < recording.channels; ++c) out.write(b, c)[at] = sum[static_cast<std::size_t>(c)];
        }
        amplify(b, out, gain);
        count.set(static_cast<float>(size()));
    }
    void reset() noexcept RT_SAFE override {
        heads.fill({});
        lines.reset();
        leads = false;
        taken = 0;
    }
};

}  // namespace

extern const NodeType slicer_node{"slicer", "Cuts a sound into slices and plays them in any order.", make_node<Slicer>};

}  // namespace legume
