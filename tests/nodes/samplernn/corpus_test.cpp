// What a network is given to learn: one mono stream of levels for each file, its end held out.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/corpus.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "graph/math.h"
#include "nodes/samplernn/quantise.h"
#include "nodes/sound_file.h"

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

TEST_CASE("the hash knows the sound, and silence has no entropy") {
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
    CHECK(silent.finish(1024).entropy_bits == doctest::Approx(0));
}
