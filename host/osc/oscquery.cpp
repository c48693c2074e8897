// The namespace as JSON, made of what plays; who listens to what; and what a reload changed of it.
// SPDX-License-Identifier: MIT
#include "host/osc/oscquery.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/osc/osc.h"
#include "host/osc/subscriptions.h"
#include "host/osc/web.h"
#include "host/system/every.h"

namespace legume {
namespace {

using nlohmann::ordered_json;
using Leaves = std::map<std::string, ordered_json>;  // by address

// As libossia and others spell them; nothing where there is no word for it.
const char* unit_name(Unit unit) {
    switch (unit) {
        case Unit::hertz: return "time.hz";
        case Unit::seconds: return "time.second";
        case Unit::decibels: return "gain.db";
        case Unit::note: return "time.midinote";
        default: return nullptr;
    }
}

ordered_json value_of(const Range& range, float value) {
    if (range.unit == Unit::flag) return ordered_json::array({value >= 0.5f});
    if (range.unit == Unit::count) return ordered_json::array({static_cast<std::int64_t>(value)});
    return ordered_json::array({value});
}

ordered_json leaf(const std::string& address, const Target& target) {
    ordered_json json{{"FULL_PATH", address}, {"DESCRIPTION", target.member->doc}};
    const char* unit = nullptr;
    if (const auto* param = target.param()) {
        const auto& range = param->range;
        json["TYPE"] = range.unit == Unit::flag ? "T" : range.unit == Unit::count ? "i" : "f";
        json["ACCESS"] = 3;
        json["VALUE"] = value_of(range, param->own());
        if (range.unit != Unit::flag) json["RANGE"] = ordered_json::array({{{"MIN", range.min}, {"MAX", range.max}}});
        json["CLIPMODE"] = ordered_json::array({"both"});
        unit = unit_name(range.unit);
    } else if (target.member->kind == Member::Kind::meter) {
        const auto* meter = static_cast<const Meter*>(target.member);
        json["TYPE"] = "f";
        json["ACCESS"] = 1;
        json["VALUE"] = ordered_json::array({meter->value()});
        unit = unit_name(meter->unit);
    } else {
        json["TYPE"] = "I";
        json["ACCESS"] = 2;
    }
    if (unit) json["UNIT"] = ordered_json::array({unit});
    return json;
}

Leaves leaves_of(Controls& controls) {
    Leaves leaves;
    for (const auto* list : {&controls.targets(), &controls.meters()})
        for (const auto& target : *list)
            if (target.member->kind != Member::Kind::notes) leaves["/" + target.name] = leaf("/" + target.name, target);
    for (const auto& binding : controls.runner().patch().bindings)
        if (binding.osc)
            leaves[binding.osc->address] = {{"FULL_PATH", binding.osc->address},
                                            {"DESCRIPTION", "Bound to " + to_string(binding.to) + "."},
                                            {"TYPE", "f"},
                                            {"ACCESS", 2}};
    return leaves;
}

// Where an address stands in the tree; `make` what is missing on the way.
ordered_json* at(ordered_json& root, const std::string& address, bool make) {
    auto* node = &root;
    for (std::size_t from = 1; from < address.size();) {
        const auto to = std::min(address.find('/', from), address.size());
        const auto name = address.substr(from, to - from);
        if (!make && !(node->contains("CONTENTS") && (*node)["CONTENTS"].contains(name))) return nullptr;
        node = &(*node)["CONTENTS"][name];
        if (!node->contains("FULL_PATH")) *node = {{"FULL_PATH", address.substr(0, to)}, {"ACCESS", 0}};
        from = to + 1;
    }
    return node;
}

// What stays the same while a value moves.
ordered_json without_value(ordered_json leaf) {
    leaf.erase("VALUE");
    return leaf;
}

bool is_attribute(const std::string& name) {
    for (const char* known : {"FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT",
                              "CLIPMODE", "TAGS", "EXTENDED_TYPE", "CRITICAL", "OVERLOADS"})
        if (name == known) return true;
    return false;
}

}  // namespace

struct OscQuery::State {
    State(const OscSettings& settings, int osc, Controls& all, Inbox& inbox)
        : controls(all),
          osc_port(osc),
          listeners(all, [this](const std::string& address, float value,
                                const OscPeer& to) { server.send(to.port, compose_osc(address, {value})); }),
          server(settings.listen, osc,
                 {[settings](std::uint32_t from) { return settings.hears(from); },
                  [this](const std::string& path, const std::string& query) { return answer(path, query); },
                  [this](int client, std::string text) {
                      leave({client, false, std::move(text)});
                  },
                  // A web page may reach this port in its reader's name, so that it has no more rights than a network.
                  [&inbox](int, std::vector<std::uint8_t> bytes) {
                      inbox.post(OscPacket{std::move(bytes), {0, 0}});
                  },
                  [this](int client) {
                      leave({client, true, ""});
                  }}) {}

