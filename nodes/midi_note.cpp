// Keys as signals: pitch, gate and velocity, a channel for each voice.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/node.h"

namespace legume {
namespace {

constexpr std::size_t most_held = 64;

struct Key {
    int number = -1;
    float velocity = 0;
};

struct Voice {
    int key = -1;  // -1: let go; it keeps its pitch and velocity for the sound that dies away
    float velocity = 0;
    bool struck = false;  // in this frame: its gate falls for as long, so that every stroke is an edge
    std::uint64_t since = 0;
    double pitch = 60, goal = 60, step = 0;
    int left = 0;  // frames of glide to the goal
};

struct MidiNote final : Node {
    Notes notes{this, "notes", "The keys: bind `midi: {notes: all}` to it."};
    Out pitch{this, "pitch", "Note numbers with glide and bend; 69 is 440 Hz."};
    Out gate{this, "gate", "1 while a key is held, else 0; each stroke begins it anew."};
    Out velocity{this, "velocity", "How hard the key was struck, from 0 to 1."};
    Param glide{this,
                "glide",
                {.min = 0, .max = 10, .initial = 0, .unit = Unit::seconds},
                "How long it slides from one note to the next."};
    Param bend{this,
               "bend",
               {.min = 0, .max = 48, .initial = 2, .unit = Unit::semitones},
               "How far the pitch wheel reaches, up and down."};
    NumberOption voices{this,
                        "voices",
                        {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
                        "How many keys sound at once, a channel each."};
    ChoiceOption priority{
        this, "priority", {"last", "low", "high"}, "Which keys sound when more are held than there are voices."};

    std::array<Key, most_held> held;  // in the order in which they were struck
    std::size_t holding = 0;
    PerChannel<Voice> states;
    std::uint64_t strokes = 0;
    float wheel = 0;  // -1 to 1

    int channels_of(const Out&, int) const override { return voices.count(); }

    // Whether the held key at `at` is among those that sound.
    bool sounds(std::size_t at) const noexcept RT_SAFE {
        int before = 0;
        for (std::size_t i = 0; i < holding; ++i) {
            const bool first = priority.at() == 0   ? i > at
                               : priority.at() == 1 ? held[i].number < held[at].number
                                                    : held[i].number > held[at].number;
            before += first;
        }
        return before < voices.count();
    }
    Voice* voice_of(int key) noexcept RT_SAFE {
        for (int v = 0; v < voices.count(); ++v)
            if (states[v].key == key) return &states[v];
        return nullptr;
    }
    // The voice that was let go first.
    Voice* free_voice() noexcept RT_SAFE {
        Voice* found = nullptr;
        for (int v = 0; v < voices.count(); ++v)
            if (states[v].key < 0 && (!found || states[v].since < found->since)) found = &states[v];
        return found;
    }
    void give(Voice& voice, const Key& key, double frames_of_glide, bool fresh) noexcept RT_SAFE {
        const bool first = voice.since == 0;
        voice.key = key.number;
        voice.velocity = key.velocity;
        voice.struck = fresh;
        voice.since = ++strokes;
        voice.left = first ? 0 : static_cast<int>(frames_of_glide);
        voice.goal = key.number;
        if (voice.left > 0)
            voice.step = (voice.goal - voice.pitch) / voice.left;
        else
            voice.pitch = voice.goal;
    }
    void forget(int number) noexcept RT_SAFE {
        const auto end = held.begin() + static_cast<std::ptrdiff_t>(holding);
        const auto kept = std::remove_if(held.begin(), end, [&](const Key& key) { return key.number == number; });
        holding = static_cast<std::size_t>(kept - held.begin());
    }
    void take(const NoteEvent& event, double frames_of_glide) noexcept RT_SAFE {
        const bool on = event.kind == NoteEvent::Kind::on;
        if (!on && event.kind != NoteEvent::Kind::off) return;
        forget(event.number);
        if (on) {
            if (holding == held.size()) forget(held[0].number);
            held[holding++] = {event.number, event.value};
        }
        // First the voices of keys that sound no more, then voices for those that do.
        for (int v = 0; v < voices.count(); ++v) {
            auto& voice = states[v];
            if (voice.key < 0) continue;
            bool stays = false;
            for (std::size_t i = 0; i < holding; ++i) stays = stays || (held[i].number == voice.key && sounds(i));
            if (stays) continue;
            voice.key = -1;
            voice.since = ++strokes;
        }
        for (std::size_t i = 0; i < holding; ++i) {
            const bool fresh = on && held[i].number == event.number;
            auto* voice = voice_of(held[i].number);
            if ((voice && !fresh) || !sounds(i)) continue;
            if (!voice) voice = free_voice();
            if (voice) give(*voice, held[i], frames_of_glide, fresh);
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const double frames_of_glide = static_cast<double>(glide.value(b)) * b.rate();
        const Ramp reach = bend.ramp(b);
        const auto events = notes.events(b);
        std::size_t next = 0;
        const float wheel_before = wheel;
        for (const auto& event : events)
            if (event.kind == NoteEvent::Kind::bend) wheel = event.value;
        const Ramp bent{wheel_before, wheel};
        for (int i = 0; i < block_frames; ++i) {
            for (; next < events.size() && events[next].frame <= i; ++next) take(events[next], frames_of_glide);
            for (int v = 0; v < voices.count(); ++v) {
                auto& voice = states[v];
                if (voice.left > 0) voice.pitch = --voice.left == 0 ? voice.goal : voice.pitch + voice.step;
                const auto at = static_cast<std::size_t>(i);
                pitch.write(b, v)[at] = static_cast<float>(voice.pitch) + bent[i] * reach[i];
                gate.write(b, v)[at] = voice.key >= 0 && !voice.struck ? 1.0f : 0.0f;
                velocity.write(b, v)[at] = voice.velocity;
                voice.struck = false;
            }
        }
    }
    void reset() noexcept RT_SAFE override {
        holding = 0;
        states.fill({});
        strokes = 0;
        wheel = 0;
    }
};

}  // namespace

extern const NodeType midi_note_node{"midi-note", "Plays whatever it is wired to from a keyboard.",
                                     make_node<MidiNote>};

}  // namespace legume
