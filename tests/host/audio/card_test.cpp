// The process that owns the sound card is killed and stopped, and time goes on; here it owns the null device.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "host/audio/audio.h"
#include "host/audio/exchange.h"
#include "tests/child.h"

using namespace legume;
using namespace legume::test;

namespace {

struct Player final : AudioCallback {
    std::atomic<std::uint64_t> frames{0};
    void play(const float* const*, int, float* const* out, int channels, int count) noexcept override {
        for (int c = 0; c < channels; ++c) std::fill_n(out[c], count, 0.5f);
        frames += static_cast<std::uint64_t>(count);
    }
};

// This process's children; zombies too.
std::vector<pid_t> children() {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream in(entry.path() / "stat");
        std::string text;
        if (!std::getline(in, text)) continue;
        std::istringstream rest(text.substr(text.rfind(')') + 1));
        char state = 0;
        pid_t parent = 0;
        rest >> state >> parent;
        if (parent == getpid()) found.push_back(std::stoi(entry.path().filename().string()));
    }
    return found;
}

std::size_t open_files() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += !entry.path().empty();
    return count;
}

// What a device says, line by line.
struct News {
    AudioDevice& device;
    std::vector<std::string> waiting;
    // Whether it says so, soon enough; what it said before that is dropped, and what it says after it waits.
    bool says(const std::string& text) {
        return eventually([&] {
            for (auto& line : device.news()) waiting.push_back(std::move(line));
            const auto found = std::find_if(waiting.begin(), waiting.end(),
                                            [&](const auto& line) { return line.find(text) != line.npos; });
            if (found == waiting.end()) return false;
            waiting.erase(waiting.begin(), found + 1);
            return true;
        });
    }
};

std::unique_ptr<AudioDevice> open_in_a_process() {
    std::vector<std::string> messages;
    return open_sound_card({.device = "null", .rate = 48'000, .buffer = 256, .inputs = 1, .outputs = 3}, messages);
}

bool plays_on(const Player& player) {
    const auto before = player.frames.load();
    return eventually([&] { return player.frames > before + 4'800; });
}

}  // namespace

TEST_CASE("a card in a process of its own is asked for what it has, and lets go at once") {
    Player player;
    {
        const auto device = open_in_a_process();
        REQUIRE(device);
        CHECK(device->name() == "null");
        CHECK(device->rate() == 48'000);
        CHECK(device->inputs() == 1);
        CHECK(device->outputs() == 3);
        CHECK(children().size() == 1);
        device->start(player);
        CHECK(device->output_latency() == doctest::Approx(256 / 48'000.0));
        CHECK(plays_on(player));
        CHECK(device->buffer() == 256);
        CHECK(device->alive());
        device->stop();
        const auto frames = player.frames.load();
        CHECK(children().empty());
        CHECK_FALSE(device->alive());
        CHECK(player.frames == frames);
    }
    const auto never_started = open_in_a_process();
    CHECK(children().size() == 1);
}

TEST_CASE("killed again and again, the card comes back, time goes on, and nothing is left behind") {
    Player player;
    const auto device = open_in_a_process();
    device->start(player);
    News news{*device, {}};
    REQUIRE(plays_on(player));
    const auto files = open_files();
    for (int round = 0; round < 5; ++round) {
        const auto owners = children();
        REQUIRE(owners.size() == 1);
        ::kill(owners[0], SIGKILL);
        CHECK(news.says("null is gone; playing on without sound until it is back."));
        CHECK(plays_on(player));
        CHECK(news.says("null is back."));
        CHECK(device->alive());
        CHECK(plays_on(player));
        CHECK(children().size() == 1);
        CHECK(open_files() == files);
    }
    device->stop();
    CHECK(children().empty());
}

TEST_CASE("a card that hangs is taken to be gone, and comes back") {
    Player player;
    const auto device = open_in_a_process();
    device->start(player);
    News news{*device, {}};
    REQUIRE(plays_on(player));
    ::kill(children().at(0), SIGSTOP);
    CHECK(news.says("null hangs; playing on without sound until it is back."));
    CHECK(plays_on(player));
    CHECK(news.says("null is back."));
    CHECK(plays_on(player));
}

TEST_CASE("who ends legume by name or by Ctrl-C does not end the card before it has faded out") {
    Player player;
    const auto device = open_in_a_process();
    device->start(player);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::kill(children().at(0), number);
    CHECK(plays_on(player));
    CHECK(device->alive());
    CHECK(device->news().empty());
}

TEST_CASE("the card's process is for legume's own use, and says so") {
    CHECK(said(1, {"card"}).find("legume card is for legume's own use") != std::string::npos);
}

TEST_CASE("what one process asks the other sees, and wakes") {
    const ExchangeMemory mine;
    const ExchangeMemory yours(mine.file());
    (*mine).in[1][2] = 0.25f;
    (*mine).asked = 1;
    wake((*mine).asked);
    wait_while((*yours).asked, 0, std::chrono::hours(1));  // it is 1 already
    CHECK((*yours).asked == 1);
    CHECK((*yours).in[1][2] == 0.25f);
}
