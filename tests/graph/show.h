// Plays one patch after another as the runner does, and keeps all that was heard.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/graph/nodes.h"

namespace legume::test {

struct Show {
    Store store;
    std::unique_ptr<Schedule> playing;
    std::vector<std::unique_ptr<Schedule>> retired;
    Patch patch;
    std::uint64_t frame = 0;
    std::vector<float> heard;

    Problems edit(const std::vector<Plain>& nodes, const std::vector<std::string>& wires) {
        auto checked = plain(nodes, wires);
        REQUIRE(lines(checked.problems) == std::vector<std::string>{});
        const auto next_patch = checked.patch;
        auto compiled =
            compile(std::move(checked), {48'000, 1, store, {}}, playing ? &playing->plan() : nullptr, &patch);
        if (!compiled.schedule) return compiled.problems;
        if (playing) compiled.schedule->follow(*playing);
        patch = next_patch;
        adopt(std::move(compiled.schedule));
        return {};
    }
    void adopt(std::unique_ptr<Schedule> next) {
        next->adopt();
        if (playing) retired.push_back(std::move(playing));
        playing = std::move(next);
    }
    void run(int blocks) {
        std::array<std::array<float, block_frames>, 2> out;
        Signal in, device;
        device.channels = 2;
        device.data = {out[0].data(), out[1].data()};
        for (int i = 0; i < blocks; ++i) {
            if (playing->finished()) adopt(std::unique_ptr<Schedule>(playing->take_next()));
            playing->process(frame, {}, in, device);
            frame += block_frames;
            heard.insert(heard.end(), out[0].begin(), out[0].end());
        }
    }
    float largest_step(std::size_t from) const {
        float most = 0;
        for (std::size_t i = from; i < heard.size(); ++i) most = std::max(most, std::abs(heard[i] - heard[i - 1]));
        return most;
    }
};

}  // namespace legume::test
