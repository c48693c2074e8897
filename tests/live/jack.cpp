// jackd with its dummy driver, and a client whose callback moves notes one way and sound the other.
// SPDX-License-Identifier: MIT
#include "tests/live/jack.h"

#include <jack/jack.h>
#include <jack/midiport.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "graph/base/ring.h"

namespace legume::test {
namespace {

using Knob = std::array<jack_midi_data_t, 3>;

std::size_t length(int status) {
    if (status == 0xf2) return 3;
    return status >= 0xf0 ? 1 : status >> 4 == 0xc ? 2 : 3;
}

// Synchronous and patient: the server waits for its clients, ten times as long as -t says, so that a slow machine
// delays the sound but loses none. LEGUME_CARD_WAITS is less than legume waits before it takes a card to hang: else the
// server would wait for the process that legume has ended, the next process for the server, and so on. Always the same
// name: a server that was killed keeps its place among JACK's eight until one of its name comes again. It writes to a
// file: a pipe that nobody reads fills up in time, and the server waits in the middle of its writing.
std::vector<std::string> server_command(const std::filesystem::path& log) {
    const std::string name = "legume-test";
    setenv("JACK_DEFAULT_SERVER", name.c_str(), 1);
    setenv("JACK_NO_START_SERVER", "1", 1);
    setenv("LEGUME_CARD_WAITS", "1.5", 1);
    return {"sh",    "-c",    R"(exec "$@" >")" + log.string() + R"(" 2>&1)",
            "sh",    "jackd", "-n",
            name,    "-r",    "-S",
            "-t",    "1500",  "-d",
            "dummy", "-r",    "48000",
            "-p",    "256"};
}

jack_client_t* open_client(const char* name) {
    jack_set_error_function([](const char*) {});
    jack_set_info_function([](const char*) {});
    return jack_client_open(name, JackNoStartServer, nullptr);
}

}  // namespace

JackServer::JackServer() : child_(server_command(folder_ / "jackd.log")) {
    const bool answers = eventually([&] { return (knock_ = open_client("knock")) || !child_.running(); }) && knock_;
    if (answers) return;
    const int code = child_.running() ? -1000 : child_.wait();
    if (code == 127) throw std::runtime_error("jackd is not installed: apt-get install jackd2, or ./tests/run does it");
    std::ifstream log(folder_ / "jackd.log");
    throw std::runtime_error("jackd does not answer (code " + std::to_string(code) + "); it says:\n" +
                             std::string(std::istreambuf_iterator<char>(log), {}));
}

JackServer::~JackServer() {
    if (knock_) jack_client_close(static_cast<jack_client_t*>(knock_));
    child_.signal(SIGTERM);  // it takes its shared memory along
    child_.wait();
}

struct JackClient::State {
    jack_client_t* client = nullptr;
    jack_port_t* hands = nullptr;
    jack_port_t* lights = nullptr;
    jack_port_t* ear = nullptr;
    Ring<Knob> knobs{64};
    Ring<Knob> shown{4096};
    Ring<float> sound{48'000 * 300};
    std::atomic<double> tempo{0};
    double next_tick = 0;  // frames from the cycle's first
    std::atomic<bool> listening{false}, began{false};
    std::atomic<jack_nframes_t> start{0};  // the server's frame that heard() begins with

    static int process(jack_nframes_t frames, void* user) {
        auto& self = *static_cast<State*>(user);
        void* notes = jack_port_get_buffer(self.hands, frames);
        jack_midi_clear_buffer(notes);
        for (Knob knob; self.knobs.pop(knob);) jack_midi_event_write(notes, 0, knob.data(), length(knob[0]));
        const double tempo = self.tempo;
        for (; tempo > 0 && self.next_tick < frames; self.next_tick += 60 * 48'000 / (24 * tempo)) {
            const jack_midi_data_t tick = 0xf8;
            jack_midi_event_write(notes, static_cast<jack_nframes_t>(self.next_tick), &tick, 1);
        }
        self.next_tick = tempo > 0 ? self.next_tick - frames : 0;
        void* lights = jack_port_get_buffer(self.lights, frames);
        jack_midi_event_t event;
        for (std::uint32_t i = 0; jack_midi_event_get(&event, lights, i) == 0; ++i)
            if (event.size == 3) self.shown.push({event.buffer[0], event.buffer[1], event.buffer[2]});
        const auto* x = static_cast<const float*>(jack_port_get_buffer(self.ear, frames));
        if (!self.listening) return 0;
        if (!self.began) self.start = jack_last_frame_time(self.client);
        self.began = true;
        self.sound.write({x, frames});
        return 0;
    }
    ~State() {
        if (client) jack_client_close(client);
    }
};

JackClient::JackClient(const char* name) : state_(new State) {
    auto& s = *state_;
    if (!eventually([&] { return (s.client = open_client(name)) != nullptr; }))  // a busy server may refuse at first
        throw std::runtime_error("the JACK server takes no client");
    s.hands = jack_port_register(s.client, "midi_capture", JACK_DEFAULT_MIDI_TYPE, JackPortIsOutput, 0);
    s.lights = jack_port_register(s.client, "midi_playback", JACK_DEFAULT_MIDI_TYPE, JackPortIsInput, 0);
    s.ear = jack_port_register(s.client, "ear", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    jack_set_process_callback(s.client, &State::process, &s);
    if (!s.hands || !s.lights || !s.ear || jack_activate(s.client) != 0)
        throw std::runtime_error("the JACK client does not start");
}

JackClient::~JackClient() = default;

bool JackClient::play_into(const std::string& port) {
    return jack_connect(state_->client, jack_port_name(state_->hands), port.c_str()) == 0;
}

bool JackClient::listen_to(const std::string& port) {
    state_->listening = true;
    return jack_connect(state_->client, port.c_str(), jack_port_name(state_->ear)) == 0;
}

bool JackClient::watch(const std::string& port) {
    return jack_connect(state_->client, port.c_str(), jack_port_name(state_->lights)) == 0;
}

bool JackClient::shown(int status, int first, int second) {
    for (Knob knob; state_->shown.pop(knob);) shown_.push_back({knob[0], knob[1], knob[2]});
    const bool found = std::find(shown_.begin(), shown_.end(), std::array{status, first, second}) != shown_.end();
    if (found) shown_.clear();
    return found;
}

void JackClient::send(int status, int first, int second) {
    state_->knobs.push({static_cast<jack_midi_data_t>(status), static_cast<jack_midi_data_t>(first),
                        static_cast<jack_midi_data_t>(second)});
}

void JackClient::note(int key, int velocity) { send(0x90, key, velocity); }
void JackClient::cc(int number, int value) { send(0xb0, number, value); }
void JackClient::program(int number) { send(0xc0, number); }
void JackClient::clock(double tempo) { state_->tempo = tempo; }

std::uint64_t JackClient::frame() { return state_->began ? jack_frame_time(state_->client) - state_->start : 0; }

const Samples& JackClient::heard() {
    Samples piece(state_->sound.readable());
    piece.resize(state_->sound.read(piece));
    heard_.insert(heard_.end(), piece.begin(), piece.end());
    return heard_;
}

}  // namespace legume::test
