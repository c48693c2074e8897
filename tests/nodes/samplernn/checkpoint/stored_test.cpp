// Writes networks as whole numbers and as blocks, reads them back, and then breaks every part of what was written.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/stored.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "nodes/samplernn/checkpoint/prune.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

Config blocky() {
    Config config;
    config.tiers = {{2}, {4, Cell::lstm, 2}};
    config.dim = 16;
    config.embedding = 4;
    config.levels = 32;
    return config;
}
Checkpoint pruned() { return prune(network_of(blocky()), 0.5); }

const std::string out = "sample.out.weight";  // [32, 16]: 2 panels, 4 groups

// A checkpoint's file in its parts.
struct Parts {
    explicit Parts(const Checkpoint& checkpoint, Storage storage) {
        write_checkpoint(folder / "whole", checkpoint, storage);
        SafetensorsFile file(folder / "whole");
        metadata = file.metadata();
        for (const auto& entry : file.entries()) pieces.push_back(file.read(entry));
    }
    Piece& at(const std::string& name) {
        const auto it = std::find_if(pieces.begin(), pieces.end(), [&](const auto& p) { return p.name == name; });
        REQUIRE(it != pieces.end());
        return *it;
    }
    void erase(const std::string& name) { pieces.erase(pieces.begin() + (&at(name) - pieces.data())); }
    // Why the file of these parts is refused; with its header alone, too, when that tells.
    std::string why(bool header) const {
        write_safetensors(folder / "broken", metadata, pieces);
        const auto text = reason([&] { read_checkpoint(folder / "broken"); });
        CHECK(reason([&] { read_config(folder / "broken"); }) == (header ? text : ""));
        return text;
    }
    test::Folder folder;
    std::map<std::string, std::string> metadata;
    std::vector<Piece> pieces;
};
// The same, after one change.
std::string refused(const Checkpoint& checkpoint, Storage storage, bool header,
                    const std::function<void(Parts&)>& change) {
    Parts parts(checkpoint, storage);
    REQUIRE(parts.why(true).empty());
    change(parts);
    return parts.why(header);
}

void set_float(Piece& piece, std::size_t i, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (std::size_t k = 0; k < 4; ++k) piece.bytes[4 * i + k] = static_cast<char>(bits >> (8 * k) & 0xff);
}
void set_place(Piece& index, std::size_t block, int panel, int group) {
    const int pair[] = {panel, group};
    for (std::size_t k = 0; k < 4; ++k)
        index.bytes[4 * block + k] = static_cast<char>(pair[k / 2] >> (8 * (k % 2)) & 0xff);
}

Checkpoint written_and_read(const Checkpoint& checkpoint, Storage storage) {
    const test::Folder folder;
    write_checkpoint(folder / "a", checkpoint, storage);
    return read_checkpoint(folder / "a");
}

void check_equal(const Tensors& a, const Tensors& b) {
    REQUIRE(a.size() == b.size());
    for (const auto& item : a) {
        const auto& name = item.first;  // clang 14 captures no structured binding
        const auto& tensor = item.second;
        CAPTURE(name);
        CHECK(b.at(name).shape == tensor.shape);
        CHECK(b.at(name).pruned == tensor.pruned);
        CHECK(b.at(name).values == tensor.values);
    }
}

}  // namespace

TEST_CASE("a network in int8 comes back within half a step of each row, and its vectors to the bit") {
    const auto checkpoint = network_of(blocky());
    const auto read = written_and_read(checkpoint, Storage::int8);
    for (const auto& item : checkpoint.tensors) {
        const auto& name = item.first;  // clang 14 captures no structured binding
        const auto& tensor = item.second;
        CAPTURE(name);
        const auto& values = read.tensors.at(name).values;
        CHECK(!read.tensors.at(name).pruned);
        REQUIRE(values.size() == tensor.values.size());
        if (tensor.shape.size() == 1) {
            CHECK(values == tensor.values);
            continue;
        }
        const auto cols = values.size() / static_cast<std::size_t>(tensor.shape[0]);
        for (std::size_t r = 0; r < values.size(); r += cols) {
            float most = 0, worst = 0;
            for (std::size_t i = r; i < r + cols; ++i) {
                most = std::max(most, std::abs(tensor.values[i]));
                worst = std::max(worst, std::abs(tensor.values[i] - values[i]));
            }
            CHECK(worst <= most / 254 * 1.0001f);
        }
    }
}

