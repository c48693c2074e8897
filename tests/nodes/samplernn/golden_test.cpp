// Takes of the shipped network have the same bytes on every machine, whatever it computes with.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "nodes/samplernn/engine/generator.h"
#include "tests/folder.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

constexpr int rate = 16'000, quarter = rate / 4;

// FNV-1a over each voice's samples, noted after a quarter of a second and after every second.
std::vector<std::vector<std::uint64_t>> hashes(const Checkpoint& checkpoint, Precision precision,
                                               const Kernels& kernels, int voices, int length) {
    Generator generator(std::make_shared<const Model>(checkpoint, precision, kernels), 1, voices);
    const auto n = static_cast<std::size_t>(voices);
    const std::vector<Sampling> chances(n);
    std::vector<float> samples(n);
    std::vector<std::uint64_t> hash(n, 14695981039346656037u);
    std::vector<std::vector<std::uint64_t>> noted(n);
    for (int t = 1; t <= length; ++t) {
        generator.next(chances, samples);
        for (std::size_t v = 0; v < n; ++v) {
            std::uint32_t bits;
            std::memcpy(&bits, &samples[v], sizeof bits);
            hash[v] = (hash[v] ^ bits) * 1099511628211u;
            if (t == quarter || t % rate == 0) noted[v].push_back(hash[v]);
        }
    }
    return noted;
}

// An emulated or instrumented machine is a hundred times slower: there one take runs for a second, the others for a
// quarter.
#if defined(LEGUME_EMULATED) || defined(LEGUME_SANITIZED)
constexpr bool patient = false;
#else
constexpr bool patient = true;
#endif

struct Golden {
    const char* name;
    Precision precision;
    bool pruned;                       // as it is stored, or every block of it played, those of zeros too
    std::vector<std::uint64_t> after;  // a quarter, 1, 2, 3, 4, 5 seconds
};
const Golden goldens[] = {
    {"fp32, pruned",
     Precision::fp32,
     true,
     {5182768551226811597u, 7934976238921192723u, 5993702792480640379u, 13656746467557052586u, 7535901138562061858u,
      459616718876346154u}},
    {"int8, pruned",
     Precision::int8,
     true,
     {14885391402730510067u, 18337643362845936219u, 10712426051888494665u, 12935687233425693652u, 10072438601188695050u,
      12730656314099509883u}},
    {"int4, pruned",
     Precision::int4,
     true,
     {14885391402730510067u, 18337643362845936219u, 10712426051888494665u, 12935687233425693652u, 10072438601188695050u,
      12730656314099509883u}},
    {"fp32, dense",
     Precision::fp32,
     false,
     {5182768551226811597u, 7934976238921192723u, 5993702792480640379u, 13656746467557052586u, 7535901138562061858u,
      459616718876346154u}},
    {"int8, dense",
     Precision::int8,
     false,
     {6544101458716576258u, 2831891501906700422u, 11992617778340588102u, 8064914719114322117u, 1208117300503264427u,
      14754883139456273442u}},
    {"int4, dense",
     Precision::int4,
     false,
     {9219920879845369164u, 2548123300472463932u, 4502153318048060716u, 8464503225817491292u, 18187415317688678155u,
      18296644891891275969u}},
};

}  // namespace

TEST_CASE("seconds of the shipped network are these bytes under every instruction set, alone and in company") {
    const auto stored = read_checkpoint(find_checkpoint(legume::test::source_folder() / "assets" / "models" / "pods"));
    auto dense = stored;
    for (auto& [name, tensor] : dense.tensors) tensor.pruned = false;
    const auto playable = playable_kernels();
    const char* wanted = std::getenv("LEGUME_TEST");  // ctest asks for one instruction set at a time
    if (wanted && std::none_of(playable.begin(), playable.end(),
                               [&](const Kernels* kernels) { return kernels->isa == std::string(wanted); })) {
        MESSAGE(wanted, " is not playable here");
        return;
    }
    for (const auto& golden : goldens) {
        CAPTURE(std::string(golden.name));
        const auto& checkpoint = golden.pruned ? stored : dense;
        for (const Kernels* kernels : playable) {
            if (wanted && kernels->isa != std::string(wanted)) continue;
            CAPTURE(std::string(kernels->isa));
            const bool best = kernels == playable.back();
            if (!patient && !best && golden.precision != Precision::int8) continue;
            const bool longest = best && golden.pruned && golden.precision == Precision::int8;
            const int length = patient ? 5 * rate : longest ? rate : quarter;
            const auto alone = hashes(checkpoint, golden.precision, *kernels, 1, length)[0];
            for (std::size_t s = 0; s < alone.size(); ++s) {
                CAPTURE(s);
                CHECK(alone[s] == golden.after[s]);
            }
            if (patient) CHECK(hashes(checkpoint, golden.precision, *kernels, 3, quarter)[0][0] == golden.after[0]);
        }
    }
}
