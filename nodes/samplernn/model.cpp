// Reads and writes checkpoints as safetensors; trusts nothing that a file says before it has been held to its size.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "nodes/samplernn/half.h"

namespace legume::samplernn {
namespace {

using json = nlohmann::json;

constexpr std::uint64_t header_cap = 16u << 20;             // bytes; a real header has some tens of kilobytes
constexpr std::int64_t values_cap = std::int64_t{1} << 29;  // of all tensors, or of the engine's tables

[[noreturn]] void fail(const std::string& message) { throw ModelError(message); }

// ---------------------------------------------------------------- config

template <class E>
struct Word {
    const char* word;
    E value;
};
constexpr Word<Cell> cells[] = {{"gru", Cell::gru}, {"lstm", Cell::lstm}};
constexpr Word<Quantiser> quantisers[] = {{"mu_law", Quantiser::mu_law}, {"linear", Quantiser::linear}};
constexpr Word<FrameScale> frame_scales[] = {{"theano", FrameScale::theano}, {"unisound", FrameScale::unisound}};

template <class E, std::size_t n>
const char* word_of(const Word<E> (&words)[n], E value) {
    for (const auto& w : words) {
        if (w.value == value) return w.word;
    }
    return "";
}

// Takes keys out of a JSON object; whatever is left in the end is unknown.
class Keys {
  public:
    Keys(const json& object, std::string what) : object_(object), what_(std::move(what)) {
        if (!object.is_object()) fail(what_ + " is no JSON object");
    }
    const json* find(const char* key) {
        known_.insert(key);
        const auto it = object_.find(key);
        return it == object_.end() || it->is_null() ? nullptr : &*it;
    }
    const json& need(const char* key) {
        const json* value = find(key);
        if (!value) fail(what_ + " lacks \"" + key + "\"");
        return *value;
    }
    void integer(const char* key, int& into, bool required = true) {
        std::int64_t wide = into;
        integer(key, wide, required);
        if (wide < INT32_MIN || wide > INT32_MAX) fail(what_ + ": \"" + key + "\" is absurdly large");
        into = static_cast<int>(wide);
    }
    void integer(const char* key, std::int64_t& into, bool required = true) {
        const json* value = required ? &need(key) : find(key);
        if (!value) return;
        if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
            fail(what_ + ": \"" + key + "\" is no whole number");
        }
        into = value->get<std::int64_t>();
    }
    void number(const char* key, double& into, bool required = true) {
        const json* value = required ? &need(key) : find(key);
        if (!value) return;
        if (!value->is_number()) fail(what_ + ": \"" + key + "\" is no number");
        into = value->get<double>();
    }
    void flag(const char* key, bool& into) {
        const json& value = need(key);
        if (!value.is_boolean()) fail(what_ + ": \"" + key + "\" is neither true nor false");
        into = value.get<bool>();
    }
    void text(const char* key, std::string& into) {
        const json* value = find(key);
        if (!value) return;
        if (!value->is_string()) fail(what_ + ": \"" + key + "\" is no text");
        into = value->get<std::string>();
    }
    template <class E, std::size_t n>
    void word(const char* key, const Word<E> (&words)[n], E& into) {
        const json& value = need(key);
        std::string list;
        for (const auto& w : words) {
            if (value.is_string() && value.get<std::string>() == w.word) {
                into = w.value;
                return;
            }
            list += std::string(list.empty() ? "" : " or ") + w.word;
        }
        fail(what_ + ": \"" + key + "\" must be " + list);
    }
    void done() const {
        for (const auto& [key, value] : object_.items()) {
            if (!known_.count(key)) fail(what_ + " has an unknown key \"" + key + "\"");
        }
    }

  private:
    const json& object_;
    std::string what_;
    std::set<std::string> known_;
};

void between(const char* what, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) return;
    fail(std::string(what) + " is " + std::to_string(value) + "; it must be " + std::to_string(low) + " to " +
         std::to_string(high));
}

std::int64_t count(const std::vector<std::int64_t>& shape) {  // of validated, bounded dims
    std::int64_t n = 1;
    for (const auto d : shape) n *= d;
    return n;
}

