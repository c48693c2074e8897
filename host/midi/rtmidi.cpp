// MIDI ports of ALSA, JACK and CoreMIDI by RtMidi; a replugged controller simply works.
// SPDX-License-Identifier: MIT
#include <rtmidi/RtMidi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "host/midi/jack_watch.h"
#include "host/midi/midi.h"
#include "host/system/quiet.h"

namespace legume {

namespace {

constexpr const char* client_name = "legume";
constexpr const char* virtual_port_name = "midi_in";
constexpr const char* output_client_name = "legume-out";  // JACK has each name once
constexpr const char* virtual_output_name = "midi_out";
constexpr int polls_between_knocks = 2;  // asking for a JACK server that is not there costs a few milliseconds

// Once set, RtMidi no longer throws nor prints: what failed shows in the ports that are missing.
void ignore_error(RtMidiError::Type, const std::string&, void*) {}

struct Input {
    Input(RtMidi::Api api, std::string port_name, const MidiInputs::OnMessage& handler)
        : port(std::move(port_name)), on_message(handler), in(api, client_name) {
        in.ignoreTypes(true, false, true);  // RtMidi drops the clock unless told; sysex and sensing say nothing to us
        in.setCallback(&Input::take, this);
    }
    ~Input() { in.closePort(); }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    static void take(double, std::vector<unsigned char>* bytes, void* user) {
        if (!bytes || bytes->empty()) return;
        const auto& self = *static_cast<Input*>(user);
        const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
        self.on_message({self.port, *bytes, now.count()});
    }

    const std::string port;
    const MidiInputs::OnMessage& on_message;
    RtMidiIn in;  // last: its thread stops first
};

// Whether it is worth asking the system; ALSA's library writes a line for each time it is not.
bool present(RtMidi::Api api) {
#ifdef __linux__
    if (api == RtMidi::LINUX_ALSA) return ::access("/dev/snd/seq", R_OK | W_OK) == 0;
#endif
    (void)api;
    return true;
}

// Whether a client may be opened.
bool answers(RtMidi::Api api) { return api == RtMidi::UNIX_JACK ? jack_answers() : present(api); }

// On JACK programs are connected by hand, or both they and we would do it and every note come twice; hardware shows
// under the name of the bridge that brings it.
bool listened_to(RtMidi::Api api, const std::string& full) {
    if (full.empty() || full.starts_with(client_name)) return false;
    if (api != RtMidi::UNIX_JACK) return true;
    return full.starts_with("system:") || full.starts_with("a2j:") || full.starts_with("Midi-Bridge:");
}

// Ports by their full names; names that occur twice (two controllers of one kind) are numbered in order.
std::map<std::string, unsigned> port_numbers(RtMidi& in, RtMidi::Api api) {
    std::map<std::string, unsigned> found;
    for (unsigned i = 0; i < in.getPortCount(); ++i) {
        const std::string full = in.getPortName(i);
        if (!listened_to(api, full)) continue;
        std::string name = full;
        for (int n = 2; found.count(name) > 0; ++n) name = full + " #" + std::to_string(n);
        found.emplace(name, i);
    }
    return found;
}

// One system of ports: a port of our own that programs connect to, and what we opened of others.
struct System {
    RtMidi::Api api;
    std::unique_ptr<Input> own;
    std::map<std::string, std::unique_ptr<Input>> inputs;  // by full name

    bool connect(const MidiInputs::OnMessage& on_message) {
        if (own) return true;
        if (!answers(api)) return false;
        try {
            auto input = std::make_unique<Input>(api, client_name, on_message);
            input->in.openVirtualPort(virtual_port_name);
            input->in.setErrorCallback(ignore_error);
            if (!answers(api)) return false;
            own = std::move(input);
        } catch (const RtMidiError&) {
            return false;  // no server; poll knocks again
        }
        return true;
    }

