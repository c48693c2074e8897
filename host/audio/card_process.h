// The process that owns the sound card, `legume card`: whatever hangs or dies in a sound system, it alone goes with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "host/audio/audio.h"
#include "host/audio/exchange.h"

namespace legume {

// What the engine says and hears of it are lines over a socket: "say WORDS", then "open RATE INPUTS OUTPUTS NAME",
// "none" or "fault WORDS"; to "start", "started LATENCY" or "fault WORDS". It ends when the socket does, or with the
// card.
class CardProcess {
  public:
    CardProcess(const AudioRequest& request, const ExchangeMemory& memory);  // throws std::runtime_error
    ~CardProcess();  // lets it close the card, but not for longer than five seconds; leaves no zombie
    CardProcess(const CardProcess&) = delete;
    CardProcess& operator=(const CardProcess&) = delete;
    // The next line; nothing when it did not come in time, or when no more will come.
    std::optional<std::string> read(std::chrono::milliseconds longest);
    bool over() const { return over_; }  // no more will come
    void write(const std::string& line);
    void kill();  // at once

  private:
    bool reap(std::chrono::milliseconds longest);
    pid_t pid_ = -1;
    int talk_ = -1;
    bool over_ = false;
    std::string heard_;
};

// What that process does; `words` are those after `legume card`. Exit code.
int card_process(const std::vector<std::string>& words);

}  // namespace legume