std::string print(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

// ---------------------------------------------------------------- safetensors

struct Entry {
    std::string name;
    bool half = false;
    std::uint64_t begin = 0, end = 0;  // in the data behind the header
};
struct Header {
    Config config;
    std::vector<Entry> entries;  // in the order of the data
    std::uint64_t data = 0;      // where it begins in the file
};

std::uint64_t whole(const json& value, const std::string& what) {
    if (!value.is_number_unsigned()) fail(what + " is no whole number");
    return value.get<std::uint64_t>();
}

Entry read_entry(const std::string& name, const json& value, const std::vector<std::int64_t>& shape,
                 std::uint64_t data_size) {
    const std::string what = "tensor \"" + name + "\"";
    Keys keys(value, what);
    Entry entry{name};
    const json& dtype = keys.need("dtype");
    if (dtype != "F32" && dtype != "F16") fail(what + " is neither F32 nor F16");
    entry.half = dtype == "F16";
    const json& dims = keys.need("shape");
    std::vector<std::int64_t> found;
    if (!dims.is_array() || dims.size() > 8) fail(what + " has no sound shape");
    for (const auto& d : dims) {
        const auto n = whole(d, what + "'s shape");
        if (n > static_cast<std::uint64_t>(values_cap)) fail(what + " is absurdly large");
        found.push_back(static_cast<std::int64_t>(n));
    }
    if (found != shape) fail(what + " has shape " + print(found) + "; its config asks for " + print(shape));
    const json& offsets = keys.need("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2) fail(what + " has no two offsets");
    entry.begin = whole(offsets[0], what + "'s offset");
    entry.end = whole(offsets[1], what + "'s offset");
    if (entry.begin > entry.end || entry.end > data_size) fail(what + " lies outside the file (is it cut short?)");
    const auto size = static_cast<std::uint64_t>(count(shape)) * (entry.half ? 2 : 4);
    if (entry.end - entry.begin != size) fail(what + "'s offsets do not match its shape");
    keys.done();
    return entry;
}

Header parse_header(const std::string& text, std::uint64_t data_size) {
    const json object = json::parse(text, nullptr, false);
    if (object.is_discarded() || !object.is_object()) fail("its header is no JSON, so it is no safetensors file");
    const auto meta = object.find("__metadata__");
    if (meta == object.end() || !meta->is_object())
        fail("it carries no legume.config; legume plays its own checkpoints");
    const auto format = meta->find("legume.format"), config = meta->find("legume.config");
    if (format == meta->end() || config == meta->end() || !config->is_string()) {
        fail("it carries no legume.config; legume plays its own checkpoints");
    }
    if (*format != "1") fail("its legume.format is not 1; a newer legume may read it");
    Header header;
    header.config = Config::from_json(config->get<std::string>());

    const auto shapes = expected_shapes(header.config);
    for (const auto& [name, value] : object.items()) {
        if (name == "__metadata__") continue;
        const auto shape = shapes.find(name);
        if (shape == shapes.end()) fail("tensor \"" + name + "\" is unknown to its config");
        header.entries.push_back(read_entry(name, value, shape->second, data_size));
    }
    for (const auto& [name, shape] : shapes) {
        if (!object.contains(name)) fail("tensor \"" + name + "\" is missing");
    }
    std::sort(header.entries.begin(), header.entries.end(),
              [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    std::uint64_t at = 0;  // no tensor is empty, so that equal begins overlap
    for (const auto& entry : header.entries) {
        if (entry.begin < at) fail("tensor \"" + entry.name + "\" overlaps another");
        if (entry.begin > at) fail("there is a hole before tensor \"" + entry.name + "\"");
        at = entry.end;
    }
    if (at != data_size) fail("there are " + std::to_string(data_size - at) + " bytes too many behind its tensors");
    return header;
}

Header read_header(std::ifstream& in, const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) fail("it is a folder");
    in.open(file, std::ios::binary);
    if (!in) fail(std::string("it cannot be opened: ") + std::strerror(errno));
    in.seekg(0, std::ios::end);
    const auto end = in.tellg();
    if (!in || end < 0) fail("it cannot be read");
    const auto size = static_cast<std::uint64_t>(end);
    in.seekg(0);
    unsigned char bytes[8] = {};
    if (size < 8 || !in.read(reinterpret_cast<char*>(bytes), 8)) fail("it is too short to be a safetensors file");
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
    if (length > header_cap)
        fail("its header claims " + std::to_string(length) + " bytes, so it is no safetensors file");
    if (length > size - 8) fail("it is cut short within its header");
    std::string text(static_cast<std::size_t>(length), '\0');
    if (!in.read(text.data(), static_cast<std::streamsize>(length))) fail("it cannot be read");
    Header header = parse_header(text, size - 8 - length);
    header.data = 8 + length;
    return header;
}

std::vector<float> decode(const std::string& bytes, const Entry& entry) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
    const std::size_t width = entry.half ? 2 : 4;
    std::vector<float> values(bytes.size() / width);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t at = i * width;
        if (entry.half) {
            values[i] = from_half(static_cast<std::uint16_t>(byte(at) | byte(at + 1) << 8));
        } else {
            values[i] = std::bit_cast<float>(byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24);
        }
        if (!std::isfinite(values[i])) fail("tensor \"" + entry.name + "\" holds a value that is no finite number");
    }
    return values;
}

void encode(const std::string& name, const Tensor& tensor, Storage storage, std::string& into) {
    for (const float value : tensor.values) {
        const auto half = to_half(value);
        const bool fits = storage == Storage::f32 ? std::isfinite(value) : (half & 0x7c00u) != 0x7c00u;
        if (!fits) fail("tensor \"" + name + "\" holds a value that is not finite or too large to store");
        const auto bits = storage == Storage::f32 ? std::bit_cast<std::uint32_t>(value) : half;
        for (int i = 0; i < (storage == Storage::f32 ? 4 : 2); ++i) into += static_cast<char>(bits >> (8 * i) & 0xff);
    }
}

template <class Result>
Result with_file_name(const std::filesystem::path& file, const std::function<Result()>& work) {
    try {
        return work();
    } catch (const ModelError& e) {
        throw ModelError(file.string() + ": " + e.what());
    }
}

// A whole file or none: written beside it, forced to the disk, renamed.
void write_whole(const std::filesystem::path& file, const std::string& bytes) {
    const std::string part = file.string() + ".part";
    const auto complain = [&](int error) {
        ::unlink(part.c_str());
        fail(std::string("it cannot be written: ") + std::strerror(error));
    };
    const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) complain(errno);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int error = errno;
            ::close(fd);
            complain(error);
        }
        done += static_cast<std::size_t>(n);
    }
    const int synced = ::fsync(fd) == 0 ? 0 : errno;
    const int closed = ::close(fd) == 0 ? 0 : errno;
    if (synced || closed) complain(synced ? synced : closed);
    if (::rename(part.c_str(), file.c_str()) != 0) complain(errno);
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    if (const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
        ::fsync(dir);  // the new name too; a file system that cannot is no reason to fail
        ::close(dir);
    }
}

