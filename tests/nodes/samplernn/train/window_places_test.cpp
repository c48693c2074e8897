// Where learning begins: anywhere, or all places of a grid before any of them again.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/window_places.h"

#include <doctest/doctest.h>

#include <set>
#include <utility>

using namespace legume::samplernn;

namespace {

Corpus two_passages() {
    Corpus corpus;
    corpus.passages = {{"a", std::vector<std::uint16_t>(1'000), 900}, {"b", std::vector<std::uint16_t>(500), 450}};
    return corpus;
}

}  // namespace

TEST_CASE("places by chance leave a window after them, in every passage") {
    const auto corpus = two_passages();
    const WindowPlaces places(corpus, 100, 400, {}, 5);
    CHECK(places.count() == 801 + 351);
    std::set<std::uint64_t> seen;
    for (std::uint64_t drawn = 0; drawn < 500; ++drawn) {
        const auto place = places.draw(drawn % 4, 4, drawn / 4);
        CHECK(place.at + 100 <= corpus.passages.at(place.passage).learn);
        seen.insert(place.passage);
    }
    CHECK(seen.size() == 2);
}

TEST_CASE("a grid's places overlap as they are told, and each is visited once before any comes again") {
    const auto corpus = two_passages();
    const WindowPlaces places(corpus, 100, 200, 0.75, 5);
    CHECK(places.count() == 17 + 8);  // 50 samples apart
    std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> rounds(3);
    for (std::uint64_t number = 0; number < 3 * places.count(); ++number) {
        const auto place = places.draw(number % 5, 5, number / 5);
        CHECK(place.at % 50 == 0);
        CHECK(place.at + 100 <= corpus.passages.at(place.passage).learn);
        rounds[number / places.count()].push_back({place.passage, place.at});
    }
    for (const auto& round : rounds) CHECK(std::set(round.begin(), round.end()).size() == places.count());
    CHECK(rounds[0] != rounds[1]);
    CHECK(WindowPlaces(corpus, 100, 200, 0.75, 6).draw(0, 1, 0).at +
              WindowPlaces(corpus, 100, 200, 0.75, 7).draw(0, 1, 0).at +
              WindowPlaces(corpus, 100, 200, 0.75, 8).draw(0, 1, 0).at !=
          3 * places.draw(0, 1, 0).at);
}

TEST_CASE("a single place is visited again and again") {
    Corpus corpus;
    corpus.passages = {{"a", std::vector<std::uint16_t>(100), 100}};
    const WindowPlaces places(corpus, 100, 400, 0.5, 5);
    CHECK(places.count() == 1);
    for (std::uint64_t drawn = 0; drawn < 3; ++drawn) CHECK(places.draw(0, 1, drawn).at == 0);
}
