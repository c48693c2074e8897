// Sizes and lineages are networks that can be built, and are what their sources say.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/presets.h"

#include <doctest/doctest.h>

#include "nodes/samplernn/checkpoint/random_network.h"

using namespace legume::samplernn;

TEST_CASE("every preset in every size is a network whose window is whole frames") {
    for (const auto& name : preset_names()) {
        CAPTURE(name);
        auto made = preset(name);
        CHECK_NOTHROW(made.config.validate());
        CHECK(made.window % made.config.tiers.back().frame == 0);
        for (const auto& size : size_names()) {
            set_size(made.config, size);
            CHECK_NOTHROW(made.config.validate());
            CHECK(made.config.tiers[0].layers == preset(name).config.tiers[0].layers);
        }
    }
    CHECK(preset("legume").config.json() == Config{}.json());
}

TEST_CASE("the 2019 piece's network has its 18.7 million parameters") {
    CHECK(static_cast<double>(parameters(preset("unisound").config)) == doctest::Approx(18.7e6).epsilon(0.005));
}

TEST_CASE("weight norm is what two of the lineages had") {
    for (const auto& name : preset_names()) {
        CAPTURE(name);
        CHECK(preset(name).learning.weight_norm == (name == "original" || name == "deepsound"));
    }
}

TEST_CASE("a shape's text reads back as the shape, for every preset") {
    for (const auto& name : preset_names()) {
        NetworkShape shape{preset(name).config, 0.9};
        shape.config.quantiser = Quantiser::mu_law;  // a shape says neither this
        shape.config.frame_scale = FrameScale::theano;
        CHECK(parse_shape(shape_text(shape)).config.json() == shape.config.json());
        CHECK(parse_shape(shape_text(shape)).sparsity == 0.9);
    }
    CHECK(shape_text({preset("legume").config, 0}) == "dim=256 frames=4/16");
}

TEST_CASE("another name is an error") {
    CHECK_THROWS_AS(preset("dadabots"), ModelError);
    Config config;
    CHECK_THROWS_AS(set_size(config, "huge"), ModelError);
}
