// Which clock messages leave, and when.
// SPDX-License-Identifier: MIT
#include "host/control/clock_out.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace legume;

namespace {

// A device of 1024 frames at 48 kHz whose callbacks come up to 2 ms late, and who listens to our clock every half ms.
struct Listener {
    ClockTicks ticks{48'000};
    CallbackTime moment{1'000, 0, {}};
    double now = 1'000;
    std::uint64_t callbacks = 0;
    std::string heard;               // T, S(tart), C(ontinue), X (stop), P(osition)
    std::vector<double> tick_times;  // seconds since the first callback
    int position = -1;

    Listener() { set(true); }
    void set(bool running, double tempo = 120) {
        moment.time.running = running;
        moment.time.tempo = tempo;
        moment.time.step = running ? tempo / 60 / 48'000 : 0;
    }
    void play(double seconds) {
        for (const double end = now + seconds; now < end; now += 0.0005) {
            const double due = 1'000 + static_cast<double>((callbacks + 1) * 1'024) / 48'000;
            if (now >= due + 0.002 * ((callbacks * 7 % 10) / 10.0)) {
                ++callbacks;
                moment.seconds = now;
                moment.frame += 1'024;
                moment.time.beat = moment.time.at(1'024);
            }
            ticks.send(moment, now, [&](std::span<const std::uint8_t> bytes) {
                switch (bytes[0]) {
                    case 0xf8:
                        heard += 'T';
                        tick_times.push_back(now - 1'000);
                        break;
                    case 0xfa: heard += 'S'; break;
                    case 0xfb: heard += 'C'; break;
                    case 0xfc: heard += 'X'; break;
                    case 0xf2:
                        heard += 'P';
                        position = bytes[1] + 128 * bytes[2];
                        break;
                    default: FAIL("what is this byte");
                }
            });
        }
    }
};

}  // namespace

TEST_CASE("the clock starts with the piece and ticks 24 times a beat, steadier than the device calls") {
    Listener listener;
    listener.play(10);
    CHECK(listener.heard == "S" + std::string(listener.tick_times.size(), 'T'));
    REQUIRE(listener.tick_times.size() >= 479);
    CHECK(listener.tick_times.size() <= 482);
    double worst = 0;
    for (std::size_t i = 48; i < listener.tick_times.size(); ++i)
        worst = std::max(worst, std::abs(listener.tick_times[i] - static_cast<double>(i) / 48));
    MESSAGE("ticks within " << 1'000 * worst << " ms");
    CHECK(worst < 0.0016);  // it is looked at every half ms
}

TEST_CASE("stop, continue and a jump are said, with the song position in sixteenths") {
    Listener listener;
    listener.play(1);
    listener.set(false);
    listener.play(0.3);
    CHECK(listener.heard.back() == 'X');
    const auto stopped = listener.heard.size();
    listener.play(0.3);
    CHECK(listener.heard.size() == stopped);
    const double sixteenth = listener.moment.time.beat * 4;
    listener.set(true);
    listener.play(0.2);
    CHECK(listener.heard.substr(stopped, 2) == "PC");
    CHECK(std::abs(listener.position - sixteenth) < 0.7);
    const auto before = listener.heard.size();
    listener.moment.time.beat = 100;
    listener.play(0.1);
    CHECK(listener.heard.substr(before, 3) == "XPC");
    CHECK(listener.position == 400);
    listener.moment.time.beat = 60'000;  // beyond what a song position can say
    listener.play(0.1);
    CHECK(listener.position == 0x3fff);
    listener.moment.time.beat = 0;
    listener.play(0.02);
    CHECK(listener.heard.find("XS") != std::string::npos);
}

TEST_CASE("a device that no longer calls stops the clock") {
    Listener listener;
    listener.play(1);
    for (const double end = listener.now + 2; listener.now < end; listener.now += 0.001)
        listener.ticks.send(listener.moment, listener.now, [&](std::span<const std::uint8_t> bytes) {
            listener.heard += bytes[0] == 0xfc ? 'X' : 'T';
        });
    CHECK(listener.heard.back() == 'X');
    CHECK(listener.heard.size() < 48 + 24 + 5);
}
