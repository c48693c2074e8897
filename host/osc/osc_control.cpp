// Takes packets apart, does what they ask, and answers in words what was wrong.
// SPDX-License-Identifier: MIT
#include "host/osc/osc_control.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "graph/abilities.h"

namespace legume {
namespace {

constexpr std::size_t most_pending = 4096, most_held = 4096, most_reply_ports = 256;

CommandArguments arguments_of(const OscMessage& message) {
    CommandArguments arguments;
    for (const auto& arg : message.args) {
        if (const auto* f = std::get_if<float>(&arg)) arguments.emplace_back(static_cast<double>(*f));
        if (const auto* i = std::get_if<std::int64_t>(&arg)) arguments.emplace_back(static_cast<double>(*i));
        if (const auto* d = std::get_if<double>(&arg)) arguments.emplace_back(*d);
        if (const auto* b = std::get_if<bool>(&arg)) arguments.emplace_back(*b ? 1.0 : 0.0);
        if (const auto* s = std::get_if<std::string>(&arg)) arguments.emplace_back(*s);
    }
    return arguments;
}

}  // namespace

OscControl::OscControl(const OscSettings& settings, Controls& controls, const Commands& commands, Inbox& inbox, Say say)
    : Follower(controls),
      commands_(commands),
      settings_(settings),
      say_(std::move(say)),
      router_(controls),
      subscriptions_(controls, [this](const std::string& address, float value,
                                      const OscPeer& to) { answer(address, {value}, to); }),
      sends_(controls, [this](const std::string& address, float value,
                              const OscPeer& to) { socket_.send(compose_osc(address, {value}), to); }),
      socket_(settings.listen, settings.port,
              [this, &inbox](std::span<const std::uint8_t> bytes, const OscPeer& sender) {
                  if (settings_.hears(sender.address))
                      inbox.post(OscPacket{{bytes.begin(), bytes.end()}, sender});
                  else
                      not_allowed_.fetch_add(1, std::memory_order_relaxed);
              }) {
    const auto port = std::to_string(socket_.port());
    if (settings.listen == OscSocket::Listen::loopback) {
        say_("OSC: this computer only, 127.0.0.1 port " + port + "; for another computer add --osc-listen lan");
    } else {
        const auto addresses = own_addresses();
        say_("OSC: another computer sends to " +
             (addresses.empty() ? "this one (it is on no network yet)" : join(addresses, " or ")) + ", UDP port " +
             port + (settings.allow.empty() ? "" : "; only those of --osc-allow are heard"));
    }
    if (settings.query) {
        try {
            query_ = std::make_unique<OscQuery>(settings, socket_.port(), controls, inbox);
        } catch (const std::runtime_error& error) {
            say_("OSCQuery: " + std::string(error.what()) + "; playing goes on without it");
        }
    }
    std::vector<AnnouncedService> services{{"_osc._udp", socket_.port()}};
    if (query_) services.push_back({"_oscjson._tcp", query_->port()});
    announcement_.emplace("legume", std::move(services), settings.listen);
    bind(false);
}

void OscControl::bind(bool) {
    router_.bind();
    subscriptions_.bind();
    sends_.bind();
    bind_sends();
    if (query_) query_->bind();
    flush();
}

void OscControl::bind_sends() {
    std::vector<Fixed> sends;
    const auto add = [&](const std::string& peer, std::string address, std::string as, float rate) {
        if (const auto to = parse_peer(peer)) sends.push_back({std::move(address), std::move(as), rate, *to});
    };
    for (const auto& send : controls_.runner().patch().sends)
        for (const auto& value : send.values) add(send.to, "/" + name_of(value), "", send.rate);
    const auto& plan = controls_.runner().schedule().plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i)
        if (const auto* sender = as<SendsOsc>(*plan.nodes[i])) {
            const auto& out = sender->osc_out();
            add(out.to.value(), "/" + plan.ids[i] + "/" + out.value.name, out.address.value(), out.rate.value());
        }
    if (sends == sent_) return;
    for (const auto& send : sent_) (void)sends_.remove("", send.to);
    sent_ = std::move(sends);
    for (const auto& send : sent_) {
        if (!is_here(send.to.address) && settings_.listen == OscSocket::Listen::loopback)
            say_("OSC: " + to_string(send.to) + " is another computer, to which --osc-listen lan opens the way");
        if (const auto wrong = sends_.add(send.address, static_cast<double>(send.rate), send.to, send.as);
            !wrong.empty())
            say_("OSC: " + wrong);
    }
}

void OscControl::answer(const std::string& address, std::vector<OscArgument> args, OscPeer to) {
    if (const auto found = reply_ports_.find(to.address); found != reply_ports_.end()) to.port = found->second;
    socket_.send(compose_osc(address, args), to);
}

bool OscControl::may_answer() {
    if (answers_refill_.due()) answers_left_ = 20;
    return answers_left_ > 0;
}

void OscControl::refuse(const std::string& reason, const OscPeer& sender) {
    if (!may_answer()) return;
    --answers_left_;
    answer("/legume/error", {reason}, sender);
}

void OscControl::tell_stats(const OscPeer& sender) {
    auto numbers = stats ? stats() : Numbers{};
    numbers.insert(numbers.end(), {{"osc-messages", static_cast<double>(messages_)},
                                   {"osc-a-second", static_cast<double>(a_second_)},
                                   {"osc-lost", static_cast<double>(socket_.lost().value_or(0))},
                                   {"osc-overtaken", static_cast<double>(overtaken_)},
                                   {"osc-refused", static_cast<double>(refused())},
                                   {"osc-not-allowed", static_cast<double>(not_allowed_.load())}});
    for (const auto& [name, number] : numbers) answer("/legume/stats/" + name, {static_cast<float>(number)}, sender);
}

