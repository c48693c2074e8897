// What keys sound like: which one, how long, and how they slide.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Keyboard {
    Rig rig;
    int voices;
    explicit Keyboard(const Settings& settings = {}, int of = 1)
        : rig({{"k", "midi-note", settings}, {"t", "tap", {}}}, {"k.pitch -> t"}, {.outputs = 16}), voices(of) {}
    void on(int key, float velocity = 1) { rig.play("k", "notes", {0, NoteEvent::Kind::on, key, velocity}); }
    void off(int key) { rig.play("k", "notes", {0, NoteEvent::Kind::off, key, 0}); }
    void bend(float value) { rig.play("k", "notes", {0, NoteEvent::Kind::bend, 0, value}); }
    std::vector<float> pitches(std::size_t frames = 64) {
        const auto heard = rig.run(frames);
        std::vector<float> now;
        for (int v = 0; v < voices; ++v) now.push_back(heard[static_cast<std::size_t>(v)].back());
        return now;
    }
    float pitch(std::size_t frames = 64) { return pitches(frames)[0]; }
};

// The gate of one voice, from its output.
struct Gate {
    Rig rig{{{"k", "midi-note", {}}, {"t", "tap", {}}}, {"k.gate -> t"}};
    void key(NoteEvent::Kind kind, int number) { rig.play("k", "notes", {0, kind, number, 0.5f}); }
    Samples block() { return rig.run(64)[0]; }
};

}  // namespace

TEST_CASE("one voice plays the last, the lowest or the highest of the keys that are held") {
    for (const auto& [priority, expected] : std::vector<std::pair<std::string, std::vector<float>>>{
             {"last", {60, 67, 62, 67, 60}}, {"low", {60, 60, 60, 60, 60}}, {"high", {60, 67, 67, 67, 60}}}) {
        const std::string which = priority;
        CAPTURE(which);
        Keyboard k({{"priority", priority}});
        std::vector<float> heard;
        k.on(60);
        heard.push_back(k.pitch());
        k.on(67);
        heard.push_back(k.pitch());
        k.on(62);
        heard.push_back(k.pitch());
        k.off(62);
        heard.push_back(k.pitch());
        k.off(67);
        heard.push_back(k.pitch());
        CHECK(heard == expected);
        k.off(60);
        CHECK(k.pitch() == 60);  // the pitch stays for what dies away
    }
}

TEST_CASE("each voice takes a key; of more keys than voices the newest sound, and an old one comes back") {
    Keyboard k({{"voices", "3"}}, 3);
    k.on(60);
    k.on(64);
    k.on(67);
    CHECK(k.pitches() == std::vector<float>{60, 64, 67});
    k.on(72);
    CHECK(k.pitches() == std::vector<float>{72, 64, 67});
    k.off(64);
    CHECK(k.pitches() == std::vector<float>{72, 60, 67});
    k.off(60);
    k.off(67);
    k.on(50);  // into the voice that was let go first
    CHECK(k.pitches() == std::vector<float>{72, 50, 67});
}

TEST_CASE("the gate is open while a key is held, and each stroke begins it anew") {
    Gate g;
    CHECK(peak(g.block()) == 0);
    g.key(NoteEvent::Kind::on, 60);
    auto x = g.block();
    CHECK(x[0] == 0);
    CHECK(x[1] == 1);
    CHECK(x[63] == 1);
    g.key(NoteEvent::Kind::on, 64);
    x = g.block();
    CHECK(x[0] == 0);
    CHECK(x[1] == 1);
    g.key(NoteEvent::Kind::off, 64);
    CHECK(g.block()[0] == 1);  // back to the key that is held still, without a stroke
    g.key(NoteEvent::Kind::off, 60);
    CHECK(peak(g.block()) == 0);
    g.key(NoteEvent::Kind::off, 60);
    g.key(NoteEvent::Kind::pressure, 0);
    CHECK(peak(g.block()) == 0);
}

TEST_CASE("notes glide in the time that is set, but the first one stands at once; the wheel bends them") {
    Keyboard k({{"glide", "0.1"}, {"bend", "12"}});
    k.on(48);
    CHECK(k.pitch() == 48);
    k.on(72);
    CHECK(k.pitch(2'400) == doctest::Approx(60).epsilon(0.01));
    CHECK(k.pitch(4'800) == 72);
    k.bend(-0.5f);
    CHECK(k.pitch() == 66);
    const auto back = [&] {
        k.bend(0);
        return k.rig.run(128)[0];
    }();
    CHECK(largest_step(back) < 0.1);
    CHECK(back.back() == 72);
}

TEST_CASE("an oscillator plays the key's pitch, and more keys than there is room for do no harm") {
    Rig rig({{"k", "midi-note", {}}, {"o", "oscillator", {}}, {"t", "tap", {}}}, {"k.pitch -> o.pitch", "o -> t"});
    rig.play("k", "notes", {0, NoteEvent::Kind::on, 81, 1});
    CHECK(loudest_hertz(rig.run(16'384)[0], 48'000) == doctest::Approx(880).epsilon(0.001));
    Keyboard all({{"voices", "16"}}, 16);
    for (int round = 0; round < 3; ++round)
        for (int key = 0; key < 128; ++key) {
            all.on(key);
            if (key % 32 == 31) all.rig.run(64);
        }
    CHECK(all.pitches().size() == 16);
    for (int key = 0; key < 128; ++key) {
        all.off(key);
        if (key % 32 == 31) all.rig.run(64);
    }
    all.on(33);
    const auto heard = all.pitches();
    CHECK(std::count(heard.begin(), heard.end(), 33.0f) == 1);
}
