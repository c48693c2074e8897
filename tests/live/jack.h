// A JACK server without a sound card, and a client on it that turns knobs and hears. No JACK type shows here.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/child.h"
#include "tests/harness.h"

namespace legume::test {

// Of a name of its own, which all programs started afterwards use by default.
class JackServer {
  public:
    JackServer();  // throws std::runtime_error with what to install
    ~JackServer();
    JackServer(const JackServer&) = delete;
    JackServer& operator=(const JackServer&) = delete;
    void freeze() { child_.signal(SIGSTOP); }
    void crash() { child_.signal(SIGKILL); }

  private:
    Folder folder_;
    Child child_;
    // A client that stays: libjack (1.9.21) forgets to let go of one that closes just as the process opens another, and
    // whoever is given its number next waits for a signal that never comes, and the server for him.
    void* knock_ = nullptr;
};

class JackClient {
  public:
    // Throws std::runtime_error when the server does not answer. As "a2j" it is what a controller looks like, with the
    // ports a2j:midi_capture and a2j:midi_playback; it is unplugged when it goes.
    explicit JackClient(const char* name = "performer");
    ~JackClient();
    JackClient(const JackClient&) = delete;
    JackClient& operator=(const JackClient&) = delete;

    bool play_into(const std::string& midi_port);  // "legume:midi_in"
    bool listen_to(const std::string& audio_port);
    bool watch(const std::string& midi_port);
    void cc(int number, int value);  // on channel 1, in the next cycle
    void note(int key, int velocity);
    void program(int number);  // as it stands in the message, from 0
    void send(int status, int first = 0, int second = 0);
    void clock(double tempo);  // ticks from the next cycle on; 0: none any more
    // Whether these bytes came, of all that did since the last call.
    bool shown(int status, int first, int second);
    const Samples& heard();  // since listen_to
    std::uint64_t frame();   // of the sound that it hears now, counted as heard() is; by the server's clock

  private:
    struct State;
    std::unique_ptr<State> state_;
    Samples heard_;
    std::vector<std::array<int, 3>> shown_;
};

}  // namespace legume::test
