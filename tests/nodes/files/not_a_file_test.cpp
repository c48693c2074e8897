// What no patch may name is known without being opened: pipes, sockets, devices, loops of links.
// SPDX-License-Identifier: MIT
#include "nodes/files/not_a_file.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "tests/folder.h"

using namespace legume;

TEST_CASE("a file, a folder and nothing may be opened; a pipe, a socket, a device and a loop of links may not") {
    const test::Folder folder;
    std::ofstream(folder / "file") << "a";
    CHECK(!not_a_file(folder / "file"));
    CHECK(!not_a_file(folder.path));
    CHECK(!not_a_file(folder / "nothing"));

    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(not_a_file(folder / "pipe") == "is a pipe; name a file");
    std::filesystem::create_symlink("pipe", folder / "link");
    CHECK(not_a_file(folder / "link") == "is a pipe; name a file");
    CHECK(not_a_file("/dev/zero") == "is a device; name a file");

    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    CHECK(not_a_file(folder / "socket") == "is a socket; name a file");
    ::close(socket);

    std::filesystem::create_symlink("round", folder / "round");
    CHECK(not_a_file(folder / "round") ==
          "cannot be reached (Too many levels of symbolic links); look at its name and folder");
}

TEST_CASE("a file that this user may not read says so") {
    const test::Folder folder;
    std::ofstream(folder / "secret") << "a";
    REQUIRE(::chmod((folder / "secret").c_str(), 0) == 0);
    if (::access((folder / "secret").c_str(), R_OK) == 0) return;  // root may read all
    CHECK(not_a_file(folder / "secret") == "cannot be read (Permission denied); look at its permissions");
}
