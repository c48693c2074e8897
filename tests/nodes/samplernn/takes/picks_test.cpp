// What was starred is kept whole, read back as it was, and never lost to a fault in the file.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/picks.h"

#include <doctest/doctest.h>

#include <fstream>
#include <utility>

#include "tests/folder.h"

using namespace legume;
using namespace legume::test;

namespace {

std::string refusal(const Folder& folder, const std::string& text) {
    std::ofstream(folder / "picks.yaml") << text;
    try {
        read_picks(folder.path);
    } catch (const RunError& refused) {
        return refused.what();
    }
    return "";
}

}  // namespace

TEST_CASE("picks come back as they were written") {
    const Folder folder;
    CHECK(read_picks(folder.path).empty());
    const Picks picks{{"takes/640 #1.flac", {true, 640, 7}},
                      {"takes/a \"quoted\\\" one.flac", {false, 10, {}}},
                      {"takes/00000010.flac", {true, 10, 18'446'744'073'709'551'615u}}};
    write_picks(folder.path, picks);
    const auto again = read_picks(folder.path);
    REQUIRE(again.size() == 3);
    for (const auto& [file, pick] : picks) {
        const std::string take = file;
        CAPTURE(take);
        REQUIRE(again.count(file) == 1);
        CHECK(again.at(file).star == pick.star);
        CHECK(again.at(file).step == pick.step);
        CHECK(again.at(file).seed == pick.seed);
    }
    write_picks(folder.path, {});
    CHECK(read_picks(folder.path).empty());
}

TEST_CASE("picks that a hand wrote are read too: a bare file is a star") {
    const Folder folder;
    std::ofstream(folder / "picks.yaml") << "picks:\n  - takes/1.flac\n  - file: takes/2.flac\n    star: false\n";
    const auto picks = read_picks(folder.path);
    REQUIRE(picks.size() == 2);
    CHECK(picks.at("takes/1.flac").star);
    CHECK(!picks.at("takes/2.flac").star);
    std::ofstream(folder / "picks.yaml") << "# By hand.\npicks:   # the best\n"
                                            "- {star: yes, file: './takes/it''s one, or two.flac'}  # late\n"
                                            "-   file: >-\n      takes/3.flac\n    star: no\n"
                                            "- \"takes/4 #1.flac\"\n";
    const auto more = read_picks(folder.path);
    REQUIRE(more.size() == 3);
    CHECK(more.at("takes/it's one, or two.flac").star);
    CHECK(!more.at("takes/3.flac").star);
    CHECK(more.at("takes/4 #1.flac").star);
    std::ofstream(folder / "picks.yaml") << "- takes/1.flac\n- takes/2.flac\n";
    CHECK(read_picks(folder.path).size() == 2);
    std::ofstream(folder / "picks.yaml") << "# nothing yet\n";
    CHECK(read_picks(folder.path).empty());
}

TEST_CASE("a picks.yaml that makes no sense is refused with its place") {
    const Folder folder;
    const auto file = (folder / "picks.yaml").string();
    CHECK(refusal(folder, "picks: [").find(file + ":1:") == 0);
    CHECK(refusal(folder, "stars: [a]") ==
          file + ":1:1: it wants picks: and a list below; mend it, or move the file away");
    CHECK(refusal(folder, "picks:\n  - {star: true}").find(file + ":2:5: a pick wants a file") == 0);
    for (const auto& [text, where] : {std::pair{"picks:\n  - {file: \"a}\n", ":2:12: this quote is not closed"},
                                      {"picks:\n\t- a\n", ":2:1: a tab indents this line"},
                                      {"picks:\n  - file: a\n    file: b\n", ":3:5: \"file\" stands here twice"},
                                      {"picks: {a: b}\n", ":1:1: it wants picks: and a list below"},
                                      {"picks:\n  - [a, b]\n", ":2:5: a pick wants a file"}}) {
        const std::string said = refusal(folder, text), place = where;
        CAPTURE(said);
        CHECK(said.starts_with(file + place));
        CHECK(said.ends_with("; mend it, or move the file away"));
    }
    for (const char* field : {"star: maybe", "step: 1.5", "seed: -1", "loud: true"})
        CHECK(refusal(folder, std::string("picks:\n  - {file: a, ") + field + "}").find(file + ":2:15: a pick has") ==
              0);
}
