// Where the program lies, what came with it, and where its user keeps things.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace legume {

// The first of: beside the program (../share/legume), the source folder. Holds patches/ and assets/.
std::filesystem::path home_folder();
std::filesystem::path program_folder();

// After the XDG base directory specification; empty when there is no home. A path that is not absolute counts as none.
std::filesystem::path config_folder();  // $XDG_CONFIG_HOME/legume, else ~/.config/legume
std::filesystem::path state_folder();   // $XDG_STATE_HOME/legume, else ~/.local/state/legume
std::filesystem::path data_folder();    // $XDG_DATA_HOME/legume, else ~/.local/share/legume

}  // namespace legume
