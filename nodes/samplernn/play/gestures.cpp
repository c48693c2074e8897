// Everything is counted in records and samples, so that the same hands give the same bytes.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/gestures.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "graph/base/math.h"
#include "nodes/files/atomic_file.h"
#include "nodes/files/not_a_file.h"
#include "nodes/sound/sound_file.h"

namespace legume::samplernn {
namespace {

constexpr double prime_seconds = 4;   // the most that is heard before it begins: as long to load, at the most
constexpr double kept_every = 0.05;   // seconds of sound
constexpr double mean_seconds = 0.1;  // against which a unit's energy is measured
constexpr Range share{.min = 0, .max = 1, .initial = 0};
constexpr Range of_gain{.min = 0, .max = 3, .initial = 1};

// A sound's last seconds, mixed to mono, as a network's samples.
std::vector<float> sound_for(const std::filesystem::path& file, double rate) {
    const Sound sound = read_sound(file);
    const auto width = static_cast<std::size_t>(sound.channels);
    const auto most = static_cast<std::size_t>(prime_seconds * sound.rate);
    const std::size_t skipped = sound.frames() > most ? sound.frames() - most : 0;
    std::vector<float> mono(sound.frames() - skipped);
    for (std::size_t i = 0; i < mono.size(); ++i) {
        for (std::size_t c = 0; c < width; ++c) mono[i] += sound.samples[(skipped + i) * width + c];
        mono[i] /= static_cast<float>(width);
    }
    return dsp::resample(mono, 1, sound.rate, rate, dsp::Resampler::Quality::best);
}

}  // namespace

Gestures::Gestures(Node* node)
    : ear(node, "ear", {.feedback = true},
          "What the network hears while it listens, each voice a channel of its own; with more channels than voices "
          "they are mixed."),
      prime(node, "prime",
            "A sound that it has heard before it begins, the last four seconds of it; reset begins there again."),
      listen(node, "listen", share,
             "How much it listens: at 1 it plays what it hears, at 0 it dreams on from there, between them each sample "
             "is the one or the other."),
      guard(
          node, "guard", share,
          "How hard it is pushed when it goes round in a circle or has come to rest for a second: so much temperature "
          "for a quarter of a second; at 0 it may."),
      slow_gain(node, "slow_gain", of_gain,
                "How strongly the slow tier shapes what the faster ones play: 0 leaves them without a plan, above 1 it "
                "overacts."),
      slow_noise(node, "slow_noise", share, "Shakes the slow tier's memory: phrases lose their way."),
      slow_dropout(node, "slow_dropout", share,
                   "Silences so much of the slow tier, another part twenty times a second: it stammers."),
      slow_freeze(node, "slow_freeze", share,
                  "So much of the slow tier stands still: at 1 one moment of the form is played on and on."),
      fast_gain(node, "fast_gain", of_gain,
                "How strongly the fast tiers shape each sample: 0 leaves bare noise, above 1 is harsher."),
      fast_noise(node, "fast_noise", share, "Shakes the fast tiers' memory: the grain roughens."),
      fast_dropout(node, "fast_dropout", share,
                   "Silences so much of the fast tiers, another part twenty times a second: the grain crackles."),
      fast_freeze(node, "fast_freeze", share,
                  "So much of the fast tiers stands still: the colour stays while the form goes on."),
      drift(node, "drift", share, "Draws the whole memory slowly hither and thither: it wanders where it never was."),
      hold(node, "hold", {.unit = Unit::flag},
           "Holds the moment: it comes back to it again and again while chance goes on, a frozen texture that "
           "breathes."),
      hold_time(node, "hold_time",
                {.min = 0.01f, .max = 10, .initial = 0.25f, .unit = Unit::seconds, .curve = Curve::log},
                "How long a held moment plays on before it comes back."),
      slot(node, "slot", {.min = 1, .max = slots, .initial = 1, .unit = Unit::count},
           "Which of eight places remember writes to and recall reads."),
      other_slot(node, "other_slot", {.min = 1, .max = slots, .initial = 2, .unit = Unit::count},
                 "The place that morph goes to."),
      morph(node, "morph", share,
            "How far a recalled state is on the way from slot to other_slot; while hold is on, at each return."),
      remember(node, "remember",
               "Remembers the network's state in slot, also for the next time that this patch is played."),
      recall(node, "recall", "Goes back to what slot remembers and plays exactly what came then."),
      surprise(node, "surprise", Unit::none,
               "How far the first voice's samples are from what the network expected, in bits: high when it hears what "
               "it does not know."),
      slow_energy(node, "slow_energy", Unit::none, "How much the slow tier of the first voice moves."),
      fast_energy(node, "fast_energy", Unit::none, "How much the fastest tier of the first voice moves."),
      keeper(
          node, "keeper", Work::Pool::io, [this] { return write_remembered(); }, "Writes what is remembered.") {}

Gestures::~Gestures() {
    for (std::size_t s = 0; writes_ && s < slots; ++s)
        if (unsaved_[s]) saving_[s].offer(moments_[s]);
    while (write_remembered()) {
    }
}

void Gestures::check(const Checking& checking) const {
    if (!prime.given()) return;
    try {
        read_sound_header(prime.path());
    } catch (const SoundError& error) {
        checking.problem(prime, prime.path().string() + " " + error.what());
    }
}

void Gestures::prepare(const Prepare& p, Stream& stream, int voices, double pitch) {
    voices_ = voices;
    pitch_ = pitch;
    tell_ = p.tell;
    folder_ = p.states;
    std::vector<Config> networks;
    for (const auto& part : stream.parts()) networks.push_back(part.state->model().config);
    owner_ = owner_of(networks, voices);
    if (const int wired = p.channels(ear); wired > 0) {
        ears_ = wired == 1 ? 1 : static_cast<std::size_t>(voices);
        ear_.emplace(p.rate, pitch, ears_, static_cast<std::size_t>(block_frames));
        block_.resize(ears_ * block_frames);
        stream.listen_to(&*ear_);
    }
    if (prime.given()) {
        try {
            const auto& levels = stream.parts()[0].state->model().levels;
            std::vector<int> heard;
            for (const float x : sound_for(prime.path(), networks[0].sample_rate)) heard.push_back(levels.level(x));
            stream.prime(heard);
        } catch (const SoundError& error) {
            throw PrepareError("prime", prime.path().string() + " " + error.what());
        }
    }
    GeneratorState like;
    stream.read(like);
    moments_.fill(like);
    mixed_ = like;
    keeping_.prepare(like);
    for (auto& saving : saving_) saving.prepare(like);
    for (std::size_t s = 0; s < slots; ++s) load(s);
    writes_ = p.live && !folder_.empty();
    const auto parts = stream.parts();
    means_[0].resize(static_cast<std::size_t>(parts[0].state->model().config.dim));
    means_[1] = means_[0];
}

void Gestures::make_room(std::size_t records) { sound_.resize(records * ears_ * block_frames); }

std::filesystem::path Gestures::file(std::size_t place) const {
    return folder_ / ("slot-" + std::to_string(place + 1) + ".state");
}

void Gestures::load(std::size_t place) {
    std::error_code none;
    if (folder_.empty() || !std::filesystem::exists(file(place), none)) return;
    if (not_a_file(file(place))) return;
    std::ifstream in(file(place), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    try {
        moments_[place] = from_bytes(bytes, owner_);
        there_[place] = true;
    } catch (const ModelError& error) {
        tell_(file(place).string() + " " + error.what() + "; slot " + std::to_string(place + 1) +
              " is empty until something is remembered there");
    }
}

template <class Read, class Own>
void Gestures::read(Asked& asked, Read value, Own of_all) const {
    const bool held = of_all(hold) >= 0.5f;
    for (int v = 0; v < voices_; ++v) {
        Touch& touch = asked.touches[static_cast<std::size_t>(v)];
        touch.listen = value(listen, v);
        touch.guard = held ? 0 : value(guard, v);
        touch.bend = {{value(slow_gain, v), value(slow_noise, v), value(slow_dropout, v), value(slow_freeze, v)},
                      {value(fast_gain, v), value(fast_noise, v), value(fast_dropout, v), value(fast_freeze, v)},
                      value(drift, v)};
    }
    asked.hold_seconds = held ? of_all(hold_time) : 0;
    asked.morph = of_all(morph);
}

Gestures::Asked Gestures::first() const {
    Asked asked;
    const auto own = [](const Param& param, int = 0) { return param.own(); };
    read(asked, own, own);
    return asked;
}

// ---------------------------------------------------------------- audio thread

void Gestures::ask(const Block& b, Asked& now) noexcept RT_SAFE {
    read(
        now, [&](const Param& param, int v) { return param.value(b, v); },
        [&](const Param& param) { return param.value(b); });
    const auto place = [&](const Param& param) {
        return static_cast<std::uint8_t>(math::round_even(param.value(b)) - 1);
    };
    if (remember.fired(b)) {
        ++now.remembers;
        now.remember_slot = place(slot);
    }
    now.other = place(other_slot);
    if (!recall.fired(b)) return;
    ++now.recalls;
    now.slot = place(slot);
}

void Gestures::hear(const Block& b) noexcept RT_SAFE {
    if (ears_ == 0) return;
    float frames[max_channels * block_frames]{};
    const auto wired = static_cast<std::size_t>(ear.channels(b));
    for (std::size_t c = 0; c < wired; ++c) {
        const auto x = ear.read(b, static_cast<int>(c));
        for (std::size_t i = 0; i < block_frames; ++i) frames[i * ears_ + c % ears_] += x[i];
    }
    for (std::size_t c = 0; c < ears_ && wired > ears_; ++c) {
        const auto mixed = static_cast<float>((wired - c + ears_ - 1) / ears_);
        for (std::size_t i = 0; i < block_frames; ++i) frames[i * ears_ + c] /= mixed;
    }
    sound_.write({frames, ears_ * block_frames});
}

// ---------------------------------------------------------------- worker

void Gestures::take_heard() noexcept {
    if (ears_ > 0) sound_.read(block_);
}

void Gestures::listen_now() noexcept {
    if (ear_) ear_->hear(block_);
}

// What is remembered stays: it is no part of the take.
void Gestures::begin_life() noexcept {
    if (ear_) ear_->reset();
    done_ = {};
    morphed_ = -1;
}

void Gestures::heed(const Asked& asked, Stream& stream) noexcept {
    stream.touch(std::span(asked.touches).first(static_cast<std::size_t>(voices_)));
    const auto round = static_cast<std::uint64_t>(static_cast<double>(asked.hold_seconds) * pitch_);
    const bool held = asked.hold_seconds > 0;
    if (asked.remembers != done_.remembers) {
        const std::size_t place = std::min<std::size_t>(asked.remember_slot, slots - 1);
        stream.read(moments_[place]);
        there_[place] = unsaved_[place] = true;
    }
    if (!held) morphed_ = -1;
    stream.hold(held ? std::max<std::uint64_t>(round, 1) : 0);
    if (asked.recalls != done_.recalls) {
        if (const auto* moment = recalled(asked)) {
            stream.go_to(*moment);
            morphed_ = held ? asked.morph : -1;
        }
    } else if (morphed_ >= 0 && (asked.morph != morphed_ || asked.other != done_.other)) {
        if (const auto* moment = recalled(asked)) stream.hold(*moment);
        morphed_ = asked.morph;
    }
    for (std::size_t s = 0; writes_ && s < slots; ++s)
        if (unsaved_[s] && saving_[s].offer(moments_[s])) unsaved_[s] = false;
    done_ = asked;
}

const GeneratorState* Gestures::recalled(const Asked& asked) noexcept {
    const std::size_t one = std::min<std::size_t>(asked.slot, slots - 1);
    const std::size_t other = std::min<std::size_t>(asked.other, slots - 1);
    if (!there_[one]) {
        missed_.store(static_cast<int>(one) + 1, std::memory_order_relaxed);
        return nullptr;
    }
    if (!(asked.morph > 0)) return &moments_[one];
    if (!there_[other]) {
        missed_.store(static_cast<int>(other) + 1, std::memory_order_relaxed);
        return &moments_[one];
    }
    mix(moments_[one], moments_[other], asked.morph, mixed_);
    return &mixed_;
}

void Gestures::measure(Stream& stream, double seconds) noexcept {
    const RunState& state = *stream.parts()[0].state;
    const std::size_t tiers[2] = {state.model().config.tiers.size() - 1, 0};
    Meter* const meters[2] = {&slow_energy, &fast_energy};
    const auto way = static_cast<float>(std::min(1.0, seconds / mean_seconds));
    for (std::size_t m = 0; m < 2; ++m) {
        const auto units = state.units(tiers[m]);
        means_[m].resize(units.size());
        float sum = 0;
        for (std::size_t u = 0; u < units.size(); ++u) {
            float& mean = means_[m][u];
            mean += (units[u] - mean) * way;
            sum += std::abs(units[u] - mean);
        }
        energies_[m] +=
            (static_cast<double>(sum) / static_cast<double>(units.size()) - energies_[m]) * static_cast<double>(way);
        meters[m]->set(static_cast<float>(energies_[m]));
    }
    if (const double bits = stream.surprise(); bits >= 0) surprised_ += (bits - surprised_) * static_cast<double>(way);
    surprise.set(static_cast<float>(surprised_));

    since_kept_ += seconds;
    if (since_kept_ < kept_every) return;
    since_kept_ = 0;
    stream.read(mixed_);
    keeping_.offer(mixed_);
}

// ---------------------------------------------------------------- other threads

bool Gestures::write_remembered() {
    bool worked = false;
    if (const int place = missed_.exchange(0, std::memory_order_relaxed)) {
        tell_("slot " + std::to_string(place) + " is empty: nothing was remembered there yet");
        worked = true;
    }
    for (std::size_t s = 0; s < slots; ++s)
        worked = saving_[s].take([&](const GeneratorState& moment) {
            std::error_code failed;
            std::filesystem::create_directories(file(s).parent_path(), failed);
            if (!failed) failed = write_atomically(file(s), to_bytes(moment, owner_));
            if (failed)
                tell_(file(s).string() + " cannot be written (" + failed.message() + "): slot " +
                      std::to_string(s + 1) + " is remembered until legume ends");
        }) || worked;
    return worked;
}

std::string Gestures::save_state() {
    keeping_.take([&](const GeneratorState& moment) { last_kept_ = to_bytes(moment, owner_); });
    return last_kept_;
}

std::optional<GeneratorState> Gestures::kept(std::string_view bytes) const {
    try {
        return from_bytes(bytes, owner_);
    } catch (const ModelError&) {
        return {};
    }
}

}  // namespace legume::samplernn
