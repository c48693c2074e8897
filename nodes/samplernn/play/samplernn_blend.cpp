// Two to four networks that share one stream of samples: each hears all of it, and all of them draw it.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graph/abilities.h"
#include "graph/base/denormals.h"
#include "graph/reads.h"
#include "nodes/samplernn/engine/shared.h"
#include "nodes/samplernn/play/network_player.h"

namespace legume {
namespace {

using namespace samplernn;

constexpr Range share{.min = 0, .max = 1, .initial = 1};

struct SampleRnnBlend final : Node, Reads, GeneratesAhead, HasState {
    FileOption model_a{this, "model_a", Required{}, "The first network: a checkpoint, or a folder of them."};
    FileOption model_b{
        this, "model_b", Required{},
        "The second one; all must have the same sample rate, quantiser and levels, and may be of any size."};
    FileOption model_c{this, "model_c", "A third one."};
    FileOption model_d{this, "model_d", "A fourth one."};
    ChoiceOption mix{this,
                     "mix",
                     {"product", "mixture"},
                     "How they agree on a sample: product plays what all of them find likely, mixture lets one of them "
                     "choose each sample, by lot."};
    Param a{this, "a", share, "How much the first network has to say, beside the others; alone it plays as by itself."};
    Param b{this, "b", share, "How much the second network has to say."};
    Param c{this, "c", share, "How much the third network has to say."};
    Param d{this, "d", share, "How much the fourth network has to say."};
    NetworkPlayer play{
        this,
        model_a,
        {"slow", "refuse"},
        "What a machine that is too slow for all of them plays: the networks lower and longer, or nothing."};

    const std::array<const FileOption*, most_networks> models{&model_a, &model_b, &model_c, &model_d};
    const std::array<const Param*, most_networks> faders{&a, &b, &c, &d};
    std::vector<std::size_t> used;  // of those, by number
    std::vector<std::unique_ptr<RunState>> states;

    int channels_of(const Out&, int) const override { return play.voices.count(); }
    std::vector<std::filesystem::path> reads(const Option& option) const override {
        const bool model = std::find(models.begin(), models.end(), &option) != models.end();
        return model ? std::vector{find_checkpoint(named(option)[0])} : named(option);
    }
    void check(const Checking& checking) const override {
        play.gestures.check(checking);
        std::optional<Config> first;
        for (const auto* model : models) {
            if (!model->valid() || !model->given()) continue;
            try {
                const Config config = read_config(find_checkpoint(model->path()));
                if (!first) first = config;
                const auto apart = difference(*first, config);
                if (!apart.empty()) checking.problem(*model, model->path().string() + ": its " + apart);
            } catch (const ModelError& error) {
                checking.problem(*model, error.what());
            }
        }
    }
    // Why the two cannot share a stream of samples; empty when they can.
    static std::string difference(const Config& first, const Config& other) {
        const auto theirs = other.settings();
        for (const auto& [name, value] : first.settings()) {
            if (name != "sample_rate" && name != "quantiser" && name != "levels") continue;
            for (const auto& [its_name, its_value] : theirs)
                if (its_name == name && its_value != value)
                    return name + " is " + its_value + ", and model_a's is " + value +
                           "; only networks that agree in it can be blended";
        }
        return "";
    }

    void prepare(const Prepare& p) override {
        const NoDenormals no_denormals;
        play.begin(p);
        Networks networks;
        for (std::size_t i = 0; i < models.size(); ++i) {
            if (!models[i]->given()) continue;
            try {
                const auto file = find_checkpoint(models[i]->path());
                networks.push_back(shared_model(p.store, file, play.wanted(read_config(file))));
            } catch (const ModelError& error) {
                throw PrepareError(models[i]->name, error.what());
            }
            used.push_back(i);
            states.push_back(play.state_of(networks.back()));
        }
        double pitch = networks[0]->config.sample_rate;
        pitch *= play.admit(p, networks).value_or(1);
        Faders own{};
        for (std::size_t i = 0; i < own.size(); ++i) own[i] = faders[i]->own();
        Parts parts = parts_of(own);
        play.tune({parts.data(), used.size()}, mix.value() == "mixture" ? Mix::mixture : Mix::product, pitch);
        play.gestures.prepare(p, *play.stream, play.voices.count(), pitch);
        play.heed = [this](const Record& record, bool) {
            const Parts now = parts_of(record.faders);
            play.stream->play({now.data(), used.size()});
            return true;
        };
        play.open(own);
    }
    using Parts = std::array<Part, most_networks>;
    // With all faders down they stay as many as they are: none is louder than another.
    Parts parts_of(const Faders& at) const noexcept {
        Parts parts;
        float sum = 0;
        for (std::size_t i = 0; i < used.size(); ++i) {
            parts[i] = {states[i].get(), at[used[i]]};
            sum += parts[i].share;
        }
        for (std::size_t i = 0; i < used.size(); ++i)
            if (!(sum > 0)) parts[i].share = 1;
        return parts;
    }
    int latency_frames() const override { return play.latency(); }
    RealTimeFactor real_time_factor() const override { return play.found; }
    bool portable() const override { return false; }  // libsamplerate
    std::string save_state() override { return play.save_state(); }
    bool load_state(std::string_view bytes) override { return play.load_state(bytes); }

    void process(const Block& block) noexcept RT_SAFE override {
        Faders now{};
        for (std::size_t i = 0; i < now.size(); ++i) now[i] = faders[i]->value(block);
        play.play(block, now);
        play.amplify(block);
    }
    void reset() noexcept RT_SAFE override { play.reset(); }
};

}  // namespace

extern const NodeType samplernn_blend_node{
    "samplernn-blend", "Blends networks into one voice: they agree on every sample, which no crossfade does.",
    make_node<SampleRnnBlend>};

}  // namespace legume