TEST_CASE("whole numbers are the nearest ones, ties to even, and rows of any size survive") {
    auto checkpoint = network_of(blocky());
    auto& values = checkpoint.tensors.at(out).values;
    std::fill(values.begin(), values.end(), 0.0f);
    const auto row = [&](std::size_t r, std::initializer_list<float> numbers) {
        std::copy(numbers.begin(), numbers.end(), values.begin() + static_cast<std::ptrdiff_t>(16 * r));
    };
    constexpr float most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
    row(0, {127, 0.5f, 1.5f, -2.5f, -0.5001f});
    row(2, {-most / 2, most / 2});
    row(3, {least, -least});
    row(4, {200 * least, -100 * least});
    const auto read = written_and_read(checkpoint, Storage::int8).tensors.at(out).values;
    const auto at = [&](std::size_t r) { return std::vector<float>(&read[16 * r], &read[16 * r] + 5); };
    CHECK(at(0) == std::vector<float>{127, 0, 2, -2, -1});
    CHECK(at(1) == std::vector<float>{0, 0, 0, 0, 0});
    CHECK(at(2)[0] == -at(2)[1]);
    CHECK(at(2)[1] == doctest::Approx(most / 2));
    CHECK(at(3) == std::vector<float>{0, 0, 0, 0, 0});
    CHECK(at(4) == std::vector<float>{200 * least, -100 * least, 0, 0, 0});
}

TEST_CASE("a pruned network comes back pruned, and its zero blocks take no room") {
    const auto checkpoint = pruned();
    for (const auto storage : {Storage::f32, Storage::f16, Storage::int8}) {
        Parts parts(checkpoint, storage);
        CHECK(parts.at(out + ".blocks").shape == Shape{4, 16, 4});
        CHECK(parts.at(out + ".index").shape == Shape{4, 2});
        CHECK(parts.at(out + ".blocks").bytes.size() == 4 * 64 * width(parts.at(out + ".blocks").dtype));
        const auto read = written_and_read(checkpoint, storage);
        for (const auto& item : checkpoint.tensors) {
            const auto& name = item.first;  // clang 14 captures no structured binding
            const auto& tensor = item.second;
            CAPTURE(name);
            CHECK(read.tensors.at(name).pruned == tensor.pruned);
            if (tensor.pruned) CHECK(count_blocks(read.tensors.at(name)).zero == count_blocks(tensor).zero);
        }
        if (storage == Storage::f32) check_equal(checkpoint.tensors, read.tensors);
        // Blocks change where values lie in the file and nothing else.
        auto dense = checkpoint;
        for (auto& [name, tensor] : dense.tensors) tensor.pruned = false;
        const auto plain = written_and_read(dense, storage);
        for (const auto& [name, tensor] : plain.tensors) CHECK(read.tensors.at(name).values == tensor.values);
    }
}

TEST_CASE("a matrix of zeros is stored as no block at all") {
    auto checkpoint = pruned();
    auto& tensor = checkpoint.tensors.at(out);
    std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
    tensor.values[3] = -0.0f;
    for (const auto storage : {Storage::f32, Storage::f16, Storage::int8}) {
        Parts parts(checkpoint, storage);
        CHECK(parts.at(out + ".blocks").shape == Shape{0, 16, 4});
        const auto read = written_and_read(checkpoint, storage).tensors.at(out);
        CHECK(read.pruned);
        CHECK(read.values == std::vector<float>(32 * 16));
    }
}

TEST_CASE("the same network is the same bytes in every form, and again when it was read") {
    const test::Folder folder;
    for (const auto& checkpoint : {network_of(blocky()), pruned()}) {
        for (const auto storage : {Storage::f32, Storage::f16, Storage::int8}) {
            write_checkpoint(folder / "a", checkpoint, storage);
            write_checkpoint(folder / "b", checkpoint, storage);
            CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
            if (storage == Storage::int8) continue;  // a scale made anew may differ in its last bit
            write_checkpoint(folder / "b", read_checkpoint(folder / "a"), storage);
            CHECK(bytes_of(folder / "a") == bytes_of(folder / "b"));
        }
    }
}

TEST_CASE("a network as stored is what its file gives back") {
    for (const auto& checkpoint : {network_of(blocky()), pruned()}) {
        for (const auto storage : {Storage::f32, Storage::f16, Storage::int8})
            check_equal(as_stored(checkpoint, storage).tensors, written_and_read(checkpoint, storage).tensors);
    }
}

TEST_CASE("the pods network is written again as its own bytes") {
    const test::Folder folder;
    const auto file = find_checkpoint(legume::test::source_folder() / "assets" / "models" / "pods");
    write_checkpoint(folder / "a", read_checkpoint(file), Storage::f16);
    CHECK((bytes_of(folder / "a") == bytes_of(file)));
}

