// What `legume bench` prints for people and for programs, and what it refuses; how fast a machine is, nobody judges.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/kernels/isa.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume::samplernn;
using namespace legume::test;

namespace {

const std::string shape = "dim=32 frames=2/4 levels=48 embedding=8 rate=8000";

struct Bench {
    explicit Bench(const std::vector<std::string>& arguments, const char* isa = nullptr) {
        unsetenv("LEGUME_ISA");  // the tests themselves may run under one
        if (isa) setenv("LEGUME_ISA", isa, 1);
        std::vector<std::string> command{built("legume"), "bench"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        Child child(command);
        code = child.wait();
        output = child.output();
        unsetenv("LEGUME_ISA");
    }
    int code;
    std::string output;
};

// What must fail with exit code 1; gives all that was said.
std::string refused(const std::vector<std::string>& arguments, const char* isa = nullptr) {
    const Bench bench(arguments, isa);
    CHECK_MESSAGE(bench.code == 1, bench.output);
    return bench.output;
}
std::string refused_shape(const std::string& text) { return refused({"--shape", text}); }

struct Row {
    std::string isa, precision;
    double sparsity, voices, samples_per_second, real_time, p50_us, p999_us, bytes_per_sample, roofline;
};

// A strict reader of JSON: Python's. It finds exactly the keys that the rows shall have, and gives a line each.
std::vector<Row> rows_of(const std::string& json) {
    const Folder folder;
    std::ofstream(folder / "bench.json") << json;
    const std::string script = R"(
import json, sys
text = json.load(open(sys.argv[1]), parse_constant=lambda word: sys.exit("no number: " + word))
keys = "isa precision sparsity voices samples_per_second real_time p50_us p999_us bytes_per_sample roofline".split()
assert list(text) == ["machine", "model", "rows"], list(text)
assert text["machine"]["cpu"] and text["machine"]["cores"] >= 1 and text["machine"]["memory_bytes_per_second"] > 0
assert text["model"]["dim"] == 32 and text["model"]["frames"] == [2, 4] and text["model"]["sample_rate"] == 8000
for row in text["rows"]:
    assert list(row) == keys, list(row)
    print(*row.values())
)";
    Child python({"/usr/bin/python3", "-c", script, folder / "bench.json"});
    REQUIRE_MESSAGE(python.wait() == 0, python.output());
    std::vector<Row> rows;
    for (const auto& line : python.lines()) {
        Row row;
        std::istringstream(line) >> row.isa >> row.precision >> row.sparsity >> row.voices >> row.samples_per_second >>
            row.real_time >> row.p50_us >> row.p999_us >> row.bytes_per_sample >> row.roofline;
        rows.push_back(row);
    }
    return rows;
}

}  // namespace

TEST_CASE("bench measures every instruction set of the machine, AVX2 first, in every precision, for 1 to 16 voices") {
    const Bench bench({"--shape", shape, "--seconds", "0.001", "--json"});
    REQUIRE_MESSAGE(bench.code == 0, bench.output);
    const auto rows = rows_of(bench.output);
    const auto playable = playable_kernels();
    REQUIRE(rows.size() == playable.size() * 3 * 5);
    std::size_t at = 0;
    std::vector<std::string> isas;
    for (std::size_t i = 0; i < playable.size(); ++i) {
        isas.push_back(rows[at].isa);
        for (const char* precision : {"fp32", "int8", "int4"}) {
            for (const int voices : {1, 2, 4, 8, 16}) {
                const Row& row = rows[at++];
                CHECK(row.isa == isas.back());
                CHECK(row.precision == precision);
                CHECK(row.voices == voices);
                CHECK(row.sparsity == 0);
                CHECK(row.samples_per_second > 0);
                CHECK(row.real_time == doctest::Approx(row.samples_per_second / 8000).epsilon(1e-4));
                CHECK(row.p50_us > 0);
                CHECK(row.p999_us >= row.p50_us);
                CHECK(row.bytes_per_sample > 0);
                CHECK(row.roofline > 0);
            }
        }
    }
    for (const auto* kernels : playable) {
        CHECK(std::count(isas.begin(), isas.end(), kernels->isa) == 1);
        if (kernels->isa == std::string("avx2")) CHECK(isas.front() == "avx2");
    }
    CHECK(isas.back() == "scalar");
    // The fewer bits a weight has, the fewer bytes are read.
    CHECK(rows[5].bytes_per_sample < 0.5 * rows[0].bytes_per_sample);
    CHECK(rows[10].bytes_per_sample < rows[5].bytes_per_sample);
}