std::string OscControl::subscribe(const OscMessage& message, const OscPeer& sender) {
    const auto arguments = arguments_of(message);
    const auto* pattern = arguments.empty() ? nullptr : std::get_if<std::string>(&arguments[0]);
    const auto* hertz = arguments.size() > 1 ? std::get_if<double>(&arguments[1]) : nullptr;
    if (!pattern || arguments.size() > 2 || (arguments.size() == 2 && !hertz))
        return "/legume/subscribe wants an address or a pattern, and how often in Hz if not 20";
    return subscriptions_.add(*pattern, hertz ? *hertz : 20, sender);
}

// Of the program itself, below /legume/.
std::string OscControl::command(const OscMessage& message, const OscPeer& sender) {
    const auto name = std::string_view(message.address).substr(sizeof "/legume/" - 1);
    if (name == "ping") {
        answer("/legume/pong", {std::string("legume " LEGUME_VERSION)}, sender);
    } else if (name == "reply-to") {
        const auto* port = message.args.empty() ? nullptr : std::get_if<std::int64_t>(&message.args[0]);
        if (!port || *port < 1 || *port > 65535) return "/legume/reply-to wants a port as a whole number, 1 to 65535";
        if (reply_ports_.size() < most_reply_ports || reply_ports_.count(sender.address))
            reply_ports_[sender.address] = static_cast<std::uint16_t>(*port);
    } else if (name == "subscribe") {
        return subscribe(message, sender);
    } else if (name == "unsubscribe") {
        const auto* pattern = message.args.empty() ? nullptr : std::get_if<std::string>(&message.args[0]);
        return subscriptions_.remove(pattern ? *pattern : "", sender);
    } else if (name == "stats" && is_here(sender.address)) {
        tell_stats(sender);
    } else {
        return commands_.run(name, arguments_of(message),
                             is_here(sender.address) ? Commands::From::here : Commands::From::network,
                             [this, sender](const std::string& wrong) {
                                 ++bad_;
                                 refuse(wrong, sender);
                             });
    }
    return "";
}

void OscControl::play(const OscMessage& message, const OscPeer& sender) {
    std::string wrong;
    if (message.address.starts_with("/legume/")) {
        wrong = command(message, sender);
        if (!wrong.empty()) ++bad_;
    } else {
        wrong = router_.take(message, may_answer());  // which counts what it refuses
    }
    if (!wrong.empty()) refuse(wrong, sender);
}

void OscControl::open(const OscPacket& packet) {
    std::string error;
    for (auto& message : parse_osc(packet.bytes, error)) {
        ++messages_;
        if (const auto number = router_.settles(message)) {
            pending_.push_back({std::move(message.address), *number, packet.sender});
            if (pending_.size() >= most_pending) flush();
        } else {
            flush();
            play(message, packet.sender);
        }
    }
    if (error.empty()) return;
    ++bad_;
    refuse(error, packet.sender);
}

void OscControl::take(const OscPacket& packet) {
    if (settings_.honour_time_tags && held_.size() < most_held) {
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
        const double hold = time_tags_.hold(packet.sender, osc_time_tag(packet.bytes), seconds);
        if (hold > 0) {
            held_.emplace(now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(hold)),
                          packet);
            return;
        }
    }
    open(packet);
}

void OscControl::flush() {
    std::unordered_set<std::string> seen;
    std::vector<const Pending*> newest;  // the last first
    for (auto at = pending_.rbegin(); at != pending_.rend(); ++at)
        if (seen.insert(to_string(at->sender) + at->address).second) newest.push_back(&*at);
    overtaken_ += pending_.size() - newest.size();
    for (auto at = newest.rbegin(); at != newest.rend(); ++at) play({(*at)->address, {(*at)->number}}, (*at)->sender);
    pending_.clear();
}

void OscControl::tick() {
    for (const auto now = Clock::now(); !held_.empty() && held_.begin()->first <= now; held_.erase(held_.begin()))
        open(held_.begin()->second);
    flush();
    subscriptions_.tick(Clock::now());
    sends_.tick(Clock::now());
    if (query_) query_->tick();
    if (!rate_.due()) return;
    a_second_ = messages_ - messages_before_;
    messages_before_ = messages_;
}

std::chrono::milliseconds OscControl::patience() const {
    using std::chrono::milliseconds;
    if (held_.empty()) return milliseconds(10);
    const auto left = std::chrono::ceil<milliseconds>(held_.begin()->first - Clock::now());
    return std::clamp(left, milliseconds(0), milliseconds(10));
}

std::string OscControl::summary() const {
    std::string said;
    if (messages_ > 0) said += "; OSC: " + std::to_string(messages_) + " messages";
    if (overtaken_ > 0) said += ", " + std::to_string(overtaken_) + " of them overtaken by newer ones";
    if (const auto lost = socket_.lost().value_or(0); lost > 0)
        said += ", " + std::to_string(lost) + " packets lost before they were read";
    if (not_allowed_ > 0) said += "; OSC from elsewhere, not allowed: " + std::to_string(not_allowed_.load());
    return said;
}

}  // namespace legume
