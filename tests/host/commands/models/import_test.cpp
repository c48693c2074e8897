// What `legume import` writes and says, and what it will not do.
// SPDX-License-Identifier: MIT
#include "host/commands/models/import.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/child.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/foreign.h"

using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        unisound_weights({}).write(folder / "theirs.safetensors");
        std::ofstream(folder / "model.pt") << "PK";
    }
    std::string at(const char* name) const { return (folder / name).string(); }
    std::string said(int code, std::vector<std::string> command) const {
        command.insert(command.begin(), "import");
        return legume::test::said(code, std::move(command));
    }
    Folder folder;
};

}  // namespace

TEST_CASE("import writes a checkpoint of legume's and says what the file was") {
    const Desk desk;
    const auto theirs = desk.at("theirs.safetensors"), ours = desk.at("ours.safetensors");
    CHECK(desk.said(0, {theirs, "-o", ours, "--from", "unisound", "--rate", "16000"}) ==
          theirs + " -> " + ours + ": dim 20, frames 2/8, 1 x GRU, 32 levels mu-law, 16000 Hz, 0.0 million weights\n");
    const auto expected = import_checkpoint(theirs, source("unisound"), 16'000), written = read_checkpoint(ours);
    CHECK(written.config.json() == expected.config.json());
    for (const auto& [name, tensor] : expected.tensors) CHECK(written.tensors.at(name).values == tensor.values);
    desk.said(0, {theirs, "-o", ours, "--from", "unisound", "--rate", "16000", "--quantiser", "linear"});
    CHECK(read_config(ours).quantiser == Quantiser::linear);
}

TEST_CASE("import says at once what it cannot do, and leaves every file as it is") {
    const Desk desk;
    const auto theirs = desk.at("theirs.safetensors"), ours = desk.at("ours.safetensors");
    const auto size = fs::file_size(theirs);
    CHECK(desk.said(1, {theirs, "-o", ours, "--from", "wavenet", "--rate", "16000"}) ==
          "--from wavenet is none of unisound, prism, deepsound\n");
    CHECK(desk.said(1, {theirs, "-o", ours, "--from", "unisound"}) ==
          theirs +
              ": it does not say its sample rate; add --rate HZ (unisound trains at 22050 when nothing is said)\n");
    CHECK(desk.said(1, {theirs, "-o", ours, "--from", "prism", "--rate", "16000"}) ==
          theirs + ": it has no tensor \"frame_rnn/inputs/kernel\"; is it prism's?\n");
    CHECK(desk.said(1, {theirs, "-o", ours, "--from", "unisound", "--rate", "16000", "--quantiser", "a-law"}) ==
          "--quantiser a-law is neither mu_law nor linear\n");
    CHECK(desk.said(1, {desk.at("none.safetensors"), "-o", ours, "--from", "unisound", "--rate", "16000"}) ==
          desk.at("none.safetensors") + ": there is no such file; look at its name\n");
    CHECK(desk.said(1, {desk.at("model.pt"), "-o", ours, "--from", "deepsound", "--rate", "16000"}) ==
          desk.at("model.pt") + ": it is no .safetensors file; the README has a converter for each source\n");
    CHECK(desk.said(1, {theirs, "-o", theirs, "--from", "unisound", "--rate", "16000"}) ==
          theirs + " cannot be written: it is the file that is read; choose another name\n");
    CHECK(desk.said(1, {theirs, "-o", desk.at("nowhere/ours"), "--from", "unisound", "--rate", "16000"}) ==
          desk.at("nowhere/ours") + ": it cannot be written: No such file or directory\n");
    const auto rate = desk.said(1, {theirs, "-o", ours, "--from", "unisound", "--rate", "0"});
    CHECK_MESSAGE(rate.find("--rate: 0 is not a number from 1000 to 384000") != rate.npos, rate);
    const auto bare = desk.said(1, {theirs, "--from", "unisound"});
    CHECK_MESSAGE(bare.find("--out is required") != bare.npos, bare);
    CHECK(!fs::exists(ours));
    CHECK(fs::file_size(theirs) == size);
}
