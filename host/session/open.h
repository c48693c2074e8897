// What every command does with a patch first: load it, check it, and say all that is wrong with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "graph/check.h"

namespace legume {

// Loads with what was learned beside it, edits and checks; the problems of all are in `problems`. Of a pack it is the
// patch in it.
Checked open_patch(const std::filesystem::path& file, const std::function<void(Patch&)>& edit = {});
Checked open_patch_text(const std::string& text, const std::string& name);  // which stands in the places
// Prints them to stderr, a line each; true when there were any.
bool print_problems(const Problems& problems);

// A command that cannot do what was asked: the place, the fact and the next step.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// Runs a command and gives its exit code. What it throws is a line on stderr, and 1.
int attempt(const std::function<void()>& command);

// How many channels of the device the patch's nodes ask for.
int device_inputs(const Checked& checked);
int device_outputs(const Checked& checked);  // at least 1

// The command line's seed, else the patch's, else a new one.
std::uint64_t choose_seed(std::optional<std::uint64_t> asked, const Patch& patch);

// The first of: beside the program (../share/legume), the source folder. Holds patches/ and assets/.
std::filesystem::path home_folder();
std::filesystem::path program_folder();

// A progress line: redrawn in place on a terminal, otherwise printed now and then.
class Progress {
  public:
    Progress();
    void show(const std::string& line, double share);  // share 0..1
    void finish();

  private:
    bool terminal_;
    double next_ = 0;
    bool drawn_ = false;
};

}  // namespace legume
