// Remembered wishes are taken up as far as today's sound cards allow.
// SPDX-License-Identifier: MIT
#include "host/audio/device.h"

#include <stdexcept>
#include <vector>

#include "host/audio/user_settings.h"

namespace legume {

std::unique_ptr<AudioDevice> open_wished(const DeviceWish& wish, int inputs, int outputs, const Say& say) {
    std::vector<std::string> messages;
    const auto path = user_settings_path();
    auto remembered = load_user_settings(path, messages);
    const auto before = remembered;
    if (!wish.device.empty()) {
        if (remembered.device != wish.device) remembered = {};  // rate and buffer belonged to the other one
        remembered.device = wish.device;
    }
    if (wish.rate > 0) remembered.rate = wish.rate;
    if (wish.buffer > 0) remembered.buffer = wish.buffer;
    AudioRequest request{remembered.device, remembered.rate, remembered.buffer, inputs, outputs, wish.verbose};
    std::unique_ptr<AudioDevice> device;
    try {
        device = open_audio(request, messages);
    } catch (const std::exception& error) {
        // A card that was chosen another day and is not plugged in today must not keep the set from playing.
        if (!wish.device.empty() || before.device.empty()) throw;
        messages.push_back(std::string(error.what()) +
                           ". It was remembered from before; playing on the default instead.");
        request.device.clear();
        request.rate = 0;
        device = open_audio(request, messages);
        remembered = before;
    }
    for (const auto& message : messages) say(message);
    if (!(remembered == before) && remembered.device != "null" && !path.empty())
        if (const auto error = save_user_settings(path, remembered)) say(*error);
    return device;
}

}  // namespace legume
