// Takes packets apart, does what they ask, and answers in words what was wrong.
// SPDX-License-Identifier: MIT
#include "host/osc/osc_control.h"

#include <utility>

namespace legume {
namespace {

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
    : commands_(commands),
      say_(std::move(say)),
      router_(controls),
      socket_(settings.listen, settings.port, [&inbox](std::span<const std::uint8_t> bytes, const OscPeer& sender) {
          inbox.post(OscPacket{{bytes.begin(), bytes.end()}, sender});
      }) {
    const auto port = std::to_string(socket_.port());
    if (settings.listen == OscSocket::Listen::loopback) {
        say_("OSC: this computer only, 127.0.0.1 port " + port + "; for another computer add --osc-listen lan");
    } else {
        const auto addresses = own_addresses();
        say_("OSC: another computer sends to " +
             (addresses.empty() ? "this one (it is on no network yet)" : join(addresses, " or ")) + ", UDP port " +
             port);
    }
    bind();
}

void OscControl::answer(const std::string& address, const std::string& text, OscPeer to) {
    if (const auto found = reply_ports_.find(to.address); found != reply_ports_.end()) to.port = found->second;
    socket_.send(compose_osc(address, {text}), to);
}

void OscControl::refuse(const std::string& reason, const OscPeer& sender) {
    if (answers_refill_.due()) answers_left_ = 20;
    if (answers_left_-- > 0) answer("/legume/error", reason, sender);
}

std::string OscControl::take(const OscMessage& message, const OscPeer& sender) {
    constexpr std::string_view own = "/legume/";
    if (!message.address.starts_with(own)) return router_.take(message);  // which counts what it refuses
    std::string wrong;
    if (message.address == "/legume/ping") {
        answer("/legume/pong", "legume " LEGUME_VERSION, sender);
    } else if (message.address == "/legume/reply-to") {
        const auto* port = message.args.empty() ? nullptr : std::get_if<std::int64_t>(&message.args[0]);
        if (!port || *port < 1 || *port > 65535)
            wrong = "/legume/reply-to wants a port as a whole number, 1 to 65535";
        else if (reply_ports_.size() < 256 || reply_ports_.count(sender.address))
            reply_ports_[sender.address] = static_cast<std::uint16_t>(*port);
    } else {
        const bool here = sender.address >> 24 == 127;
        wrong = commands_.run(std::string_view(message.address).substr(own.size()), arguments_of(message),
                              here ? Commands::From::here : Commands::From::network);
    }
    if (!wrong.empty()) ++bad_;
    return wrong;
}

void OscControl::take(const OscPacket& packet) {
    std::string error;
    for (const auto& message : parse_osc(packet.bytes, error))
        if (const auto wrong = take(message, packet.sender); !wrong.empty()) refuse(wrong, packet.sender);
    if (error.empty()) return;
    ++bad_;
    refuse(error, packet.sender);
}

}  // namespace legume
