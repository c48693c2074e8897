// Reads a shape word by word, and fills the tensors that its config asks for with uniform noise.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/random_network.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/half.h"
#include "nodes/samplernn/checkpoint/prune.h"

namespace legume::samplernn {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& wanted) {
    throw ModelError("the shape's " + key + " is \"" + value + "\"; it must be " + wanted);
}

template <class Number>
Number number(const std::string& key, const std::string& text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        refuse(key, text, std::is_integral_v<Number> ? "a whole number" : "a number");
    }
    return value;
}

bool either(const std::string& key, const std::string& text, const char* yes, const char* no) {
    if (text != yes && text != no) refuse(key, text, std::string(yes) + " or " + no);
    return text == yes;
}

struct Key {
    const char* name;
    std::function<void(NetworkShape&, const std::string& key, const std::string& text)> set;
};

template <int Config::*member>
void set_count(NetworkShape& shape, const std::string& key, const std::string& text) {
    shape.config.*member = number<int>(key, text);
}
template <bool Config::*member>
void set_flag(NetworkShape& shape, const std::string& key, const std::string& text) {
    shape.config.*member = either(key, text, "yes", "no");
}

// `cell` and `layers` hold for every tier, wherever they stand; so `frames` comes first.
const std::vector<Key>& keys() {
    static const std::vector<Key> all{
        {"frames",
         [](NetworkShape& shape, const std::string& key, const std::string& text) {
             shape.config.tiers.clear();
             std::stringstream frames(text + "/");
             for (std::string frame; std::getline(frames, frame, '/');) {
                 shape.config.tiers.push_back({number<int>(key, frame)});
             }
         }},
        {"cell",
         [](NetworkShape& shape, const std::string& key, const std::string& text) {
             const CellKind* kind = find_cell(text);
             if (!kind) {
                 std::string words;
                 for (const auto& word : cell_words()) words += (words.empty() ? "" : " or ") + word;
                 refuse(key, text, words);
             }
             for (auto& tier : shape.config.tiers) tier.cell = kind->cell;
         }},
        {"layers",
         [](NetworkShape& shape, const std::string& key, const std::string& text) {
             for (auto& tier : shape.config.tiers) tier.layers = number<int>(key, text);
         }},
        {"dim", set_count<&Config::dim>},
        {"levels", set_count<&Config::levels>},
        {"embedding", set_count<&Config::embedding>},
        {"hidden", set_count<&Config::hidden>},
        {"rate", [](NetworkShape& shape, const std::string& key,
                    const std::string& text) { shape.config.sample_rate = number<double>(key, text); }},
        {"reset", [](NetworkShape& shape, const std::string& key,
                     const std::string& text) { shape.config.reset_after = either(key, text, "after", "before"); }},
        {"top_projection", set_flag<&Config::top_projection>},
        {"biases", set_flag<&Config::biases>},
        {"relu_after_sum", set_flag<&Config::relu_after_sum>},
        {"learned_h0", set_flag<&Config::learned_h0>},
        {"skip", set_flag<&Config::skip>},
        {"sparsity",
         [](NetworkShape& shape, const std::string& key, const std::string& text) {
             shape.sparsity = number<double>(key, text);
             if (!(shape.sparsity >= 0 && shape.sparsity < 1)) refuse(key, text, "from 0 to below 1");
         }},
    };
    return all;
}

}  // namespace

NetworkShape parse_shape(const std::string& text) {
    std::map<std::string, std::string> said;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const auto equals = word.find('=');
        if (equals == word.npos) throw ModelError("the shape says \"" + word + "\"; write key=value, such as dim=512");
        if (!said.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
            throw ModelError("the shape says \"" + word.substr(0, equals) + "\" twice");
        }
    }
    NetworkShape shape;
    std::string names;
    for (const auto& key : keys()) {
        names += (names.empty() ? "" : ", ") + std::string(key.name);
        const auto found = said.find(key.name);
        if (found == said.end()) continue;
        key.set(shape, key.name, found->second);
        said.erase(found);
    }
    if (!said.empty()) throw ModelError("a shape has no \"" + said.begin()->first + "\"; it has " + names);
    shape.config.validate();
    return shape;
}

std::string shape_text(const NetworkShape& shape) {
    const Config usual;
    const Config& c = shape.config;
    std::ostringstream text;
    text << "dim=" << c.dim << " frames=";
    for (const auto& tier : c.tiers) text << (&tier == c.tiers.data() ? "" : "/") << tier.frame;
    const auto flag = [&](const char* key, bool value, bool initial) {
        if (value != initial) text << ' ' << key << '=' << (value ? "yes" : "no");
    };
    const auto number = [&](const char* key, auto value, auto initial) {
        if (value != initial) text << ' ' << key << '=' << value;
    };
    if (c.tiers[0].cell != usual.tiers[0].cell) text << " cell=" << kind_of(c.tiers[0].cell).word;
    number("layers", c.tiers[0].layers, 1);
    number("levels", c.levels, usual.levels);
    number("embedding", c.embedding, usual.embedding);
    number("hidden", c.hidden, usual.hidden);
    number("rate", c.sample_rate, usual.sample_rate);
    if (!c.reset_after) text << " reset=before";
    flag("top_projection", c.top_projection, usual.top_projection);
    flag("biases", c.biases, usual.biases);
    flag("relu_after_sum", c.relu_after_sum, usual.relu_after_sum);
    flag("learned_h0", c.learned_h0, usual.learned_h0);
    flag("skip", c.skip, usual.skip);
    number("sparsity", shape.sparsity, 0.0);
    return text.str();
}

Checkpoint random_network(const NetworkShape& shape, std::uint64_t seed) {
    shape.config.validate();
    Checkpoint checkpoint{shape.config, {}};
    std::uint64_t stream = 0;
    for (const auto& [name, dims] : expected_shapes(shape.config)) {
        const std::int64_t size = count(dims);
        const double gain = 1.5, fan_in = static_cast<double>(size / dims[0]);
        const double spread = dims.size() == 1 ? 0.3 : gain * std::sqrt(3 / fan_in);
        Tensor tensor{dims, std::vector<float>(static_cast<std::size_t>(size))};
        for (std::size_t i = 0; i < tensor.values.size(); ++i) {
            const double u = 2 * dsp::random_uniform(seed, stream, i) - 1;
            tensor.values[i] = from_half(to_half(static_cast<float>(spread * u)));
        }
        ++stream;
        checkpoint.tensors.emplace(name, std::move(tensor));
    }
    return shape.sparsity > 0 ? prune(std::move(checkpoint), shape.sparsity) : checkpoint;
}

}  // namespace legume::samplernn