// The last run of digits in a file's stem: of step-000400.safetensors, 400.
std::int64_t step_of(const std::string& stem) {
    std::size_t end = stem.size();
    while (end > 0 && !(stem[end - 1] >= '0' && stem[end - 1] <= '9')) --end;
    std::size_t begin = end;
    while (begin > 0 && stem[begin - 1] >= '0' && stem[begin - 1] <= '9') --begin;
    if (begin == end || end - begin > 18) return -1;
    return std::stoll(stem.substr(begin, end - begin));
}

}  // namespace

Precision Config::precision() const {
    return int8_cost && *int8_cost <= int8_may_cost ? Precision::int8 : Precision::fp32;
}

void Config::validate() const {
    between("the number of frame tiers", static_cast<std::int64_t>(tiers.size()), 1, 3);
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        between("a tier's frame", tiers[i].frame, 1, 4096);
        between("a tier's layers", tiers[i].layers, 1, 5);
        if (i > 0 && (tiers[i].frame % tiers[i - 1].frame != 0 || tiers[i].frame == tiers[i - 1].frame)) {
            fail("a frame of " + std::to_string(tiers[i].frame) + " is no multiple of the tier below's " +
                 std::to_string(tiers[i - 1].frame));
        }
    }
    between("dim", dim, 1, 8192);
    between("levels", levels, 2, max_levels);
    between("embedding", embedding, 1, 8192);
    between("hidden", hidden, 0, 8);
    if (!(sample_rate >= 1'000 && sample_rate <= 384'000)) fail("sample_rate must be 1000 to 384000");
    if (step < 0) fail("step is negative");
    if (!(age >= 0 && age <= 1)) fail("age must be 0 to 1");
    if (held_out_nll && !std::isfinite(*held_out_nll)) fail("held_out_nll is no finite number");

    std::int64_t values = std::int64_t{tiers[0].frame} * levels * dim;  // every factor is bounded above: no overflow
    for (const auto& [name, shape] : expected_shapes(*this)) values += samplernn::count(shape);
    if (values > values_cap) fail("the network is absurdly large: " + std::to_string(values) + " values");
}

