// Writes checkpoints and reads them back, then breaks them in every way a disk or a stranger can.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/checkpoint.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

Config tiny() {
    Config config;
    config.tiers = {{2, Cell::lstm, 2}, {4}};
    config.dim = 3;
    config.embedding = 2;
    config.levels = 4;
    config.step = 1234;
    config.age = 0.25;
    config.corpus_hash = "feed";
    config.held_out_nll = 1.5;
    config.int8_cost = -0.25;
    return config;
}

}  // namespace

TEST_CASE("a checkpoint comes back as it was written") {
    const test::Folder folder;
    const Checkpoint checkpoint = network_of(tiny());
    write_checkpoint(folder / "a.safetensors", checkpoint, Storage::f32);
    const Checkpoint read = read_checkpoint(folder / "a.safetensors");
    CHECK(read.config.json() == checkpoint.config.json());
    CHECK(read.config.tiers == checkpoint.config.tiers);
    CHECK(read.config.held_out_nll == 1.5);
    CHECK(read.config.int8_cost == -0.25);
    REQUIRE(read.tensors.size() == checkpoint.tensors.size());
    for (const auto& [name, tensor] : checkpoint.tensors) {
        CHECK(read.tensors.at(name).shape == tensor.shape);
        CHECK(read.tensors.at(name).values == tensor.values);
    }
    CHECK(read_config(folder / "a.safetensors").step == 1234);
}

TEST_CASE("the same checkpoint is the same bytes, and nothing else is left in the folder") {
    const test::Folder folder;
    for (const char* name : {"a", "b"}) write_checkpoint(folder / name, network_of(tiny()), Storage::f16);
    CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
    CHECK(bytes_of(folder / "a").size() % 8 == split(bytes_of(folder / "a")).data.size() % 8);  // data is aligned
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 2);
}

TEST_CASE("half floats are the nearest ones, ties to even") {
    const test::Folder folder;
    Checkpoint checkpoint = network_of(tiny());
    auto& values = checkpoint.tensors["sample.out.bias"].values;
    const auto through = [&](float value) {
        values[0] = value;
        write_checkpoint(folder / "half", checkpoint, Storage::f16);
        return read_checkpoint(folder / "half").tensors.at("sample.out.bias").values[0];
    };
    CHECK(through(1.0f + 0x1p-11f) == 1.0f);             // half way: to the even one
    CHECK(through(1.0f + 0x3p-11f) == 1.0f + 0x2p-10f);  // half way: to the even one, above
    CHECK(through(1.0f + 0x1.01p-11f) == 1.0f + 0x1p-10f);
    CHECK(through(-0.1f) == -0x1.998p-4f);
    CHECK(through(65519.0f) == 65504.0f);
    CHECK(through(0x1p-14f) == 0x1p-14f);
    CHECK(through(0x1p-24f) == 0x1p-24f);          // the smallest
    CHECK(through(0x1p-25f) == 0.0f);              // half way to it
    CHECK(through(0x1.8p-24f) == 0x1p-23f);        // half way between the first two
    CHECK(through(0x1.ff8p-15f) == 0x1.ff8p-15f);  // the largest below the normal ones
    CHECK(through(0x1.ffcp-15f) == 0x1p-14f);      // half way to those
    CHECK(std::signbit(through(-0.0f)));
    for (int i = 0; i < 50; ++i) {  // never further than half a step
        const float x = static_cast<float>(dsp::random_uniform(3, 0, static_cast<std::uint64_t>(i)) * 4 - 2);
        CHECK(std::abs(through(x) - x) <= std::ldexp(1.0f, std::max(std::ilogb(x), -14) - 11));
    }
    CHECK(has(reason([&] { through(65520.0f); }), "too large to store"));
}

TEST_CASE("a checkpoint that would not come back is not written") {
    const test::Folder folder;
    Checkpoint checkpoint = network_of(tiny());
    const auto why = [&] { return reason([&] { write_checkpoint(folder / "x", checkpoint, Storage::f32); }); };
    checkpoint.tensors["sample.conv"].values[1] = NAN;
    CHECK(has(why(), "sample.conv"));
    checkpoint = network_of(tiny());
    checkpoint.tensors.erase("sample.conv");
    CHECK(has(why(), "lacks"));
    checkpoint = network_of(tiny());
    checkpoint.tensors["sample.extra"] = {{1}, {0}};
    CHECK(has(why(), "sample.extra"));
    checkpoint = network_of(tiny());
    checkpoint.tensors["sample.out.bias"].shape = {2, 2};
    CHECK(has(why(), "sample.out.bias"));
    CHECK(!fs::exists(folder / "x"));
    CHECK(has(reason([&] { write_checkpoint(folder / "no" / "x", network_of(tiny()), Storage::f32); }),
              "cannot be written"));
}