    void scan(const MidiInputs::OnMessage& on_message, bool verbose, std::vector<MidiPortChange>& changes) {
        if (!answers(api)) return;
        const auto there = port_numbers(own->in, api);
        for (auto it = inputs.begin(); it != inputs.end();) {
            if (there.count(it->first) > 0) {
                ++it;
                continue;
            }
            changes.push_back({it->second->port, false});
            it = inputs.erase(it);
        }
        for (const auto& [full, number] : there) {
            if (inputs.count(full) > 0) continue;
            if (!answers(api)) return;
            const Quiet quiet(verbose);
            try {
                auto input = std::make_unique<Input>(api, midi_port_name(full), on_message);
                input->in.setErrorCallback(ignore_error);
                const auto now = port_numbers(input->in, api);  // opening a client may have renumbered the ports
                const auto at = now.find(full);
                if (at == now.end()) continue;
                input->in.openPort(at->second, "in");
                if (!input->in.isPortOpen()) continue;
                if (!answers(api)) return;
                changes.push_back({input->port, true});
                inputs.emplace(full, std::move(input));
            } catch (const RtMidiError&) {
                continue;  // busy or just gone; the next poll tries again
            }
        }
    }
};

std::vector<System> systems() {
    std::vector<RtMidi::Api> compiled;
    RtMidi::getCompiledApi(compiled);
    std::vector<System> found;
    for (const RtMidi::Api api : {RtMidi::MACOSX_CORE, RtMidi::LINUX_ALSA, RtMidi::UNIX_JACK})
        if (std::find(compiled.begin(), compiled.end(), api) != compiled.end()) found.push_back({api, nullptr, {}});
    return found;
}

// The same for what goes out.
struct OutputSystem {
    RtMidi::Api api;
    std::unique_ptr<RtMidiOut> own;
    std::map<std::string, std::unique_ptr<RtMidiOut>> outputs;  // by full name
};

std::unique_ptr<RtMidiOut> open_own_output(RtMidi::Api api) {
    if (!answers(api)) return nullptr;
    try {
        auto out = std::make_unique<RtMidiOut>(api, output_client_name);
        out->openVirtualPort(virtual_output_name);
        out->setErrorCallback(ignore_error);
        return answers(api) ? std::move(out) : nullptr;
    } catch (const RtMidiError&) {
        return nullptr;  // no server; poll knocks again
    }
}

std::unique_ptr<RtMidiOut> open_output(RtMidi::Api api, const std::string& full, bool verbose) {
    if (!answers(api)) return nullptr;
    const Quiet quiet(verbose);
    try {
        auto out = std::make_unique<RtMidiOut>(api, output_client_name);
        out->setErrorCallback(ignore_error);
        const auto now = port_numbers(*out, api);  // opening a client may have renumbered the ports
        const auto at = now.find(full);
        if (at == now.end()) return nullptr;
        out->openPort(at->second, "out");
        return out->isPortOpen() && answers(api) ? std::move(out) : nullptr;
    } catch (const RtMidiError&) {
        return nullptr;  // busy or just gone; the next poll tries again
    }
}

}  // namespace

struct MidiOutputs::State {
    const bool verbose;
    std::vector<OutputSystem> systems;
    int polls = 0;
    std::mutex mutex;  // of what is open; nothing is opened, closed or looked up under it
};

MidiOutputs::MidiOutputs(bool verbose) : state_(new State{verbose, {}, 0, {}}) {
    for (const System& system : legume::systems()) state_->systems.push_back({system.api, nullptr, {}});
}

MidiOutputs::~MidiOutputs() {
    const Quiet quiet(state_->verbose);
    state_.reset();
}

bool MidiOutputs::poll(const std::vector<std::string>& inputs, const std::string& named,
                       const std::vector<bool>& systems) {
    std::set<std::string> pairs;
    for (const auto& name : inputs) pairs.insert(midi_port_pair(name));
    const bool knock = state_->polls++ % polls_between_knocks == 0;
    bool fresh = false;
    for (std::size_t i = 0; i < state_->systems.size(); ++i) {
        auto& system = state_->systems[i];
        // Only where an input found somebody: RtMidi 5 loses 16 KB at each output that finds no server.
        if (!system.own && knock && systems[i]) {
            const Quiet quiet(state_->verbose);
            if (auto own = open_own_output(system.api)) {
                const std::lock_guard lock(state_->mutex);
                system.own = std::move(own);
                fresh = true;
            }
        }
        if (!system.own || !answers(system.api)) continue;
        std::set<std::string> wanted;
        for (const auto& entry : port_numbers(*system.own, system.api)) {
            const auto& full = entry.first;
            const auto name = midi_port_name(full);
            if (pairs.count(midi_port_pair(name)) == 0 && (named.empty() || name.find(named) == name.npos)) continue;
            wanted.insert(full);
            if (system.outputs.count(full) > 0) continue;
            auto out = open_output(system.api, full, state_->verbose);
            if (!answers(system.api)) return fresh;
            if (!out) continue;
            const std::lock_guard lock(state_->mutex);
            system.outputs[full] = std::move(out);
            fresh = true;
        }
        std::vector<std::unique_ptr<RtMidiOut>> gone;
        const std::lock_guard lock(state_->mutex);
        for (auto it = system.outputs.begin(); it != system.outputs.end();) {
            if (wanted.count(it->first) > 0) {
                ++it;
                continue;
            }
            gone.push_back(std::move(it->second));
            it = system.outputs.erase(it);
        }
    }
    return fresh;
}

void MidiOutputs::renew(bool close) {
    const Quiet quiet(state_->verbose);
    for (auto& system : state_->systems) {
        if (system.api != RtMidi::UNIX_JACK) continue;
        OutputSystem gone{system.api, nullptr, {}};
        {
            const std::lock_guard lock(state_->mutex);
            std::swap(gone, system);
        }
        if (close) continue;
        static_cast<void>(gone.own.release());
        for (auto& entry : gone.outputs) static_cast<void>(entry.second.release());
    }
    state_->polls = 0;
}

void MidiOutputs::send(std::string_view port, std::span<const std::uint8_t> bytes) {
    const std::lock_guard lock(state_->mutex);
    for (auto& system : state_->systems) {
        if (system.own) system.own->sendMessage(bytes.data(), bytes.size());
        for (auto& [full, out] : system.outputs)
            if (full.find(port) != full.npos) out->sendMessage(bytes.data(), bytes.size());
    }
}

struct MidiInputs::State {
    const OnMessage on_message;
    const bool verbose;
    std::vector<System> systems = legume::systems();
    int polls = 0;
};

MidiInputs::MidiInputs(OnMessage on_message, bool verbose, std::vector<std::string>& messages)
    : state_(new State{std::move(on_message), verbose}) {
    std::vector<MidiPortChange> found;  // ports() has them
    poll(found);
    const auto& all = state_->systems;
    if (std::none_of(all.begin(), all.end(), [](const System& system) { return system.own != nullptr; }))
        messages.push_back(
            "No MIDI system was found (neither ALSA's /dev/snd/seq nor a JACK server): playing without "
            "MIDI until there is one.");
}

MidiInputs::~MidiInputs() {
    const Quiet quiet(state_->verbose);
    state_.reset();
}

void MidiInputs::poll(std::vector<MidiPortChange>& changes) {
    const bool knock = state_->polls++ % polls_between_knocks == 0;
    bool earlier = false;  // JACK shows the same controllers again, so it is only listened to where it is alone
    for (System& system : state_->systems) {
        if (!system.own && knock) {
            const Quiet quiet(state_->verbose);
            system.connect(state_->on_message);
        }
        if (!system.own) continue;
        if (!earlier) system.scan(state_->on_message, state_->verbose, changes);
        earlier = true;
    }
}

void MidiInputs::renew(bool close, std::vector<MidiPortChange>& changes) {
    const Quiet quiet(state_->verbose);
    for (System& system : state_->systems) {
        if (system.api != RtMidi::UNIX_JACK) continue;
        for (auto& entry : system.inputs) {
            changes.push_back({entry.second->port, false});
            if (!close) static_cast<void>(entry.second.release());
        }
        system.inputs.clear();
        if (!close) static_cast<void>(system.own.release());
        system.own.reset();
    }
    state_->polls = 0;
}

std::vector<std::string> MidiInputs::ports() const {
    std::vector<std::string> names;
    for (const System& system : state_->systems)
        for (const auto& entry : system.inputs) names.push_back(entry.second->port);
    return names;
}

std::vector<bool> MidiInputs::systems() const {
    std::vector<bool> answer;
    for (const System& system : state_->systems) answer.push_back(system.own != nullptr);
    return answer;
}

std::vector<std::string> list_midi_ports(bool verbose) {
    const Quiet quiet(verbose);
    std::vector<std::string> names;
    for (const System& system : systems()) {
        if (!present(system.api)) continue;
        try {
            RtMidiIn in(system.api, client_name);
            in.setErrorCallback(ignore_error);
            for (const auto& entry : port_numbers(in, system.api)) names.push_back(midi_port_name(entry.first));
        } catch (const RtMidiError&) {
            continue;
        }
        if (!names.empty()) break;
    }
    return names;
}

}  // namespace legume
