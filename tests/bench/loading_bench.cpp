// How long a hand waits for an answer while an edit or another patch is loaded, on the null device.
// SPDX-License-Identifier: MIT
// usage: loading_bench [PROGRAM]   (build/legume; an older one shows what it was)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "nodes/samplernn/checkpoint/random_network.h"
#include "tests/child.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string patch(const std::string& more) {
    return "legume: 1\nnodes:\n  tone: {type: oscillator, frequency: 220 Hz, gain: -12 dB}\n  out: {type: output}\n" +
           more + "wires: [tone -> out]\n";
}

// A ping each 5 ms, and how long until its pong: one is on its way at a time.
struct Pings {
    explicit Pings(int port)
        : to{0x7f000001, static_cast<std::uint16_t>(port)},
          socket(OscSocket::Listen::loopback, 0, [this](auto, const auto&) { answered = true; }) {}
    // Until `over` has been so for a moment. Waits in milliseconds.
    std::vector<double> until(const std::function<bool()>& over) {
        std::vector<double> waits;
        for (int after = 0; after < 20;) {
            answered = false;
            const auto sent = Clock::now();
            socket.send(compose_osc("/legume/ping", {}), to);
            while (!answered && Clock::now() - sent < std::chrono::seconds(60))
                std::this_thread::sleep_for(std::chrono::microseconds(50));
            waits.push_back(milliseconds(Clock::now() - sent));
            std::this_thread::sleep_until(sent + std::chrono::milliseconds(5));
            if (over()) ++after;
        }
        return waits;
    }
    const OscPeer to;
    std::atomic<bool> answered{false};
    OscSocket socket;
};

}  // namespace

int main(int count, char** words) {
    const std::string program = count > 1 ? words[1] : built("legume");
    const Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
    write_checkpoint(folder / "large.safetensors",
                     samplernn::random_network(samplernn::parse_shape("dim=1024 frames=2/8")), samplernn::Storage::f16);
    std::filesystem::create_directory(folder / "kit");
    for (int i = 0; i < 24; ++i)
        write_wav(folder / "kit" / ("sound-" + std::to_string(i) + ".wav"), {noise(44'100 * 20, 1, 0.1f)}, 44'100);
    const auto pods = (source_folder() / "assets" / "models" / "pods").string();
    const std::pair<const char*, std::string> cases[] = {
        {"nothing", ""},
        {"the shipped network", "  net: {type: samplernn, model: " + pods + "}\n"},
        {"a network of D = 1024", "  net: {type: samplernn, model: large.safetensors}\n"},
        {"a kit of 24 files", "  kit: {type: sampler, sounds: kit}\n"},
    };
    std::printf("%-24s %-12s %8s %8s %8s %8s\n", "while this is loaded", "as", "pings", "median", "worst", "loaded");
    for (const auto& [name, more] : cases)
        for (const bool edit : {true, false}) {
            std::ofstream(folder / "patch.yaml") << patch("");
            std::ofstream(folder / "next.yaml") << patch(more.empty() ? "  hiss: {type: noise}\n" : more);
            const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
            Child legume({program, "play", (folder / "patch.yaml").string(), "--device", "null", "--no-log",
                          "--osc-port", std::to_string(port)});
            if (!legume.says("Ctrl-C stops.")) return std::fprintf(stderr, "%s\n", legume.output().c_str()), 1;
            Pings pings(port);
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            const auto began = Clock::now();
            if (edit)
                std::filesystem::copy_file(folder / "next.yaml", folder / "patch.yaml",
                                           std::filesystem::copy_options::overwrite_existing);
            else
                pings.socket.send(compose_osc("/legume/load", {(folder / "next.yaml").string()}), pings.to);
            const std::string done = edit ? "Reloaded: " : "Now next.yaml";
            std::optional<Clock::time_point> loaded;
            auto waits = pings.until([&] {
                if (!loaded && legume.output().find(done) != std::string::npos) loaded = Clock::now();
                return loaded || Clock::now() - began > std::chrono::minutes(2);
            });
            std::sort(waits.begin(), waits.end());
            std::printf("%-24s %-12s %8zu %5.1f ms %5.1f ms %6.2f s\n", name, edit ? "an edit" : "a patch",
                        waits.size(), waits[waits.size() / 2], waits.back(),
                        loaded ? milliseconds(*loaded - began) / 1000 : -1.0);
            legume.signal(SIGTERM);
            legume.wait();
        }
    return 0;
}
