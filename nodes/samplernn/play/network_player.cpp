// Posts what the hands do, block by block; makes, hands over, and covers what is late.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/network_player.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "graph/base/denormals.h"
#include "nodes/dsp/fade.h"
#include "nodes/dsp/random.h"
#include "nodes/members/level.h"

namespace legume::samplernn {

namespace {

constexpr std::uint64_t late = 1, unheard = 2;  // of the decision lateness
constexpr std::uint64_t stood_in = 1'000;       // of the decision slowness, which else counts semitones

}  // namespace

NetworkPlayer::NetworkPlayer(Node* node, const Option& played, std::vector<std::string> when_slow_choices,
                             std::string when_slow_doc)
    : seed(node, "seed", {.min = 0, .max = 1e6f, .initial = 0, .unit = Unit::count}, "Another seed is another take."),
      voices(node, "voices", {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
             "How many play at once, each its own take on a channel of its own."),
      precision(node, "precision", {"auto", "fp32", "int8", "int4"},
                "How finely it computes: int8 and int4 are faster, auto takes int8 where it was measured to "
                "sound the same."),
      cores(node, "cores", {.min = 1, .max = 2, .initial = 1, .unit = Unit::count},
            "How many of the processor's cores it may use; a second one helps large networks, where it is free."),
      ahead(node, "ahead", {.min = 0.002f, .max = 0.5f, .initial = 0.02f, .unit = Unit::seconds},
            "How far the network plays ahead: the time from a knob to its sound, and what it may fall behind."),
      when_slow(node, "when_slow", std::move(when_slow_choices), std::move(when_slow_doc)),
      out(node, "out", "The network, each voice on a channel."),
      temperature(node, "temperature", {.min = 0, .max = 2, .initial = 1},
                  "How daring it is: low repeats what it knows best, 1 is as it learned, high falls apart into noise."),
      top_p(node, "top_p", {.min = 0.01f, .max = 1, .initial = 1},
            "Only the likeliest samples that together have this share of all chance may come: below 1 the rarest go."),
      top_k(node, "top_k", {.min = 1, .max = max_levels, .initial = max_levels, .unit = Unit::count},
            "Only so many of the likeliest samples may come: 1 is like temperature 0."),
      loudness(node, "loudness", {.min = -1, .max = 1},
               "Leans each sample towards silence, below 0, or away from it: the network thins out, or swells and "
               "breaks up."),
      gain(node, "gain", gain_range, "How loud it is, at once and not after `ahead`."),
      restart(node, "reset", "Begins its take again, from the silence before its first sample."),
      reseed(node, "reseed", "Goes on with other dice, into another take."),
      covering(node, "covering", Unit::none, "Share of the last second that repeats grains, because it fell behind."),
      entropy(node, "entropy", Unit::none,
              "How unsure the first voice is of its next sample, in bits: low for tones, high for noise."),
      speed(node, "speed", Unit::none, "How many times faster than sound it is made."),
      generate(
          node, "generate", Work::Pool::generate, [this] { return work(); }, "Makes sound ahead of time."),
      lateness(node, "lateness", "Which blocks were covered, and which the network did not hear of."),
      let_go(node, "let_go", "How many blocks it let go to win back its time."),
      slowness(node, "slowness", TimingDecision::Of::machine, "How much lower it played, or that its takes stood in."),
      gestures(node),
      played_(played) {}

void NetworkPlayer::begin(const Prepare& p) {
    rate = p.rate;
    own_seed = dsp::random_bits(p.seed, static_cast<std::uint64_t>(seed.count()), 0);
}

Precision NetworkPlayer::wanted(const Config& config) const {
    switch (precision.at()) {
        case 1: return Precision::fp32;
        case 2: return Precision::int8;
        case 3: return Precision::int4;
        default: return config.precision();
    }
}

std::unique_ptr<RunState> NetworkPlayer::state_of(std::shared_ptr<const Model> network) const {
    return std::make_unique<RunState>(std::move(network), voices.count(), cores.count());
}

std::optional<double> NetworkPlayer::admit(const Prepare& p, const Networks& networks) {
    const auto slow = slowness.decide(0, p.live ? semitones_lower(p, networks) : 0);
    if (slow == stood_in) return {};
    return math::exp2(-static_cast<double>(slow) / 12);
}

// 0 where this machine keeps up.
std::uint64_t NetworkPlayer::semitones_lower(const Prepare& p, const Networks& networks) {
    double load = 0;  // seconds a second of sound
    for (const auto& network : networks) {
        measured_.push_back(shared_speed(p.store, network, voices.count(), cores.count()));
        load += 1 / measured_.back()->real_time(*network);
    }
    const Model& network = *networks[0];
    const Speed together{network.config.sample_rate / load};
    const int down = semitones_down(1 / load);
    found = {speed_line(together, network, voices.count(), cores.count(), static_cast<int>(networks.size())), "",
             speed_help(network, voices.count()), load};
    if (down == 0) return 0;
    const auto missing = "too slow for this machine, where " + print_number(real_time_factor_needed) + " x is needed";
    if (when_slow.value() == "refuse")
        throw PrepareError("when_slow", found.speed + ": " + missing + "; what helps: " + found.help +
                                            ", or when_slow: slow, which plays it lower");
    found.short_of = missing;
    if (when_slow.value() != "slow") return stood_in;
    const double part = math::exp2(-down / 12.0);
    found.short_of += ": plays " + std::to_string(down) + (down == 1 ? " semitone" : " semitones") + " lower and " +
                      print_number(math::round_even(10 / part) / 10) + " times as long";
    found.load *= part;
    return static_cast<std::uint64_t>(down);
}

void NetworkPlayer::tune(std::span<const Part> parts, Mix mix, double pitch) {
    try {
        stream.emplace(parts, mix, own_seed, pitch, rate);
    } catch (const std::invalid_argument&) {
        throw PrepareError(played_.name,
                           found.short_of.empty()
                               ? "it has a sample rate too far from the device's"
                               : "it is " + found.short_of + ", too low to be heard; what helps: " + found.help);
    }
}

void NetworkPlayer::open(const Faders& faders) {
    const double blocks = static_cast<double>(ahead.value()) * rate / block_frames;
    distance_ = static_cast<std::uint64_t>(std::max(-math::floor(-blocks + 1e-6), 1.0));
    records_.resize(2 * distance_ + 64);
    pieces_.resize(2 * distance_ + 2);
    frames_.resize(pieces_.capacity() * width() * block_frames);
    piece_frames_.resize(width() * block_frames);
    fresh_frames_.resize(width() * block_frames);
    concealment_.prepare(static_cast<std::size_t>(0.5 * rate), width());
    gestures.make_room(records_.capacity());
    first_.faders = faders;
    preroll_.resize(distance_ * width() * block_frames);
    make_opening();
    latency_ = static_cast<int>(distance_) * block_frames + stream->kept_frames();
}

void NetworkPlayer::make_opening() {
    first_.chances.fill(sampling_of([](const Param& param) { return param.own(); }));
    first_.asked = gestures.first();
    gestures.begin_life();
    gestures.heed(first_.asked, *stream);
    for (std::uint64_t block = 0; block < distance_; ++block) make(first_.chances, opening_of(block));
}

bool NetworkPlayer::load_state(std::string_view bytes) {
    const auto moment = preroll_.empty() ? std::nullopt : gestures.kept(bytes);
    if (!moment) return false;
    const NoDenormals no_denormals;
    stream->begin_at(*moment);
    own_seed = moment->seed;
    make_opening();
    return true;
}

// Of what the params say, each read by `value`.
template <class Value>
Sampling NetworkPlayer::sampling_of(Value value) const {
    Sampling chance(value(temperature));
    chance.top_p = value(top_p);
    chance.top_k = static_cast<int>(math::round_even(value(top_k)));
    chance.loudness = value(loudness);
    return chance;
}

// ---------------------------------------------------------------- audio thread

void NetworkPlayer::play(const Block& b, const Faders& faders) noexcept RT_SAFE {
    for (std::size_t v = 0; v < width(); ++v)
        now_.chances[v] = sampling_of([&](const Param& param) { return param.value(b, static_cast<int>(v)); });
    now_.faders = faders;
    if (restart.fired(b)) ++now_.resets;
    if (reseed.fired(b)) ++now_.reseeds;
    gestures.ask(b, now_.asked);

    const float* fresh = arrived();
    const auto decision = lateness.decide(asked_++, (fresh ? 0u : late) | (records_.writable() > 0 ? 0u : unheard));
    if (!(decision & unheard)) {
        gestures.hear(b);
        records_.push(now_);
    }
    if (decision & late) fresh = nullptr;
    if (!fresh && !behind_) concealment_.begin();
    const bool repeats = !fresh || behind_;
    const Ramp mend{0, 1};
    for (int i = 0; i < block_frames; ++i) {
        float frame[max_channels];
        if (repeats) std::copy_n(concealment_.next(), width(), frame);
        for (std::size_t v = 0; v < width(); ++v) {
            if (fresh && repeats)
                frame[v] += (fresh[v] - frame[v]) * dsp::eased(mend[i]);
            else if (fresh)
                frame[v] = fresh[v];
            out.write(b, static_cast<int>(v))[static_cast<std::size_t>(i)] = frame[v];
        }
        concealment_.hear(frame);
        if (fresh) fresh += width();
    }
    behind_ = !fresh;
    ++now_.block;
    share_ += ((behind_ ? 1.0f : 0.0f) - share_) * std::min(1.0f, static_cast<float>(block_frames / rate));
    covering.set(share_ > 1e-4f ? share_ : 0.0f);
}

void NetworkPlayer::amplify(const Block& b) noexcept RT_SAFE { legume::amplify(b, out, gain); }

// This block's frames, or nothing when they are not made yet.
const float* NetworkPlayer::arrived() noexcept RT_SAFE {
    if (now_.block < distance_) return opening_of(now_.block).data();
    while (holding_ || pieces_.readable() > 0) {
        if (!holding_) {
            frames_.read(piece_frames_);  // before its piece is gone: room for a piece means room for its frames
            pieces_.pop(piece_);
        }
        holding_ = true;
        if (piece_.life == now_.life && piece_.block > now_.block) return nullptr;
        holding_ = false;
        if (piece_.life == now_.life && piece_.block == now_.block) return piece_frames_.data();
    }
    return nullptr;
}

// The next life begins with the same opening, while the worker lives through it again.
void NetworkPlayer::reset() noexcept RT_SAFE {
    now_ = {.life = now_.life + 1};
    behind_ = false;
    share_ = 0;
    concealment_.reset();
    covering.set(0);
}

// ---------------------------------------------------------------- worker: one block at a time

bool NetworkPlayer::work() {
    if (preroll_.empty() || pieces_.writable() == 0) return false;
    if (!hand_) {
        Record record;
        if (!records_.pop(record)) return false;
        gestures.take_heard();
        // Once a block's time has passed, all that waits is let go but the newest: with the whole of `ahead` won
        // back, what follows is a stretch of fresh sound and not a stutter.
        const auto waiting = records_.readable();
        to_let_go_ = let_go.decide(popped_++, waiting >= distance_ ? waiting : 0);
        hand_ = record;
    }
    for (; to_let_go_ > 0; --to_let_go_, ++popped_) {
        if (!records_.pop(*hand_)) return false;  // a replay is never late, and waits for them
        gestures.take_heard();
    }
    if (hand_->life != done_.life) begin_life();
    if (to_drop_ > 0) {
        --to_drop_;
        make(first_.chances, fresh_frames_);
        return true;
    }
    if (heed && !heed(*hand_, false)) return false;
    const Record record = *hand_;
    hand_.reset();
    gestures.listen_now();
    gestures.heed(record.asked, *stream);
    if (record.resets != done_.resets) stream->begin_take();
    if (record.reseeds != done_.reseeds) stream->reseed(dsp::random_bits(own_seed, 1, record.reseeds));
    done_ = record;
    make(record.chances, fresh_frames_);
    frames_.write(fresh_frames_);
    pieces_.push({record.life, record.block + distance_});
    return true;
}

void NetworkPlayer::begin_life() noexcept {
    if (heed) heed(first_, true);
    stream->restart();
    gestures.begin_life();
    gestures.heed(first_.asked, *stream);
    done_ = {.life = hand_->life};
    to_drop_ = distance_;
}

void NetworkPlayer::make(const Chances& chances, std::span<float> into) noexcept {
    const auto began = std::chrono::steady_clock::now();
    stream->make(chances, into);
    gestures.measure(*stream, block_frames / rate);
    unsure_ += (stream->entropy(chances[0]) - unsure_) * 0.05;  // over some 30 ms
    entropy.set(static_cast<float>(unsure_));
    made_seconds_ += block_frames / rate;
    spent_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (made_seconds_ < 0.25) return;
    speed.set(static_cast<float>(made_seconds_ / std::max(spent_seconds_, 1e-9)));
    made_seconds_ = spent_seconds_ = 0;
}

}  // namespace legume::samplernn