TEST_CASE("a tensor in two forms, or in half of one, is refused") {
    const auto why = [](const Checkpoint& checkpoint, Storage storage, const std::function<void(Parts&)>& change) {
        return refused(checkpoint, storage, true, change);
    };
    const auto dense = network_of(blocky());
    CHECK(has(why(dense, Storage::int8,
                  [](Parts& p) {
                      p.pieces.push_back({out, Dtype::f32, {32, 16}, std::string(2048, 0)});
                  }),
              "\"sample.out.weight\" is there twice, as \"sample.out.weight\" and \"sample.out.weight.q\""));
    CHECK(has(why(pruned(), Storage::int8,
                  [](Parts& p) {
                      p.pieces.push_back({out + ".q", Dtype::i8, {32, 16}, std::string(512, 0)});
                  }),
              "is there twice, as \"sample.out.weight.q\" and \"sample.out.weight.blocks\""));
    CHECK(has(why(dense, Storage::int8, [](Parts& p) { p.erase(out + ".q"); }), "\"sample.out.weight\" is missing"));
    CHECK(has(why(dense, Storage::int8, [](Parts& p) { p.erase(out + ".scale"); }),
              "\"sample.out.weight.scale\" is missing beside \"sample.out.weight.q\""));
    CHECK(has(why(pruned(), Storage::int8, [](Parts& p) { p.erase(out + ".scale"); }),
              "\"sample.out.weight.scale\" is missing beside \"sample.out.weight.blocks\""));
    CHECK(has(why(pruned(), Storage::f16, [](Parts& p) { p.erase(out + ".index"); }),
              "\"sample.out.weight.index\" is missing beside \"sample.out.weight.blocks\""));
    CHECK(has(why(pruned(), Storage::f16, [](Parts& p) { p.erase(out + ".blocks"); }),
              "\"sample.out.weight\" is missing"));
    CHECK(has(why(pruned(), Storage::f16,
                  [](Parts& p) {
                      p.pieces.push_back({out + ".scale", Dtype::f32, {32}, std::string(128, 0)});
                  }),
              "\"sample.out.weight.scale\" does not belong beside \"sample.out.weight.blocks\""));
    CHECK(has(why(dense, Storage::f32,
                  [](Parts& p) {
                      p.pieces.push_back({out + ".index", Dtype::u16, {0, 2}, ""});
                  }),
              "\"sample.out.weight.index\" does not belong beside \"sample.out.weight\""));
    CHECK(has(why(dense, Storage::f32,
                  [](Parts& p) {
                      p.pieces.push_back({"sample.up.q", Dtype::i8, {1}, "x"});
                  }),
              "\"sample.up.q\" is unknown to its config"));
}

TEST_CASE("forms of another shape or dtype are refused by their headers") {
    const auto change = [](const std::string& name, Dtype dtype, const Shape& shape) {
        return [=](Parts& p) {
            Piece& piece = p.at(name);
            piece = {name, dtype, shape, std::string(static_cast<std::size_t>(count(shape)) * width(dtype), 0)};
        };
    };
    const auto dense = network_of(blocky());
    const auto why = [&](const Checkpoint& checkpoint, const std::string& name, Dtype dtype, const Shape& shape) {
        return refused(checkpoint, Storage::int8, true, change(name, dtype, shape));
    };
    CHECK(has(why(dense, out + ".q", Dtype::f32, {32, 16}), "is not I8"));
    CHECK(has(why(dense, out + ".q", Dtype::i8, {16, 32}), "its config asks for [32, 16]"));
    CHECK(has(why(dense, out + ".scale", Dtype::f16, {32}), "is not F32"));
    CHECK(has(why(dense, out + ".scale", Dtype::f32, {16}), "its config asks for [32]"));
    CHECK(has(why(dense, "sample.out.bias", Dtype::i8, {32}), "neither F32 nor F16"));
    CHECK(has(why(pruned(), out + ".blocks", Dtype::u16, {4, 16, 4}), "neither F32 nor F16 nor I8"));
    CHECK(has(why(pruned(), out + ".blocks", Dtype::i8, {4, 4, 16}), "its config asks for [4, 16, 4]"));
    CHECK(has(why(pruned(), out + ".blocks", Dtype::i8, {256}), "its config asks for [256, 16, 4]"));
    CHECK(has(why(pruned(), out + ".blocks", Dtype::i8, {}), "its config asks for [0, 16, 4]"));
    CHECK(has(why(pruned(), out + ".blocks", Dtype::i8, {9, 16, 4}),
              "has 9 blocks; \"sample.out.weight\" has room for 8"));
    CHECK(has(why(pruned(), out + ".index", Dtype::i8, {4, 2}), "is not U16"));
    CHECK(has(why(pruned(), out + ".index", Dtype::u16, {5, 2}), "its config asks for [4, 2]"));
    CHECK(has(refused(dense, Storage::f32, true,
                      [&](Parts& p) {
                          change("sample.embedding", Dtype::f32, {0, 16, 4})(p);
                          p.at("sample.embedding").name = "sample.embedding.blocks";
                      }),
              "\"sample.embedding\" is no matrix that may be pruned"));
}

