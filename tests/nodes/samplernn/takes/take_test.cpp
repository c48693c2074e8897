// Takes carry their recipe and give back every level; a network goes on from one as if it had never stopped.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/take.h"

#include <doctest/doctest.h>

#include <fstream>

#include "nodes/files/sha256.h"
#include "nodes/samplernn/engine/generator.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

std::string sha256(const std::string& text) {
    Sha256 sum;
    sum.add(text);
    return sum.finish();
}

// A checkpoint on the disk, and takes of it as they would be if they were so long.
struct Desk {
    explicit Desk(Config config = config_at(8'000)) {
        write_checkpoint(model, network_of(config), Storage::f32);
        recipe = {checkpoint_hash(model), 12, 7, 3, 0.9f, Precision::fp32};
    }
    Samples drawn(std::size_t samples) const {
        Generator generator(std::make_shared<const Model>(read_checkpoint(model), recipe.precision), recipe.seed, 1,
                            recipe.voice);
        Samples sound;
        while (sound.size() < samples) sound.push_back(generator.next(recipe.temperature));
        return sound;
    }
    void write(std::size_t samples, const std::string& comment) const {
        const Config config = read_config(model);
        SoundWriter out(take, config.sample_rate, 1, take_format(Levels(config)), comment);
        out.write(drawn(samples));
        out.finish();
    }
    std::vector<NodeText> nodes(std::vector<std::pair<std::string, std::string>> more = {}) const {
        more.insert(more.begin(), {{"model", model.string()}, {"from", take.string()}});
        return {{"net", "samplernn", more}, {"tap", "tap", {}}};
    }
    Folder folder;
    std::filesystem::path model = folder / "net.safetensors", take = folder / "take.flac";
    Recipe recipe;
};

}  // namespace

TEST_CASE("the sums of known texts are known") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a recipe is read as it was printed, and what is none is none") {
    const Recipe recipe{std::string(64, 'a'), 4'000, 18'446'744'073'709'551'615u, 3, 0.95f, Precision::int8};
    CHECK(print(recipe) == "legume take 1 checkpoint=" + std::string(64, 'a') +
                               " step=4000 seed=18446744073709551615 voice=3 temperature=0.95 precision=int8");
    CHECK(parse_recipe(print(recipe)) == recipe);
    for (const char* part :
         {"legume take 1", "checkpoint=aaa", "step=", "seed=1", "voice=", "temperature=0.95", "int8"})
        CHECK(!parse_recipe(replaced(print(recipe), part, "x")));
    CHECK(!parse_recipe(replaced(print(recipe), "=0.95", "=nan")));
    CHECK(!parse_recipe(replaced(print(recipe), "=0.95", "=-1")));
    CHECK(!parse_recipe(""));
}

TEST_CASE("a take's file gives back every level of every quantiser, and the same take is the same file") {
    for (const auto quantiser : {Quantiser::mu_law, Quantiser::linear})
        for (const int levels : {2, 64, 256, 1'024, 4'096}) {
            CAPTURE(levels);
            Config config = config_at(8'000);
            config.quantiser = quantiser;
            config.levels = levels;
            const Folder folder;
            const Levels table(config);
            const Recipe recipe{std::string(64, '0'), 1, 1, 0, 1, Precision::fp32};
            for (const char* name : {"a.flac", "b.flac"}) {
                SoundWriter out(folder / name, 8'000, 1, take_format(table), print(recipe));
                for (int level = 0; level < levels; ++level) {
                    const float sample = table.amplitude(level);
                    out.write({&sample, 1});
                }
                out.finish();
            }
            const auto take = read_take(folder / "a.flac", config, recipe.checkpoint);
            CHECK(take.recipe == recipe);
            REQUIRE(take.levels.size() == static_cast<std::size_t>(levels));
            for (int level = 0; level < levels; ++level) REQUIRE(take.levels[static_cast<std::size_t>(level)] == level);
            CHECK(bytes_of(folder / "a.flac") == bytes_of(folder / "b.flac"));
        }
}

TEST_CASE("a network that goes on from a take plays what the longer take would have") {
    for (const auto quantiser : {Quantiser::mu_law, Quantiser::linear}) {
        Config config = config_at(8'000);
        config.quantiser = quantiser;
        Desk desk(config);
        for (const auto precision : {Precision::fp32, Precision::int8}) {
            desk.recipe.precision = precision;
            desk.write(5'003, print(desk.recipe));
            const Samples longer = desk.drawn(5'003 + 4'096);
            Rig rig(desk.nodes({{"temperature", "0.9"}}), {"net -> tap"}, {.rate = 8'000, .seed = 99, .outputs = 1});
            CHECK(rig.run(4'096)[0] == part(longer, 5'003, 4'096));
            REQUIRE(rig.told.size() == 1);
            CHECK(has(rig.told[0], "goes on after 0.6 s of take.flac"));
            CHECK(!has(rig.told[0], "temperature"));
        }
    }
}

TEST_CASE("after a reset it goes on from the take again, and the reset trigger begins the take") {
    Desk desk;
    desk.write(4'000, print(desk.recipe));
    const Samples longer = desk.drawn(8'000);
    Rig rig(desk.nodes({{"temperature", "0.9"}, {"ahead", "16 ms"}}), {"net -> tap"}, {.rate = 8'000, .outputs = 1});
    CHECK(rig.run(640)[0] == part(longer, 4'000, 640));
    rig.node("net").reset();
    CHECK(rig.run(1'280)[0] == part(longer, 4'000, 1'280));
    rig.fire("net", "reset");
    const Samples again = rig.run(2'048)[0];
    for (std::size_t i = 512; i < 1'792; ++i) REQUIRE(again[i + 128] == doctest::Approx(longer[i]).epsilon(1e-3));
}

TEST_CASE("another temperature than the take's is told, and its precision is kept") {
    Desk desk;
    desk.recipe.precision = Precision::int8;
    desk.write(800, print(desk.recipe));
    Rig rig(desk.nodes(), {"net -> tap"}, {.rate = 8'000, .outputs = 1});
    REQUIRE(rig.told.size() == 1);
    CHECK(has(rig.told[0], "goes on after 0.1 s of take.flac, which was made at temperature 0.9"));
}

TEST_CASE("a take that cannot be gone on from is said at its setting") {
    Desk desk;
    const auto told = [&](std::vector<std::pair<std::string, std::string>> more = {}) {
        auto nodes = desk.nodes(std::move(more));
        nodes.pop_back();
        std::string all;
        for (const auto& line : problems_of(nodes)) all += line + "\n";
        return all;
    };
    CHECK(has(told(), "take.flac does not exist; name a take"));
    desk.write(800, "");
    CHECK(has(told(), "take.flac carries no recipe of a take; `legume takes` writes takes that do"));
    Recipe other = desk.recipe;
    other.checkpoint = std::string(64, 'b');
    desk.write(800, print(other));
    CHECK(has(told(),
              "is a take of another network, that of step 12 whose file has the SHA-256 bbbbbbbbbbbb..., and this "
              "one's has " +
                  desk.recipe.checkpoint.substr(0, 12) + "...; set model to the checkpoint"));
    desk.write(800, print(desk.recipe));
    CHECK(told().empty());
    CHECK(has(told({{"voices", "2"}}), "voices is 2, and from goes on with one take"));
    CHECK(has(told({{"seed", "3"}}), "from goes on with the seed of its take"));
    {
        SoundWriter out(desk.take, 11'025, 1, SoundFormat::flac_16, print(desk.recipe));
        out.write(Samples(100));
        out.finish();
    }
    CHECK(has(told(), "is no longer as it was made"));
}
