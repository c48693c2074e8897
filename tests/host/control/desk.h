// A patch from its file, played block by block with its scenes, morphs and cues, as in a session.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <string>

#include "host/control/desk.h"
#include "host/session/open.h"
#include "tests/harness.h"

namespace legume::test {

struct ControlDesk {
    Folder folder;
    std::string said;
    Runner runner{{48'000, 0, 1, 3, {}}};
    legume::Desk desk;
    Controls& controls = desk.controls;
    Commands& commands = desk.commands;
    Scenes* scenes = &desk.scenes;

    explicit ControlDesk(const std::string& patch, const std::string& stored = "")
        : desk(first(patch, stored), [this](const std::string& line) { said += line + "\n"; }) {}
    Runner& first(const std::string& patch, const std::string& stored) {
        write("p.yaml", patch);
        if (!stored.empty()) write("p.scenes.yaml", stored);
        play("p.yaml");
        return runner;
    }
    void write(const char* name, const std::string& text) const { std::ofstream(folder / name) << text; }
    void open(const char* name) {
        play(name);
        controls.bind();
    }
    void play(const char* name) {
        auto checked = open_patch(folder / name);
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        for (const auto& notice : checked.notices) said += to_string(notice) + "\n";
        if (runner.plays() && runner.patch().file != checked.patch.file)  // another patch is no edit
            runner.change(runner.prepare(std::move(checked), 3), {});
        else
            REQUIRE(runner.edit(std::move(checked)).empty());
    }
    Samples play_until(double seconds) {
        Samples heard;
        std::array<float, 64> block;
        float* out[] = {block.data()};
        while (static_cast<double>(runner.frames()) < seconds * 48'000) {
            controls.tick();
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