TEST_CASE("blocks that are out of range or not in order are refused") {
    const auto why = [](std::size_t block, int panel, int group) {
        return refused(pruned(), Storage::f16, false, [&](Parts& p) {
            Piece& index = p.at(out + ".index");
            for (int b = 0; b < 4; ++b) set_place(index, static_cast<std::size_t>(b), b / 4, b % 4);
            set_place(index, block, panel, group);
        });
    };
    CHECK(why(3, 1, 3).empty());
    CHECK(has(why(3, 2, 0), "block 3 is out of range, at panel 2, group 0; there are 2 and 4"));
    CHECK(has(why(0, 0, 4), "block 0 is out of range"));
    CHECK(has(why(0, 65'535, 65'535), "block 0 is out of range"));
    CHECK(has(why(1, 0, 0), "block 1 does not come after"));  // twice the same
    CHECK(has(why(2, 1, 0), "block 3 does not come after"));
    CHECK(has(why(0, 1, 3), "block 1 does not come after"));
}

TEST_CASE("scales and blocks that are no valid numbers are refused") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const auto with_scale = [](float scale) {
        return refused(network_of(blocky()), Storage::int8, false,
                       [&](Parts& p) { set_float(p.at(out + ".scale"), 7, scale); });
    };
    CHECK(with_scale(0).empty());
    CHECK(has(with_scale(nan), "no finite number"));
    CHECK(has(with_scale(inf), "no finite number"));
    CHECK(has(with_scale(-1), "scale below 0"));
    CHECK(has(with_scale(std::numeric_limits<float>::max()), "no finite number"));  // times 127
    for (const float value : {nan, inf})
        CHECK(
            has(refused(pruned(), Storage::f32, false, [&](Parts& p) { set_float(p.at(out + ".blocks"), 70, value); }),
                "\"sample.out.weight.blocks\" holds a value that is no finite number"));
    CHECK(has(refused(pruned(), Storage::int8, false, [&](Parts& p) { set_float(p.at(out + ".scale"), 0, nan); }),
              "no finite number"));
    for (const auto& checkpoint : {network_of(blocky()), pruned()})
        CHECK(has(refused(checkpoint, Storage::int8, false,
                          [&](Parts& p) {
                              const bool blocks = checkpoint.tensors.at(out).pruned;
                              p.at(out + (blocks ? ".blocks" : ".q")).bytes[5] = '\x80';
                          }),
                  "holds -128"));
}

TEST_CASE("what would not come back is not written: blocks of other matrices, and values beyond all floats") {
    const test::Folder folder;
    for (const char* name : {"sample.embedding", "sample.out.bias", "tier.0.input.weight"}) {
        auto checkpoint = network_of(blocky());
        checkpoint.tensors.at(name).pruned = true;
        CHECK(has(reason([&] { write_checkpoint(folder / "x", checkpoint, Storage::f32); }),
                  "no matrix that may be pruned"));
        CHECK(has(reason([&] { as_stored(checkpoint, Storage::f32); }), "no matrix that may be pruned"));
    }
    auto checkpoint = network_of(blocky());
    for (const float value : {NAN, INFINITY, std::numeric_limits<float>::max()}) {  // the last is rounded up
        checkpoint.tensors.at(out).values[3] = value;
        CHECK(
            has(reason([&] { write_checkpoint(folder / "x", checkpoint, Storage::int8); }), "not finite or too large"));
    }
    CHECK(!fs::exists(folder / "x"));
}

TEST_CASE("a pruned or int8 checkpoint cut short anywhere is refused") {
    const test::Folder folder;
    write_checkpoint(folder / "a", pruned(), Storage::int8);
    const std::string whole = bytes_of(folder / "a");
    for (std::size_t n = 0; n<whole.size(); n += n + 64> whole.size() ? 1 : 61) {
        put(folder / "cut", whole.substr(0, n));
        CHECK(!reason([&] { read_checkpoint(folder / "cut"); }).empty());
        CHECK(!reason([&] { read_config(folder / "cut"); }).empty());
    }
}

TEST_CASE("a pruned or int8 checkpoint with any byte changed is read or refused, and never more than that") {
    const test::Folder folder;
    write_checkpoint(folder / "a", pruned(), Storage::int8);
    const std::string whole = bytes_of(folder / "a");
    int refusals = 0;
    for (std::size_t n = 8; n < whole.size(); n += 11) {
        std::string broken = whole;
        broken[n] = static_cast<char>(broken[n] ^ (1 << (n % 8)));
        put(folder / "b", broken);
        refusals += !reason([&] { read_checkpoint(folder / "b"); }).empty();
    }
    CHECK(refusals > 0);
}
