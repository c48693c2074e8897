// What plays the sound: a sound card or the null device, behind one callback. No library's type shows here.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/rt.h"

namespace legume {

struct AudioRequest {
    std::string device;  // its name or a part of it, case ignored; "null"; empty: the system's default
    double rate = 0;     // frames a second; 0: the device's default
    int buffer = 0;      // frames; 0: the device chooses, which is the most robust
    int inputs = 0;      // channels at the most
    int outputs = 2;
    bool verbose = false;  // let the libraries write to stderr
};

class AudioCallback {
  public:
    virtual ~AudioCallback() = default;
    // The device's thread. `frames` may differ from call to call; every frame of every out channel is to be written.
    // Holding denormals off is up to whoever implements this.
    virtual void play(const float* const* in, int in_channels, float* const* out, int out_channels,
                      int frames) noexcept RT_SAFE = 0;
};

// An open device. All members are for the control thread.
class AudioDevice {
  public:
    AudioDevice() = default;
    virtual ~AudioDevice() = default;  // stops
    AudioDevice(const AudioDevice&) = delete;
    AudioDevice& operator=(const AudioDevice&) = delete;

    virtual void start(AudioCallback&) = 0;  // once; throws std::runtime_error
    // No callback runs after it; of open_sound_card it is back within five seconds whatever the sound server does.
    virtual void stop() = 0;

    virtual std::string name() const = 0;
    virtual double rate() const = 0;
    virtual int buffer()
        const = 0;  // frames of the last callback; before the first, those asked for (0: not known yet)
    virtual int inputs() const = 0;  // channels that are really there
    virtual int outputs() const = 0;
    virtual double output_latency() const = 0;  // seconds, as the device tells
    virtual std::uint64_t xruns() const = 0;    // gaps that the device told of; the null device: blocks that came late
    virtual double cpu_load() const = 0;        // of the callback: 1 is all the time there is
    virtual bool alive() const = 0;             // false: started and not heard of for two seconds, or gone
    // What happened to it since the last call, in words. A card of open_sound_card that went away comes back by itself.
    virtual std::vector<std::string> news() { return {}; }
};

struct AudioDeviceEntry {
    std::string name;
    std::string system;  // "ALSA", "JACK Audio Connection Kit"; empty: legume's own
    int inputs = 0;
    int outputs = 0;
    double rate = 0;
    bool initial = false;  // plays when no device is named
    int index = -1;        // of the library; -1: the null device
    std::string label() const { return system.empty() ? name : name + " (" + system + ")"; }
};

// Sound cards that play or listen, then the null device.
std::vector<AudioDeviceEntry> list_audio_devices(bool verbose);

// The entry that plays and whose label is, or else contains, `name`, case ignored; ALSA's number of a card may have
// changed. nullptr: none.
const AudioDeviceEntry* find_audio_device(const std::vector<AudioDeviceEntry>& entries, std::string_view name);

// Opens what is asked for. Without a name and without a sound card it is the null device, and `messages` say so.
// Throws std::runtime_error with the names there are when the name is unknown, or the device does not open.
std::unique_ptr<AudioDevice> open_audio(const AudioRequest& request, std::vector<std::string>& messages);

// The two kinds of device that open_audio chooses from. A card is nullptr when none was named and none opens; it is
// owned by a process of its own, so that time goes on here whatever becomes of it.
std::unique_ptr<AudioDevice> open_null_device(const AudioRequest& request);
std::unique_ptr<AudioDevice> open_sound_card(const AudioRequest& request, std::vector<std::string>& messages);

// A card in this process, which is that process: when its sound system dies, stop() hangs for minutes.
std::unique_ptr<AudioDevice> open_card_here(const AudioRequest& request, std::vector<std::string>& messages);

}  // namespace legume
