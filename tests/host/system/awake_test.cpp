// The computer is kept awake as long as a patch plays, by a stand-in for systemd-inhibit that writes down its orders.
// SPDX-License-Identifier: MIT
#include "host/system/awake.h"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "tests/child.h"

using namespace legume;
using namespace legume::test;

namespace {

struct Path {
    const std::string before = std::getenv("PATH");
    explicit Path(const std::string& first) { setenv("PATH", (first + ":" + before).c_str(), 1); }
    ~Path() { setenv("PATH", before.c_str(), 1); }
};

void write_script(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file) << "#!/bin/sh\n" << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

}  // namespace

TEST_CASE("idling and sleep are held off while it lives, and no longer") {
    const Folder folder;
    const Path path(folder.path.string());
    const auto orders = folder / "orders";
    write_script(folder / "systemd-inhibit", "echo $$ \"$@\" > '" + orders.string() + ".part'; mv '" + orders.string() +
                                                 ".part' '" + orders.string() + "'\nexec cat\n");
    std::optional<Awake> awake(std::in_place);
    CHECK(eventually([&] { return std::filesystem::exists(orders); }));
    std::ifstream in(orders);
    pid_t inhibitor = 0;
    in >> inhibitor >> std::ws;
    REQUIRE(inhibitor > 0);
    const std::string said{std::istreambuf_iterator<char>(in), {}};
    CHECK(said.find("--what=idle:sleep --who=legume") == 0);
    CHECK(awake->look());
    CHECK(::kill(inhibitor, 0) == 0);
    awake.reset();
    CHECK(::kill(inhibitor, 0) != 0);
}

TEST_CASE("where it is refused nothing happens") {
    const Folder folder;
    const Path path(folder.path.string());
    write_script(folder / "systemd-inhibit", "exit 1\n");
    Awake awake;
    CHECK(eventually([&] { return !awake.look(); }));
}
