// The null device asks for sound as a card would, and a missing or misnamed card is said plainly.
// SPDX-License-Identifier: MIT
#include "host/audio/audio.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "host/system/quiet.h"

using namespace legume;

namespace {

struct Counter final : AudioCallback {
    std::atomic<int> calls{0};
    std::atomic<bool> wrong{false};
    int ins = 0;
    int outs = 2;
    int frames = 256;
    void play(const float* const* in, int in_channels, float* const* out, int out_channels,
              int count) noexcept RT_SAFE override {
        if (in_channels != ins || out_channels != outs || count != frames) wrong = true;
        for (int ch = 0; ch < in_channels; ++ch)
            for (int i = 0; i < count; ++i)
                if (in[ch][i] != 0) wrong = true;
        for (int ch = 0; ch < out_channels; ++ch)
            for (int i = 0; i < count; ++i) out[ch][i] = 0.5f;
        ++calls;
    }
    void wait(int wanted) const {
        while (calls < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
};

}  // namespace

TEST_CASE("the null device plays what was asked for until it is stopped") {
    std::vector<std::string> messages;
    const auto device =
        open_audio({.device = "NULL", .rate = 96'000, .buffer = 100, .inputs = 3, .outputs = 5}, messages);
    CHECK(messages.empty());
    CHECK(device->name() == "null");
    CHECK(device->rate() == 96'000);
    CHECK(device->buffer() == 100);
    CHECK(device->inputs() == 3);
    CHECK(device->outputs() == 5);
    CHECK(device->output_latency() == doctest::Approx(100 / 96'000.0));
    CHECK(device->alive());

    Counter counter;
    counter.ins = 3;
    counter.outs = 5;
    counter.frames = 100;
    device->start(counter);
    CHECK_THROWS(device->start(counter));
    counter.wait(20);
    CHECK(device->alive());
    CHECK(device->cpu_load() > 0);
    device->stop();
    const int calls = counter.calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(counter.calls == calls);  // nothing is called after stop
    CHECK_FALSE(counter.wrong);
    CHECK_FALSE(device->alive());
    device->stop();
}

TEST_CASE("the null device without wishes is stereo at 48 kHz, and may go without a stop") {
    std::vector<std::string> messages;
    Counter counter;
    {
        const auto device = open_audio({.device = "null"}, messages);
        CHECK(device->rate() == 48'000);
        CHECK(device->buffer() == 256);
        device->start(counter);
        counter.wait(2);
    }
    CHECK_FALSE(counter.wrong);
}

TEST_CASE("a block that comes too late is counted") {
    struct Slow final : AudioCallback {
        std::atomic<int> calls{0};
        void play(const float* const*, int, float* const*, int, int) noexcept override {
            if (calls++ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    } slow;
    const auto device = open_null_device({.device = "null", .rate = 48'000, .buffer = 480});
    device->start(slow);
    while (slow.calls < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    device->stop();
    CHECK(device->xruns() >= 1);  // the second block was due nine blocks before the first was done
}

TEST_CASE("there is always a device to play on") {
    const auto entries = list_audio_devices(false);
    REQUIRE(!entries.empty());
    CHECK(entries.back().name == "null");
    CHECK(entries.back().index == -1);
    int initial = 0;
    for (const auto& entry : entries) initial += entry.initial;
    CHECK(initial == 1);
}

TEST_CASE("a device is found by a part of its name, an exact name first, and only one that plays") {
    const std::vector<AudioDeviceEntry> entries{
        {.name = "USB Microphone", .system = "ALSA", .inputs = 1, .outputs = 0, .rate = 48'000},
        {.name = "Scarlett 2i2 USB", .system = "ALSA", .inputs = 2, .outputs = 2, .rate = 48'000},
        {.name = "Scarlett", .system = "JACK", .inputs = 2, .outputs = 2, .rate = 48'000},
    };
    CHECK(find_audio_device(entries, "usb") == &entries[1]);
    CHECK(find_audio_device(entries, "SCARLETT") == &entries[2]);
    CHECK(find_audio_device(entries, "scarlett (jack)") == &entries[2]);
    CHECK(find_audio_device(entries, "jack") == &entries[2]);
    CHECK(find_audio_device(entries, "microphone") == nullptr);
    CHECK(find_audio_device(entries, "piano") == nullptr);
    const std::vector<AudioDeviceEntry> replugged{
        {.name = "UMC202HD: USB Audio (hw:3,0)", .system = "ALSA", .inputs = 2, .outputs = 2, .rate = 48'000}};
    CHECK(find_audio_device(replugged, "UMC202HD: USB Audio (hw:1,0) (ALSA)") == &replugged[0]);
    CHECK(find_audio_device(replugged, "Scarlett: USB Audio (hw:3,0) (ALSA)") == nullptr);
}

TEST_CASE("an unknown device is an error that lists the ones there are") {
    std::vector<std::string> messages;
    std::string said;
    try {
        open_audio({.device = "Victrola No. 6"}, messages);
    } catch (const std::runtime_error& error) {
        said = error.what();
    }
    CHECK(said.find("no sound card is called \"Victrola No. 6\"; there are ") == 0);
    CHECK(said.find("\"null\"") != std::string::npos);
}

TEST_CASE("impossible rates, buffers and channels are refused before any device is touched") {
    std::vector<std::string> messages;
    CHECK_THROWS(open_audio({.device = "null", .rate = -1}, messages));
    CHECK_THROWS(open_audio({.device = "null", .rate = 1e9}, messages));
    CHECK_THROWS(open_audio({.device = "null", .buffer = 3}, messages));
    CHECK_THROWS(open_audio({.device = "null", .buffer = 1'000'000}, messages));
    CHECK_THROWS(open_audio({.device = "null", .outputs = 0}, messages));
    CHECK_THROWS(open_audio({.device = "null", .inputs = 99}, messages));
}

TEST_CASE("without a name something opens: a sound card, or the null device with a word about it") {
    std::vector<std::string> messages;
    const auto device = open_audio({}, messages);
    REQUIRE(device);
    CHECK(device->outputs() >= 1);
    CHECK(device->rate() >= 8'000);
    if (device->name() == "null") {
        REQUIRE(!messages.empty());
        CHECK(messages.back().find("null device") != std::string::npos);
        CHECK(messages.back().find("nothing is heard") != std::string::npos);
    }
}

TEST_CASE("what libraries write to stderr is dropped while it is quiet, and heard again afterwards") {
    char name[] = "/tmp/legume-quiet-XXXXXX";
    const int file = ::mkstemp(name);
    REQUIRE(file >= 0);
    const int saved = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    const auto say = [](const char* text) { return ::write(STDERR_FILENO, text, 1) == 1; };
    bool written = say("a");
    {
        const Quiet quiet(false);
        written = say("b") && written;
        {
            const Quiet within(false);
            written = say("c") && written;
        }
        written = say("d") && written;
    }
    {
        const Quiet loud(true);
        written = say("e") && written;
    }
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    char heard[8] = {};
    const auto bytes = ::pread(file, heard, sizeof heard - 1, 0);
    ::close(file);
    ::unlink(name);
    CHECK(written);
    CHECK(bytes == 2);
    CHECK(std::string(heard) == "ae");
}
