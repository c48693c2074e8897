// Tensors to bytes and back, byte by byte, so that no machine's own order matters.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/stored.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "graph/base/math.h"
#include "nodes/samplernn/checkpoint/half.h"

namespace legume::samplernn {
namespace {

constexpr std::size_t block_size = block_rows * block_cols;

[[noreturn]] void fail(const std::string& message) { throw ModelError(message); }

using Parts = std::map<std::string, Entry>;  // of one tensor, by what stands behind its name; "" is NAME itself

// The tensor's name and what stands behind it.
std::pair<std::string, std::string> split(const std::string& name) {
    for (const std::string suffix : {".q", ".scale", ".blocks", ".index"}) {
        if (name.ends_with(suffix)) return {name.substr(0, name.size() - suffix.size()), suffix};
    }
    return {name, ""};
}

void expect(const Entry& entry, std::initializer_list<Dtype> dtypes, const char* words, const Shape& shape) {
    const std::string what = "tensor \"" + entry.name + "\"";
    if (std::find(dtypes.begin(), dtypes.end(), entry.dtype) == dtypes.end()) fail(what + " is " + words);
    if (entry.shape != shape) fail(what + " has shape " + print(entry.shape) + "; its config asks for " + print(shape));
}

void expect_blocks(const std::string& name, const Shape& shape, const Entry& blocks, bool prunable) {
    if (!prunable) fail("tensor \"" + blocks.name + "\" cannot be: \"" + name + "\" is no matrix that may be pruned");
    const auto n = blocks.shape.empty() ? 0 : blocks.shape[0];
    expect(blocks, {Dtype::f32, Dtype::f16, Dtype::i8}, "neither F32 nor F16 nor I8", {n, block_rows, block_cols});
    if (const auto room = count(shape) / static_cast<std::int64_t>(block_size); n > room) {
        fail("tensor \"" + blocks.name + "\" has " + std::to_string(n) + " blocks; \"" + name + "\" has room for " +
             std::to_string(room));
    }
}

std::vector<Entry> validate(const std::string& name, const Shape& shape, const Parts& parts, bool prunable) {
    std::vector<Entry> form;
    for (const char* suffix : {"", ".q", ".blocks"}) {
        if (const auto part = parts.find(suffix); part != parts.end()) form.push_back(part->second);
    }
    if (form.empty()) fail("tensor \"" + name + "\" is missing");
    if (form.size() > 1)
        fail("tensor \"" + name + "\" is there twice, as \"" + form[0].name + "\" and \"" + form[1].name + "\"");
    const Entry values = form[0];
    const bool blocks = values.name.ends_with(".blocks"), whole = values.name.ends_with(".q");
    if (blocks) {
        expect_blocks(name, shape, values, prunable);
    } else if (whole) {
        expect(values, {Dtype::i8}, "not I8", shape);
    } else {
        expect(values, {Dtype::f32, Dtype::f16}, "neither F32 nor F16", shape);
    }
    const auto companion = [&](const char* suffix, bool wanted, Dtype dtype, const char* words, const Shape& dims) {
        const auto part = parts.find(suffix);
        if (wanted && part == parts.end())
            fail("tensor \"" + name + suffix + "\" is missing beside \"" + values.name + "\"");
        if (!wanted && part != parts.end())
            fail("tensor \"" + name + suffix + "\" does not belong beside \"" + values.name + "\"");
        if (!wanted) return;
        expect(part->second, {dtype}, words, dims);
        form.push_back(part->second);
    };
    companion(".scale", whole || (blocks && values.dtype == Dtype::i8), Dtype::f32, "not F32", {shape[0]});
    companion(".index", blocks, Dtype::u16, "not U16", {values.shape[0], 2});
    return form;
}

std::uint32_t bits_at(const Piece& piece, std::size_t i) {
    std::uint32_t bits = 0;
    const std::size_t bytes = width(piece.dtype);
    for (std::size_t k = 0; k < bytes; ++k)
        bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(piece.bytes[i * bytes + k])) << (8 * k);
    return bits;
}

void put(std::uint32_t bits, Dtype dtype, std::string& into) {
    for (std::size_t k = 0; k < width(dtype); ++k) into += static_cast<char>(bits >> (8 * k) & 0xff);
}

float finite(float value, const std::string& name) {
    if (!std::isfinite(value)) fail("tensor \"" + name + "\" holds a value that is no finite number");
    return value;
}

std::vector<float> numbers(const Piece& piece) {
    std::vector<float> values(piece.bytes.size() / width(piece.dtype));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto bits = bits_at(piece, i);
        if (piece.dtype == Dtype::i8) {
            if (bits == 0x80) fail("tensor \"" + piece.name + "\" holds -128; -127 is the least");
            values[i] = static_cast<float>(static_cast<std::int8_t>(bits));
        } else {
            values[i] =
                piece.dtype == Dtype::f16 ? from_half(static_cast<std::uint16_t>(bits)) : std::bit_cast<float>(bits);
            finite(values[i], piece.name);
        }
    }
    return values;
}

