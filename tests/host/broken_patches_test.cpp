// Every patch in tests/patches/ says all that is wrong with it, word for word as in tests/patches/expected.txt.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/session/open.h"
#include "tests/folder.h"

using namespace legume;

namespace {

const std::filesystem::path folder = legume::test::source_folder() / "tests" / "patches";

// A patch's name -> its lines.
std::map<std::string, std::string> expected_lines() {
    std::map<std::string, std::string> lines;
    std::ifstream in(folder / "expected.txt");
    for (std::string line; std::getline(in, line);)
        if (!line.starts_with("#")) lines[line.substr(0, line.find(':'))] += line + "\n";
    return lines;
}

// As `legume check` prints them in that folder.
std::string said_of(const std::filesystem::path& file) {
    std::string text;
    const auto prefix = folder.string() + "/";
    for (const auto& problem : open_patch(file).problems) {
        auto line = to_string(problem);
        for (std::size_t at = 0; (at = line.find(prefix, at)) != line.npos;) line.erase(at, prefix.size());
        text += line + "\n";
    }
    return text;
}

std::set<std::string> patch_names() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".yaml") names.insert(entry.path().filename().string());
    return names;
}

}  // namespace

TEST_CASE("a broken patch says every fault at its place, and what to do") {
    auto expected = expected_lines();
    for (const auto& name : patch_names()) {
        CAPTURE(name);
        CHECK(said_of(folder / name) == expected[name]);
    }
}

TEST_CASE("many patches are broken, each in its way, and two are whole") {
    const auto names = patch_names();
    const auto expected = expected_lines();
    CHECK(names.size() >= 26);
    for (const auto& entry : expected) {
        CAPTURE(entry.first);
        CHECK(names.count(entry.first) == 1);
    }
    for (const auto& name : names) {
        CAPTURE(name);
        CHECK((expected.count(name) == 0) == (name == "whole.yaml" || name == "train-short.yaml"));
    }
}

TEST_CASE("every fault has a line and a column") {
    for (const auto& name : patch_names())
        for (const auto& problem : open_patch(folder / name).problems) {
            CAPTURE(to_string(problem));
            CHECK(problem.place.line >= 1);
            CHECK(problem.place.column >= 1);
            CHECK(problem.place.file == (folder / name).string());
            CHECK(problem.message.find_first_of("\n\r\t") == std::string::npos);
        }
}
