// How windows are cut: by the numbers in the patch alone, and never beyond the limit.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/gradient_checkpoints.h"

#include <doctest/doctest.h>

#include <string>

using namespace legume::samplernn;

namespace {

Config piece() {
    Config config;
    config.dim = 1024;
    config.tiers = {{2}, {8}};
    return config;
}

std::string refusal(const Config& config, int batch, int window, double bytes) {
    try {
        cut_window(config, batch, window, bytes);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("learning takes more memory with more of anything") {
    const Config config = piece();
    const double bytes = learning_bytes(config, 16, 4096, 512);
    CHECK(learning_bytes(config, 17, 4096, 512) > bytes);
    CHECK(learning_bytes(config, 16, 8192, 512) > bytes);
    CHECK(learning_bytes(config, 16, 4096, 1024) > bytes);
    CHECK(learning_bytes(config, 16, 4096, 512, {true}) > bytes);
    for (auto change : {+[](Config& c) { c.dim = 1152; }, +[](Config& c) { c.levels = 512; },
                        +[](Config& c) { c.tiers[0].layers = 2; }, +[](Config& c) { c.hidden = 3; },
                        +[](Config& c) { c.embedding = 512; }}) {
        Config larger = config;
        change(larger);
        CHECK(learning_bytes(larger, 16, 4096, 512) > bytes);
    }
}

TEST_CASE("a minGRU takes less memory than a GRU, which keeps more of each step") {
    const Config gru = piece();
    Config lighter = gru;
    for (auto& tier : lighter.tiers) tier.cell = Cell::min_gru;
    CHECK(learning_bytes(lighter, 16, 4096, 512) < learning_bytes(gru, 16, 4096, 512));
}

TEST_CASE("a window is cut into as few segments as the limit allows, of whole frames, and stays within it") {
    const Config config = piece();
    CHECK(cut_window(config, 16, 512, 6e9).segment == 512);
    int before = 0;
    for (const double bytes : {2.5e9, 3e9, 6e9, 12e9}) {
        const int segment = cut_window(config, 64, 16'384, bytes).segment;
        CHECK(segment % 8 == 0);
        CHECK(segment < 16'384);
        CHECK(segment > before);
        CHECK(learning_bytes(config, 64, 16'384, segment) <= bytes);
        before = segment;
    }
    CHECK(cut_window(config, 64, 16'384, 60e9).segment == 16'384);
}

TEST_CASE("a longer window takes a longer time and hardly more memory") {
    const Config config = piece();
    const int segment = cut_window(config, 64, 131'072, 6e9).segment;
    CHECK(segment >= 1024);
    CHECK(learning_bytes(config, 64, 131'072, segment) <= 6e9);
}

TEST_CASE("a limit that is too small says what would fit") {
    CHECK(refusal(piece(), 64, 1024, 6e9).empty());
    const auto said = refusal(piece(), 512, 16'384, 1.8e9);
    CHECK(said.find("memory 1.80 GB is too little for this network, batch and window, which take ") == 0);
    CHECK(said.find("; set memory: ") != std::string::npos);
    CHECK(said.find(", or batch: ") != std::string::npos);
    const auto at = said.find(", or dim: ");
    REQUIRE(at != std::string::npos);
    Config smaller = piece();
    smaller.dim = std::stoi(said.substr(at + 10));
    CHECK(refusal(smaller, 512, 16'384, 1.8e9).empty());
    CHECK(refusal(piece(), 16, 512, 1e8).find(", or ") == std::string::npos);  // LibTorch alone takes more
}
