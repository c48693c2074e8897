// Looks at what is subscribed when it is due, and sends what differs from what was sent last.
// SPDX-License-Identifier: MIT
#include "host/osc/subscriptions.h"

#include <algorithm>
#include <limits>

#include "host/osc/osc.h"

namespace legume {
namespace {

constexpr std::size_t most = 1024, longest = 1024;
constexpr int most_at_once = 100;  // of what the socket lets wait

bool finite(float x) { return x - x == 0; }

}  // namespace

// What was sent before stays sent.
void Subscriptions::look_up(Subscription& subscription) const {
    std::vector<Watched> watched;
    for (const auto* list : {&controls_.targets(), &controls_.meters()})
        for (const auto& target : *list) {
            const auto address = "/" + target.name;
            if (!reading(target) || !osc_matches(subscription.pattern, address)) continue;
            const auto known = std::find_if(subscription.watched.begin(), subscription.watched.end(),
                                            [&](const Watched& w) { return w.address == address; });
            watched.push_back(
                {target, address,
                 known != subscription.watched.end() ? known->sent : std::numeric_limits<float>::quiet_NaN()});
        }
    subscription.watched = std::move(watched);
}

std::string Subscriptions::add(const std::string& pattern, double hertz, const OscPeer& to, const std::string& as) {
    if (!(hertz >= 1 && hertz <= 100)) return "/legume/subscribe: how often is 1 to 100 Hz";
    if (pattern.size() > longest) return "/legume/subscribe: the address is longer than 1024 characters";
    Subscription fresh{pattern, as, to, {}, {}, {}};
    fresh.period = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / hertz));
    look_up(fresh);
    if (fresh.watched.empty()) {
        std::vector<std::string> names;
        for (const auto* list : {&controls_.targets(), &controls_.meters()})
            for (const auto& target : *list)
                if (reading(target)) names.push_back("/" + target.name);
        const auto near = nearest(pattern, names);
        return "there is nothing to hear at " + pattern + (near.empty() ? "" : "; did you mean " + near + "?");
    }
    remove(pattern, to);
    if (all_.size() >= most)
        return "there are " + std::to_string(most) + " subscriptions already; end some by /legume/unsubscribe";
    all_.push_back(std::move(fresh));
    return "";
}

std::string Subscriptions::remove(const std::string& pattern, const OscPeer& from) {
    const auto gone = std::remove_if(all_.begin(), all_.end(), [&](const Subscription& subscription) {
        return subscription.to == from && (pattern.empty() || subscription.pattern == pattern);
    });
    const bool found = gone != all_.end();
    all_.erase(gone, all_.end());
    return found ? "" : "you have no subscription" + (pattern.empty() ? "" : " to " + pattern);
}

void Subscriptions::bind() {
    for (auto& subscription : all_) look_up(subscription);
}

void Subscriptions::tick(Clock::time_point now) {
    int left = most_at_once;
    for (auto& subscription : all_) {
        if (now < subscription.next) continue;
        for (auto& watched : subscription.watched) {
            const auto value = *reading(watched.target);
            if (value == watched.sent || !finite(value)) continue;
            if (left-- == 0) return;  // goes on from here at the next tick
            watched.sent = value;
            send_(subscription.as.empty() ? watched.address : subscription.as, value, subscription.to);
        }
        subscription.next = now + subscription.period;
    }
}

}  // namespace legume
