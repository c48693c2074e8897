// The main of a program of cases. What is played in a test is kept in a folder that goes with the program.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/folder.h"

int main(int argc, char** argv) {
    const legume::test::Folder data;
    setenv("XDG_DATA_HOME", data.path.c_str(), 1);
    return doctest::Context(argc, argv).run();
}
