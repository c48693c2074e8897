// Moves pitches to the nearest note of a scale.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

struct Scale {
    const char* name;
    std::vector<float> degrees;  // semitones above the root
};
const std::vector<Scale>& scales() {
    static const std::vector<Scale> list{{"chromatic", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
                                         {"major", {0, 2, 4, 5, 7, 9, 11}},
                                         {"minor", {0, 2, 3, 5, 7, 8, 10}},
                                         {"harmonic-minor", {0, 2, 3, 5, 7, 8, 11}},
                                         {"melodic-minor", {0, 2, 3, 5, 7, 9, 11}},
                                         {"dorian", {0, 2, 3, 5, 7, 9, 10}},
                                         {"phrygian", {0, 1, 3, 5, 7, 8, 10}},
                                         {"lydian", {0, 2, 4, 6, 7, 9, 11}},
                                         {"mixolydian", {0, 2, 4, 5, 7, 9, 10}},
                                         {"locrian", {0, 1, 3, 5, 6, 8, 10}},
                                         {"major-pentatonic", {0, 2, 4, 7, 9}},
                                         {"minor-pentatonic", {0, 3, 5, 7, 10}},
                                         {"blues", {0, 3, 5, 6, 7, 10}},
                                         {"whole-tone", {0, 2, 4, 6, 8, 10}}};
    return list;
}
std::vector<std::string> scale_names() {
    std::vector<std::string> names;
    for (const auto& scale : scales()) names.emplace_back(scale.name);
    return names;
}

struct ScaleQuantise final : Node {
    In in{this, "in", "Pitch as a note number: 60 is middle C, 60.5 a quarter tone above it."};
    Out out{this, "out", "The nearest note of the scale."};
    Param root{this,
               "root",
               {.min = 0, .max = 11, .initial = 0, .unit = Unit::count},
               "The scale's first note, in semitones above C."};
    ChoiceOption scale{this, "scale", scale_names(), "The scale by its name."};
    NumbersOption degrees{this,
                          "degrees",
                          {0},
                          {.min = 0, .max = 11.999f, .initial = 0, .unit = Unit::semitones},
                          "A scale of your own in place of a name: its notes above the root, also between the keys."};

    std::vector<float> notes;  // rising

    void check(const Checking& say) const override {
        if (scale.given() && degrees.given())
            say.problem(degrees, "degrees: the scale is " + scale.value() + " already; take one of the two away");
    }
    void prepare(const Prepare&) override {
        notes = degrees.given() ? degrees.values() : scales()[scale.at()].degrees;
        std::sort(notes.begin(), notes.end());
    }
    // Halfway between two the lower one.
    float nearest(float pitch, float base) const noexcept RT_SAFE {
        const float above = std::clamp(pitch, -1e4f, 1e4f) - base;
        const float octave = 12 * static_cast<float>(math::floor(static_cast<double>(above) / 12));
        const float part = above - octave;
        float best = notes.back() - 12;
        for (const float note : notes)
            if (note - part < part - best) best = note;
        if (notes.front() + 12 - part < part - best) best = notes.front() + 12;
        return base + octave + best;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const float base = root.value(b, ch);
            for (int i = 0; i < block_frames; ++i) y[i] = i > 0 && x[i] == x[i - 1] ? y[i - 1] : nearest(x[i], base);
        }
    }
};

}  // namespace

extern const NodeType scale_quantise_node{"scale-quantise", "Moves pitches to the notes of a scale.",
                                          make_node<ScaleQuantise>};

}  // namespace legume
