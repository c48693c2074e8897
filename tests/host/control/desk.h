// A patch from its file, played block by block with its scenes, morphs and cues, as in a session.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>

#include "host/control/cues.h"
#include "host/control/morphs.h"
#include "host/control/scenes.h"
#include "host/session/open.h"
#include "tests/harness.h"

namespace legume::test {

struct ControlDesk {
    Folder folder;
    std::string said;
    Runner runner{{48'000, 0, 1, 3, {}}};
    Controls controls{runner};
    Commands commands;
    std::optional<Scenes> scenes;
    std::optional<Morphs> morphs;
    std::optional<Cues> cues;

    explicit ControlDesk(const std::string& patch, const std::string& stored = "") {
        write("p.yaml", patch);
        if (!stored.empty()) write("p.scenes.yaml", stored);
        open("p.yaml");
        const auto say = [this](const std::string& line) { said += line + "\n"; };
        scenes.emplace(controls, commands, say);
        morphs.emplace(controls);
        cues.emplace(controls, commands, say);
    }
    void write(const char* name, const std::string& text) const { std::ofstream(folder / name) << text; }
    void open(const char* name) {
        auto checked = open_patch(folder / name);
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        for (const auto& notice : checked.notices) said += to_string(notice) + "\n";
        if (scenes && runner.patch().file != checked.patch.file)  // another patch is no edit
            runner.change(runner.prepare(std::move(checked), 3), {});
        else
            REQUIRE(runner.edit(std::move(checked)).empty());
        controls.bind();
        if (scenes) scenes->bind();
        if (morphs) morphs->bind();
        if (cues) cues->bind();
    }
    Samples play_until(double seconds) {
        Samples heard;
        std::array<float, 64> block;
        float* out[] = {block.data()};
        while (static_cast<double>(runner.frames()) < seconds * 48'000) {
            cues->tick();
            morphs->tick();
            runner.render_block(nullptr, out);
            runner.tick();
            heard.insert(heard.end(), block.begin(), block.end());
        }
        return heard;
    }
    Samples play(double seconds) { return play_until(static_cast<double>(runner.frames()) / 48'000 + seconds); }
    const Param& param(const char* name) { return *controls.find(name)->param(); }
};

}  // namespace legume::test
