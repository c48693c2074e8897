// Plays a folder of sounds from keys, as a kit or as an instrument whose sounds each have a zone of pitches.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

#include "graph/reads.h"
#include "nodes/dsp/gate.h"
#include "nodes/dsp/head.h"
#include "nodes/members/level.h"
#include "nodes/sound/held_sound.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

// The last note name in a file's name that stands by itself, as in piano_C#3 or 04-Bb2; C4 is 60, middle C.
std::optional<int> note_in(const std::string& stem) {
    constexpr int above_c[] = {9, 11, 0, 2, 4, 5, 7};  // of A to G
    const auto alone = [&](std::size_t at) {
        return at >= stem.size() || !std::isalnum(static_cast<unsigned char>(stem[at]));
    };
    std::optional<int> found;
    for (std::size_t i = 0; i < stem.size(); ++i) {
        const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(stem[i])));
        if (letter < 'A' || letter > 'G' || (i > 0 && !alone(i - 1))) continue;
        std::size_t at = i + 1;
        int note = above_c[letter - 'A'];
        if (at < stem.size() && (stem[at] == '#' || stem[at] == 's'))
            note += 1, ++at;
        else if (at < stem.size() && stem[at] == 'b')
            note -= 1, ++at;
        const bool below = at < stem.size() && stem[at] == '-';
        if (below) ++at;
        if (at >= stem.size() || !std::isdigit(static_cast<unsigned char>(stem[at])) || !alone(at + 1)) continue;
        note += 12 * ((below ? -1 : 1) * (stem[at] - '0') + 1);
        if (note >= 0 && note < 128) found = note;
    }
    return found;
}

struct Zone {
    std::shared_ptr<const Sound> sound;
    int root = 60;
};

struct Voice : dsp::Head {
    int zone = -1, key = -1, channel = -1;  // channel: of the gate that holds it, -1 is a key
    float strength = 1;
    double pitch = 1;  // file frames a graph frame
    bool held = false, stolen = false;
    std::uint64_t since = 0;
};

