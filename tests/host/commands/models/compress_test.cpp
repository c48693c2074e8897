// What `legume compress` writes and says, and what it will not do.
// SPDX-License-Identifier: MIT
#include "host/commands/models/compress.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "nodes/samplernn/checkpoint/prune.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/samplernn/train/train.h"
#include "tests/child.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        Config config = small_config();
        config.dim = 32;
        config.held_out_nll = 3.5;
        write_checkpoint(folder / "model.safetensors", network_of(config), Storage::f32);
        Channels sound{Samples(24'000)};
        for (std::size_t i = 0; i < sound[0].size(); ++i)
            sound[0][i] = 0.5f * static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
        write_wav(folder / "sound.wav", sound, 8'000);
    }
    std::string at(const char* name) const { return (folder / name).string(); }
    std::string said(int code, std::vector<std::string> command) const {
        command.insert(command.begin(), "compress");
        return legume::test::said(code, std::move(command));
    }
    Folder folder;
};

bool has(const std::string& text, const std::string& part) {
    INFO(text);
    const bool found = text.find(part) != text.npos;
    CHECK_MESSAGE(found, part);
    return found;
}

}  // namespace

TEST_CASE("compress stores half floats when nothing is said, and forgets nothing that was measured") {
    const Desk desk;
    const auto said = desk.said(0, {desk.folder.path.string(), "-o", desk.at("small.safetensors")});
    const auto before = read_checkpoint(desk.at("model.safetensors")),
               after = read_checkpoint(desk.at("small.safetensors"));
    for (const auto& [name, tensor] : as_stored(before, Storage::f16).tensors)
        CHECK(after.tensors.at(name).values == tensor.values);
    CHECK(after.config.json() == before.config.json());
    has(said, "precision: auto will play it in fp32: what int8 costs was never measured, --measure does\n");
    has(said, "small.safetensors, ");
    has(said, " MB as f16\n");
}

TEST_CASE("compress prunes, measures the network as its file gives it back, and writes what int8 costs") {
    const Desk desk;
    const auto said = desk.said(0, {desk.at("model.safetensors"), "-o", desk.at("small.safetensors"), "--store", "int8",
                                    "--prune", "0.75", "--measure", desk.at("sound.wav")});
    const auto after = read_checkpoint(desk.at("small.safetensors"));
    const auto expected = as_stored(prune(read_checkpoint(desk.at("model.safetensors")), 0.75), Storage::int8);
    BlockCount blocks;
    for (const auto& [name, tensor] : expected.tensors) {
        CHECK(after.tensors.at(name).pruned == tensor.pruned);
        CHECK(after.tensors.at(name).values == tensor.values);
        if (!tensor.pruned) continue;
        blocks.all += count_blocks(tensor).all;
        blocks.zero += count_blocks(tensor).zero;
    }
    has(said, std::to_string(blocks.zero) + " of " + std::to_string(blocks.all) + " blocks of 16 x 4 weights are zero");
    has(said, "costs it much of what it knows");
    CHECK(fs::file_size(desk.at("small.safetensors")) * 3 < fs::file_size(desk.at("model.safetensors")));

    const TrainSettings usual;
    CorpusMaker maker(after.config, usual.held_out, [](const std::string& line) { FAIL(line); });
    maker.add(desk.at("sound.wav"));
    const auto corpus = maker.finish(usual.window);
    const auto bits = [&](Precision precision) {
        return held_out_nll(std::make_shared<const Model>(after, precision), corpus, 480'000).bits;
    };
    const double fp32 = bits(Precision::fp32), int8 = bits(Precision::int8);
    REQUIRE(after.config.int8_cost);
    CHECK(*after.config.int8_cost == int8 - fp32);
    CHECK(!after.config.held_out_nll);  // it was the dense network's
    char line[128];
    std::snprintf(line, sizeof line, "fp32 %.4f bits a sample, int8 %.4f: int8 costs %.4f, and may cost 0.02\n", fp32,
                  int8, int8 - fp32);
    has(said, line);
    has(said, "measured on 0.3 s of the 0.3 s that are held out of " + desk.at("sound.wav"));
    has(said, "this is not the sound that it learned from");
    has(said, std::string("precision: auto will play it in ") +
                  (after.config.precision() == Precision::int8 ? "int8\n" : "fp32\n"));
}

TEST_CASE("compress without a file to write measures and writes nothing") {
    const Desk desk;
    const auto before = fs::last_write_time(desk.folder / "model.safetensors");
    const auto said = desk.said(0, {desk.at("model.safetensors"), "--measure", desk.folder.path.string()});
    has(said, "int8 costs");
    CHECK(fs::last_write_time(desk.folder / "model.safetensors") == before);
    CHECK(std::distance(fs::directory_iterator(desk.folder.path), {}) == 2);
}

TEST_CASE("compress says at once what it cannot do, and leaves every file as it is") {
    const Desk desk;
    const auto model = desk.at("model.safetensors"), out = desk.at("out.safetensors");
    const auto size = fs::file_size(model);
    CHECK(desk.said(1, {model}) ==
          "there is nothing to do; add -o FILE to write, or --measure SOUND_OR_FOLDER to measure\n");
    CHECK(desk.said(1, {model, "-o", model}) ==
          model + " cannot be written: it is the network that is read; choose another name\n");
    CHECK(desk.said(1, {desk.folder.path.string(), "-o", model}) ==
          model + " cannot be written: it is the network that is read; choose another name\n");
    CHECK(desk.said(1, {model, "-o", desk.folder.path.string()}) ==
          desk.folder.path.string() + " cannot be written: it is a folder; name a file in it\n");
    CHECK(desk.said(1, {model, "-o", desk.at("nowhere/out")}) ==
          desk.at("nowhere/out") + " cannot be written: there is no folder " + desk.at("nowhere") + "\n");
    CHECK(desk.said(1, {desk.at("none"), "-o", out}) == desk.at("none") + ": there is no such file or folder\n");
    has(desk.said(1, {desk.at("sound.wav"), "-o", out}), desk.at("sound.wav") + ": its header claims");
    CHECK(desk.said(1, {model, "-o", out, "--measure", desk.at("none.wav")}) ==
          desk.at("none.wav") + ": there is no such file or folder; look at its name\n");
    has(desk.said(1, {model, "-o", out, "--measure", model}), model + ": there is no sound to measure with");
    has(desk.said(1, {model, "-o", out, "--prune", "1.5"}), "--prune: 1.5 is not a number from");
    has(desk.said(1, {model, "-o", out, "--store", "int4"}), "int4");
    Config odd = small_config();
    odd.dim = 24;
    write_checkpoint(desk.folder / "odd.safetensors", network_of(odd), Storage::f32);
    CHECK(desk.said(1, {desk.at("odd.safetensors"), "-o", out, "--prune", "0.9"}) ==
          desk.at("odd.safetensors") + ": it cannot be pruned: its dim, 24, is no multiple of 16\n");
    CHECK(!fs::exists(out));
    CHECK(fs::file_size(model) == size);
}
