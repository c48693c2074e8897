// Which notes the scales let through.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Samples quantised(const Samples& pitches, const Settings& settings, const std::vector<std::string>& degrees = {}) {
    auto patch =
        make_patch({{"i", "input", {}}, {"q", "scale-quantise", settings}, {"t", "tap", {}}}, {"i -> q", "q -> t"});
    Setting list;
    list.name = "degrees";
    list.value.kind = Value::Kind::list;
    for (const auto& degree : degrees) {
        list.value.items.emplace_back();
        list.value.items.back().text = degree;
    }
    if (!degrees.empty()) patch.nodes[1].settings.push_back(list);
    Rig rig(patch, {.inputs = 1});
    return part(rig.run(64, {pitches})[0], 0, pitches.size());
}

}  // namespace

TEST_CASE("every pitch goes to the nearest note of the scale, halfway to the lower") {
    CHECK(quantised({60.4f, 60.6f, 60.5f, -0.7f}, {}) == Samples{60, 61, 60, -1});
    CHECK(quantised({60, 61, 61.2f, 66.1f, 71.4f, 71.6f, 48.9f}, {{"scale", "major"}}) ==
          Samples{60, 60, 62, 67, 71, 72, 48});
    CHECK(quantised({61, 63, 71.9f}, {{"scale", "major"}, {"root", "2"}}) == Samples{61, 62, 71});
    CHECK(quantised({70.9f, 59}, {{"scale", "minor-pentatonic"}}) == Samples{70, 58});
}

TEST_CASE("a list of degrees is a scale, in any order and between the keys") {
    CHECK(quantised({60.6f, 61.2f, 64, 71}, {}, {"3.5", "0", "1.5"}) == Samples{60, 61.5f, 63.5f, 72});
}

TEST_CASE("a scale by name and by degrees at once is refused") {
    const auto lines = problems_of({{"q", "scale-quantise", {{"scale", "minor"}, {"degrees", "3"}}}});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == "degrees: the scale is minor already; take one of the two away");
}
