// A file that is written whole or not at all.
// SPDX-License-Identifier: MIT
#include "nodes/files/atomic_file.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/folder.h"

using namespace legume::samplernn;
namespace fs = std::filesystem;

TEST_CASE("a file is written whole over what was there, and over the rest of one that was cut short") {
    const legume::test::Folder folder;
    const auto file = folder / "page.html";
    std::ofstream(file) << "the page before";
    std::ofstream(folder / "page.html.part") << std::string(100, 'x');
    const std::string page("new\0page", 8);
    CHECK(!write_atomically(file, page));
    std::ifstream in(file, std::ios::binary);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == page);
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a file that cannot be written says why and leaves nothing behind") {
    const legume::test::Folder folder;
    CHECK(write_atomically(folder / "nowhere" / "page.html", "page") == std::errc::no_such_file_or_directory);
    fs::create_directories(folder / "page.html" / "inside");
    CHECK(write_atomically(folder / "page.html", "page") == std::errc::is_a_directory);
    CHECK(fs::exists(folder / "page.html" / "inside"));
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}
