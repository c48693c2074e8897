// Wraps Avahi's client library, which is there or not: LEGUME_AVAHI.
// SPDX-License-Identifier: MIT
#include "host/osc/announce.h"

#include <cstdint>
#include <utility>

#ifdef LEGUME_AVAHI
#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/thread-watch.h>
#include <net/if.h>
#endif

namespace legume {

#ifdef LEGUME_AVAHI

struct Announcement::State {
    std::string name;
    std::vector<AnnouncedService> services;
    AvahiIfIndex interface = AVAHI_IF_UNSPEC;
    AvahiThreadedPoll* poll = nullptr;
    AvahiClient* client = nullptr;
    AvahiEntryGroup* group = nullptr;

    // All of these run on the poll's thread.
    static void client_changed(AvahiClient* client, AvahiClientState now, void* self) {
        static_cast<State*>(self)->client_is(client, now);
    }
    static void group_changed(AvahiEntryGroup* group, AvahiEntryGroupState now, void* self) {
        auto& state = *static_cast<State*>(self);
        if (now != AVAHI_ENTRY_GROUP_COLLISION) return;
        state.group = group;
        state.rename();
        state.publish(avahi_entry_group_get_client(group));
    }
    void client_is(AvahiClient* with, AvahiClientState now) {
        if (now == AVAHI_CLIENT_S_RUNNING) {
            publish(with);
        } else if (now == AVAHI_CLIENT_FAILURE) {
            if (avahi_client_errno(with) != AVAHI_ERR_DISCONNECTED) return;
            avahi_client_free(with);  // and its group: the daemon is gone, and a new client waits for it to come back
            group = nullptr;
            connect();
        } else if (group) {
            avahi_entry_group_reset(group);  // until the machine's own name is settled
        }
    }
    void rename() {
        char* other = avahi_alternative_service_name(name.c_str());
        name = other;
        avahi_free(other);
    }
    void publish(AvahiClient* with) {
        if (!group) group = avahi_entry_group_new(with, group_changed, this);
        if (!group) return;
        for (int attempt = 0; attempt < 100; ++attempt) {
            avahi_entry_group_reset(group);
            int error = AVAHI_OK;
            for (const auto& service : services)
                if (error == AVAHI_OK)
                    error = avahi_entry_group_add_service(group, interface, AVAHI_PROTO_INET, {}, name.c_str(),
                                                          service.type, nullptr, nullptr,
                                                          static_cast<std::uint16_t>(service.port), nullptr);
            if (error != AVAHI_ERR_COLLISION) break;
            rename();
        }
        avahi_entry_group_commit(group);
    }
    void connect() {
        client = avahi_client_new(avahi_threaded_poll_get(poll), AVAHI_CLIENT_NO_FAIL, client_changed, this, nullptr);
    }
};

Announcement::Announcement(std::string name, std::vector<AnnouncedService> services, OscSocket::Listen listen)
    : state_(std::make_unique<State>()) {
    state_->name = std::move(name);
    state_->services = std::move(services);
    if (listen == OscSocket::Listen::loopback) state_->interface = static_cast<AvahiIfIndex>(if_nametoindex("lo"));
    state_->poll = avahi_threaded_poll_new();
    if (!state_->poll) return;
    state_->connect();
    if (state_->client) avahi_threaded_poll_start(state_->poll);  // none: there is no D-Bus, so no daemon
}

Announcement::~Announcement() {
    if (!state_->poll) return;
    if (state_->client) {
        avahi_threaded_poll_stop(state_->poll);
        avahi_client_free(state_->client);
    }
    avahi_threaded_poll_free(state_->poll);
}

#else

struct Announcement::State {};
Announcement::Announcement(std::string, std::vector<AnnouncedService>, OscSocket::Listen) {}
Announcement::~Announcement() = default;

#endif

}  // namespace legume
