// The set that is soaked: three patches that always sound, and never step far, so that every click stands out.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "tests/folder.h"

namespace legume::test {

// What a patch's text can have in it beside what it always has.
struct PatchText {
    std::string level = "-14 dB";  // of the drone
    std::string seed = "1";        // of the network
    bool extra = false;            // one more voice
    bool broken = false;
};

// All end in two steep filters well below where a cut would be heard; that of the first plays a network, of the second
// a loop from the disk through a room, of the third grains of a long sound under a looper.
inline std::string set_patch(int number, const PatchText& text, const std::filesystem::path& small_disk) {
    const auto assets = (source_folder() / "assets").string();
    std::string nodes, wires;
    if (number == 0) {
        nodes = "  dream: {type: samplernn, model: " + assets + "/models/pods, gain: -4 dB, seed: " + text.seed + "}\n";
        wires = "  - dream -> dark\n";
    } else if (number == 1) {
        nodes =
            "  dream: {type: samplernn, model: " + assets +
            "/models/pods/00000587.safetensors, gain: -8 dB, seed: " + text.seed +
            "}\n  loop:  {type: player, file: " + assets +
            "/sounds/pulses.flac, loop: true, stream: disk, gain: -8 dB}\n  hall:  {type: reverb, size: 0.8, decay: 4 "
            "s}\n";
        wires = "  - dream -> dark\n  - loop -> dark\n  - loop -> hall -> dark\n";
    } else {
        nodes =
            "  dream: {type: samplernn, model: " + assets +
            "/models/pods/00003419.safetensors, gain: -8 dB, seed: " + text.seed +
            "}\n  cloud: {type: granulator, file: " + assets +
            "/sounds/drones.flac, position: 0.3, size: 200 ms, density: 30, spray: 2 s, gain: -8 dB}\n  echo:  {type: "
            "delay, sync: 3/16, feedback: 0.5}\n";
        wires = "  - dream -> dark\n  - cloud -> dark\n  - cloud -> echo -> dark\n";
    }
    if (text.extra) {
        nodes += "  extra: {type: oscillator, shape: triangle, frequency: 165 Hz, gain: -16 dB}\n";
        wires += "  - extra -> dark\n";
    }
    if (text.broken) wires += "  - extra -> nowhere\n";
    return "legume: 1\ntitle: Soak " + std::to_string(number + 1) + "\nseed: 5\ntempo: 110\nclock: midi\nnodes:\n" +
           nodes + "  drone: {type: oscillator, frequency: " + std::to_string(98 + 12 * number) +
           " Hz, gain: " + text.level +
           "}\n  keys:  {type: midi-note, voices: 1}\n  voice: {type: oscillator, gain: -24 dB}\n"
           "  swell: {type: envelope, attack: 0.2, release: 0.5}\n  played: {type: math, expression: a * b}\n"
           "  dark:  {type: filter, kind: ladder, cutoff: 400 Hz}\n  darker: {type: filter, kind: ladder, cutoff: 500 "
           "Hz}\n"
           "  spare: {type: recorder, file: " +
           (small_disk / "spare.wav").string() + ", autostart: false}\n  out:   {type: output}\nwires:\n" + wires +
           "  - keys.pitch -> voice.pitch\n  - keys.gate -> swell.gate\n  - voice -> played.a\n  - swell -> played.b\n"
           "  - played -> dark\n  - drone -> dark -> darker -> out\n  - darker -> spare\nbindings:\n"
           "  - {midi: {notes: all, channel: 1}, to: keys.notes}\n  - {midi: {cc: 1}, to: dream.temperature, range: "
           "[0.8, "
           "1.1]}\n  - {midi: {cc: 2}, to: dark.cutoff, range: [200 Hz, 400 Hz]}\n"
           "  - {midi: {note: 36, channel: 2}, to: dream.reseed}\n  - {osc: /soak/reseed, to: dream.reseed}\n";
}

}  // namespace legume::test