std::string Config::json() const {
    samplernn::json j;
    j["tiers"] = samplernn::json::array();
    for (const auto& t : tiers) {
        j["tiers"].push_back({{"frame", t.frame}, {"cell", word_of(cells, t.cell)}, {"layers", t.layers}});
    }
    j["dim"] = dim;
    j["levels"] = levels;
    j["embedding"] = embedding;
    j["quantiser"] = word_of(quantisers, quantiser);
    j["sample_rate"] = sample_rate;
    j["frame_scale"] = word_of(frame_scales, frame_scale);
    j["top_projection"] = top_projection;
    j["biases"] = biases;
    j["relu_after_sum"] = relu_after_sum;
    j["hidden"] = hidden;
    j["reset_after"] = reset_after;
    j["learned_h0"] = learned_h0;
    j["skip"] = skip;
    j["step"] = step;
    j["age"] = age;
    j["corpus_hash"] = corpus_hash;
    if (held_out_nll) j["held_out_nll"] = *held_out_nll;
    return j.dump(-1, ' ', false, samplernn::json::error_handler_t::replace);
}

Config Config::from_json(const std::string& text) {
    const auto object = samplernn::json::parse(text, nullptr, false);
    if (object.is_discarded()) fail("its legume.config is no JSON");
    Keys keys(object, "its legume.config");
    Config c;
    c.tiers.clear();
    const auto& tiers = keys.need("tiers");
    if (!tiers.is_array() || tiers.size() > 3)
        fail("its legume.config: \"tiers\" must be a list of 1 to 3 frame tiers");
    for (const auto& item : tiers) {
        Keys tier(item, "a tier of its legume.config");
        Tier t;
        tier.integer("frame", t.frame);
        tier.word("cell", cells, t.cell);
        tier.integer("layers", t.layers);
        tier.done();
        c.tiers.push_back(t);
    }
    keys.integer("dim", c.dim);
    keys.integer("levels", c.levels);
    keys.integer("embedding", c.embedding);
    keys.word("quantiser", quantisers, c.quantiser);
    keys.number("sample_rate", c.sample_rate);
    keys.word("frame_scale", frame_scales, c.frame_scale);
    keys.flag("top_projection", c.top_projection);
    keys.flag("biases", c.biases);
    keys.flag("relu_after_sum", c.relu_after_sum);
    keys.integer("hidden", c.hidden);
    keys.flag("reset_after", c.reset_after);
    keys.flag("learned_h0", c.learned_h0);
    keys.flag("skip", c.skip);
    keys.integer("step", c.step, false);
    keys.number("age", c.age, false);
    keys.text("corpus_hash", c.corpus_hash);
    if (keys.find("held_out_nll")) keys.number("held_out_nll", c.held_out_nll.emplace());
    keys.done();
    c.validate();
    return c;
}

