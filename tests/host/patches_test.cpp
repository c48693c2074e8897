// Every patch in patches/ is valid, says what you hear, and plays twice with the same bytes.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "host/control/desk.h"
#include "host/engine/runner.h"
#include "host/patch/yaml.h"
#include "host/session/open.h"
#include "nodes/registry.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume;

namespace {

// All that there are, or the one that ctest asks for.
std::set<std::filesystem::path> patches() {
    const auto folder = legume::test::source_folder() / "patches";
    if (const char* one = std::getenv("LEGUME_TEST")) return {folder / (one + std::string(".yaml"))};
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".yaml") files.insert(entry.path());
    REQUIRE(files.size() >= 5);
    return files;
}

bool has(const Patch& patch, std::string_view type) {
    return std::any_of(patch.nodes.begin(), patch.nodes.end(), [&](const auto& node) { return node.type == type; });
}

constexpr int heard_frames = test::sanitized ? 24'000 : 96'000;

struct Beginning {
    std::unique_ptr<Runner> runner;
    std::vector<float> heard;  // channels interleaved
};

// What it plays first; recorders write into `folder`.
Beginning beginning(const std::filesystem::path& file, const test::Folder& folder,
                    const std::shared_ptr<Store>& store) {
    auto patch = load_patch(file).patch;
    for (auto& node : patch.nodes)
        if (node.type == "recorder")
            for (auto& setting : node.settings)
                if (setting.name == "file") setting.value.text = (folder / (node.id + ".wav")).string();
    auto checked = check(std::move(patch), node_types());
    const int channels = device_outputs(checked);
    RunnerSetup setup{48'000, device_inputs(checked), channels, 1, {}};
    setup.store = store;
    Beginning played{std::make_unique<Runner>(setup), {}};
    auto& [owned, heard] = played;
    auto& runner = *owned;
    for (const auto& problem : runner.edit(std::move(checked))) FAIL(to_string(problem));
    std::vector<float> planes(static_cast<std::size_t>(channels) * block_frames);
    std::vector<float*> out;
    for (std::size_t at = 0; at < planes.size(); at += block_frames) out.push_back(planes.data() + at);
    Desk desk(runner, [](const std::string& line) { FAIL(line); });
    for (int block = 0; block < heard_frames / block_frames; ++block) {
        desk.controls.tick();
        runner.render_block(nullptr, out.data());
        runner.tick();
        heard.insert(heard.end(), planes.begin(), planes.end());
    }
    CHECK(runner.poisoned().empty());
    return played;
}

}  // namespace

TEST_CASE("every patch is valid and begins by saying what you hear") {
    for (const auto& file : patches()) {
        CAPTURE(file);
        const auto checked = open_patch(file);
        for (const auto& problem : checked.problems) FAIL_CHECK(to_string(problem));
        CHECK(!checked.patch.note.empty());
    }
}

TEST_CASE("every patch plays two seconds within bounds, and plays them again with the same bytes") {
    for (const auto& file : patches()) {
        const auto patch = load_patch(file).patch;
        if (has(patch, "train")) continue;  // it is not for playing
        CAPTURE(file);
        const test::Folder folder;
        const auto store = std::make_shared<Store>();
        const auto first = beginning(file, folder, store), second = beginning(file, folder, store);
        const auto &once = first.heard, &again = second.heard;  // a network that the first holds is not folded again
        CHECK(test::finite({once}));
        CHECK(test::peak(once) < 0.89f);  // the ceiling is for hands, not for a patch as it comes
        if (has(patch, "output") && !has(patch, "input") && !test::sanitized)
            CHECK(test::decibels(test::rms(once)) > -60);
        REQUIRE(once.size() == again.size());
        CHECK(std::memcmp(once.data(), again.data(), once.size() * sizeof(float)) == 0);
    }
}