TEST_CASE("bench prints the machine, the network and a line for each row") {
    const Bench bench({"--shape", shape, "--seconds", "0.001"}, "scalar");
    REQUIRE_MESSAGE(bench.code == 0, bench.output);
    std::istringstream output(bench.output);
    std::vector<std::string> lines;
    for (std::string line; std::getline(output, line);) lines.push_back(line);
    REQUIRE(lines.size() == 4 + 3 * 5);
    CHECK(lines[0].find(" core") != std::string::npos);
    CHECK(lines[0].find(", memory at ") != std::string::npos);
    CHECK(lines[1] == shape + ": dim 32, frames 2/4, 48 levels, 8 kHz, dense");
    CHECK(lines[3].find("samples/s") != std::string::npos);
    for (std::size_t i = 4; i < lines.size(); ++i) {
        CHECK(lines[i].rfind("scalar", 0) == 0);
        CHECK(lines[i].size() == lines[3].size());
    }
}

TEST_CASE("bench knows a pruned network by its blocks, and reads less of it") {
    const auto measure = [](const std::string& text) {
        const Bench bench({"--shape", text, "--seconds", "0.001", "--json"}, "scalar");
        REQUIRE_MESSAGE(bench.code == 0, bench.output);
        return rows_of(bench.output).front();
    };
    const auto dense = measure(shape), pruned = measure(shape + " sparsity=0.75");
    CHECK(pruned.sparsity == doctest::Approx(0.75).epsilon(0.02));
    CHECK(pruned.bytes_per_sample < 0.6 * dense.bytes_per_sample);
}

TEST_CASE("bench plays a checkpoint from a file, and the newest of a folder") {
    const Folder folder;
    write_checkpoint(folder / "step-7.safetensors", random_network(parse_shape(shape)), Storage::f16);
    for (const auto& model : {folder / "step-7.safetensors", folder.path}) {
        const Bench bench({model, "--seconds", "0.001", "--json"}, "scalar");
        REQUIRE_MESSAGE(bench.code == 0, bench.output);
        CHECK(bench.output.find("step-7.safetensors\"") != std::string::npos);
        CHECK(rows_of(bench.output).size() == 3 * 5);
    }
}

TEST_CASE("the breakdown's stages make up the whole sample") {
    const Bench bench({"--shape", shape, "--seconds", "0.001", "--breakdown"});
    REQUIRE_MESSAGE(bench.code == 0, bench.output);
    double shares[3] = {};
    int stages = 0;
    std::istringstream output(bench.output);
    for (std::string line; std::getline(output, line);) {
        const auto first = line.find(" us ");
        if (first == std::string::npos || line.rfind("a sample", 0) == 0) continue;
        ++stages;
        std::istringstream numbers(line.substr(24));
        for (double& share : shares) {
            double us = -1, percent = -1;
            std::string unit, sign;
            numbers >> us >> unit >> percent >> sign;
            CHECK(us >= 0);
            share += percent;
        }
    }
    CHECK(stages == 7);
    for (const double share : shares) CHECK(share == doctest::Approx(100).epsilon(0.01));
}

TEST_CASE("bench says what it cannot measure, and why") {
    const Folder folder;
    std::ofstream(folder / "noise.safetensors") << "noise";
    const std::string none =
        "name one model to bench, or a network that there is not yet: --shape \"dim=512 frames=4/16\"\n";
    CHECK(refused({}) == none);
    CHECK(refused({"pods", "--shape", shape}) == none);
    CHECK(refused({folder / "nowhere"}) == (folder / "nowhere").string() + ": there is no such file or folder\n");
    CHECK(refused({folder / "noise.safetensors"}) ==
          (folder / "noise.safetensors").string() + ": it is too short to be a safetensors file\n");
    CHECK(refused({"--shape", shape}, "pentium").find("LEGUME_ISA=pentium") != std::string::npos);
    CHECK(refused({"--shape", shape, "--seconds", "nan"}).find("--seconds: nan is not a number") != std::string::npos);
}

TEST_CASE("bench says which word of a shape is wrong") {
    CHECK(refused_shape("dim") == "the shape says \"dim\"; write key=value, such as dim=512\n");
    CHECK(refused_shape("dim=32 dim=64") == "the shape says \"dim\" twice\n");
    CHECK(refused_shape("dim=big") == "the shape's dim is \"big\"; it must be a whole number\n");
    CHECK(refused_shape("dim=0") == "dim is 0; it must be 1 to 8192\n");
    CHECK(refused_shape("frames=4/") == "the shape's frames is \"\"; it must be a whole number\n");
    CHECK(refused_shape("frames=4/6") == "a frame of 6 is no multiple of the tier below's 4\n");
    CHECK(refused_shape("cell=rnn") == "the shape's cell is \"rnn\"; it must be gru or lstm or min_gru\n");
    CHECK(refused_shape("skip=maybe") == "the shape's skip is \"maybe\"; it must be yes or no\n");
    CHECK(refused_shape("rate=fast") == "the shape's rate is \"fast\"; it must be a number\n");
    CHECK(refused_shape("dim=64 sparsity=1") == "the shape's sparsity is \"1\"; it must be from 0 to below 1\n");
    CHECK(refused_shape("dimm=32").find("a shape has no \"dimm\"; it has frames, cell, layers, dim, ") == 0);
}
