// A node that declares what a small text file says, a member a line, as a model with handles or a plug-in would.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/abilities.h"
#include "graph/patch/words.h"

namespace legume::test {

// Every Out is the sum of all Ins, as loud as gain and all declared params together say; a trigger turns it over.
struct Declared final : Node, DynamicMembers {
    FileOption file{this, "file", Required{}, "What it has, a member a line: in left, or param drive 0 10 1 dB."};
    Param gain{this, "gain", {.max = 2, .initial = 1}, "How loud it is."};
    std::deque<In> ears;
    std::deque<Out> mouths;
    std::deque<Param> knobs;
    std::deque<Trigger> buttons;
    std::deque<Meter> needles;
    float sign = 1;

    struct Word {
        std::string text;
        Place place;
    };

    void declare(const Checking& checking) override {
        std::error_code error;
        const auto& path = file.path();
        if (!std::filesystem::exists(path, error))
            return checking.problem(file, path.string() + " does not exist; check its name and folder");
        if (!std::filesystem::is_regular_file(path, error))
            return checking.problem(file, path.string() + " is no file; name a text file");
        std::ifstream text(path);
        Place place{path.string(), 0, 1};
        for (std::string line; std::getline(text, line);) {
            ++place.line;
            declare(line, place, checking);
        }
    }
    void declare(const std::string& line, const Place& place, const Checking& checking) {
        static const std::vector<std::string> kinds{"in", "out", "param", "trigger", "meter"};
        const auto unreadable = std::find_if(line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; });
        if (unreadable != line.end())
            return checking.problem(moved(place, static_cast<std::size_t>(unreadable - line.begin())),
                                    "this is no text; write plain letters and spaces");
        const auto words = words_of(line, place);
        if (words.empty()) return;
        const auto& kind = words[0].text;
        if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
            return checking.problem(words[0].place,
                                    "there is no member \"" + kind + "\"; " + instead_of(kind, kinds, ""));
        if (words.size() < 2)
            return checking.problem(words[0].place, "this " + kind + " has no name; add one, as in " + kind + " left");
        const auto& name = words[1].text;
        if (const auto wrong = refuses(name); !wrong.empty()) return checking.problem(words[1].place, wrong);
        if (kind == "param") return declare_param(words, checking);
        const std::size_t most = kind == "meter" ? 3 : 2;
        if (words.size() > most)
            return checking.problem(words[most].place, "\"" + words[most].text + "\" is too much here; remove it");
        if (kind == "in") ears.emplace_back(this, name, "Sound that comes in.");
        if (kind == "out") mouths.emplace_back(this, name, "Sound that goes out.");
        if (kind == "trigger") buttons.emplace_back(this, name, "Turns it over.");
        if (kind == "meter") needles.emplace_back(this, name, Unit::none, "How loud it is now.");
    }
    void declare_param(const std::vector<Word>& words, const Checking& checking) {
        static const std::map<std::string, Unit> units{
            {"Hz", Unit::hertz}, {"dB", Unit::decibels}, {"s", Unit::seconds}};
        const auto wrong = [&](const Word& at, const std::string& why) { checking.problem(at.place, why); };
        if (words.size() < 5 || words.size() > 6)
            return wrong(words[1], words[1].text +
                                       " has no range; add its least, its most and where it begins, such "
                                       "as 0 10 1 dB");
        Range range{.initial = 0};
        if (words.size() == 6) {
            const auto unit = units.find(words[5].text);
            if (unit == units.end())
                return wrong(words[5], "there is no unit \"" + words[5].text + "\"; write Hz, dB or s");
            range.unit = unit->second;
        }
        float* limits[] = {&range.min, &range.max, &range.initial};
        for (std::size_t i = 0; i < 3; ++i) {
            const auto read = parse_quantity(words[i + 2].text, Unit::none);
            if (!read.value) return wrong(words[i + 2], read.error);
            *limits[i] = *read.value;
        }
        if (!(range.min < range.max)) return wrong(words[3], "the most is not above the least; change one of them");
        if (range.initial != range.clamp(range.initial))
            return wrong(words[4], "it begins outside of its range; write a number within " + range.limits());
        knobs.emplace_back(this, words[1].text, range, "How much of it there is.");
    }
    static std::vector<Word> words_of(const std::string& line, const Place& place) {
        std::vector<Word> words;
        for (std::size_t at = 0; (at = line.find_first_not_of(' ', at)) != line.npos;) {
            const auto end = std::min(line.find(' ', at), line.size());
            words.push_back({line.substr(at, end - at), moved(place, at)});
            at = end;
        }
        return words;
    }

    void process(const Block& b) noexcept RT_SAFE override {
        for (const auto& button : buttons)
            if (button.fired(b)) sign = -sign;
        float loudest = 0;
        for (auto& mouth : mouths)
            for (int c = 0; c < mouth.channels(b); ++c) {
                const auto y = mouth.write(b, c);
                std::fill(y.begin(), y.end(), 0.0f);
                for (const auto& ear : ears)
                    for (std::size_t i = 0; i < block_frames; ++i) y[i] += sign * ear.read(b, c)[i];
                scale(y, gain.ramp(b, c));
                for (const auto& knob : knobs) scale(y, knob.ramp(b, c));
                for (const float x : y) loudest = std::max(loudest, std::abs(x));
            }
        for (auto& needle : needles) needle.set(loudest);
    }
    static void scale(Frames y, const Ramp& by) noexcept RT_SAFE {
        for (int i = 0; i < block_frames; ++i) y[static_cast<std::size_t>(i)] *= by[i];
    }
    void reset() noexcept RT_SAFE override { sign = 1; }
};

inline constexpr NodeType declared_type{"declared", "Has what its file says.", make_node<Declared>};

}  // namespace legume::test
