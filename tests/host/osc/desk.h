// A patch under OSC without a sound card: packets go in as they come from a socket, answers come to a hand's socket.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "host/control/inbox.h"
#include "host/osc/osc_control.h"
#include "host/patch/yaml.h"
#include "tests/child.h"
#include "tests/harness.h"

namespace legume::test {

// What a performer's program hears.
class Ear {
  public:
    Ear()
        : socket_(OscSocket::Listen::loopback, 0, [this](std::span<const std::uint8_t> bytes, const OscPeer&) {
              std::string error;
              const std::lock_guard lock(mutex_);
              for (auto& message : parse_osc(bytes, error)) heard_.push_back(std::move(message));
          }) {}
    OscPeer peer() const { return {0x7f000001, static_cast<std::uint16_t>(socket_.port())}; }
    void send(const OscMessage& message, const OscPeer& to) {
        socket_.send(compose_osc(message.address, message.args), to);
    }
    std::vector<OscMessage> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    int count(const std::string& address) {
        const auto all = heard();
        return static_cast<int>(std::count_if(all.begin(), all.end(), [&](auto& m) { return m.address == address; }));
    }
    // The newest argument that came at that address.
    std::optional<OscArgument> newest(const std::string& address) {
        const auto all = heard();
        for (auto at = all.rbegin(); at != all.rend(); ++at)
            if (at->address == address && !at->args.empty()) return at->args[0];
        return {};
    }
    bool hears(const std::string& address, const OscArgument& value) {
        return eventually([&] { return newest(address) == value; });
    }

  private:
    std::mutex mutex_;
    std::vector<OscMessage> heard_;
    OscSocket socket_;  // last: no packet comes once the rest goes
};

inline Checked sound_patch(const std::string& text) {
    auto loaded = load_patch_text(text, "t.yaml");
    for (const auto& problem : loaded.problems) throw std::runtime_error(to_string(problem));
    auto checked = check(std::move(loaded.patch), test_types());
    for (const auto& problem : checked.problems) throw std::runtime_error(to_string(problem));
    return checked;
}

struct OscDesk {
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    Commands commands;
    Inbox inbox;
    Ear ear;
    OscControl osc;
    explicit OscDesk(const std::string& patch,
                     OscSettings settings = {0, OscSocket::Listen::loopback, {}, false, false})
        : osc(settings, play(patch), commands, inbox, [](const std::string&) {}) {}
    Controls& play(const std::string& patch) {
        for (const auto& problem : runner.edit(sound_patch(patch))) throw std::runtime_error(to_string(problem));
        controls.bind();
        return controls;
    }
    void edit(const std::string& patch) {
        while (!runner.settled()) blocks(1);
        play(patch);
    }
    float own(const char* node, const char* param) {
        return static_cast<Param*>(runner.find(node)->find(param))->own();
    }
    void blocks(int count) {
        float left[64], right[64];
        float* out[] = {left, right};
        for (int i = 0; i < count; ++i) runner.play(nullptr, 0, out, 2, 64);
        runner.tick();
    }
    void take(std::vector<std::uint8_t> bytes) { osc.take({std::move(bytes), ear.peer()}); }
    void take(const std::string& address, std::vector<OscArgument> args) { take(compose_osc(address, args)); }
};

}  // namespace legume::test
