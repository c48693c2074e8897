// A folder of one's own has all that its patch needs.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "host/session/open.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

// What `legume new` says, and its exit code.
std::pair<int, std::string> make(const std::filesystem::path& folder) {
    Child legume({built("legume"), "new", folder.string()});
    const int code = legume.wait();
    return {code, legume.output()};
}

}  // namespace

TEST_CASE("a new folder holds the first patch with its sounds, its model and the schema, wherever it is carried") {
    const Folder desk;
    const auto made = make(desk / "mine");
    const auto& said = made.second;
    REQUIRE_MESSAGE(made.first == 0, said);
    CHECK(said ==
          (desk / "mine").string() + " is yours: legume play " + (desk / "mine" / "first.yaml").string() + "\n");
    const auto folder = desk / "carried";
    std::filesystem::rename(desk / "mine", folder);
    const auto checked = open_patch(folder / "first.yaml");
    for (const auto& problem : checked.problems) FAIL_CHECK(to_string(problem));
    int files = 0;
    for (const auto& node : checked.nodes)
        for (const auto* option : node->options())
            if (option->type == Option::Type::file && !static_cast<const FileOption*>(option)->path().empty()) {
                const auto inside = std::filesystem::relative(static_cast<const FileOption*>(option)->path(), folder);
                CAPTURE(inside);
                CHECK(*inside.begin() == "assets");
                ++files;
            }
    CHECK(files == 2);
    const auto patches = source_folder() / "patches";
    CHECK(text_of(folder / "patch.schema.json") == text_of(patches / "patch.schema.json"));
    CHECK(checked.patch.note == open_patch(patches / "first.yaml").patch.note);
}

TEST_CASE("an empty folder is taken, and one with something in it is left as it is") {
    const Folder desk;
    std::filesystem::create_directory(desk / "empty");
    CHECK(make(desk / "empty").first == 0);
    std::filesystem::create_directory(desk / "full");
    std::ofstream(desk / "full" / "first.yaml") << "mine";
    for (const auto& taken : {desk / "full", desk / "full" / "first.yaml"}) {
        const auto [code, said] = make(taken);
        CHECK(code == 1);
        CHECK(said == taken.string() + " is there already and not an empty folder; name a new one\n");
    }
    CHECK(text_of(desk / "full" / "first.yaml") == "mine");
    CHECK(std::distance(std::filesystem::directory_iterator(desk / "full"), {}) == 1);
}

TEST_CASE("a folder that cannot be made is said by name") {
    const Folder desk;
    std::ofstream(desk / "file") << "no folder";
    const auto inside = desk / "file" / "mine";
    const auto [code, said] = make(inside);
    CHECK(code == 1);
    CHECK(said == inside.string() + " cannot be written: Not a directory; choose a folder of your own\n");
}