TEST_CASE("a checkpoint cut short anywhere is refused") {
    const test::Folder folder;
    write_checkpoint(folder / "a", network_of(tiny()), Storage::f16);
    const std::string whole = bytes_of(folder / "a");
    for (std::size_t n = 0; n < whole.size(); n += n < 64 || n + 64 > whole.size() ? 1 : 61) {
        put(folder / "cut", whole.substr(0, n));
        CHECK(!reason([&] { read_checkpoint(folder / "cut"); }).empty());
        CHECK(!reason([&] { read_config(folder / "cut"); }).empty());
    }
    put(folder / "long", whole + "x");
    CHECK(has(reason([&] { read_checkpoint(folder / "long"); }), "too many"));
}

TEST_CASE("a checkpoint with any byte of its header changed is read or refused, and never more than that") {
    const test::Folder folder;
    write_checkpoint(folder / "a", network_of(tiny()), Storage::f16);
    const std::string whole = bytes_of(folder / "a");
    const std::size_t header = split(whole).header.size() + 8;
    int refused = 0;
    for (std::size_t n = 0; n < header; ++n) {
        std::string broken = whole;
        broken[n] = static_cast<char>(broken[n] ^ (1 << (n % 7)));
        put(folder / "b", broken);
        refused += !reason([&] { read_checkpoint(folder / "b"); }).empty();
    }
    CHECK(refused > 0);
}

