// Moments as values: mixed, written, read back, and refused where they are damaged or of another network.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "nodes/samplernn/engine/generator.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume::samplernn;

namespace {

std::string refusal(std::string_view bytes, std::string_view owner) {
    try {
        from_bytes(bytes, owner);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}

std::vector<float> played(Generator& generator, int samples) {
    std::vector<float> all;
    for (int i = 0; i < samples; ++i) all.push_back(generator.next(Sampling(1)));
    return all;
}

}  // namespace

TEST_CASE("a moment read back from its bytes plays what came then, dice and all") {
    Config config = config_at(8'000);
    config.tiers[0].cell = Cell::lstm;
    const auto model = std::make_shared<const Model>(network_of(config));
    Generator generator(model, 7);
    played(generator, 1'003);
    generator.reseed(99);
    played(generator, 17);
    GeneratorState moment;
    generator.read(moment);
    const auto then = played(generator, 500);
    CHECK(played(generator, 500) != then);
    const auto owner = owner_of({&config, 1}, 1);
    const auto again = from_bytes(to_bytes(moment, owner), owner);
    generator.go_to(again);
    CHECK(played(generator, 500) == then);

    Generator other(model, 1);
    other.go_to(again);
    CHECK(played(other, 500) == then);
    generator.go_back(again);  // and without the dice something else
    CHECK(played(generator, 500) != then);
}

TEST_CASE("bytes that are damaged, cut short or of another network are refused and say why") {
    const Config config = config_at(8'000);
    Generator generator(std::make_shared<const Model>(network_of(config)), 7);
    GeneratorState moment;
    generator.read(moment);
    const auto owner = owner_of({&config, 1}, 1);
    const auto bytes = to_bytes(moment, owner);
    REQUIRE(refusal(bytes, owner).empty());
    for (std::size_t size = 0; size < bytes.size(); size += 7) CHECK(!refusal(bytes.substr(0, size), owner).empty());
    for (std::size_t at = 0; at < bytes.size(); at += 5) {
        auto wrong = bytes;
        wrong[at] = static_cast<char>(wrong[at] ^ 1);
        CHECK(!refusal(wrong, owner).empty());
    }
    CHECK(refusal("a text", owner).find("no state") != std::string::npos);

    Config wider = config;
    wider.dim = 32;
    CHECK(refusal(bytes, owner_of({&wider, 1}, 1)).find("dim = 16 there, dim = 32 here") != std::string::npos);
    Config elsewhere = config;
    elsewhere.corpus_hash = "abc";
    CHECK(refusal(bytes, owner_of({&elsewhere, 1}, 1)).find("learned from another sound") != std::string::npos);
    CHECK(refusal(bytes, owner_of({&config, 1}, 2)).find("voices = 1 there, voices = 2 here") != std::string::npos);
    Config older = config;
    older.step = 4'000;
    older.age = 0.5;
    older.held_out_nll = 3;
    CHECK(refusal(bytes, owner_of({&older, 1}, 1)).empty());
}

TEST_CASE("between two moments units are mixed, and dice and samples are those of the nearer one") {
    const Config config = config_at(8'000);
    Generator generator(std::make_shared<const Model>(network_of(config)), 7);
    GeneratorState a, b, between;
    played(generator, 500);
    generator.read(a);
    generator.reseed(8);
    played(generator, 400);
    generator.read(b);
    for (const float share : {0.0f, 0.25f, 0.75f, 1.0f}) {
        mix(a, b, share, between);
        const auto& nearer = share < 0.5f ? a : b;
        CHECK(between.seed == nearer.seed);
        CHECK(between.drawn == nearer.drawn);
        CHECK(between.states[0].levels == nearer.states[0].levels);
        for (std::size_t u = 0; u < a.states[0].cells.size(); ++u) {
            const float x = a.states[0].cells[u], y = b.states[0].cells[u];
            CHECK(between.states[0].cells[u] == doctest::Approx(x + (y - x) * share));
        }
    }
}
