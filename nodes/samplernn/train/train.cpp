// The node from which `legume train` learns: which sound, how large a network, for how long. Idle while a patch plays.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/train.h"

#include <algorithm>
#include <array>
#include <memory>

#include "graph/base/ring.h"
#include "graph/reads.h"
#include "nodes/samplernn/train/gradient_checkpoints.h"
#include "nodes/samplernn/train/presets.h"

namespace legume {
namespace {

using samplernn::Config;
using samplernn::TrainSettings;

Range count(float min, float max, float initial) {
    return {.min = min, .max = max, .initial = initial, .unit = Unit::count};
}

std::vector<std::string> channel_words() {
    std::vector<std::string> words{"mix"};
    for (int channel = 1; channel <= max_channels; ++channel) words.push_back(std::to_string(channel));
    return words;
}

struct Train final : Node, Reads, samplernn::Trainee {
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
    NumberOption every{this, "every", count(1, 16'000'000, 1'000),
                       "Updates from one checkpoint to the next; auto writes about 80 over the run, close together at "
                       "first, when most is changing.",
                       "auto"};
    NumberOption keep{this, "keep", count(3, 100'000, 80),
                      "How many checkpoints stay: the first, the last, the one that guesses best, and between them "
                      "those that cover the run evenly; all takes stay.",
                      "all"};
    NumberOption takes{this, "takes", count(1, 1'000, 11), "Takes that each checkpoint leaves in the folder takes."};
    NumberOption take_seconds{
        this, "take_seconds", {.min = 0.1f, .max = 600, .initial = 2, .unit = Unit::seconds}, "Length of those takes."};
    ChoiceOption storage{this, "storage", {"f32", "f16"}, "How checkpoints store weights; f16 takes half the room."};
    NumberOption held_out{this,
                          "held_out",
                          {.min = 0, .max = 0.5f, .initial = 0.1f},
                          "Share of each file's end that is not learned but kept to measure with."};

    ChoiceOption channel{this, "channel", channel_words(), "Which channel of a file is learned, or the mix of all."};
    ChoiceOption level{this,
                       "level",
                       {"none", "per_file", "per_set"},
                       "Whether sound is learned as loud as it is, each file is brought to -20 dB RMS, or all of them "
                       "together by one gain; nothing is made to clip."};
    NumberOption trim{this,
                      "trim",
                      {.min = -90, .max = -20, .initial = -60, .unit = Unit::decibels},
                      "Takes away silence, which is what swings less than this: all but 0.05 s at both ends of a file, "
                      "and all but half a second of what lasts longer than a second; when not given, silence is kept."};
    NumberOption overlap{this,
                         "overlap",
                         {.min = 0, .max = 0.95f, .initial = 0.5f},
                         "Cuts the sound into stretches of 4 s that overlap by this share and learns all of them "
                         "before any again; when not given, stretches begin anywhere, by chance."};
    FlagOption strict{this, "strict", false, "Whether a file that cannot be learned stops the run, or is left out."};
    NumbersOption augment_speed{this,
                                "augment_speed",
                                {},
                                {.min = 0.25f, .max = 4, .initial = 1},
                                "Learns a copy of every file at each of these speeds too; 1 is the file's own."};
    NumbersOption augment_gain{this,
                               "augment_gain",
                               {},
                               {.min = -40, .max = 24, .initial = 0, .unit = Unit::decibels},
                               "Gives each copy a gain between two levels, by the seed; without augment_speed, learns "
                               "one copy of every file for it."};

    ChoiceOption preset{this, "preset", samplernn::preset_names(),
                        "Whose SampleRNN it is: legume's own, that of the 2019 piece, or another lineage; every "
                        "setting that is given goes before it."};
    ChoiceOption size{this, "size", samplernn::size_names(),
                      "Width and frames: 256 and 4/16, 512 and 4/16, or the 2019 piece's 1024 and 2/8; when not given, "
                      "the preset's."};
    NumberOption dim{this, "dim", count(8, 2'048, 256),
                     "Width of the network, instead of the size's; twice as wide is four times the work."};
    NumbersOption frames{this,
                         "frames",
                         {4, 16},
                         count(1, 4'096, 4),
                         "Samples in a frame of each tier, smallest first, each a multiple of the one before."};
    NumberOption layers{this, "layers", count(1, 5, 1), "Recurrent layers in each tier."};
    ChoiceOption cell{this, "cell", samplernn::cell_words(),
                      "Kind of memory in the tiers; a min_gru is lighter to learn and to play."};
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

    NumberOption prune{this,
                       "prune",
                       {.min = 0, .max = 0.98f, .initial = 0},
                       "Share of the weights that are left out, in blocks, from the first update on, so that every age "
                       "plays as fast as the last; 0.9 makes a wide network play several times faster."};

    NumberOption window{this, "window", count(16, 65'536, 1'024),
                        "Samples over which it learns cause and effect; longer is better and slower."};
    NumberOption batch{this, "batch", count(1, 512, 16), "Places in the sound that it learns from at once."};
    NumberOption memory{this,
                        "memory",
                        {.min = 0.5f, .max = 1'000, .initial = 6, .unit = Unit::gigabytes},
                        "Memory that learning may take; with less, a long window is learned in more pieces and takes "
                        "longer, to the same end."};
    NumberOption learning_rate{this,
                               "learning_rate",
                               {.min = 1e-6f, .max = 1, .initial = 1e-3f, .curve = Curve::log},
                               "Size of an update at its largest."};
    FlagOption weight_norm{this, "weight_norm", false,
                           "Whether layers outside the memory learn how long each row of weights is apart from where "
                           "it points; when not given, the preset's."};
    NumberOption dropout{this,
                         "dropout",
                         {.min = 0, .max = 0.9f, .initial = 0},
                         "Share of what the tiers say that each update does without; some helps against learning a "
                         "short sound by heart."};
    NumberOption seed{this, "seed", count(0, 16'000'000, 0), "Another number is another beginning."};
    ChoiceOption device{
        this, "device", {"auto", "cpu", "cuda"}, "What computes: the graphics card when there is one, or as told."};

    Work hearing{this, "hearing", Work::Pool::generate, [this] { return drain(); }, "Keeps what is wired in."};

    TrainSettings settings() const override {
        TrainSettings s;
        const auto base = samplernn::preset(preset.value());
        Config& c = s.config;
        c = base.config;
        if (size.given()) samplernn::set_size(c, size.value());
        if (frames.given()) {
            const auto tier = c.tiers[0];
            c.tiers.clear();
            for (const float frame : frames.values())
                c.tiers.push_back({static_cast<int>(frame), tier.cell, tier.layers});
        }
        for (auto& tier : c.tiers) {
            if (cell.given()) tier.cell = samplernn::find_cell(cell.value())->cell;
            if (layers.given()) tier.layers = layers.count();
        }
        if (dim.given()) c.dim = dim.count();
        if (levels.given()) c.levels = levels.count();
        if (embedding.given()) c.embedding = embedding.count();
        if (quantiser.given())
            c.quantiser = quantiser.at() == 0 ? samplernn::Quantiser::mu_law : samplernn::Quantiser::linear;
        c.sample_rate = sample_rate.value();
        if (frame_scale.given())
            c.frame_scale = frame_scale.at() == 0 ? samplernn::FrameScale::theano : samplernn::FrameScale::unisound;
        if (top_projection.given()) c.top_projection = top_projection.value();
        if (biases.given()) c.biases = biases.value();
        if (relu_after_sum.given()) c.relu_after_sum = relu_after_sum.value();
        if (hidden.given()) c.hidden = hidden.count();
        if (reset.given()) c.reset_after = reset.at() == 0;
        if (learned_h0.given()) c.learned_h0 = learned_h0.value();
        if (skip.given()) c.skip = skip.value();
        s.files = files.paths();
        s.seconds = seconds.given() ? seconds.value() : 0;
        s.run = run.path();
        s.window = window.given() ? window.count() : base.window;
        s.batch = batch.count();
        s.memory = static_cast<double>(memory.value()) * 1e9;
        s.prune = prune.value();
        s.steps = steps.given() || !minutes.given() ? steps.count() : 0;
        s.minutes = minutes.given() ? minutes.value() : 0;
        s.learning_rate = learning_rate.value();
        s.learning = base.learning;
        s.learning.dropout = dropout.value();
        if (weight_norm.given()) s.learning.weight_norm = weight_norm.value();
        s.every = every.is_word() ? 0 : every.count();
        s.keep = keep.is_word() ? 0 : keep.count();
        s.takes = takes.count();
        s.take_seconds = static_cast<double>(take_seconds.value());
        s.storage = storage.at() == 0 ? samplernn::Storage::f32 : samplernn::Storage::f16;
        s.held_out = held_out.value();
        s.channel = static_cast<int>(channel.at());
        s.loudness = static_cast<samplernn::Loudness>(level.at());
        if (trim.given()) s.trim_db = trim.value();
        if (overlap.given()) s.overlap = overlap.value();
        s.strict = strict.value();
        s.speeds.assign(augment_speed.values().begin(), augment_speed.values().end());
        s.gain_range.assign(augment_gain.values().begin(), augment_gain.values().end());
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
        if (std::count(s.speeds.begin(), s.speeds.end(), 1.0) > 0)
            checking.problem(augment_speed,
                             "augment_speed 1 is the sound itself, which is learned anyway; take it out");
        if (const auto& gains = s.gain_range; !gains.empty() && (gains.size() != 2 || gains[0] > gains[1]))
            checking.problem(augment_gain, "augment_gain wants two levels, the lower one first, such as [-6 dB, 0 dB]");
        try {
            s.config.validate();
        } catch (const samplernn::ModelError& error) {
            checking.problem(frames, error.what());
            return;
        }
        if (s.prune > 0 && s.config.dim % samplernn::block_rows != 0) {
            checking.problem(prune, "prune wants a dim that is a multiple of 16, not " + std::to_string(s.config.dim));
            return;
        }
        if (const int frame = s.config.tiers.back().frame; s.window % frame != 0) {
            checking.problem(window, "window " + std::to_string(s.window) + " is no multiple of the largest frame, " +
                                         std::to_string(frame) + "; try " +
                                         std::to_string((s.window + frame - 1) / frame * frame));
            return;
        }
        try {
            samplernn::cut_window(s.config, s.batch, s.window, s.memory, s.learning);
        } catch (const samplernn::ModelError& error) {
            checking.problem(memory, error.what());
        }
    }

    void prepare(const Prepare& p) override {
        rate_ = p.rate;
        if (seconds.given() && p.channels(in) == 0)
            throw PrepareError("seconds", "nothing is wired into in; wire sound into it or remove seconds");
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

    std::vector<std::filesystem::path> reads(const Option& option) const override {
        return &option == &run ? std::vector<std::filesystem::path>{} : files.paths();
    }

  private:
    double rate_ = 0;
    std::size_t wanted_ = 0;
    std::unique_ptr<Ring<float>> ring_;  // only while somebody listens: a patch that plays keeps nothing
    std::vector<float> heard_;
};

}  // namespace

const NodeType train_node{"train", "Learns a network from sound, under `legume train`.", make_node<Train>};

}  // namespace legume
