// Files that are written are read back the same, and broken ones are refused.
// SPDX-License-Identifier: MIT
#include "nodes/sound/sound_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

std::string bytes(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
std::string why_not(const std::filesystem::path& file) {
    try {
        read_sound(file);
    } catch (const SoundError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a float WAV is read back to the bit, above full scale too") {
    Folder folder;
    const auto sound = noise(1'000, 1, 3);
    write_wav(folder / "a.wav", {sound}, 44'100);
    const auto back = read_sound(folder / "a.wav");
    CHECK(back.samples == sound);
    CHECK(back.rate == 44'100);
    CHECK(back.frames() == 1'000);
}

TEST_CASE("the same sound has the same bytes") {
    Folder folder;
    for (const auto* name : {"a.wav", "b.wav"}) write_wav(folder / name, {noise(1'000), noise(1'000, 2)}, 48'000);
    CHECK(bytes(folder / "a.wav") == bytes(folder / "b.wav"));
}

TEST_CASE("a writer that is not finished leaves nothing and touches nothing") {
    Folder folder;
    write_wav(folder / "a.wav", {noise(100)}, 48'000);
    const auto before = bytes(folder / "a.wav");
    {
        SoundWriter writer(folder / "a.wav", 48'000, 1, SoundFormat::wav_float);
        writer.write(noise(5'000, 2));
    }
    CHECK(bytes(folder / "a.wav") == before);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("two writers of one file do not meet") {
    Folder folder;
    SoundWriter one(folder / "a.wav", 48'000, 1, SoundFormat::wav_float);
    SoundWriter two(folder / "a.wav", 48'000, 1, SoundFormat::wav_float);
    one.write(Samples(100, 0.1f));
    two.write(Samples(50, 0.2f));
    one.finish();
    CHECK(read_sound(folder / "a.wav").samples == Samples(100, 0.1f));
    two.finish();
    CHECK(read_sound(folder / "a.wav").samples == Samples(50, 0.2f));
}

TEST_CASE("integer formats clip instead of wrapping round") {
    Folder folder;
    for (const auto& [name, format] : {std::pair{"a.wav", SoundFormat::wav_16},
                                       {"b.flac", SoundFormat::flac_16},
                                       {"c.flac", SoundFormat::flac_24}}) {
        SoundWriter writer(folder / name, 48'000, 1, format);
        writer.write(Samples{0.5f, 2.0f, -2.0f, 1.0f});
        writer.finish();
        const auto back = read_sound(folder / name).samples;
        REQUIRE(back.size() == 4);
        CHECK(back[0] == doctest::Approx(0.5).epsilon(0.001));
        CHECK(back[1] == doctest::Approx(1).epsilon(0.001));
        CHECK(back[2] == doctest::Approx(-1).epsilon(0.001));
        CHECK(back[3] == doctest::Approx(1).epsilon(0.001));
    }
}

TEST_CASE("a FLAC that is cut short says so at every length, and never crashes") {
    Folder folder;
    {
        SoundWriter writer(folder / "whole.flac", 48'000, 1, SoundFormat::flac_16);
        writer.write(noise(20'000, 1, 0.5f));
        writer.finish();
    }
    const auto whole = bytes(folder / "whole.flac");
    for (std::size_t length = 0; length < whole.size(); length += 97 + length / 8) {
        std::ofstream(folder / "cut.flac", std::ios::binary) << whole.substr(0, length);
        CHECK(!why_not(folder / "cut.flac").empty());
    }
    CHECK(why_not(folder / "whole.flac").empty());
}

TEST_CASE("a WAV whose end is missing plays what is there") {
    Folder folder;
    write_wav(folder / "a.wav", {noise(1'000)}, 48'000);
    std::ofstream(folder / "cut.wav", std::ios::binary) << bytes(folder / "a.wav").substr(0, 2'000);
    const auto cut = read_sound(folder / "cut.wav");
    CHECK(cut.frames() > 400);
    CHECK(cut.samples == part(noise(1'000), 0, cut.frames()));
}

TEST_CASE("what a format cannot hold is refused before anything is written") {
    Folder folder;
    CHECK_THROWS_AS(SoundWriter(folder / "a.flac", 48'000, 9, SoundFormat::flac_24), SoundError);
    CHECK_THROWS_AS(SoundWriter(folder.path, 48'000, 1, SoundFormat::wav_float), SoundError);
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("an MP3 plays what can be decoded, though its header estimates more") {
    const auto file = source_folder() / "tests" / "nodes" / "sounds" / "estimated.mp3";
    const auto sound = read_sound(file);
    CHECK(read_sound_header(file).frames > static_cast<std::int64_t>(sound.frames()));
    CHECK(sound.channels == 2);
    CHECK(sound.rate == 44'100);
    Samples left;
    for (std::size_t i = 0; i < sound.frames(); ++i) left.push_back(sound.samples[2 * i]);
    CHECK(left.size() > 44'100 / 2);
    CHECK(amplitude_at(part(left, 4'410, 17'640), 44'100, 441) == doctest::Approx(0.5).epsilon(0.05));
}