struct Sampler final : Node, Reads {
    In gate{this, "gate", "A sound begins where this rises and is let go where it falls, each channel for itself."};
    In key{this, "key", "Which key the gate strikes, as a note number; 60 when nothing is wired."};
    In velocity{this, "velocity", "How hard the gate strikes, from 0 to 1; full when nothing is wired."};
    Notes notes{this, "notes", "The keys: bind `midi: {notes: all}` to it."};
    FileOption sounds{this, "sounds", Required{}, "A folder of sounds, or a single one."};
    ChoiceOption mapping{this,
                         "mapping",
                         {"auto", "kit", "pitched"},
                         "A sound on each key by the files' order, or over the keys by the notes in their names, as in "
                         "piano_C3.wav; by itself pitched where every name has a note."};
    NumberOption base{this,
                      "base",
                      {.min = 0, .max = 127, .initial = 36, .unit = Unit::count},
                      "The key of a kit's first sound, and of sounds without a note in their names."};
    NumberOption voices{this,
                        "voices",
                        {.min = 1, .max = 64, .initial = 16, .unit = Unit::count},
                        "How many sounds at once; one more takes the place of the oldest."};
    TextOption choke{this, "choke", "", "Keys that silence each other, groups between commas: 42 44 46, 49 57."};
    ChoiceOption until{this,
                       "until",
                       {"auto", "release", "end"},
                       "Sounds until its key is let go, or to its own end; by itself a kit to its end."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Param touch{this, "touch", {.min = 0, .max = 1, .initial = 1}, "How much the strength of a stroke decides."};
    Param tune{this, "tune", {.min = -48, .max = 48, .initial = 0, .unit = Unit::semitones}, "Its pitch, up or down."};
    Param bend{
        this, "bend", {.min = 0, .max = 48, .initial = 2, .unit = Unit::semitones}, "How far the wheel reaches."};
    Param attack{this,
                 "attack",
                 {.min = 0.0005f, .max = 10, .initial = 0.001f, .unit = Unit::seconds, .curve = Curve::log},
                 "How long a sound rises."};
    Param release{this,
                  "release",
                  {.min = 0.005f, .max = 30, .initial = 0.2f, .unit = Unit::seconds, .curve = Curve::log},
                  "How long it dies away when its key is let go."};
    Out out{this, "out", "All voices, on as many channels as the widest sound has."};
    Meter playing{this, "playing", Unit::count, "How many voices sound."};

    static constexpr std::size_t tails = 16;  // beyond the voices, for those that were stolen
    static constexpr double stolen_seconds = 0.005;

    std::vector<Zone> zones;
    std::array<std::int16_t, 128> zone_of;    // by key; -1: none
    std::array<std::uint32_t, 128> group_of;  // by key: a bit for each choke group
    std::vector<Voice> all;
    PerChannel<dsp::Gate> gates;
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    std::uint64_t strokes = 0;
    float wheel = 0;  // -1 to 1
    bool to_end = true;
    mutable std::optional<int> widest;

    int channels_of(const Out&, int) const override {
        if (!widest) {
            widest = 1;
            for (const auto& file : sounds_in(sounds.path())) {
                try {
                    widest = std::max(*widest, read_sound_header(file).channels);
                } catch (const SoundError&) {  // check says it
                }
            }
        }
        return *widest;
    }
    bool pitched() const {
        const auto files = sounds_in(sounds.path());
        const auto named = [](const fs::path& file) { return note_in(file.stem().string()).has_value(); };
        return mapping.value() == "pitched" ||
               (mapping.value() == "auto" && std::all_of(files.begin(), files.end(), named));
    }
    // Gives a sentence about the first fault, or nothing.
    std::string read_groups(std::array<std::uint32_t, 128>& groups) const {
        groups.fill(0);
        std::istringstream text(choke.value());
        std::string group;
        for (int number = 0; std::getline(text, group, ','); ++number) {
            std::istringstream words(group);
            for (std::string word; words >> word;) {
                const bool digits = word.size() <= 3 && std::all_of(word.begin(), word.end(),
                                                                    [](unsigned char c) { return std::isdigit(c); });
                if (!digits || std::stoi(word) > 127)
                    return "choke: \"" + word + "\" is no key; write key numbers from 0 to 127, groups between commas";
                if (number >= 32) return "choke has more than 32 groups; take some together";
                groups[static_cast<std::size_t>(std::stoi(word))] |= 1u << number;
            }
        }
        return "";
    }
    std::vector<fs::path> reads(const Option&) const override { return sounds_in(sounds.path()); }
    void check(const Checking& checking) const override {
        std::array<std::uint32_t, 128> groups;
        if (const auto fault = read_groups(groups); !fault.empty()) checking.problem(choke, fault);
        const auto files = sounds_in(sounds.path());
        std::error_code error;
        if (files.empty())
            checking.problem(
                sounds, sounds.path().string() + (fs::exists(sounds.path(), error)
                                                      ? " has no sound in it (.wav, .flac, .aiff, .ogg, .opus, .mp3)"
                                                      : " does not exist; check its name and folder"));
        for (const auto& file : files) {
            try {
                read_sound_header(file);
            } catch (const SoundError& fault) {
                checking.problem(sounds, file.string() + " " + fault.what());
            }
        }
    }
    bool portable() const override {
        const auto files = sounds_in(sounds.path());
        return std::all_of(files.begin(), files.end(), decodes_alike);
    }
    void prepare(const Prepare& p) override {
        const auto files = sounds_in(sounds.path());
        if (files.empty()) throw PrepareError("sounds", sounds.path().string() + " has no sound in it any more");
        const bool by_pitch = pitched();
        to_end = until.value() == "end" || (until.value() == "auto" && !by_pitch);
        const auto room = static_cast<std::size_t>(by_pitch ? 128 : 128 - base.count());
        if (files.size() > room)
            p.tell(sounds.path().string() + " holds " + std::to_string(files.size()) + " sounds; the keys reach for " +
                   std::to_string(room) + ", so the others are left out");
        zone_of.fill(-1);
        for (const auto& file : files) {
            if (zones.size() == room) break;
            const int next = base.count() + static_cast<int>(by_pitch ? 0 : zones.size());
            try {
                zones.push_back(
                    {hold_sound(p.store, file), by_pitch ? note_in(file.stem().string()).value_or(next) : next});
            } catch (const SoundError& error) {
                throw PrepareError("sounds", file.string() + " " + error.what());
            }
            if (zones.back().sound->channels > p.channels(out))
                throw PrepareError("sounds", file.string() + " has more channels meanwhile; save the patch again");
        }
        for (int k = 0; k < 128; ++k)
            for (std::size_t z = 0; z < zones.size(); ++z) {
                auto& held = zone_of[static_cast<std::size_t>(k)];
                const auto far = [&](std::size_t zone) { return std::abs(zones[zone].root - k); };
                if (by_pitch ? held < 0 || far(z) < far(static_cast<std::size_t>(held)) : zones[z].root == k)
                    held = static_cast<std::int16_t>(z);
            }
        read_groups(group_of);
        all.assign(static_cast<std::size_t>(voices.count()) + tails, {});
        sinc = &dsp::Sinc::table();
    }

    // A free voice; where as many sound as may, the one that was let go first, or else struck first, makes room.
    Voice& room(double rate) noexcept RT_SAFE {
        int sounding = 0;
        Voice *oldest = nullptr, *free = nullptr;
        for (auto& voice : all) {
            if (!voice.on || voice.stolen) {
                if (!free || voice.loudness() < free->loudness()) free = &voice;
                continue;
            }
            ++sounding;
            const auto comes_first = [](const Voice& a, const Voice& b) {
                return a.held != b.held ? !a.held : a.since < b.since;
            };
            if (!oldest || comes_first(voice, *oldest)) oldest = &voice;
        }
        if (sounding >= voices.count()) {
            oldest->stolen = true;
            oldest->held = false;
            oldest->leave(stolen_seconds * rate);
        }
        return *free;
    }
    void strike(int key_number, int channel, float strength, const Block& b) noexcept RT_SAFE {
        if (key_number < 0 || key_number > 127) return;
        const auto k = static_cast<std::size_t>(key_number);
        const int zone = zone_of[k];
        if (zone < 0) return;
        for (auto& voice : all) {
            const bool choked = voice.on && group_of[k] & group_of[static_cast<std::size_t>(std::max(voice.key, 0))];
            if (!choked) continue;
            voice.held = false;
            voice.leave(stolen_seconds * b.rate());
        }
        Voice& voice = room(b.rate());
        voice = {};
        voice.begin(0, static_cast<double>(attack.value(b)) * b.rate());
        voice.zone = zone;
        voice.key = key_number;
        voice.channel = channel;
        const auto& played = zones[static_cast<std::size_t>(zone)];
        voice.pitch = played.sound->rate / b.rate() * math::exp2((key_number - played.root) / 12.0);
        // A stroke's strength squared is its gain, as General MIDI Level 2 has it (40 log10 of it in decibels).
        const float strong = std::clamp(strength, 0.0f, 1.0f), by = touch.value(b);
        voice.strength = 1 - by + by * strong * strong;
        voice.held = true;
        voice.since = ++strokes;
    }
    void let_go(int key_number, int channel, const Block& b) noexcept RT_SAFE {
        for (auto& voice : all) {
            const bool meant = channel >= 0 ? voice.channel == channel : voice.channel < 0 && voice.key == key_number;
            if (!voice.on || !voice.held || !meant) continue;
            voice.held = false;
            if (!to_end) voice.leave(static_cast<double>(release.value(b)) * b.rate());
        }
    }
    void take(const NoteEvent& event, const Block& b) noexcept RT_SAFE {
        if (event.kind == NoteEvent::Kind::on) strike(event.number, -1, event.value, b);
        if (event.kind == NoteEvent::Kind::off) let_go(event.number, -1, b);
    }
    void read_gates(const Block& b, int i) noexcept RT_SAFE {
        for (int ch = 0; ch < gate.channels(b); ++ch) {
            const auto at = static_cast<std::size_t>(i);
            const bool was = gates[ch].open(), rises = gates[ch].rises(gate.read(b, ch)[at]);
            if (was && !gates[ch].open()) let_go(-1, ch, b);
            if (!rises) continue;
            const float pitch = key.wired(b) ? std::clamp(key.read(b, ch)[at], -1.0f, 128.0f) : 60.0f;
            strike(static_cast<int>(math::round_even(static_cast<double>(pitch))), ch,
                   velocity.wired(b) ? velocity.read(b, ch)[at] : 1.0f, b);
        }
    }
    void add(Voice& voice, double shift, double rate, std::array<float, max_channels>& sum,
             int channels) noexcept RT_SAFE {
        const Sound& sound = *zones[static_cast<std::size_t>(voice.zone)].sound;
        const dsp::Recording recording{sound.samples.data(), static_cast<std::int64_t>(sound.frames()), sound.channels};
        const double step = voice.pitch * shift;
        std::array<float, max_channels> frame;
        dsp::read_between(recording, voice.at, step, *sinc, taps, frame.data());
        const float level = voice.level * voice.strength;
        for (int c = 0; c < channels; ++c)  // a mono sound is heard on all channels
            sum[static_cast<std::size_t>(c)] +=
                c < sound.channels || sound.channels == 1
                    ? frame[static_cast<std::size_t>(sound.channels == 1 ? 0 : c)] * level
                    : 0.0f;
        voice.advance(step);
        // A sound that stops in full voice does not click.
        const double frames = static_cast<double>(recording.frames), left = (frames - voice.at) / step;
        const double fade = std::min(stolen_seconds * rate, 0.25 * frames / step);
        if (left <= fade) voice.leave(left / std::max(static_cast<double>(voice.level), 1e-3));
        if (left <= 0) voice.on = false;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto events = notes.events(b);
        const float wheel_before = wheel;
        for (const auto& event : events)
            if (event.kind == NoteEvent::Kind::bend) wheel = event.value;
        const Ramp tuned = tune.ramp(b);
        const float reach = bend.value(b);
        const double from = math::exp2(static_cast<double>(tuned.from + wheel_before * reach) / 12),
                     to = math::exp2(static_cast<double>(tuned.to + wheel * reach) / 12);
        const int channels = out.channels(b);
        std::size_t next = 0;
        for (int i = 0; i < block_frames; ++i) {
            for (; next < events.size() && events[next].frame <= i; ++next) take(events[next], b);
            read_gates(b, i);
            std::array<float, max_channels> sum{};
            const double shift = from + (to - from) * (i + 1) / block_frames;
            for (auto& voice : all)
                if (voice.on) add(voice, shift, b.rate(), sum, channels);
            for (int c = 0; c < channels; ++c)
                out.write(b, c)[static_cast<std::size_t>(i)] = sum[static_cast<std::size_t>(c)];
        }
        amplify(b, out, gain);
        playing.set(static_cast<float>(std::count_if(all.begin(), all.end(), [](const Voice& v) { return v.on; })));
    }
    void reset() noexcept RT_SAFE override {
        std::fill(all.begin(), all.end(), Voice{});
        gates.fill({});
        strokes = 0;
        wheel = 0;
    }
};

}  // namespace

extern const NodeType sampler_node{"sampler", "Plays a folder of sounds from keys, as a kit or as an instrument.",
                                   make_node<Sampler>};

}  // namespace legume
