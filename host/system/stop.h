// Ctrl-C, SIGTERM and SIGHUP, as what plays heeds them: it is told to stop, and ends in its own time.
// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace legume {

inline volatile std::sig_atomic_t stop_asked = 0;

// From now on they ask.
inline void heed_stop_signals() {
    stop_asked = 0;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { stop_asked = 1; });
}

}  // namespace legume