    // ---- the server's threads
    WebServer::Reply answer(const std::string& path, const std::string& query) {
        const std::lock_guard lock(guard);
        if (query == "HOST_INFO") return {200, host_info().dump(2)};
        const auto* node = path.empty() || path[0] != '/' ? nullptr : at(tree, path, false);
        if (!node) return {404, ""};
        if (query.empty()) return {200, node->dump(2)};
        if (!is_attribute(query)) return {400, ""};
        if (!node->contains(query)) return {204, ""};
        return {200, ordered_json{{query, node->at(query)}}.dump(2)};
    }
    ordered_json host_info() const {
        ordered_json extensions;
        for (const char* name : {"ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CLIPMODE", "LISTEN", "IGNORE",
                                 "PATH_CHANGED", "PATH_ADDED", "PATH_REMOVED"})
            extensions[name] = true;
        return {{"NAME", "legume"},
                {"OSC_PORT", osc_port},
                {"OSC_TRANSPORT", "UDP"},
                {"WS_PORT", server.port()},
                {"EXTENSIONS", extensions}};
    }
    struct Said {
        int client;
        bool gone;
        std::string text;
    };
    void leave(Said one) {
        constexpr std::size_t most = 1024;
        const std::lock_guard lock(guard);
        if (said.size() < most || one.gone) said.push_back(std::move(one));
    }

    // ---- control thread
    // A client is a peer without an address.
    static OscPeer peer(int client) { return {0, static_cast<std::uint16_t>(client)}; }
    void hear(const Said& one) {
        if (one.gone) {
            clients.erase(std::remove(clients.begin(), clients.end(), one.client), clients.end());
            listeners.remove("", peer(one.client));
            return;
        }
        const auto json = ordered_json::parse(one.text, nullptr, false);
        if (!json.is_object() || !json.contains("COMMAND") || !json.contains("DATA") || !json["COMMAND"].is_string() ||
            !json["DATA"].is_string())
            return;
        if (std::find(clients.begin(), clients.end(), one.client) == clients.end()) clients.push_back(one.client);
        const auto command = json["COMMAND"].get<std::string>();
        const auto path = json["DATA"].get<std::string>();
        if (command == "LISTEN") listeners.add(path, 60, peer(one.client));
        if (command == "IGNORE") listeners.remove(path, peer(one.client));
    }
    void tell(const char* command, const std::string& path) {
        const auto text = ordered_json{{"COMMAND", command}, {"DATA", path}}.dump();
        for (const int client : clients) server.send(client, text);
    }
    void bind() {
        auto now = leaves_of(controls);
        ordered_json fresh{{"FULL_PATH", "/"}, {"ACCESS", 0}, {"DESCRIPTION", controls.runner().patch().title}};
        for (const auto& [address, json] : now) at(fresh, address, true)->update(json);
        for (const auto& [address, json] : leaves)
            if (!now.count(address)) tell("PATH_REMOVED", address);
        for (const auto& [address, json] : now) {
            const auto before = leaves.find(address);
            if (before == leaves.end())
                tell("PATH_ADDED", address);
            else if (without_value(before->second) != without_value(json))
                tell("PATH_CHANGED", address);
        }
        leaves = std::move(now);
        listeners.bind();
        const std::lock_guard lock(guard);
        tree = std::move(fresh);
    }
    void refresh() {
        const std::lock_guard lock(guard);
        for (const auto* list : {&controls.targets(), &controls.meters()})
            for (const auto& target : *list) {
                auto* node = at(tree, "/" + target.name, false);
                if (!node || !node->contains("VALUE")) continue;
                const auto* param = target.param();
                (*node)["VALUE"] = param ? value_of(param->range, param->own())
                                         : ordered_json::array({static_cast<const Meter*>(target.member)->value()});
            }
    }

    Controls& controls;
    const int osc_port;
    std::mutex guard;  // of `tree` and `said`
    ordered_json tree{{"FULL_PATH", "/"}, {"ACCESS", 0}};
    std::deque<Said> said;
    Leaves leaves;
    std::vector<int> clients;
    Subscriptions listeners;
    Every refresh_due{100};
    WebServer server;  // last: nobody asks once the rest goes
};

OscQuery::OscQuery(const OscSettings& settings, int osc_port, Controls& controls, Inbox& inbox)
    : state_(std::make_unique<State>(settings, osc_port, controls, inbox)) {}

OscQuery::~OscQuery() = default;

int OscQuery::port() const { return state_->server.port(); }

void OscQuery::bind() { state_->bind(); }

void OscQuery::tick() {
    std::deque<State::Said> said;
    {
        const std::lock_guard lock(state_->guard);
        said.swap(state_->said);
    }
    for (const auto& one : said) state_->hear(one);
    state_->listeners.tick(Subscriptions::Clock::now());
    if (state_->refresh_due.due()) state_->refresh();
}

}  // namespace legume
