// What a network is given to learn: one mono stream of levels for each file, its end held out.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/corpus.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "graph/base/math.h"
#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/sound/sound_file.h"
#include "tests/folder.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

namespace fs = std::filesystem;

struct Folder {
    fs::path path = fs::temp_directory_path() / "legume-corpus-test";
    Folder() {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    fs::path sine(const std::string& name, double rate, double seconds, int channels = 1, float offset = 0,
                  double hertz = 200) const {
        const fs::path file = path / name;
        fs::create_directories(file.parent_path());
        SoundWriter out(file, rate, channels, sound_format(file));
        std::vector<float> samples;
        for (int i = 0; i < static_cast<int>(rate * seconds); ++i)
            for (int c = 0; c < channels; ++c)
                samples.push_back(offset + 0.5f * static_cast<float>(math::sin_turns(hertz * i / rate)));
        out.write(samples);
        out.finish();
        return file;
    }
};

struct Told {
    std::vector<std::string> lines;
    bool holds(const std::string& part) const {
        return std::any_of(lines.begin(), lines.end(),
                           [&](const auto& l) { return l.find(part) != std::string::npos; });
    }
    std::function<void(std::string)> tell() {
        return [this](std::string line) { lines.push_back(std::move(line)); };
    }
};

std::string error_of(CorpusMaker& maker, int window) {
    try {
        maker.finish(window);
    } catch (const CorpusError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("files of any rate become levels at the network's rate, and a tenth is held out") {
    const Folder folder;
    Told told;
    CorpusMaker maker({}, 0.1, told.tell());
    maker.add(folder.sine("a.wav", 16'000, 1));
    maker.add(folder.sine("b.flac", 44'100, 2, 2));
    const Corpus corpus = maker.finish(1024);
    REQUIRE(corpus.passages.size() == 2);
    CHECK(corpus.passages[0].levels.size() == 16'000);
    CHECK(std::abs(static_cast<int>(corpus.passages[1].levels.size()) - 32'000) <= 2);
    CHECK(corpus.passages[0].learn == 14'400);
    CHECK(corpus.seconds == doctest::Approx(3).epsilon(0.001));
    CHECK(told.lines.empty());
}

TEST_CASE("a sine keeps its pitch and its level through quantising") {
    const Folder folder;
    CorpusMaker maker({}, 0, [](const std::string&) {});
    maker.add(folder.sine("a.wav", 48'000, 1));
    const auto passage = maker.finish(1024).passages.at(0);
    const Levels levels{Config{}};
    int crossings = 0;
    float peak = 0, last = 0;
    for (std::size_t i = 1'000; i < 15'000; ++i) {
        const float x = levels.amplitude(passage.levels[i]);
        peak = std::max(peak, x);
        crossings += last < 0 && x > 0.1f;
        if (x < -0.1f || x > 0.1f) last = x;
    }
    CHECK(crossings == doctest::Approx(200.0 * 14 / 16).epsilon(0.02));
    CHECK(peak == doctest::Approx(0.5).epsilon(0.03));
}

TEST_CASE("a constant offset is taken away, since a network would learn to hum it") {
    const Folder folder;
    CorpusMaker maker({}, 0, [](const std::string&) {});
    maker.add(folder.sine("a.wav", 16'000, 1, 1, 0.3f));
    const auto corpus = maker.finish(1024);
    const Levels levels{Config{}};
    double sum = 0;
    for (const auto level : corpus.passages[0].levels) sum += levels.amplitude(level);
    CHECK(std::abs(sum / 16'000) < 0.01);
}

TEST_CASE("a folder gives its sounds in the order of their names, from its folders too, and passes over the rest") {
    const Folder folder;
    folder.sine("b.wav", 16'000, 1);
    folder.sine("inner/c.flac", 16'000, 1);
    folder.sine("a.wav", 16'000, 1);
    std::ofstream(folder.path / "card.md") << "about these sounds";
    Told told;
    CorpusMaker maker({}, 0.1, told.tell());
    maker.add(folder.path);
    const auto corpus = maker.finish(1024);
    REQUIRE(corpus.passages.size() == 3);
    CHECK(corpus.passages[0].name.ends_with("a.wav"));
    CHECK(corpus.passages[2].name.ends_with("c.flac"));
    CHECK(told.lines.empty());
}

TEST_CASE("a folder of Opus and AIFF is learned, as the sampler plays it") {
    const Folder folder;
    for (const auto& [from, to] : {std::pair{"tone.aif", "a.aif"}, {"tone.aif", "b.AIF"}, {"tone.opus", "c.opus"}})
        fs::copy(test::source_folder() / "tests/nodes/sounds" / from, folder.path / to);
    Told told;
    CorpusMaker maker({}, 0, told.tell());
    maker.add(folder.path);
    const auto corpus = maker.finish(1024);
    REQUIRE(corpus.passages.size() == 3);
    for (const auto& passage : corpus.passages)
        CHECK(static_cast<double>(passage.levels.size()) == doctest::Approx(8'000).epsilon(0.05));
    CHECK(told.lines.empty());
}

TEST_CASE("a file that is no sound is named and left out, and the others are learned") {
    const Folder folder;
    folder.sine("good.wav", 16'000, 1);
    std::ofstream(folder.path / "bad.wav") << "this is no sound";
    std::ofstream(folder.path / "empty.wav");
    Told told;
    CorpusMaker maker({}, 0.1, told.tell());
    maker.add(folder.path);
    maker.add(folder.path / "missing.wav");
    CHECK(maker.finish(1024).passages.size() == 1);
    CHECK(told.lines.size() == 3);
    CHECK(told.holds("bad.wav"));
    CHECK(told.holds("empty.wav"));
    CHECK(told.holds("missing.wav"));
}

TEST_CASE("strict refuses what would be left out") {
    const Folder folder;
    folder.sine("good.wav", 16'000, 1);
    std::ofstream(folder.path / "bad.wav") << "this is no sound";
    CorpusSettings strict;
    strict.strict = true;
    CorpusMaker maker({}, strict, [](const std::string& line) { FAIL(line); });
    maker.add(folder.path);
    const auto error = error_of(maker, 1024);
    CHECK(error.find("bad.wav is not a sound") != std::string::npos);
    CHECK(error.find("set strict: false") != std::string::npos);
    fs::remove(folder.path / "bad.wav");
    folder.sine("brief.wav", 16'000, 0.04);
    CorpusMaker again({}, strict, [](const std::string& line) { FAIL(line); });
    again.add(folder.path);
    CHECK(error_of(again, 1024).find("brief.wav has 0.04 s to learn from, less than a window") != std::string::npos);
}

TEST_CASE("no sound, only bad sound and too little sound are errors that say what to do") {
    const Folder folder;
    Told told;
    CorpusMaker none({}, 0.1, told.tell());
    CHECK(error_of(none, 1024).find("there is no sound") != std::string::npos);

    CorpusMaker bad({}, 0.1, told.tell());
    bad.add(folder.path / "missing.wav");
    CHECK(error_of(bad, 1024).find("no sound is long enough") != std::string::npos);

    CorpusMaker brief({}, 0.1, told.tell());
    brief.add(folder.sine("brief.wav", 16'000, 0.05));
    CHECK(error_of(brief, 1024).find("smaller window") != std::string::npos);
    CHECK(told.holds("brief.wav"));

    CorpusMaker tail({}, 0.1, told.tell());
    tail.add(folder.sine("tail.wav", 16'000, 0.2));
    CHECK(error_of(tail, 1024).find("held_out") != std::string::npos);
}

TEST_CASE("what was wired in is learned as a file is") {
    Heard heard{32'000, std::vector<float>(32'000, 0.0f)};
    for (std::size_t i = 0; i < heard.samples.size(); ++i)
        heard.samples[i] = static_cast<float>(math::sin_turns(0.01 * static_cast<double>(i)));
    CorpusMaker maker({}, 0.1, [](const std::string&) {});
    maker.add(heard);
    CHECK(std::abs(static_cast<int>(maker.finish(1024).passages.at(0).levels.size()) - 16'000) <= 1);
}

TEST_CASE("the hash knows the sound, and nothing but silence is an error") {
    const Folder folder;
    auto corpus_of = [](const fs::path& file) {
        CorpusMaker maker({}, 0.1, [](const std::string&) {});
        maker.add(file);
        return maker.finish(1024);
    };
    const auto a = folder.sine("a.wav", 16'000, 1), b = folder.sine("b.wav", 16'000, 1, 1, 0, 210);
    CHECK(corpus_of(a).hash == corpus_of(a).hash);
    CHECK(corpus_of(a).hash != corpus_of(b).hash);
    CHECK(corpus_of(a).entropy_bits > 4);
    CorpusMaker silent({}, 0.1, [](const std::string&) {});
    silent.add(Heard{16'000, std::vector<float>(16'000)});
    CHECK(error_of(silent, 1024).find("all of the sound is silence") != std::string::npos);
}

namespace {

Corpus corpus_of(const fs::path& file, const CorpusSettings& settings, const Config& config = {}) {
    CorpusMaker maker(config, settings, [](const std::string&) {});
    maker.add(file);
    return maker.finish(1024);
}

double rms(const Passage& passage) {
    const Levels levels{Config{}};
    double sum = 0;
    for (const auto level : passage.levels) sum += levels.amplitude(level) * levels.amplitude(level);
    return std::sqrt(sum / static_cast<double>(passage.levels.size()));
}

void write(const fs::path& file, double rate, int channels, const std::vector<float>& samples) {
    SoundWriter out(file, rate, channels, sound_format(file));
    out.write(samples);
    out.finish();
}

std::vector<float> tone(double seconds, float amplitude, double rate = 16'000) {
    std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = amplitude * static_cast<float>(math::sin_turns(200 * static_cast<double>(i) / rate));
    return samples;
}

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
    std::vector<float> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

}  // namespace

TEST_CASE("read piece by piece, a sound gives the levels that it gives as a whole") {
    const Folder folder;
    const auto file = folder.sine("a.flac", 44'100, 3, 2, 0.1f, 437);
    const auto sound = read_sound(file);
    std::vector<float> mono(sound.frames());
    double mean = 0;
    for (std::size_t i = 0; i < mono.size(); ++i) {
        mono[i] = static_cast<float>((static_cast<double>(sound.samples[2 * i]) + sound.samples[2 * i + 1]) / 2);
        mean += mono[i];
    }
    for (float& x : mono) x -= static_cast<float>(mean / static_cast<double>(mono.size()));
    const Levels quantise{Config{}};
    std::vector<std::uint16_t> expected;
    for (const float x : dsp::resample(mono, 1, 44'100, 16'000))
        expected.push_back(static_cast<std::uint16_t>(quantise.level(x)));
    const auto corpus = corpus_of(file, {});
    CHECK(std::vector<std::uint16_t>(corpus.passages[0].levels.begin(), corpus.passages[0].levels.end()) == expected);
}

TEST_CASE("one channel can be chosen, and a file without it is left out") {
    const Folder folder;
    std::vector<float> frames;
    for (const float x : tone(1, 0.5f)) {
        frames.push_back(0.1f * x);
        frames.push_back(x);
    }
    write(folder.path / "two.wav", 16'000, 2, frames);
    write(folder.path / "one.wav", 16'000, 1, tone(1, 0.5f));
    CorpusSettings settings;
    settings.channel = 2;
    Told told;
    CorpusMaker maker({}, settings, told.tell());
    maker.add(folder.path);
    const auto corpus = maker.finish(1024);
    REQUIRE(corpus.passages.size() == 1);
    CHECK(rms(corpus.passages[0]) == doctest::Approx(0.5 / std::sqrt(2)).epsilon(0.03));
    CHECK(told.holds("one.wav has 1 channel, and channel 2 is to be learned; it is left out"));
    CHECK(corpus.left_out.size() == 1);
}

TEST_CASE("trim leaves a twentieth of a second of silence at the ends, and half a second of a long one inside") {
    const Folder folder;
    const auto file = folder.path / "gaps.wav";
    const std::vector<float> two(32'000, 0.2f), half(8'000, 0.2f);  // silence may be off zero
    auto loud = tone(1, 0.5f);
    for (float& x : loud) x += 0.2f;
    write(file, 16'000, 1, joined({two, loud, half, loud, two, loud, two}));
    CHECK(corpus_of(file, {}).passages[0].levels.size() == 9.5 * 16'000);
    CorpusSettings settings;
    settings.trim_db = -60;
    const auto seconds = static_cast<double>(corpus_of(file, settings).passages[0].levels.size()) / 16'000;
    CHECK(seconds == doctest::Approx(0.05 + 1 + 0.5 + 1 + 0.5 + 1 + 0.05).epsilon(0.01));
    write(folder.path / "silent.wav", 16'000, 1, two);
    Told told;
    CorpusMaker maker({}, settings, told.tell());
    maker.add(folder.path);
    CHECK(maker.finish(1024).passages.size() == 1);
    CHECK(told.holds("silent.wav is silence from end to end; it is left out"));
}

TEST_CASE("loudness is left alone, or each file or all of them are brought to -20 dB, and none clips") {
    const Folder folder;
    write(folder.path / "a loud.wav", 16'000, 1, tone(1, 0.8f));
    write(folder.path / "b soft.wav", 16'000, 1, tone(1, 0.08f));
    CorpusSettings settings;
    const auto levels_of = [&] {
        const auto corpus = corpus_of(folder.path, settings);
        return std::pair{rms(corpus.passages.at(0)), rms(corpus.passages.at(1))};
    };
    const auto kept = levels_of();
    CHECK(kept.first == doctest::Approx(0.8 / std::sqrt(2)).epsilon(0.03));
    settings.loudness = Loudness::per_file;
    const auto each = levels_of();
    CHECK(each.first == doctest::Approx(0.1).epsilon(0.03));
    CHECK(each.second == doctest::Approx(0.1).epsilon(0.03));
    settings.loudness = Loudness::per_set;
    const auto all = levels_of();
    CHECK(all.first / all.second == doctest::Approx(10).epsilon(0.05));
    CHECK(std::sqrt((all.first * all.first + all.second * all.second) / 2) == doctest::Approx(0.1).epsilon(0.03));
    // A click in silence: its peak is brought to full scale, and no further.
    std::vector<float> click(16'000);
    click[8'000] = 0.25f;
    write(folder.path / "a loud.wav", 16'000, 1, click);
    settings.loudness = Loudness::per_file;
    const auto corpus = corpus_of(folder.path, settings);
    CHECK(*std::max_element(corpus.passages[0].levels.begin(), corpus.passages[0].levels.end()) == 255);
    CHECK(std::count(corpus.passages[0].levels.begin(), corpus.passages[0].levels.end(), 255) == 1);
}

TEST_CASE(
    "copies at other speeds and gains are learned too, the same for a seed, and none gives away what is held out") {
    const Folder folder;
    folder.sine("a.wav", 16'000, 2);
    folder.sine("b.wav", 16'000, 2, 1, 0, 300);
    CorpusSettings settings;
    const auto plain = corpus_of(folder.path, settings);
    settings.speeds = {0.5, 2};
    const auto fast = corpus_of(folder.path, settings);
    REQUIRE(fast.passages.size() == 6);
    CHECK(fast.passages[0].levels.size() == 32'000);
    CHECK(static_cast<double>(fast.passages[1].learn) == doctest::Approx(0.9 * 64'000).epsilon(0.001));
    CHECK(static_cast<double>(fast.passages[2].learn) == doctest::Approx(0.9 * 16'000).epsilon(0.001));
    for (const std::size_t copy : {1, 2, 4, 5}) CHECK(fast.passages[copy].learn == fast.passages[copy].levels.size());
    CHECK(
        std::equal(plain.passages[0].levels.begin(), plain.passages[0].levels.end(), fast.passages[0].levels.begin()));
    CHECK(rms(fast.passages[1]) == doctest::Approx(rms(fast.passages[0])).epsilon(0.02));

    settings.gain_range = {-12, -3};
    settings.gain_seed = 3;
    const auto one = corpus_of(folder.path, settings);
    for (const std::size_t copy : {1, 2, 4, 5}) {
        const double gain = 20 * std::log10(rms(one.passages[copy]) / rms(one.passages[0]));
        CHECK(gain > -12.3);
        CHECK(gain < -2.7);
    }
    CHECK(rms(one.passages[1]) != doctest::Approx(rms(one.passages[2])).epsilon(0.01));
    CHECK(corpus_of(folder.path, settings).hash == one.hash);
    folder.sine("aa.wav", 16'000, 2);  // another file changes nothing of the others
    const auto more = corpus_of(folder.path, settings);
    CHECK(std::equal(one.passages[4].levels.begin(), one.passages[4].levels.end(), more.passages[7].levels.begin()));
    settings.gain_seed = 4;
    CHECK(corpus_of(folder.path, settings).hash != more.hash);
    settings.speeds.clear();
    CHECK(corpus_of(folder.path, settings).passages.size() == 6);
}

TEST_CASE("levels are kept in the cache folder, read from there, and made anew when a file or a setting changed") {
    const Folder folder;
    const auto sounds = folder.path / "sounds";
    folder.sine("sounds/a.wav", 16'000, 1);
    folder.sine("sounds/b.wav", 16'000, 1, 1, 0, 300);
    CorpusSettings settings;
    settings.cache = folder.path / "cache";
    const auto files = [&] {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(settings.cache)) found.push_back(entry.path());
        std::sort(found.begin(), found.end());
        return found;
    };
    const auto made = corpus_of(sounds, settings);
    CHECK(made.hash == corpus_of(sounds, {}).hash);
    const auto kept = files();
    REQUIRE(kept.size() == 2);
    // What is read from there is not decoded again: another level in the cache is another sound.
    {
        std::fstream file(kept[0], std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-2, std::ios::end);
        file.put(1);
    }
    CHECK(corpus_of(sounds, settings).hash != made.hash);
    // Half a file is none.
    fs::resize_file(kept[0], fs::file_size(kept[0]) - 2);
    CHECK(corpus_of(sounds, settings).hash == made.hash);
    CHECK(files() == kept);
    // A level that there is none of.
    {
        std::fstream file(kept[0], std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1, std::ios::end);
        file.put(1);
    }
    CorpusMaker damaged({}, settings, [](const std::string&) {});
    damaged.add(sounds);
    CHECK(error_of(damaged, 1024).find("cache is damaged; remove this folder") != std::string::npos);
    fs::remove(kept[0]);
    settings.trim_db = -60;
    corpus_of(sounds, settings);
    for (const auto& file : files()) CHECK(std::count(kept.begin(), kept.end(), file) == 0);
    folder.sine("sounds/a.wav", 16'000, 1.5);
    const auto longer = corpus_of(sounds, settings);
    CHECK(longer.passages[0].levels.size() > made.passages[0].levels.size());
    CHECK(files().size() == 2);
}

TEST_CASE("a corpus that cannot be kept, and a rate too far away, say so") {
    const Folder folder;
    const auto file = folder.sine("a.wav", 16'000, 1);
    CorpusSettings settings;
    settings.cache = file / "cache";
    CorpusMaker maker({}, settings, [](const std::string&) {});
    maker.add(file);
    CHECK(error_of(maker, 1024).find("set another run folder") != std::string::npos);
    Told told;
    Config slow;
    slow.sample_rate = 1'000;
    CorpusMaker far(slow, 0.1, told.tell());
    far.add(folder.sine("far.wav", 768'000, 0.1));
    CHECK(error_of(far, 16).find("no sound is long enough") != std::string::npos);
    CHECK(told.holds("far.wav has 768000 frames a second, too far from the network's 1000"));
}
