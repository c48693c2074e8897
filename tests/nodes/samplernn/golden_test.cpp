// Takes of the shipped network have the same bytes on every machine, whatever it computes with.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "nodes/samplernn/generator.h"
#include "tests/folder.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

constexpr int rate = 16'000;

// FNV-1a over each voice's samples, noted after every second.
std::vector<std::vector<std::uint64_t>> hashes(const Checkpoint& checkpoint, Precision precision,
                                               const Kernels& kernels, int voices, int length) {
    Generator generator(std::make_shared<const Model>(checkpoint, precision, kernels), 1, voices);
    const auto n = static_cast<std::size_t>(voices);
    std::vector<float> temperatures(n, 1.0f), samples(n);
    std::vector<std::uint64_t> hash(n, 14695981039346656037u);
    std::vector<std::vector<std::uint64_t>> noted(n);
    for (int t = 0; t < length * rate; ++t) {
        generator.next(temperatures, samples);
        for (std::size_t v = 0; v < n; ++v) {
            std::uint32_t bits;
            std::memcpy(&bits, &samples[v], sizeof bits);
            hash[v] = (hash[v] ^ bits) * 1099511628211u;
            if ((t + 1) % rate == 0) noted[v].push_back(hash[v]);
        }
    }
    return noted;
}

// An emulated or instrumented machine is a hundred times slower: there one take runs its five seconds.
#if defined(LEGUME_EMULATED) || defined(LEGUME_SANITIZED)
constexpr bool patient = false;
#else
constexpr bool patient = true;
#endif

struct Golden {
    const char* name;
    Precision precision;
    std::vector<std::uint64_t> after;  // seconds
};
const Golden goldens[] = {
    {"fp32",
     Precision::fp32,
     {6093545795136957674u, 11663287309195712624u, 7383132336746274071u, 13857623972202785977u, 2249309622438936547u}},
    {"int8",
     Precision::int8,
     {15651107173705512715u, 10211819639257276416u, 15733424601987449846u, 484432120606955874u, 14552937809745452565u}},
    {"int4",
     Precision::int4,
     {14834352259455003852u, 6834374926659972775u, 5364448678747882456u, 1108759753091954097u, 8527887710905513162u}},
};

}  // namespace

TEST_CASE("five seconds of the shipped network are these bytes under every instruction set, alone and in company") {
    const auto checkpoint =
        read_checkpoint(legume::test::source_folder() / "assets" / "models" / "pods" / "00004000.safetensors");
    const auto playable = playable_kernels();
    for (const auto& golden : goldens) {
        CAPTURE(std::string(golden.name));
        for (const Kernels* kernels : playable) {
            CAPTURE(std::string(kernels->isa));
            const bool best = kernels == playable.back();
            if (!patient && !best && golden.precision != Precision::int8) continue;
            const int seconds = patient || (best && golden.precision == Precision::int8) ? 5 : 1;
            const auto alone = hashes(checkpoint, golden.precision, *kernels, 1, seconds)[0];
            for (std::size_t s = 0; s < alone.size(); ++s) {
                CAPTURE(s);
                CHECK(alone[s] == golden.after[s]);
            }
            if (patient) CHECK(hashes(checkpoint, golden.precision, *kernels, 3, 1)[0][0] == golden.after[0]);
        }
    }
}
