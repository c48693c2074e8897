// Remembers halves until they are whole.
// SPDX-License-Identifier: MIT
#include "host/midi/assemble.h"

namespace legume {
namespace {

constexpr int nothing = 127;  // both halves: no parameter is selected

// Without a fine half the coarse bits are repeated: 0 stays 0 and 127 becomes 16383.
int wide(int coarse, bool has_fine) { return coarse << 7 | (has_fine ? 0 : coarse); }

}  // namespace

std::vector<MidiEvent> MidiAssembler::take(const MidiEvent& event, std::string_view port) {
    std::vector<MidiEvent> whole{event};
    if (event.kind != MidiEvent::Kind::cc || event.channel < 1 || event.channel > 16) return whole;
    auto found = ports_.find(port);
    if (found == ports_.end()) found = ports_.try_emplace(std::string(port)).first;
    auto& channel = found->second[static_cast<std::size_t>(event.channel - 1)];
    controller(channel, event, whole);
    data_entry(channel, event, whole);
    return whole;
}

void MidiAssembler::forget(std::string_view port) {
    if (const auto found = ports_.find(port); found != ports_.end()) ports_.erase(found);
}

void MidiAssembler::controller(Channel& channel, const MidiEvent& event, std::vector<MidiEvent>& whole) {
    if (event.number >= 64) return;
    const int number = event.number % 32;
    const auto at = static_cast<std::size_t>(number);
    int value = 0;
    if (event.number < 32) {
        channel.coarse[at] = static_cast<std::int16_t>(event.value);
        value = wide(event.value, channel.fine[at]);
    } else {
        if (channel.coarse[at] < 0) return;
        channel.fine[at] = true;
        value = channel.coarse[at] << 7 | event.value;
    }
    whole.push_back({MidiEvent::Kind::cc14, event.channel, number, value});
}

void MidiAssembler::data_entry(Channel& channel, const MidiEvent& event, std::vector<MidiEvent>& whole) {
    if (selects_parameter(event.number)) {
        const bool nrpn = event.number == nrpn_fine || event.number == nrpn_coarse;
        const auto kind = nrpn ? MidiEvent::Kind::nrpn : MidiEvent::Kind::rpn;
        if (kind != channel.kind) channel.parameter = {-1, -1};
        channel.kind = kind;
        const std::size_t half = event.number == nrpn_coarse || event.number == rpn_coarse ? 0 : 1;
        if (channel.parameter[half] != event.value) channel.data = -1;
        channel.parameter[half] = event.value;
        return;
    }
    const bool step = event.number == data_up || event.number == data_down;
    if (!step && event.number != data_coarse && event.number != data_fine) return;
    const auto [coarse, fine] = channel.parameter;
    if (coarse < 0 || fine < 0 || (coarse == nothing && fine == nothing)) return;
    if (step) {
        channel.data = -1;
        whole.push_back({channel.kind == MidiEvent::Kind::nrpn ? MidiEvent::Kind::nrpn_step : MidiEvent::Kind::rpn_step,
                         event.channel, coarse << 7 | fine, event.number == data_up ? 1 : -1});
        return;
    }
    int value = 0;
    if (event.number == data_coarse) {
        channel.data = event.value;
        value = wide(event.value, channel.data_fine);
    } else {
        if (channel.data < 0) return;
        channel.data_fine = true;
        value = channel.data << 7 | event.value;
    }
    whole.push_back({channel.kind, event.channel, coarse << 7 | fine, value});
}

float share_of(const MidiEvent& event) {
    using Kind = MidiEvent::Kind;
    const auto value = static_cast<float>(event.value);
    switch (event.kind) {
        case Kind::cc14:
        case Kind::nrpn:
        case Kind::rpn: return value / 16383;
        case Kind::bend: return 0.5f + value / (event.value < 0 ? 16384.0f : 16382.0f);
        case Kind::nrpn_step:
        case Kind::rpn_step: return 0;  // it stands nowhere
        case Kind::program: return static_cast<float>(event.number) / 127;
        default: return value / 127;
    }
}

}  // namespace legume
