// Holds every offset, size and shape of a safetensors header to the file's size before anything is allocated for it.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "nodes/files/atomic_file.h"
#include "nodes/files/not_a_file.h"

namespace legume::samplernn {
namespace {

using json = nlohmann::json;

constexpr std::uint64_t header_cap = 16u << 20;  // bytes; a real header has some tens of kilobytes
constexpr std::pair<const char*, Dtype> dtypes[] = {
    {"F32", Dtype::f32}, {"F16", Dtype::f16}, {"I8", Dtype::i8}, {"U16", Dtype::u16}};

[[noreturn]] void fail(const std::string& message) { throw ModelError(message); }

const char* word_of(Dtype dtype) { return dtypes[static_cast<std::size_t>(dtype)].first; }

json parse(const std::string& header) {
    json object = json::parse(header, nullptr, false);
    if (object.is_discarded() || !object.is_object()) fail("its header is no JSON, so it is no safetensors file");
    return object;
}

std::uint64_t whole(const json& value, const std::string& what) {
    if (!value.is_number_unsigned()) fail(what + " is no whole number");
    return value.get<std::uint64_t>();
}

Dtype read_dtype(const json& value, const std::string& what) {
    for (const auto& [word, dtype] : dtypes) {
        if (value == word) return dtype;
    }
    fail(what + " is neither F32 nor F16 nor I8 nor U16");
}

Shape read_shape(const json& value, const std::string& what) {
    if (!value.is_array() || value.size() > 8) fail(what + " has no valid shape");
    Shape shape;
    std::int64_t values = 1;
    for (const auto& dim : value) {
        const auto n = whole(dim, what + "'s shape");
        const bool fits = n <= static_cast<std::uint64_t>(values_cap);
        if (fits) values *= static_cast<std::int64_t>(n);  // at most 2^58
        if (!fits || values > values_cap) fail(what + " is absurdly large");
        shape.push_back(static_cast<std::int64_t>(n));
    }
    return shape;
}

Entry read_entry(const std::string& name, const json& value, std::uint64_t data_size) {
    const std::string what = "tensor \"" + name + "\"";
    if (!value.is_object()) fail(what + " is no JSON object");
    const auto need = [&](const char* key) {
        const auto found = value.find(key);
        if (found == value.end()) fail(what + " lacks \"" + key + "\"");
        return *found;
    };
    Entry entry{name, read_dtype(need("dtype"), what), read_shape(need("shape"), what)};
    const json offsets = need("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2) fail(what + " has no two offsets");
    entry.begin = whole(offsets[0], what + "'s offset");
    entry.end = whole(offsets[1], what + "'s offset");
    if (entry.begin > entry.end || entry.end > data_size) fail(what + " lies outside the file (is it cut short?)");
    const auto size = static_cast<std::uint64_t>(count(entry.shape)) * width(entry.dtype);
    if (entry.end - entry.begin != size) fail(what + "'s offsets do not match its shape");
    for (const auto& [key, ignored] : value.items()) {
        if (key != "dtype" && key != "shape" && key != "data_offsets")
            fail(what + " has an unknown key \"" + key + "\"");
    }
    return entry;
}

}  // namespace

std::size_t width(Dtype dtype) { return dtype == Dtype::f32 ? 4 : dtype == Dtype::i8 ? 1 : 2; }

std::string print(const Shape& dims) {
    std::string text = "[";
    for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + std::to_string(dims[i]);
    return text + "]";
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) fail("it is a folder");
    if (const auto why = not_a_file(file)) fail("it " + *why);
    in_.open(file, std::ios::binary);
    if (!in_) fail(std::string("it cannot be opened: ") + std::strerror(errno));
    in_.seekg(0, std::ios::end);
    const auto end = in_.tellg();
    if (!in_ || end < 0) fail("it cannot be read");
    const auto size = static_cast<std::uint64_t>(end);
    in_.seekg(0);
    unsigned char bytes[8] = {};
    if (size < 8 || !in_.read(reinterpret_cast<char*>(bytes), 8)) fail("it is too short to be a safetensors file");
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
    if (length > header_cap)
        fail("its header claims " + std::to_string(length) + " bytes, so it is no safetensors file");
    if (length > size - 8) fail("it is cut short within its header");
    header_.resize(static_cast<std::size_t>(length));
    if (!in_.read(header_.data(), static_cast<std::streamsize>(length))) fail("it cannot be read");
    data_ = 8 + length;
    data_size_ = size - data_;
}

std::map<std::string, std::string> SafetensorsFile::metadata() const {
    const json object = parse(header_);
    std::map<std::string, std::string> texts;
    const auto found = object.find("__metadata__");
    if (found == object.end() || !found->is_object()) return texts;
    for (const auto& [key, value] : found->items()) {
        if (value.is_string()) texts[key] = value.get<std::string>();
    }
    return texts;
}

std::vector<Entry> SafetensorsFile::entries() const {
    const json object = parse(header_);
    std::vector<Entry> entries;
    for (const auto& [name, value] : object.items()) {
        if (name != "__metadata__") entries.push_back(read_entry(name, value, data_size_));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);  // what is empty before what begins there
    });
    std::uint64_t at = 0;
    for (const auto& entry : entries) {
        if (entry.begin < at) fail("tensor \"" + entry.name + "\" overlaps another");
        if (entry.begin > at) fail("there is a hole before tensor \"" + entry.name + "\"");
        at = entry.end;
    }
    if (at != data_size_) fail("there are " + std::to_string(data_size_ - at) + " bytes too many behind its tensors");
    return entries;
}

Piece SafetensorsFile::read(const Entry& entry) {
    Piece piece{entry.name, entry.dtype, entry.shape,
                std::string(static_cast<std::size_t>(entry.end - entry.begin), 0)};
    in_.seekg(static_cast<std::streamoff>(data_ + entry.begin));
    if (!in_.read(piece.bytes.data(), static_cast<std::streamsize>(piece.bytes.size()))) fail("it is cut short");
    return piece;
}

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                       std::vector<Piece> pieces) {
    std::stable_sort(pieces.begin(), pieces.end(),
                     [](const Piece& a, const Piece& b) { return width(a.dtype) > width(b.dtype); });
    json header;
    header["__metadata__"] = metadata;
    std::size_t at = 0;
    for (const auto& piece : pieces) {
        header[piece.name] = {
            {"dtype", word_of(piece.dtype)}, {"shape", piece.shape}, {"data_offsets", {at, at + piece.bytes.size()}}};
        at += piece.bytes.size();
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');  // safetensors aligns its data
    std::string bytes;
    bytes.reserve(8 + text.size() + at);
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
    bytes += text;
    for (const auto& piece : pieces) bytes += piece.bytes;
    if (const auto error = write_atomically(file, bytes)) fail("it cannot be written: " + error.message());
}

}  // namespace legume::samplernn
