// MIDI bytes mean what the specification says, and no bytes at all do harm.
// SPDX-License-Identifier: MIT
#include "host/midi/midi.h"

#include <doctest/doctest.h>

#include <random>

using namespace legume;
using Kind = MidiEvent::Kind;

namespace {

std::optional<MidiEvent> parse(std::vector<int> bytes) {
    std::vector<std::uint8_t> narrow(bytes.begin(), bytes.end());
    return parse_midi(narrow);
}

}  // namespace

TEST_CASE("a knob, a key, a wheel and a clock are understood") {
    CHECK(parse({0xb0, 1, 64}) == MidiEvent{Kind::cc, 1, 1, 64});
    CHECK(parse({0xbf, 127, 0}) == MidiEvent{Kind::cc, 16, 127, 0});
    CHECK(parse({0x91, 60, 100}) == MidiEvent{Kind::note_on, 2, 60, 100});
    CHECK(parse({0x81, 60, 3}) == MidiEvent{Kind::note_off, 2, 60, 3});
    CHECK(parse({0xa0, 60, 9}) == MidiEvent{Kind::key_pressure, 1, 60, 9});
    CHECK(parse({0xc4, 12}) == MidiEvent{Kind::program, 5, 12, 0});
    CHECK(parse({0xd0, 77}) == MidiEvent{Kind::pressure, 1, 0, 77});
    CHECK(parse({0xe0, 0, 64}) == MidiEvent{Kind::bend, 1, 0, 0});
    CHECK(parse({0xe0, 0, 0}) == MidiEvent{Kind::bend, 1, 0, -8192});
    CHECK(parse({0xe0, 127, 127}) == MidiEvent{Kind::bend, 1, 0, 8191});
    CHECK(parse({0xf2, 16, 1}) == MidiEvent{Kind::song_position, 0, 0, 144});
    CHECK(parse({0xf8}) == MidiEvent{Kind::clock, 0, 0, 0});
    CHECK(parse({0xfa}) == MidiEvent{Kind::start, 0, 0, 0});
    CHECK(parse({0xfb}) == MidiEvent{Kind::resume, 0, 0, 0});
    CHECK(parse({0xfc}) == MidiEvent{Kind::stop, 0, 0, 0});
}

TEST_CASE("a note-on without velocity lets the note go") {
    CHECK(parse({0x90, 60, 0}) == MidiEvent{Kind::note_off, 1, 60, 0});
}

TEST_CASE("partial messages, stray bytes and system exclusive mean nothing") {
    for (const auto& bytes : std::vector<std::vector<int>>{{},
                                                           {0xb0},
                                                           {0xb0, 1},
                                                           {0xb0, 1, 2, 3},
                                                           {1, 2, 3},
                                                           {0xb0, 0x90, 1},
                                                           {0xb0, 1, 0x80},
                                                           {0xc0},
                                                           {0xc0, 1, 2},
                                                           {0xf0, 1, 2, 0xf7},
                                                           {0xf0, 1, 2},
                                                           {0xf8, 1},
                                                           {0xf4},
                                                           {0xf5},
                                                           {0xf9},
                                                           {0xfd}})
        CHECK_FALSE(parse(bytes));
}

TEST_CASE("no junk makes an event out of range") {
    std::mt19937 random(1);
    int understood = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::vector<std::uint8_t> bytes(random() % 6);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
        if (!bytes.empty()) bytes[0] |= 0x80;
        const auto event = parse_midi(bytes);
        if (!event) continue;
        ++understood;
        REQUIRE(event->channel >= 0);
        REQUIRE(event->channel <= 16);
        REQUIRE(event->number >= 0);
        REQUIRE(event->number <= 127);
        REQUIRE(event->value >= (event->kind == Kind::bend ? -8192 : 0));
        REQUIRE(event->value <= (event->kind == Kind::song_position ? 16383 : event->kind == Kind::bend ? 8191 : 127));
    }
    CHECK(understood > 1'000);
}

TEST_CASE("a controller keeps its name when its numbers change") {
    CHECK(midi_port_name("nanoKONTROL2:nanoKONTROL2 CTRL 20:0") == "nanoKONTROL2:nanoKONTROL2 CTRL");
    CHECK(midi_port_name("Midi Through:Midi Through Port-0 14:0") == "Midi Through:Midi Through Port-0");
    CHECK(midi_port_name("system:midi_capture_1") == "system:midi_capture_1");
    CHECK(midi_port_name("Launch Control 3") == "Launch Control 3");
    CHECK(midi_port_name("") == "");
    CHECK(midi_port_name(" 20:0") == " 20:0");
}

TEST_CASE("a machine without MIDI is told once and polled in peace") {
    std::vector<std::string> messages;
    MidiInputs inputs([](const MidiMessage&) {}, false, messages);
    CHECK(messages.size() <= 1);
    if (!messages.empty()) CHECK(messages[0].find("No MIDI system was found") == 0);
    const auto ports = inputs.ports();
    if (!messages.empty()) CHECK(ports.empty());
    std::vector<MidiPortChange> changes;
    for (int i = 0; i < 25; ++i) inputs.poll(changes);
    CHECK(messages.size() <= 1);
}
