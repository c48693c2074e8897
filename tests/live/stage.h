// A legume at work on JACK, heard by its recording, and a performer's OSC.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "nodes/sound/sound_file.h"
#include "tests/child.h"
#include "tests/harness.h"

namespace legume::test {

inline constexpr double rate = 48'000;
inline constexpr std::size_t quarter = 12'000;  // frames, a quarter of a second

// A saw through a filter, and a beep of 1 kHz that a crossfade puts in its place.
inline const std::string two_sounds = R"(legume: 1
title: Under the hands
seed: 5
nodes:
  saw:   {type: oscillator, shape: saw, frequency: 110 Hz, gain: -14 dB}
  tone:  {type: filter, cutoff: 8 kHz}
  beep:  {type: oscillator, frequency: 1 kHz, gain: -6 dB}
  blend: {type: crossfade, position: 0}
  out:   {type: output}
wires:
  - saw -> tone -> blend.a
  - beep -> blend.b
  - blend -> out
)";

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    REQUIRE(at != text.npos);
    return text.replace(at, what.size(), with);
}

inline int free_port() {
    return OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
}

// A performer's OSC: what it sends, and what comes back.
class OscHand {
  public:
    explicit OscHand(int port)
        : to_{0x7f000001, static_cast<std::uint16_t>(port)},
          socket_(OscSocket::Listen::loopback, 0, [this](std::span<const std::uint8_t> bytes, const OscPeer&) {
              std::string error;
              const std::lock_guard lock(mutex_);
              for (auto& message : parse_osc(bytes, error)) answers_.push_back(std::move(message));
          }) {}
    void send(const std::string& address, const std::vector<OscArgument>& args) { send(compose_osc(address, args)); }
    void send(std::vector<std::uint8_t> bytes) { socket_.send(std::move(bytes), to_); }
    // Whether an answer at that address, with a text that contains this, came soon enough.
    bool hears(const std::string& address, const std::string& text) {
        return eventually([&] {
            const std::lock_guard lock(mutex_);
            return std::any_of(answers_.begin(), answers_.end(), [&](const OscMessage& answer) {
                const auto* said = answer.args.empty() ? nullptr : std::get_if<std::string>(&answer.args[0]);
                return answer.address == address && said && said->find(text) != said->npos;
            });
        });
    }
    // The newest number that came at that address; NaN when none has.
    double number(const std::string& address) {
        const std::lock_guard lock(mutex_);
        for (auto at = answers_.rbegin(); at != answers_.rend(); ++at)
            if (at->address == address && !at->args.empty())
                if (const auto* value = std::get_if<float>(&at->args[0])) return static_cast<double>(*value);
        return std::numeric_limits<double>::quiet_NaN();
    }
    // What legume says that it has played, once that is more than it said before; the same again when it says nothing.
    double seconds() {
        const auto before = number("/legume/stats/seconds");
        eventually([&] {
            send("/legume/stats", {});
            const auto now = number("/legume/stats/seconds");
            return now > before || (before != before && now == now);
        });
        return number("/legume/stats/seconds");
    }

  private:
    const OscPeer to_;
    std::mutex mutex_;
    std::vector<OscMessage> answers_;
    OscSocket socket_;  // last: no packet comes once the rest goes
};

// A legume at work, recording what it plays.
class Stage {
  public:
    explicit Stage(const std::string& patch) {
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
        setenv("XDG_STATE_HOME", folder.path.c_str(), 1);
        write(patch);
    }
    void write(const std::string& text) {
        std::ofstream(folder / "new") << text;
        std::filesystem::rename(folder / "new", folder / "patch.yaml");
    }
    std::vector<std::string> command(std::vector<std::string> more) const {
        std::vector<std::string> all{built("legume"),     "play",         (folder / "patch.yaml").string(),
                                     "--device",          "system (JACK", "--osc-port",
                                     std::to_string(port)};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    // The left channel of what is in the file by now; a header that is just being written reads as nothing.
    Samples recorded() const {
        const auto part = folder / "take.part.wav";
        try {
            const auto sound = read_sound(std::filesystem::exists(part) ? part : folder / "take.wav");
            Samples left(sound.frames());
            const auto channels = static_cast<std::size_t>(sound.channels);
            for (std::size_t i = 0; i < left.size(); ++i) left[i] = sound.samples[i * channels];
            return left;
        } catch (const SoundError&) {
            return {};
        }
    }
    // Whether the newest quarter of a second comes to sound like that.
    bool heard(const std::function<bool(const Samples&)>& like) const {
        return eventually([&] {
            const auto all = recorded();
            return all.size() >= 2 * rate && like(part(all, all.size() - quarter, quarter));
        });
    }
    // All that is recorded from `from` on, once that is at least a second and a half.
    Samples since(std::size_t from) const {
        Samples all;
        const bool enough = eventually([&] { return (all = recorded()).size() >= from + 72'000; });
        return enough ? part(all, from, all.size() - from) : Samples{};
    }

    Folder folder;
    const int port = free_port();
};

inline double beep(const Samples& x, double hertz) { return amplitude_at(x, rate, hertz); }

}  // namespace legume::test
