// Tests graph/denormals: numbers too small to be normal are zero while it lives, and only then.
// SPDX-License-Identifier: MIT
#include "graph/base/denormals.h"

#include <doctest/doctest.h>

#include <limits>

using namespace legume;

TEST_CASE("a decaying tail ends in zero, going in and coming out, and the thread is as it was afterwards") {
    volatile float least_normal = std::numeric_limits<float>::min(), denormal = least_normal / 4;
    volatile double least_normal_double = std::numeric_limits<double>::min();
    const auto halved = [&] { return least_normal * 0.5f; };
    const auto raised = [&] { return denormal * 16.0f; };
    const auto halved_double = [&] { return least_normal_double * 0.5; };
    CHECK(halved() > 0.0f);
    CHECK(raised() > 0.0f);
    CHECK(halved_double() > 0.0);
    float out = 1, in = 1;
    double out_double = 1;
    {
        const NoDenormals flushed;
        out = halved();
        in = raised();
        out_double = halved_double();
    }
    CHECK(out == 0.0f);  // here, for while it lives a denormal too compares as zero
    CHECK(in == 0.0f);
    CHECK(out_double == 0.0);
    CHECK(halved() > 0.0f);
    CHECK(raised() > 0.0f);
    CHECK(halved_double() > 0.0);
}
