// Chooses the device that plays: by name, by default, or the null device when there is nothing else.
// SPDX-License-Identifier: MIT
#include "host/audio/audio.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

namespace legume {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

// "USB Audio: - (hw:2,0)" without the number, which another order of plugging in changes.
std::string without_number(std::string label) {
    const auto from = label.find("(hw:"), to = label.find(')', std::min(from, label.size()));
    return from == label.npos || to == label.npos ? label : label.erase(from, to - from + 1);
}

void check(const AudioRequest& request) {
    if (request.rate != 0 && !(std::isfinite(request.rate) && request.rate >= 8'000 && request.rate <= 384'000))
        throw std::runtime_error(
            "the rate must lie between 8000 and 384000 frames a second; leave it out to take the "
            "device's own");
    if (request.buffer != 0 && (request.buffer < 16 || request.buffer > 8192))
        throw std::runtime_error("the buffer must have 16 to 8192 frames; leave it out to let the device choose");
    if (request.inputs < 0 || request.inputs > 16 || request.outputs < 1 || request.outputs > 16)
        throw std::runtime_error("a device is opened with 1 to 16 channels out and 0 to 16 in");
}

}  // namespace

const AudioDeviceEntry* find_audio_device(const std::vector<AudioDeviceEntry>& entries, std::string_view name) {
    const std::string wanted = lower(name);
    const AudioDeviceEntry *part = nullptr, *renumbered = nullptr;
    for (const auto& entry : entries) {
        if (entry.outputs < 1) continue;
        const std::string label = lower(entry.label());
        if (lower(entry.name) == wanted || label == wanted) return &entry;
        if (!part && label.find(wanted) != std::string::npos) part = &entry;
        if (!renumbered && wanted.find("(hw:") != std::string::npos && without_number(label) == without_number(wanted))
            renumbered = &entry;
    }
    return part ? part : renumbered;
}

std::unique_ptr<AudioDevice> open_audio(const AudioRequest& request, std::vector<std::string>& messages) {
    check(request);
    if (lower(request.device) == "null") return open_null_device(request);
    const auto said = messages.size();
    if (auto card = open_sound_card(request, messages)) return card;
    messages.push_back(messages.size() > said
                           ? "Playing on the null device instead (nothing is heard)."
                           : "No sound card was found: playing on the null device (nothing is heard). Plug one in, or "
                             "start JACK or PipeWire, and start legume again; `legume devices` lists what is there.");
    return open_null_device(request);
}

}  // namespace legume
