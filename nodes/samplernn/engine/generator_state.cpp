// Text in front, little endian numbers behind it, a sum at the end.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/generator_state.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "graph/base/range.h"
#include "nodes/files/sha256.h"

namespace legume::samplernn {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::string_view magic = "legume state 1\n";
constexpr std::size_t sum_size = 64;
constexpr std::uint64_t most = 1u << 28;  // values of a state

void put(std::string& bytes, std::uint64_t number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}
template <class T>
void put(std::string& bytes, const std::vector<T>& values) {
    put(bytes, values.size());
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

struct Reader {
    std::string_view left;
    void take(void* into, std::size_t size) {
        if (left.size() < size) throw ModelError("is cut short or damaged");
        if (size > 0) std::memcpy(into, left.data(), size);
        left.remove_prefix(size);
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        take(&value, sizeof value);
        return value;
    }
    template <class T>
    void values(std::vector<T>& into) {
        const auto size = number();
        if (size > most || size * sizeof(T) > left.size()) throw ModelError("is cut short or damaged");
        into.resize(static_cast<std::size_t>(size));
        take(into.data(), into.size() * sizeof(T));
    }
};

// The first line of a text, taken off it.
std::string_view line_of(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string difference(std::string_view there, std::string_view here) {
    while (!there.empty() || !here.empty()) {
        const auto a = line_of(there), b = line_of(here);
        if (a == b) continue;
        if (a.starts_with("corpus_hash") && b.starts_with("corpus_hash")) return "it learned from another sound";
        return (a.empty() ? std::string("nothing") : std::string(a)) + " there, " +
               (b.empty() ? std::string("nothing") : std::string(b)) + " here";
    }
    return "";
}

bool alike(const State& a, const State& b) {
    return a.cells.size() == b.cells.size() && a.levels.size() == b.levels.size();
}

}  // namespace

void mix(const GeneratorState& a, const GeneratorState& b, float share, GeneratorState& into) {
    into = share < 0.5f ? a : b;
    if (!(share > 0 && share < 1)) return;
    for (std::size_t i = 0; i < std::min(a.states.size(), b.states.size()); ++i) {
        if (!alike(a.states[i], b.states[i])) continue;
        auto& cells = into.states[i].cells;
        for (std::size_t c = 0; c < cells.size(); ++c)
            cells[c] = a.states[i].cells[c] + (b.states[i].cells[c] - a.states[i].cells[c]) * share;
    }
}

std::string owner_of(std::span<const Config> networks, int voices) {
    std::string all, last;
    for (const auto& config : networks) {
        std::string lines;
        for (const auto& [name, value] : config.settings())
            if (name != "step" && name != "age" && name != "held_out_nll" && name != "int8_cost")
                lines += name + " = " + value + "\n";
        if (lines == last) continue;  // two ages of a run
        all += lines;
        last = std::move(lines);
    }
    return all + "voices = " + print_number(voices) + "\n";
}

std::string to_bytes(const GeneratorState& moment, std::string_view owner) {
    std::string bytes(magic);
    bytes += owner;
    bytes += '\0';
    put(bytes, moment.seed);
    put(bytes, moment.drawn);
    put(bytes, moment.states.size());
    for (const auto& state : moment.states) {
        put(bytes, state.position);
        put(bytes, state.cells);
        put(bytes, state.levels);
    }
    return bytes + sha256_of(bytes);
}

GeneratorState from_bytes(std::string_view bytes, std::string_view owner) {
    if (!bytes.starts_with(magic)) throw ModelError("is no state that this legume remembered");
    if (bytes.size() < sum_size) throw ModelError("is cut short or damaged");
    const auto content = bytes.substr(0, bytes.size() - sum_size);
    if (sha256_of(content) != bytes.substr(content.size())) throw ModelError("is cut short or damaged");
    const auto end = content.find('\0');
    if (end == content.npos || end < magic.size()) throw ModelError("is cut short or damaged");
    const auto theirs = content.substr(magic.size(), end - magic.size());
    if (theirs != owner) throw ModelError("is of another network: " + difference(theirs, owner));
    Reader reader{content.substr(end + 1)};
    GeneratorState moment;
    moment.seed = reader.number();
    moment.drawn = reader.number();
    const auto count = reader.number();
    if (count == 0 || count > 64) throw ModelError("is cut short or damaged");
    for (std::uint64_t i = 0; i < count; ++i) {
        auto& state = moment.states.emplace_back();
        state.position = reader.number();
        reader.values(state.cells);
        reader.values(state.levels);
    }
    return moment;
}

bool Passing::offer(const GeneratorState& moment) noexcept {
    int turn = turn_.load(std::memory_order_relaxed);
    if (turn == busy || !turn_.compare_exchange_strong(turn, busy, std::memory_order_acquire)) return false;
    moment_ = moment;
    turn_.store(filled, std::memory_order_release);
    return true;
}

}  // namespace legume::samplernn
