// How long it takes from an OSC message to the first sample that it changed, on JACK's dummy server.
// SPDX-License-Identifier: MIT
// usage: control_bench [TIMES]   (200)
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "tests/live/jack.h"

using namespace legume;
using namespace legume::test;

namespace {

constexpr double rate = 48'000;
constexpr int port = 9'779;

const char* const patch_text = R"(legume: 1
nodes:
  beep: {type: oscillator, shape: square, frequency: 1 kHz, gain: -6 dB}
  blend: {type: crossfade, position: 0}
  out: {type: output}
wires: [beep -> blend.b, blend -> out]
)";

}  // namespace

int main(int count, char** words) {
    const int times = count > 1 ? std::atoi(words[1]) : 200;
    const JackServer server;
    JackClient performer;
    const Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
    std::ofstream(folder / "patch.yaml") << patch_text;
    Child legume({built("legume"), "play", (folder / "patch.yaml").string(), "--device", "system (JACK", "--osc-port",
                  std::to_string(port)});
    if (!legume.says("Ctrl-C stops.") || !performer.listen_to("legume-audio:out_0")) {
        std::fprintf(stderr, "%s\n", legume.output().c_str());
        return 1;
    }
    OscSocket hand(OscSocket::Listen::loopback, 0, [](auto, const auto&) {});
    const OscPeer to{0x7f000001, port};
    std::this_thread::sleep_for(std::chrono::seconds(2));  // its first fade
    std::vector<double> milliseconds;
    for (int i = 0; i < times; ++i) {
        // At any place of the device's buffer: waits that are no multiple of it.
        std::this_thread::sleep_for(std::chrono::microseconds(150'000 + 1'237 * i));
        const auto sent = performer.frame();
        hand.send(compose_osc("/blend/position", {1.0f}), to);
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
        const auto& heard = performer.heard();
        auto at = static_cast<std::size_t>(sent > 512 ? sent - 512 : 0);
        while (at < heard.size() && std::abs(heard[at]) < 1e-4f) ++at;
        if (at < heard.size())
            milliseconds.push_back((static_cast<double>(at) - static_cast<double>(sent)) / rate * 1'000);
        hand.send(compose_osc("/blend/position", {0.0f}), to);
    }
    if (milliseconds.empty()) return 1;
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto n = milliseconds.size();
    std::printf("%zu of %d: median %.2f ms, 95 %% within %.2f ms, worst %.2f ms, least %.2f ms\n", n, times,
                milliseconds[n / 2], milliseconds[n * 95 / 100], milliseconds[n - 1], milliseconds[0]);
    std::printf("the device's buffer + 64 frames + 5 ms: %.2f ms\n", (256 + 64) / rate * 1'000 + 5);
    legume.signal(SIGTERM);
    return legume.wait();
}
