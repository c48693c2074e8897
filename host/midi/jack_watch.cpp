// A client without ports, which JACK tells of its end. No library but JACK's own tells of that.
// SPDX-License-Identifier: MIT
#include "host/midi/jack_watch.h"

#if defined(LEGUME_JACK)

#include <jack/jack.h>

#include <atomic>
#include <cstdint>

namespace legume {
namespace {

using Number = std::uintptr_t;  // of a client, from 1 on; what the callbacks are given

jack_client_t* client = nullptr;
Number number = 0;
std::atomic<Number> ended{0};  // it and all before it

void end(Number which) {
    for (Number last = ended; last < which && !ended.compare_exchange_weak(last, which);) {
    }
}

void on_shutdown(void* which) { end(reinterpret_cast<Number>(which)); }

// libjack calls nobody when it frees a client, but it ends the thread on which the client was told things.
struct ThreadOfClient {
    Number which = 0;
    ~ThreadOfClient() { end(which); }
};

void on_thread(void* which) {
    thread_local ThreadOfClient here;
    here.which = reinterpret_cast<Number>(which);
}

}  // namespace

bool jack_answers() {
    if (client) return !jack_died();
    client = jack_client_open("legume-watch", JackNoStartServer, nullptr);
    if (!client) return false;
    void* const which = reinterpret_cast<void*>(++number);
    jack_on_shutdown(client, on_shutdown, which);
    jack_set_thread_init_callback(client, on_thread, which);
    jack_activate(client);
    return !jack_died();
}

bool jack_died() { return client && ended >= number; }

void forget_jack() {
    if (client) jack_client_close(client);
    client = nullptr;
}

void leave_jack() { client = nullptr; }

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
void leave_jack() {}
void hush_jack() {}

}  // namespace legume

#endif
