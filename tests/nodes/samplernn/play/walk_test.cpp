// The way between checkpoints: never a jump, never more than two at once, and it arrives.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/walk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nodes/dsp/random.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

std::vector<double> ages_of(std::size_t count) {
    std::vector<double> ages;
    for (std::size_t i = 1; i <= count; ++i) ages.push_back(std::pow(static_cast<double>(i) / double(count), 3));
    return ages;
}

std::vector<double> shares(const samplernn::AgePlace& place, std::size_t count) {
    std::vector<double> all(count, 0.0);
    all[place.low] += 1 - static_cast<double>(place.share);
    all[place.high] += static_cast<double>(place.share);
    return all;
}

}  // namespace

TEST_CASE("an age at a checkpoint is that checkpoint, and one beyond all is the nearest") {
    const auto ages = ages_of(7);
    for (std::size_t i = 0; i < ages.size(); ++i) CHECK(place_of(ages, ages[i]) == samplernn::AgePlace{i, i, 0});
    CHECK(place_of(ages, 0) == samplernn::AgePlace{0, 0, 0});
    CHECK(place_of(ages, 2) == samplernn::AgePlace{6, 6, 0});
    CHECK(place_of(ages, -1) == samplernn::AgePlace{0, 0, 0});
    CHECK(place_of(ages, std::numeric_limits<double>::quiet_NaN()).low < 7);
    const auto between = place_of(ages, (ages[2] + ages[3]) / 2);
    CHECK(between.low == 2);
    CHECK(between.high == 3);
    CHECK(between.share == doctest::Approx(0.5));
    CHECK(age_of(ages, between) == doctest::Approx((ages[2] + ages[3]) / 2));
}

TEST_CASE("on every way no share moves by more than a step, and every way ends at its age") {
    for (const std::size_t count : {1u, 2u, 3u, 10u, 80u}) {
        const auto ages = ages_of(count);
        const float step = 0.05f;
        samplernn::AgePlace now = place_of(ages, 1);
        for (std::uint64_t way = 0; way < 200; ++way) {
            const double age = dsp::random_uniform(1, count, way);
            int blocks = 0;
            for (; blocks < 100; ++blocks) {
                const samplernn::AgePlace next = toward(ages, now, age, step);
                REQUIRE(next.low <= next.high);
                REQUIRE(next.high < count);
                REQUIRE((next.low < next.high) == (next.share > 0));
                const auto before = shares(now, count), after = shares(next, count);
                for (std::size_t i = 0; i < count; ++i) REQUIRE(std::abs(after[i] - before[i]) <= step + 1e-6);
                now = next;
                if (way % 3 != 0 && blocks == 13) break;  // turned round on the way
                if (toward(ages, now, age, step) == now) break;
            }
            REQUIRE(blocks < 100);
            if (way % 3 == 0) CHECK(now == place_of(ages, age));
        }
    }
}