std::map<std::string, std::vector<std::int64_t>> expected_shapes(const Config& c) {
    std::map<std::string, std::vector<std::int64_t>> shapes;
    const std::int64_t d = c.dim, q = c.levels, e = c.embedding;
    for (std::size_t i = 0; i < c.tiers.size(); ++i) {
        const Tier& tier = c.tiers[i];
        const std::string name = "tier." + std::to_string(i) + ".";
        const std::int64_t frame = tier.frame, gates = tier.cell == Cell::gru ? 3 : 4;
        const bool projected = c.top_projection || i + 1 < c.tiers.size();
        if (projected) {
            shapes[name + "input.weight"] = {d, frame};
            if (c.biases) shapes[name + "input.bias"] = {d};
        }
        if (c.learned_h0) {
            shapes[name + "h0"] = {tier.layers, d};
            if (tier.cell == Cell::lstm) shapes[name + "c0"] = {tier.layers, d};
        }
        for (int k = 0; k < tier.layers; ++k) {
            const std::string cell = name + "cell." + std::to_string(k) + ".";
            shapes[cell + "w_ih"] = {gates * d, k > 0 || projected ? d : frame};
            shapes[cell + "w_hh"] = {gates * d, d};
            shapes[cell + "b_ih"] = shapes[cell + "b_hh"] = {gates * d};
        }
        const std::int64_t r = i == 0 ? frame : frame / c.tiers[i - 1].frame;
        shapes[name + "up.weight"] = {r * d, d};
        if (c.biases) shapes[name + "up.bias"] = {r * d};
    }
    shapes["sample.embedding"] = {q, e};
    shapes["sample.conv"] = {d, e, c.tiers.empty() ? 0 : c.tiers[0].frame};
    if (c.biases) shapes["sample.conv_bias"] = {d};
    for (int i = 0; i < c.hidden; ++i) {
        const std::string name = "sample.hidden." + std::to_string(i) + ".";
        shapes[name + "weight"] = {d, d};
        if (c.biases) shapes[name + "bias"] = {d};
    }
    shapes["sample.out.weight"] = {q, d};
    if (c.biases) shapes["sample.out.bias"] = {q};
    return shapes;
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
    return with_file_name<Checkpoint>(file, [&] {
        std::ifstream in;
        const Header header = read_header(in, file);
        const auto shapes = expected_shapes(header.config);
        Checkpoint checkpoint{header.config, {}};
        std::string bytes;
        for (const auto& entry : header.entries) {  // in the order of the data, which has no holes
            bytes.resize(static_cast<std::size_t>(entry.end - entry.begin));
            if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) fail("it is cut short");
            checkpoint.tensors[entry.name] = {shapes.at(entry.name), decode(bytes, entry)};
        }
        return checkpoint;
    });
}

Config read_config(const std::filesystem::path& file) {
    return with_file_name<Config>(file, [&] {
        std::ifstream in;
        return read_header(in, file).config;
    });
}

void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint, Storage storage) {
    with_file_name<void>(file, [&] {
        checkpoint.config.validate();
        const auto shapes = expected_shapes(checkpoint.config);
        json header;
        header["__metadata__"] = {{"legume.format", "1"}, {"legume.config", checkpoint.config.json()}};
        std::string data;
        for (const auto& [name, tensor] : checkpoint.tensors) {
            const auto shape = shapes.find(name);
            if (shape == shapes.end()) fail("tensor \"" + name + "\" is unknown to its config");
            const bool whole =
                tensor.shape == shape->second && tensor.values.size() == static_cast<std::size_t>(count(tensor.shape));
            if (!whole) fail("tensor \"" + name + "\" is not of shape " + print(shape->second));
            const std::size_t begin = data.size();
            encode(name, tensor, storage, data);
            header[name] = {{"dtype", storage == Storage::f32 ? "F32" : "F16"},
                            {"shape", tensor.shape},
                            {"data_offsets", {begin, data.size()}}};
        }
        if (checkpoint.tensors.size() != shapes.size()) fail("it lacks some of its config's tensors");
        std::string text = header.dump();
        text.append((8 - text.size() % 8) % 8, ' ');  // safetensors aligns its data
        std::string bytes;
        for (int i = 0; i < 8; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
        write_whole(file, bytes + text + data);
    });
}

std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (!fs::is_directory(file_or_folder, error)) {
        if (!fs::exists(file_or_folder, error))
            throw ModelError(file_or_folder.string() + ": there is no such file or folder");
        return file_or_folder;
    }
    for (const fs::path& folder : {file_or_folder, file_or_folder / "checkpoints"}) {
        std::pair<std::int64_t, std::string> best{-2, ""};
        fs::directory_iterator it(folder, error), end;
        for (; !error && it != end; it.increment(error)) {
            if (it->path().extension() != ".safetensors") continue;
            best = std::max(best, {step_of(it->path().stem().string()), it->path().string()});
        }
        if (best.first > -2) return best.second;
    }
    throw ModelError(file_or_folder.string() +
                     ": there is no checkpoint (*.safetensors) in it or its checkpoints folder");
}

}  // namespace legume::samplernn