TEST_CASE("a file says plainly why it is no checkpoint") {
    const test::Folder folder;
    write_checkpoint(folder / "a", network_of(tiny()), Storage::f32);
    const auto [header, data] = split(bytes_of(folder / "a"));
    const auto why = [&, file = folder / "b"](const std::string& bytes) {
        put(file, bytes);
        const auto text = reason([&] { read_checkpoint(file); });
        CHECK(text == reason([&] { read_config(file); }));
        CHECK(has(text, file.string()));
        return text;
    };
    CHECK(has(why("hello"), "too short"));
    CHECK(has(why("RIFF and much more that is a sound file"), "no safetensors"));
    CHECK(has(why(std::string(8, '\xff') + "{}"), "claims 18446744073709551615 bytes"));
    CHECK(has(why(with_length(std::string(100'000, '['), "")), "no JSON"));
    CHECK(has(why(with_length("{}", "")), "legume.config"));
    CHECK(has(why(with_length("[]", "")), "no JSON"));
    CHECK(has(why(with_length(replaced(header, "legume.format\":\"1", "legume.format\":\"2"), data)), "format"));

    // Named in the capture since clang 14 captures no structured binding by itself.
    const auto edited = [&, &header = header, &data = data](const std::string& from, const std::string& to) {
        return why(with_length(replaced(header, from, to), data));
    };
    CHECK(has(edited("\"F32\"", "\"F64\""), "neither F32 nor F16"));
    CHECK(has(edited("\"F32\"", "\"F16\""), "do not match its shape"));
    CHECK(has(edited("\"shape\":[4,2]", "\"shape\":[2,4]"), "its config asks for [4, 2]"));
    CHECK(has(edited("\"shape\":[4,2]", "\"shape\":[4,-2]"), "no whole number"));
    CHECK(has(edited("\"shape\":[4,2]", "\"shape\":[4611686018427387904,4]"), "absurdly large"));
    CHECK(has(edited("\"shape\":[4,2]", "\"shape\":4"), "no valid shape"));
    CHECK(has(edited("\"data_offsets\":[0,", "\"data_offsets\":[1e3,"), "no whole number"));
    CHECK(has(edited("\"data_offsets\":[0,", "\"data_offsets\":[18446744073709551615,"), "outside the file"));
    CHECK(has(edited("sample.conv_bias", "sample.conv_boas"), "sample.conv_boas"));
    CHECK(has(edited("\"dtype\":\"F32\",", ""), "lacks \"dtype\""));
    CHECK(has(edited("\"dtype\"", "\"more\":1,\"dtype\""), "unknown key \"more\""));
    CHECK(has(edited("\\\"dim\\\":3", "\\\"dim\\\":4"), "its config asks for"));
    CHECK(has(edited("\\\"dim\\\":3", "\\\"dim\\\":999999999999"), "absurdly large"));
    CHECK(has(edited("\\\"dim\\\":3", "\\\"dim\\\":8192,\\\"wet\\\":1"), "unknown key \"wet\""));
    CHECK(has(edited("\\\"dim\\\":3", "\\\"dim\\\":0"), "dim is 0"));
    CHECK(has(edited("\\\"cell\\\":\\\"gru\\\"", "\\\"cell\\\":\\\"gnu\\\""), "gru or lstm"));
    CHECK(has(edited("\\\"levels\\\":4", "\\\"levels\\\":true"), "no whole number"));
    CHECK(has(edited("\\\"int8_cost\\\":-0.25", "\\\"int8_cost\\\":\\\"low\\\""), "\"int8_cost\" is no number"));
    CHECK(has(edited("\\\"skip\\\":false,", ""), "lacks \"skip\""));
}

TEST_CASE("tensors that overlap or leave holes are refused") {
    const test::Folder folder;
    Config config = tiny();
    write_checkpoint(folder / "a", network_of(config), Storage::f32);
    const auto [header, data] = split(bytes_of(folder / "a"));
    // Two tensors of 12 bytes each: sample.conv_bias, and one of the hidden biases.
    const auto offsets_of = [&header = header](const std::string& name) {
        const auto at = header.find("\"data_offsets\":", header.find("\"" + name + "\""));
        return header.substr(at, header.find(']', at) - at);
    };
    const auto a = offsets_of("sample.conv_bias"), b = offsets_of("sample.hidden.0.bias");
    REQUIRE(a != b);
    put(folder / "b", with_length(replaced(header, b, a), data));
    const auto why = reason([&] { read_checkpoint(folder / "b"); });
    CHECK((has(why, "overlaps") || has(why, "hole")));
}

TEST_CASE("weights that are no finite numbers are refused") {
    const test::Folder folder;
    write_checkpoint(folder / "a", network_of(tiny()), Storage::f32);
    auto [header, data] = split(bytes_of(folder / "a"));
    const auto bits = std::bit_cast<std::uint32_t>(std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < 4; ++i) data[i] = static_cast<char>(bits >> (8 * i) & 0xff);
    put(folder / "b", with_length(header, data));
    CHECK(has(reason([&] { read_checkpoint(folder / "b"); }), "no finite number"));
}

TEST_CASE("absurd configs are refused before anything is allocated for them") {
    const auto why = [](void (*change)(Config&)) {
        Config config;
        change(config);
        return reason([&] { config.validate(); });
    };
    CHECK(why([](Config&) {}).empty());
    CHECK(has(why([](Config& c) { c.tiers.clear(); }), "frame tiers"));
    CHECK(has(why([](Config& c) { c.tiers = {{4}, {6}}; }), "no multiple"));
    CHECK(has(why([](Config& c) { c.tiers = {{4}, {4}}; }), "no multiple"));
    CHECK(has(why([](Config& c) { c.tiers = {{4, Cell::gru, 6}}; }), "layers"));
    CHECK(has(why([](Config& c) { c.levels = 1; }), "levels"));
    CHECK(has(why([](Config& c) { c.levels = max_levels + 1; }), "levels"));
    CHECK(has(why([](Config& c) { c.sample_rate = NAN; }), "sample_rate"));
    CHECK(has(why([](Config& c) { c.hidden = -1; }), "hidden"));
    CHECK(has(why([](Config& c) { c.age = 2; }), "age"));
    CHECK(has(why([](Config& c) { c.int8_cost = INFINITY; }), "int8_cost"));
    CHECK(has(why([](Config& c) { c.dim = c.embedding = 8192, c.tiers = {{64}, {4096}}; }), "absurdly large"));
}

TEST_CASE("a folder means its highest step, here or in its checkpoints") {
    const test::Folder folder;
    CHECK(has(reason([&] { find_checkpoint(folder / "none"); }), "no such file"));
    CHECK(has(reason([&] { find_checkpoint(folder.path); }), "no checkpoint"));
    fs::create_directories(folder / "checkpoints");
    for (const char* name :
         {"step-90.safetensors", "step-100.safetensors", "step-200.safetensors.part", "step-300.wav"})
        put(folder / "checkpoints" / name, "");
    CHECK(find_checkpoint(folder.path).filename() == "step-100.safetensors");
    put(folder / "other.safetensors", "");
    CHECK(find_checkpoint(folder.path).filename() == "other.safetensors");
    CHECK(find_checkpoint(folder / "checkpoints" / "step-90.safetensors").filename() == "step-90.safetensors");
}

TEST_CASE("int8 plays where it was measured to cost no more than it may, and fp32 everywhere else") {
    Config config;
    CHECK(config.precision() == Precision::fp32);
    config.int8_cost = int8_may_cost;
    CHECK(config.precision() == Precision::int8);
    config.int8_cost = -1;
    CHECK(config.precision() == Precision::int8);
    config.int8_cost = std::nextafter(int8_may_cost, 1);
    CHECK(config.precision() == Precision::fp32);
    CHECK(Config::from_json(config.json()).int8_cost == config.int8_cost);
}
