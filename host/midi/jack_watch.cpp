// A client without ports, which JACK tells of its end. No library but JACK's own tells of that.
// SPDX-License-Identifier: MIT
#include "host/midi/jack_watch.h"

#if defined(LEGUME_JACK)

#include <jack/jack.h>

#include <atomic>

namespace legume {
namespace {

jack_client_t* client = nullptr;
std::atomic<bool> died{false};

void on_shutdown(void*) { died = true; }

}  // namespace

bool jack_answers() {
    if (client) return !died;
    died = false;
    client = jack_client_open("legume-watch", JackNoStartServer, nullptr);
    if (!client) return false;
    jack_on_shutdown(client, on_shutdown, nullptr);
    jack_activate(client);
    return true;
}

bool jack_died() { return client && died; }

void forget_jack() {
    if (client) jack_client_close(client);
    client = nullptr;
}

void hush_jack() {
    jack_set_error_function([](const char*) {});
    jack_set_info_function([](const char*) {});
}

}  // namespace legume

#else

namespace legume {

bool jack_answers() { return true; }
bool jack_died() { return false; }
void forget_jack() {}
void hush_jack() {}

}  // namespace legume

#endif
