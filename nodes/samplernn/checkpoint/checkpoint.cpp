// A config to JSON and back, and checkpoints to files and back; a config is held to its limits before it is used.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "nodes/samplernn/checkpoint/safetensors.h"
#include "nodes/samplernn/checkpoint/stored.h"

namespace legume::samplernn {
namespace {

using json = nlohmann::json;

[[noreturn]] void fail(const std::string& message) { throw ModelError(message); }

template <class E>
struct Word {
    const char* word;
    E value;
};
constexpr Word<Quantiser> quantisers[] = {{"mu_law", Quantiser::mu_law}, {"linear", Quantiser::linear}};
constexpr Word<FrameScale> frame_scales[] = {{"theano", FrameScale::theano}, {"unisound", FrameScale::unisound}};

const std::vector<Word<Cell>>& cells() {
    static const auto all = [] {
        std::vector<Word<Cell>> words;
        for (const auto& kind : cell_kinds()) words.push_back({kind.word, kind.cell});
        return words;
    }();
    return all;
}

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
    template <class Words, class E>
    void word(const char* key, const Words& words, E& into) {
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

template <class Result>
Result with_file_name(const std::filesystem::path& file, const std::function<Result()>& work) {
    try {
        return work();
    } catch (const ModelError& e) {
        throw ModelError(file.string() + ": " + e.what());
    }
}

Config config_of(const SafetensorsFile& in) {
    const auto texts = in.metadata();
    const auto format = texts.find("legume.format"), config = texts.find("legume.config");
    if (format == texts.end() || config == texts.end())
        fail("it carries no legume.config; legume plays its own checkpoints");
    if (format->second != "1") fail("its legume.format is not 1; a newer legume may read it");
    return Config::from_json(config->second);
}

// What would not come back is not written.
void check(const Checkpoint& checkpoint) {
    checkpoint.config.validate();
    const auto shapes = expected_shapes(checkpoint.config);
    const auto prunable = prunable_tensors(checkpoint.config);
    for (const auto& [name, tensor] : checkpoint.tensors) {
        const auto shape = shapes.find(name);
        if (shape == shapes.end()) fail("tensor \"" + name + "\" is unknown to its config");
        if (tensor.shape != shape->second || tensor.values.size() != static_cast<std::size_t>(count(tensor.shape)))
            fail("tensor \"" + name + "\" is not of shape " + print(shape->second));
        if (tensor.pruned && !prunable.count(name)) fail("tensor \"" + name + "\" is no matrix that may be pruned");
    }
    if (checkpoint.tensors.size() != shapes.size()) fail("it lacks some of its config's tensors");
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
    if (int8_cost && !std::isfinite(*int8_cost)) fail("int8_cost is no finite number");

    // Every factor is bounded above: no overflow.
    const std::int64_t values = std::int64_t{tiers[0].frame} * levels * dim + parameters(*this);
    if (values > values_cap) fail("the network is absurdly large: " + std::to_string(values) + " values");
}

std::string Config::json() const {
    samplernn::json j;
    j["tiers"] = samplernn::json::array();
    for (const auto& t : tiers) {
        j["tiers"].push_back({{"frame", t.frame}, {"cell", kind_of(t.cell).word}, {"layers", t.layers}});
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
    if (int8_cost) j["int8_cost"] = *int8_cost;
    return j.dump(-1, ' ', false, samplernn::json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> Config::settings() const {
    const auto text = [](const samplernn::json& value) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::vector<std::pair<std::string, std::string>> all;
    const auto object = samplernn::json::parse(json());
    for (const auto& [key, value] : object.items()) {
        if (key != "tiers") {
            all.emplace_back(key, text(value));
            continue;
        }
        for (const auto& [of_tier, ignored] : value.at(0).items()) {
            std::string list;
            for (const auto& tier : value) list += (list.empty() ? "" : ", ") + text(tier.at(of_tier));
            all.emplace_back(of_tier == "frame" ? "frames" : of_tier, "[" + list + "]");
        }
    }
    return all;
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
        tier.word("cell", cells(), t.cell);
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
    if (keys.find("int8_cost")) keys.number("int8_cost", c.int8_cost.emplace());
    keys.done();
    c.validate();
    return c;
}

std::int64_t count(const Shape& dims) {
    std::int64_t n = 1;
    for (const auto d : dims) n *= d;
    return n;
}

std::int64_t parameters(const Config& config) {
    std::int64_t sum = 0;
    for (const auto& [name, shape] : expected_shapes(config)) sum += count(shape);
    return sum;
}

std::map<std::string, Shape> expected_shapes(const Config& c) {
    std::map<std::string, Shape> shapes;
    const std::int64_t d = c.dim, q = c.levels, e = c.embedding;
    for (std::size_t i = 0; i < c.tiers.size(); ++i) {
        const Tier& tier = c.tiers[i];
        const std::string name = "tier." + std::to_string(i) + ".";
        const CellKind& kind = kind_of(tier.cell);
        const std::int64_t frame = tier.frame;
        const bool projected = c.top_projection || i + 1 < c.tiers.size();
        if (projected) {
            shapes[name + "input.weight"] = {d, frame};
            if (c.biases) shapes[name + "input.bias"] = {d};
        }
        for (const auto& state : kind.states)
            if (c.learned_h0) shapes[name + state.name + "0"] = {tier.layers, state.size(c.dim)};
        for (int k = 0; k < tier.layers; ++k) {
            const std::string cell = name + "cell." + std::to_string(k) + ".";
            const LayerSize size{kind.gates, d, k > 0 || projected ? d : frame};
            for (const auto& tensor : kind.tensors) shapes[cell + tensor.name] = tensor.shape(size);
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

std::set<std::string> prunable_tensors(const Config& config) {
    std::set<std::string> names;
    for (const auto& [name, shape] : expected_shapes(config)) {
        const bool matrix = name.find(".cell.") != name.npos || name.ends_with(".up.weight") ||
                            name.starts_with("sample.hidden.") || name == "sample.out.weight";
        if (!matrix || shape.size() != 2 || shape[1] != config.dim) continue;
        // The index has 16 bits.
        if (shape[0] % 16 == 0 && shape[1] % 4 == 0 && shape[0] / 16 <= 65'536) names.insert(name);
    }
    return names;
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
    return with_file_name<Checkpoint>(file, [&] {
        SafetensorsFile in(file);
        Checkpoint checkpoint{config_of(in), {}};
        const auto shapes = expected_shapes(checkpoint.config);
        for (const auto& [name, form] : forms_of(checkpoint.config, in.entries())) {
            std::vector<Piece> pieces;
            for (const auto& entry : form) pieces.push_back(in.read(entry));
            checkpoint.tensors[name] = decode(name, shapes.at(name), pieces);
        }
        return checkpoint;
    });
}

Config read_config(const std::filesystem::path& file) {
    return with_file_name<Config>(file, [&] {
        const SafetensorsFile in(file);
        Config config = config_of(in);
        forms_of(config, in.entries());
        return config;
    });
}

Checkpoint as_stored(Checkpoint checkpoint, Storage storage) {
    check(checkpoint);
    for (auto& [name, tensor] : checkpoint.tensors) tensor = decode(name, tensor.shape, encode(name, tensor, storage));
    return checkpoint;
}

void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint, Storage storage) {
    with_file_name<void>(file, [&] {
        check(checkpoint);
        std::vector<Piece> pieces;
        for (const auto& [name, tensor] : checkpoint.tensors) {
            for (auto& piece : encode(name, tensor, storage)) pieces.push_back(std::move(piece));
        }
        write_safetensors(file, {{"legume.format", "1"}, {"legume.config", checkpoint.config.json()}},
                          std::move(pieces));
    });
}

std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& of) {
    namespace fs = std::filesystem;
    std::error_code error;
    for (const fs::path& folder : {of, of / "checkpoints"}) {
        std::vector<std::pair<std::int64_t, std::string>> found;
        fs::directory_iterator it(folder, error), end;
        for (; !error && it != end; it.increment(error))
            if (it->path().extension() == ".safetensors")
                found.emplace_back(step_of(it->path().stem().string()), it->path().string());
        if (found.empty()) continue;
        std::sort(found.begin(), found.end());
        std::vector<fs::path> files;
        for (const auto& [step, file] : found) files.emplace_back(file);
        return files;
    }
    throw ModelError(of.string() + ": there is no checkpoint (*.safetensors) in it or its checkpoints folder");
}

const char* precision_name(Precision precision) {
    switch (precision) {
        case Precision::fp32: return "fp32";
        case Precision::int8: return "int8";
        default: return "int4";
    }
}

std::filesystem::path find_best(const std::filesystem::path& folder) {
    std::filesystem::path best;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& file : find_checkpoints(folder))
        if (const auto bits = read_config(file).held_out_nll; bits && *bits < least) {
            least = *bits;
            best = file;
        }
    if (best.empty())
        throw ModelError(folder.string() + ": no checkpoint was measured on held-out sound; name one of them");
    return best;
}

std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder) {
    std::error_code error;
    if (file_or_folder.filename() == "best" && !std::filesystem::exists(file_or_folder, error) &&
        std::filesystem::is_directory(file_or_folder.parent_path(), error))
        return find_best(file_or_folder.parent_path());
    if (std::filesystem::is_directory(file_or_folder, error)) return find_checkpoints(file_or_folder).back();
    if (!std::filesystem::exists(file_or_folder, error))
        throw ModelError(file_or_folder.string() + ": there is no such file or folder");
    return file_or_folder;
}

}  // namespace legume::samplernn
