// Speeds: shared by those who ask for the same, and what follows from them. How fast this machine is, nobody tests.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/speed.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "graph/abilities.h"
#include "graph/base/math.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

std::shared_ptr<const Model> model_at(double rate, Precision precision = Precision::fp32) {
    auto config = small_config();
    config.sample_rate = rate;
    return std::make_shared<const Model>(network_of(config), precision);
}

}  // namespace

TEST_CASE("a network's speed is measured for as many voices as there are, however short the time") {
    const auto model = model_at(8'000);
    for (const int voices : {1, 3, 16}) {
        const auto speed = measure_speed(model, voices, 1, 1e-6);
        CHECK(speed.samples_per_second > 0);
        CHECK(std::isfinite(speed.samples_per_second));
    }
}

TEST_CASE("one measurement serves all who play the same network with as many voices") {
    Store store;
    const auto model = model_at(8'000), other = model_at(8'000);
    const auto known =
        store.get<Speed>(speed_key(*model, 2), [] { return std::make_shared<const Speed>(Speed{4'800}); });
    CHECK(shared_speed(store, model, 2) == known);
    const auto alone = shared_speed(store, model, 1);
    CHECK(alone != known);
    CHECK(shared_speed(store, model, 1) == alone);
    CHECK(shared_speed(store, other, 2) != known);
    CHECK(known->real_time(*model) == doctest::Approx(0.6));
}

TEST_CASE("a network that is too slow goes down by the fewest semitones that leave it room") {
    CHECK(semitones_down(100) == 0);
    CHECK(semitones_down(real_time_factor_needed) == 0);
    CHECK(semitones_down(real_time_factor_needed - 0.001) == 1);
    CHECK(semitones_down(1) == 2);
    CHECK(semitones_down(0.6) == 11);
    CHECK(semitones_down(real_time_factor_needed / 2) == 12);
    for (double times = 0.01; times < real_time_factor_needed; times *= 1.013) {
        const int down = semitones_down(times);
        CHECK(times / math::exp2(-down / 12.0) >= real_time_factor_needed - 1e-9);
        CHECK(times / math::exp2(-(down - 1) / 12.0) < real_time_factor_needed);
    }
}

TEST_CASE("a speed is said with the rate, the precision and the instruction set") {
    const auto model = model_at(22'050);
    const std::string isa = model->kernels.isa;
    CHECK(speed_line({3.4 * 22'050}, *model, 1) == "3.4 x real time at 22.05 kHz (fp32, " + isa + ")");
    CHECK(speed_line({1.23 * 22'050}, *model, 4) == "4 voices, 1.2 x real time at 22.05 kHz (fp32, " + isa + ")");
    CHECK(speed_line({0.172 * 22'050}, *model, 1).starts_with("0.17 x "));
    CHECK(speed_line({123.4 * 22'050}, *model, 1).starts_with("123 x "));
    CHECK(speed_line({16'000}, *model_at(16'000, Precision::int8), 1) ==
          "1.0 x real time at 16 kHz (int8, " + isa + ")");
}

TEST_CASE("what helps is said from the easiest on, and nothing that is done already") {
    const std::string rest = "a pruned or smaller model, or one of a lower sample rate";
    CHECK(speed_help(*model_at(8'000), 1) == "precision: int8, " + rest);
    CHECK(speed_help(*model_at(8'000), 4) == "precision: int8, fewer voices, " + rest);
    CHECK(speed_help(*model_at(8'000, Precision::int8), 4) == "fewer voices, " + rest);
    CHECK(speed_help(*model_at(8'000, Precision::int4), 1) == rest);
}
