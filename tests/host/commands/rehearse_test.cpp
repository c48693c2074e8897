// A rehearsal on the null device plays every scene of every patch, and says what would break the show.
// SPDX-License-Identifier: MIT
#include "host/commands/rehearse.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "tests/child.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const patch_text = R"(legume: 1
nodes:
  tone: {type: oscillator, gain: -20 dB}
  out:  {type: output}
wires: [tone -> out]
scenes:
  low:  {tone.frequency: 100 Hz}
  high: {tone.frequency: 2 kHz}
)";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("every scene of every patch is played, and a controller that is not there would break the show") {
    const Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
    std::ofstream(folder / "one.yaml") << patch_text;
    std::ofstream(folder / "two.yaml") << patch_text
                                       << "bindings:\n  - {midi: {cc: 1, port: nanoKONTROL}, to: tone.gain}\n";
    const auto text = said(1, {"rehearse", (folder / "one.yaml").string(), (folder / "two.yaml").string(), "--minutes",
                               "0.03", "--device", "null"});
    for (const char* place : {"one.yaml\n", "one.yaml, scene low\n", "one.yaml, scene high\n", "two.yaml\n",
                              "two.yaml, scene low\n", "two.yaml, scene high\n", "minute  1: headroom "})
        CHECK_MESSAGE(contains(text, place), text);
    CHECK_MESSAGE(contains(text,
                           "WOULD BREAK THE SHOW: two.yaml: the controller \"nanoKONTROL\" is not there, and 1 "
                           "binding needs it; "),
                  text);
    CHECK_MESSAGE(contains(text, "Worth knowing: It was played on the null device"), text);
}

TEST_CASE("a patch with faults is said with its places, and not rehearsed") {
    const Folder folder;
    std::ofstream(folder / "one.yaml") << "legume: 1\nnodes:\n  out: {type: outpt}\n";
    const auto text = said(1, {"rehearse", (folder / "one.yaml").string(), "--device", "null"});
    CHECK_MESSAGE(contains(text, "one.yaml:3:15: "), text);
    CHECK_FALSE(contains(text, "Rehearsing"));
}

TEST_CASE("each thing that is missing is said with its remedy") {
    CHECK(permissions(true, true).empty());
    const auto none = permissions(false, false);
    REQUIRE(none.size() == 2);
    CHECK(contains(none[0].text, "@audio - rtprio 95"));
    CHECK_FALSE(none[0].breaks);
    CHECK(contains(permissions(true, false).at(0).text, "@audio - memlock unlimited"));

    CHECK(disk_room(1'000'000'000, 384'000, 20).empty());  // 43 minutes
    CHECK_FALSE(disk_room(600'000'000, 384'000, 20).at(0).breaks);
    CHECK(disk_room(400'000'000, 384'000, 20).at(0).breaks);
    CHECK(contains(disk_room(400'000'000, 384'000, 20)[0].text, "room for 17 minutes of recording"));

    CHECK(rates(0, 44'100).empty());
    CHECK(rates(48'000, 48'000).empty());
    CHECK(contains(rates(48'000, 44'100).at(0).text, "runs at 44100 Hz where 48000 was asked for"));

    Patch patch;
    patch.file = "set/one.yaml";
    for (const char* port : {"nano", "nano", ""}) {
        Binding binding;
        binding.midi.emplace().port = port;
        patch.bindings.push_back(binding);
    }
    CHECK(missing_controllers(patch, {"my nano KEYS"}).empty());
    const auto found = missing_controllers(patch, {});
    REQUIRE(found.size() == 2);
    CHECK(found[0].breaks);
    CHECK(contains(found[0].text, "one.yaml: the controller \"nano\" is not there, and 2 bindings need it"));
    CHECK_FALSE(found[1].breaks);
}

TEST_CASE("late blocks, gaps and covering would break the show, and little headroom is worth knowing") {
    CHECK(analyse({{1, 0.2, 0.5, 0, 0, 0}, {2, 0.3, 0.6, 0, 0, 0}}, "").empty());
    const auto tight = analyse({{1, 0.2, 0.95, 0, 0, 0}}, "");
    REQUIRE(tight.size() == 1);
    CHECK_FALSE(tight[0].breaks);
    CHECK(contains(tight[0].text, "only 5 % of the time was left"));
    const auto late = analyse({{1, 0.2, 0.95, 2, 1, 0.25}, {2, 0.2, 1.2, 1, 0, 0}}, "; late: dream 3");
    REQUIRE(late.size() == 3);
    CHECK(late[0].breaks);
    CHECK(contains(late[0].text, "3 blocks were late; late: dream 3."));
    CHECK(contains(late[1].text, "1 times without a block"));
    CHECK(contains(late[2].text, "covered up to 25 %"));
    CHECK(line({3, 0.25, 0.5, 2, 1, 0.1}) ==
          "minute  3: headroom 75 %, at the least 50 %; 2 late, 1 gaps, covering 10 %");
}
