// A late block is named after the node that took the time, or after the system when none did.
// SPDX-License-Identifier: MIT
#include "host/session/xrun_log.h"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "host/engine/runner.h"

using namespace legume;

namespace {

double worked() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Works so long in each block, or waits so long.
struct Slow final : Node {
    Out out{this, "out", "Sound."};
    NumberOption work{this, "work", {.max = 1, .initial = 0}, "Seconds of work."};
    NumberOption wait{this, "wait", {.max = 1, .initial = 0}, "Seconds of waiting."};
    void process(const Block& b) noexcept RT_SAFE override {
        for (auto& x : out.write(b, 0)) x = 0;
        for (const auto began = worked(); worked() - began < static_cast<double>(work.value());) {
        }
        if (wait.value() > 0) std::this_thread::sleep_for(std::chrono::duration<float>(wait.value()));
    }
};

const NodeType slow_type{"slow", "A node.", make_node<Slow>};
const NodeType* const types[] = {&slow_type};

struct Part {
    std::string id, option, value;
};

std::vector<LateCallback> late_of(const std::vector<Part>& parts, int blocks) {
    Patch patch;
    for (const auto& part : parts) {
        PatchNode node;
        node.id = part.id;
        node.type = "slow";
        Value value;
        value.text = part.value;
        node.settings.push_back({part.option, value, {}});
        patch.nodes.push_back(node);
    }
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(check(patch, types)).empty());
    std::vector<LateCallback> found;
    runner.on_late = [&](const LateCallback& late) { found.push_back(late); };
    std::array<float, block_frames> left{}, right{};
    float* out[] = {left.data(), right.data()};
    for (int i = 0; i < blocks; ++i) runner.render_block(nullptr, out);
    runner.tick();
    CHECK(runner.late_blocks() == found.size());
    return found;
}

}  // namespace

TEST_CASE("the node that took the time is named first, with its share") {
    const auto late = late_of({{"quick", "work", "0.001"}, {"heavy", "work", "0.02"}, {"idle", "work", "0"}}, 2);
    REQUIRE(late.size() == 2);
    for (const auto& one : late) {
        CHECK_FALSE(one.held_up());
        CHECK(one.took >= 0.02);
        CHECK(one.allowed == doctest::Approx(64 / 48'000.0));
        REQUIRE(one.nodes.size() == 3);
        CHECK(one.nodes[0].first == "heavy");
        CHECK(one.nodes[0].second > 0.3);  // even if the others were held up meanwhile
    }
    CHECK(late[1].at > late[0].at);
}

TEST_CASE("when no node worked too long it was the system") {
    const auto late = late_of({{"waits", "wait", "0.02"}}, 1);
    REQUIRE(late.size() == 1);
    CHECK(late[0].held_up());
}

TEST_CASE("late blocks are said with their causes, not too often, and counted at the end") {
    std::vector<std::string> said, all;
    XrunLog ledger([&](const std::string& line) { said.push_back(line); });
    ledger.on_line = [&](const std::string& line) { all.push_back(line); };
    CHECK(ledger.summary().empty());
    ledger.take({723.44, 0.0071, 0.0069, 0.0053, {{"dream", 0.61}, {"hall", 0.2}, {"out", 0.01}}});
    ledger.take({724, 0.0071, 0.001, 0.0053, {{"dream", 0.61}}});
    ledger.take({725, 0.0071, 0.0069, 0.0053, {{"dream", 0.61}}});
    ledger.look(726, 3);
    ledger.look(727, 3);
    ledger.look(728, 4);
    REQUIRE(said.size() == 1);
    CHECK(said[0] == "late at 12:03.4: 7.1 ms of 5.3 ms; dream 61 %, hall 20 %");
    REQUIRE(all.size() == 4);
    CHECK(all[1] == "late at 12:04.0: 7.1 ms of 5.3 ms; the system held the audio thread up, the nodes took 1.0 ms");
    CHECK(all[3] == "gap at 12:08.0: the sound card was not given a block in time, though no node was late");
    CHECK(ledger.summary() == "; late: dream 2, the system 1");
    CHECK(ledger.causes().at("system") == 1);
}
