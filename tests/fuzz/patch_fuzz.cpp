// Any bytes as a patch's text: read, or refused with a place and words.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <string>

#include "host/patch/yaml.h"

using namespace legume;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto loaded = load_patch_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
    if (!loaded.readable && loaded.problems.empty()) std::abort();
    for (const auto& problem : loaded.problems)
        if (problem.message.empty() || problem.place.file.empty() || problem.place.line < 0) std::abort();
    diff(loaded.patch, loaded.patch);
    return 0;
}
