// The terms on which a run goes on: what must be as it was, what may change when told to, and what is only said.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/samplernn/train/train.h"

namespace legume::samplernn {

enum class Compatibility {
    shape,     // nothing fits any more when it changes
    learning,  // may change with --accept-changes
    sound,     // may change with --accept-corpus
    free,      // may change, and moves bytes
};

struct Term {
    std::string name, value;
    Compatibility bond = Compatibility::shape;
};

// What a run computes on; another may move its last bits.
struct Computer {
    std::string device;     // "cpu" or "cuda"
    std::string processor;  // its name
    std::string libtorch;   // its version
    int threads = 1;        // that share out the work; 0 where it makes no difference
};
std::string processor_name();

std::vector<Term> terms(const TrainSettings& settings, const Corpus& corpus, const Computer& computer);
std::string print(const std::vector<Term>& terms);  // one "name value" a line

// What an earlier print() said of a name.
std::optional<std::string> value_in(const std::string& printed, const std::string& name);

struct Change {
    Term now;
    std::string before;
};
std::vector<Change> changes(const std::string& before, const std::vector<Term>& now);

}  // namespace legume::samplernn
