// Where the program lies, and what came with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace legume {

// The first of: beside the program (../share/legume), the source folder. Holds patches/ and assets/.
std::filesystem::path home_folder();
std::filesystem::path program_folder();

}  // namespace legume