const Piece* find(const std::vector<Piece>& pieces, const std::string& name) {
    const auto it = std::find_if(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.name == name; });
    return it == pieces.end() ? nullptr : &*it;
}

// Where the blocks lie: the first value of each in a matrix of `cols` columns.
std::vector<std::size_t> places(const Piece& index, std::size_t rows, std::size_t cols) {
    std::vector<std::size_t> first(index.bytes.size() / 4);
    std::uint64_t least = 0;  // what the next panel and group, as one number, must reach
    for (std::size_t b = 0; b < first.size(); ++b) {
        const auto panel = bits_at(index, 2 * b), group = bits_at(index, 2 * b + 1);
        const std::string what = "tensor \"" + index.name + "\": block " + std::to_string(b);
        if (panel >= rows / block_rows || group >= cols / block_cols) {
            fail(what + " is out of range, at panel " + std::to_string(panel) + ", group " + std::to_string(group) +
                 "; there are " + std::to_string(rows / block_rows) + " and " + std::to_string(cols / block_cols));
        }
        const std::uint64_t place = panel << 16 | group;
        if (place < least) fail(what + " does not come after the one before it");
        least = place + 1;
        first[b] = panel * block_rows * cols + group * block_cols;
    }
    return first;
}

// The step of which 127 make the row's largest value.
float scale_of(const float* row, std::size_t n) {
    double most = 0;
    for (std::size_t i = 0; i < n; ++i) most = std::max(most, std::abs(static_cast<double>(row[i])));
    return static_cast<float>(most / 127);
}

std::uint32_t code(float value, Dtype dtype, float scale, const std::string& name) {
    bool fits = std::isfinite(value);
    std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if (dtype == Dtype::f16) {
        bits = to_half(value);
        fits = (bits & 0x7c00u) != 0x7c00u;
    } else if (dtype == Dtype::i8 && fits) {  // a scale too small for a float is 0, and so is the row
        const double steps = scale > 0 ? math::round_even(static_cast<double>(value) / scale) : 0;
        bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(std::clamp(steps, -127.0, 127.0))) & 0xffu;
        fits = std::isfinite(scale * 127);
    }
    if (!fits) fail("tensor \"" + name + "\" holds a value that is not finite or too large to store");
    return bits;
}

bool is_zero(std::uint32_t bits, Dtype dtype) {  // of either sign
    return (dtype == Dtype::i8 ? bits : dtype == Dtype::f16 ? bits & 0x7fffu : bits & 0x7fffffffu) == 0;
}

}  // namespace

