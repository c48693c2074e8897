// The node from which `legume train` learns: which sound, how large a network, for how long. Idle while a patch plays.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train.h"

#include <algorithm>
#include <array>
#include <memory>

#include "graph/ring.h"

namespace legume {
namespace {

using samplernn::Config;
using samplernn::TrainSettings;

Range count(float min, float max, float initial) {
    return {.min = min, .max = max, .initial = initial, .unit = Unit::count};
}

struct Train final : Node, samplernn::Trainee {
    In in{this, "in", "Sound to learn from, as long as seconds says."};

    FilesOption files{this, "files", "Sound files, or folders of them, to learn from."};
    NumberOption seconds{this,
                         "seconds",
                         {.min = 1, .max = 7'200, .initial = 60, .unit = Unit::seconds},
                         "How much of what is wired in is learned."};
    FileOption run{this, "run",
                   "Folder for the checkpoints, takes and log; runs/ and the patch's name when not given."};

    NumberOption steps{this, "steps", count(1, 16'000'000, 10'000), "Updates after which the run is finished."};
    NumberOption minutes{this,
                         "minutes",
                         {.min = 0.01f, .max = 100'000, .initial = 60},
                         "Minutes after which the run is finished, whatever steps says."};
    NumberOption checkpoints{this, "checkpoints", count(1, 1'000, 12),
                             "How many are kept over the run, close together at first, when most is changing."};
    ChoiceOption storage{this, "storage", {"f32", "f16"}, "How checkpoints store weights; f16 takes half the room."};
    NumberOption held_out{this,
                          "held_out",
                          {.min = 0, .max = 0.5f, .initial = 0.1f},
                          "Share of each file's end that is not learned but kept to measure with."};

    NumberOption dim{this, "dim", count(8, 2'048, 256), "Width of the network; twice as wide is four times the work."};
    NumbersOption frames{this,
                         "frames",
                         {4, 16},
                         count(1, 4'096, 4),
                         "Samples in a frame of each tier, smallest first, each a multiple of the one before."};
    NumberOption layers{this, "layers", count(1, 5, 1), "Recurrent layers in each tier."};
    ChoiceOption cell{this, "cell", {"gru", "lstm"}, "Kind of memory in the tiers."};
    ChoiceOption reset{
        this, "reset", {"after", "before"}, "Where a GRU's reset gate stands; the 2019 piece had before."};
    FlagOption skip{this, "skip", false, "Whether every layer of a tier is heard below it, or the last alone."};
    FlagOption learned_h0{this, "learned_h0", true, "Whether the state it begins from is learned, or zero."};
    NumberOption sample_rate{this,
                             "sample_rate",
                             {.min = 1'000, .max = 96'000, .initial = 16'000, .unit = Unit::hertz},
                             "Rate at which it hears and plays."};
    NumberOption levels{this, "levels", count(16, 1'024, 256), "Amplitude steps it tells apart."};
    ChoiceOption quantiser{
        this, "quantiser", {"mu_law", "linear"}, "Whether those steps are finer near silence, or equal."};
    NumberOption embedding{this, "embedding", count(1, 2'048, 256),
                           "Numbers that stand for a level inside the network."};
    NumberOption hidden{this, "hidden", count(0, 8, 2), "Layers between what the tiers say and the next sample."};
    ChoiceOption frame_scale{
        this, "frame_scale", {"theano", "unisound"}, "How the tiers see levels; the 2019 piece had unisound."};
    FlagOption top_projection{this, "top_projection", true,
                              "Whether the top tier's frames pass a layer before its memory."};
    FlagOption biases{this, "biases", true, "Whether layers outside the memory have biases."};
    FlagOption relu_after_sum{this, "relu_after_sum", false,
                              "Whether what the tiers say is rectified before it is used."};

    NumberOption window{this, "window", count(16, 65'536, 1'024),
                        "Samples over which it learns cause and effect; longer is better and slower."};
    NumberOption batch{this, "batch", count(1, 512, 16), "Places in the sound that it learns from at once."};
    NumberOption learning_rate{this,
                               "learning_rate",
                               {.min = 1e-6f, .max = 1, .initial = 1e-3f, .curve = Curve::log},
                               "Size of an update at its largest."};
    NumberOption seed{this, "seed", count(0, 16'000'000, 0), "Another number is another beginning."};
    ChoiceOption device{
        this, "device", {"auto", "cpu", "cuda"}, "What computes: the graphics card when there is one, or as told."};

    Work keep{this, "keep", Work::Pool::generate, [this] { return drain(); }, "Keeps what is wired in."};

    TrainSettings settings() const override {
        TrainSettings s;
        Config& c = s.config;
        c.tiers.clear();
        for (const float frame : frames.values())
            c.tiers.push_back({static_cast<int>(frame), cell.at() == 0 ? samplernn::Cell::gru : samplernn::Cell::lstm,
                               layers.count()});
        c.dim = dim.count();
        c.levels = levels.count();
        c.embedding = embedding.count();
        c.quantiser = quantiser.at() == 0 ? samplernn::Quantiser::mu_law : samplernn::Quantiser::linear;
        c.sample_rate = sample_rate.value();
        c.frame_scale = frame_scale.at() == 0 ? samplernn::FrameScale::theano : samplernn::FrameScale::unisound;
        c.top_projection = top_projection.value();
        c.biases = biases.value();
        c.relu_after_sum = relu_after_sum.value();
        c.hidden = hidden.count();
        c.reset_after = reset.at() == 0;
        c.learned_h0 = learned_h0.value();
        c.skip = skip.value();
        s.files = files.paths();
        s.seconds = seconds.given() ? seconds.value() : 0;
        s.run = run.path();
        s.window = window.count();
        s.batch = batch.count();
        s.steps = steps.given() || !minutes.given() ? steps.count() : 0;
        s.minutes = minutes.given() ? minutes.value() : 0;
        s.learning_rate = learning_rate.value();
        s.checkpoints = checkpoints.count();
        s.storage = storage.at() == 0 ? samplernn::Storage::f32 : samplernn::Storage::f16;
        s.held_out = held_out.value();
        s.device = device.value();
        return s;
    }
    std::uint64_t own_seed() const override { return static_cast<std::uint64_t>(seed.count()); }

    void check(const Checking& checking) const override {
        if (files.paths().empty() && !seconds.given())
            checking.problem("train has nothing to learn from; set files, or wire sound into it and set seconds");
        for (const auto& path : files.paths())
            if (std::error_code failed; !std::filesystem::exists(path, failed))
                checking.problem(files, path.string() + " does not exist; name a sound file or a folder of them");
        const TrainSettings s = settings();
        try {
            s.config.validate();
        } catch (const samplernn::ModelError& error) {
            checking.problem(frames, error.what());
            return;
        }
        if (const int frame = s.config.tiers.back().frame; s.window % frame != 0)
            checking.problem(window, "window " + std::to_string(s.window) + " is no multiple of the largest frame, " +
                                         std::to_string(frame) + "; try " +
                                         std::to_string((s.window + frame - 1) / frame * frame));
    }

    void prepare(const Prepare& p) override {
        rate_ = p.rate;
        if (seconds.given() && p.channels(in) == 0)
            throw Refusal("seconds", "nothing is wired into in; wire sound into it or remove seconds");
        p.tell("is idle here; `legume train` trains it");
    }

    void listen() override {
        wanted_ = static_cast<std::size_t>(static_cast<double>(seconds.value()) * rate_);
        heard_.reserve(wanted_);
        ring_ = std::make_unique<Ring<float>>(64 * block_frames);
    }
    bool listened() const override { return heard_.size() >= wanted_; }
    samplernn::Heard heard() override { return {rate_, std::move(heard_)}; }

    void process(const Block& b) noexcept RT_SAFE override {
        if (!ring_) return;
        const int channels = in.channels(b);
        std::array<float, block_frames> mono{};
        for (int ch = 0; ch < channels; ++ch) {
            const auto x = in.read(b, ch);
            for (std::size_t i = 0; i < block_frames; ++i) mono[i] += x[i] / static_cast<float>(channels);
        }
        ring_->write(mono);
    }

    bool drain() {
        if (!ring_) return false;
        std::array<float, block_frames> mono;
        const auto n = ring_->read(mono);
        const auto kept = std::min(n, wanted_ - heard_.size());
        heard_.insert(heard_.end(), mono.begin(), mono.begin() + static_cast<std::ptrdiff_t>(kept));
        return n > 0;
    }

    bool offline() const override { return true; }

  private:
    double rate_ = 0;
    std::size_t wanted_ = 0;
    std::unique_ptr<Ring<float>> ring_;  // only while somebody listens: a patch that plays keeps nothing
    std::vector<float> heard_;
};

}  // namespace

const NodeType train_node{"train", "Learns a network from sound, under `legume train`.", make_node<Train>};

}  // namespace legume