std::map<std::string, std::vector<Entry>> forms_of(const Config& config, const std::vector<Entry>& entries) {
    const auto shapes = expected_shapes(config);
    const auto prunable = prunable_tensors(config);
    std::map<std::string, Parts> parts;
    for (const auto& entry : entries) {
        const auto [name, suffix] = split(entry.name);
        if (!shapes.count(name)) fail("tensor \"" + entry.name + "\" is unknown to its config");
        parts[name][suffix] = entry;
    }
    std::map<std::string, std::vector<Entry>> forms;
    for (const auto& [name, shape] : shapes) forms[name] = validate(name, shape, parts[name], prunable.count(name) > 0);
    return forms;
}

Tensor decode(const std::string& name, const Shape& shape, const std::vector<Piece>& pieces) {
    const auto rows = static_cast<std::size_t>(shape[0]), cols = static_cast<std::size_t>(count(shape)) / rows;
    std::vector<float> values = numbers(pieces[0]), scale(rows, 1.0f);
    if (const Piece* piece = find(pieces, name + ".scale")) {
        scale = numbers(*piece);
        for (const float s : scale)
            if (s < 0) fail("tensor \"" + piece->name + "\" holds a scale below 0");
    }
    const Piece* index = find(pieces, name + ".index");
    if (!index) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = finite(values[i] * scale[i / cols], name);
        return {shape, std::move(values)};
    }
    Tensor tensor{shape, std::vector<float>(rows * cols), true};
    const auto first = places(*index, rows, cols);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t lane = i % block_size / block_cols, at = first[i / block_size] + lane * cols;
        tensor.values[at + i % block_cols] = finite(values[i] * scale[at / cols], name);
    }
    return tensor;
}

std::vector<Piece> encode(const std::string& name, const Tensor& tensor, Storage storage) {
    const auto rows = static_cast<std::size_t>(tensor.shape[0]), cols = tensor.values.size() / rows;
    const bool whole = storage == Storage::int8 && tensor.shape.size() > 1;
    const Dtype dtype = whole ? Dtype::i8 : storage == Storage::f16 ? Dtype::f16 : Dtype::f32;
    std::vector<std::uint32_t> codes(tensor.values.size());
    Piece scales{name + ".scale", Dtype::f32, {tensor.shape[0]}, ""};
    for (std::size_t r = 0; r < rows; ++r) {
        const float scale = whole ? scale_of(&tensor.values[r * cols], cols) : 1;
        for (std::size_t i = r * cols; i < (r + 1) * cols; ++i) codes[i] = code(tensor.values[i], dtype, scale, name);
        put(std::bit_cast<std::uint32_t>(scale), Dtype::f32, scales.bytes);
    }

    Piece values{whole ? name + ".q" : name, dtype, tensor.shape, ""};
    Piece index{name + ".index", Dtype::u16, {0, 2}, ""};
    if (!tensor.pruned) {
        for (const auto bits : codes) put(bits, dtype, values.bytes);
    } else {
        std::int64_t stored = 0;
        for (std::size_t block = 0; block < codes.size() / block_size; ++block) {
            const std::size_t groups = cols / block_cols, panel = block / groups, group = block % groups;
            std::array<std::uint32_t, block_size> picked;
            for (std::size_t i = 0; i < block_size; ++i)
                picked[i] = codes[(panel * block_rows + i / block_cols) * cols + group * block_cols + i % block_cols];
            if (std::all_of(picked.begin(), picked.end(), [&](auto bits) { return is_zero(bits, dtype); })) continue;
            for (const auto bits : picked) put(bits, dtype, values.bytes);
            put(static_cast<std::uint32_t>(panel), Dtype::u16, index.bytes);
            put(static_cast<std::uint32_t>(group), Dtype::u16, index.bytes);
            ++stored;
        }
        values.name = name + ".blocks";
        values.shape = {stored, block_rows, block_cols};
        index.shape = {stored, 2};
    }
    std::vector<Piece> pieces{std::move(values)};
    if (whole) pieces.push_back(std::move(scales));
    if (tensor.pruned) pieces.push_back(std::move(index));
    return pieces;
}

}  // namespace legume::samplernn
