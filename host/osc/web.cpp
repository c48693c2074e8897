// HTTP and WebSocket by civetweb. A thread of ours writes to its clients, so that a slow one keeps nobody waiting.
// SPDX-License-Identifier: MIT
#include "host/osc/web.h"

#include <civetweb.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace legume {

namespace {

std::uint32_t address_of(const mg_connection* connection) {
    return parse_address(mg_get_request_info(connection)->remote_addr).value_or(0);
}

const char* reason(int code) {
    switch (code) {
        case 200: return "OK";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        default: return "Method Not Allowed";
    }
}

void write_reply(mg_connection* connection, const WebServer::Reply& reply) {
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-cache\r\nConnection: close\r\n\r\n",
              reply.code, reason(reply.code), reply.body.size());
    mg_write(connection, reply.body.data(), reply.body.size());
}

}  // namespace

struct WebServer::State {
    struct Letter {
        int client;
        int opcode;
        std::string body;
    };
    static constexpr std::size_t most_waiting = 4096;

    explicit State(Handlers all) : handlers(std::move(all)) {}
    ~State() {
        {
            const std::lock_guard lock(guard);
            quit = true;
        }
        came.notify_all();
        if (writer.joinable()) writer.join();
        if (context) mg_stop(context);
    }

    void post(Letter letter) {
        {
            const std::lock_guard lock(guard);
            if (letters.size() >= most_waiting) return;
            letters.push_back(std::move(letter));
        }
        came.notify_one();
    }
    void write() {
        std::unique_lock lock(guard);
        for (;;) {
            came.wait(lock, [this] { return quit || !letters.empty(); });
            if (quit) return;
            const auto letter = std::move(letters.front());
            letters.pop_front();
            lock.unlock();
            {
                const std::lock_guard writing(clients_guard);  // none is freed while it is written to
                const auto found = clients.find(letter.client);
                if (found != clients.end())
                    mg_websocket_write(found->second, letter.opcode, letter.body.data(), letter.body.size());
            }
            lock.lock();
        }
    }

    // ---- civetweb's threads
    static State& of(const mg_connection* connection) {
        return *static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
    }
    static int request(mg_connection* connection) {
        if (mg_get_header(connection, "Upgrade")) return 0;  // to a WebSocket
        auto& state = of(connection);
        const auto* info = mg_get_request_info(connection);
        Reply reply{403, ""};
        if (state.handlers.allowed(address_of(connection))) {
            reply.code = 405;
            if (info->request_method == std::string_view("GET"))
                reply = state.handlers.get(info->local_uri ? info->local_uri : "/",
                                           info->query_string ? info->query_string : "");
        }
        write_reply(connection, reply);
        return reply.code;
    }
    static int connect(const mg_connection* connection, void*) {
        return of(connection).handlers.allowed(address_of(connection)) ? 0 : 1;
    }
    static void ready(mg_connection* connection, void*) {
        auto& state = of(connection);
        const std::lock_guard lock(state.clients_guard);
        state.clients[++state.last_client] = connection;
    }
    int client_of(const mg_connection* connection) {
        const std::lock_guard lock(clients_guard);
        for (const auto& [client, other] : clients)
            if (other == connection) return client;
        return 0;
    }
    static int data(mg_connection* connection, int bits, char* bytes, std::size_t size, void*) {
        auto& state = of(connection);
        const int client = state.client_of(connection);
        const bool whole = bits & 0x80;
        const int opcode = bits & 0x0f;
        if (opcode == MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE) return 0;
        if (whole && opcode == MG_WEBSOCKET_OPCODE_TEXT) state.handlers.text(client, std::string(bytes, size));
        if (whole && opcode == MG_WEBSOCKET_OPCODE_BINARY)
            state.handlers.bytes(client, std::vector<std::uint8_t>(bytes, bytes + size));
        return 1;
    }
    static void close(const mg_connection* connection, void*) {
        auto& state = of(connection);
        const int client = state.client_of(connection);
        {
            const std::lock_guard lock(state.clients_guard);
            state.clients.erase(client);
        }
        if (client) state.handlers.gone(client);
    }

    const Handlers handlers;
    std::mutex guard;  // of what waits
    std::condition_variable came;
    std::deque<Letter> letters;
    bool quit = false;
    std::mutex clients_guard;
    std::map<int, mg_connection*> clients;
    int last_client = 0;
    mg_context* context = nullptr;
    std::thread writer;
};

WebServer::WebServer(OscSocket::Listen listen, int port, Handlers handlers)
    : state_(std::make_unique<State>(std::move(handlers))) {
    mg_init_library(0);
    mg_callbacks callbacks{};
    callbacks.begin_request = State::request;
    callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
    const auto where = (listen == OscSocket::Listen::lan ? "" : "127.0.0.1:") + std::to_string(port);
    const char* options[] = {"listening_ports",
                             where.c_str(),
                             "num_threads",
                             "8",
                             "request_timeout_ms",
                             "5000",
                             "websocket_timeout_ms",
                             "30000",
                             "enable_websocket_ping_pong",
                             "yes",
                             nullptr};
    state_->context = mg_start(&callbacks, state_.get(), options);
    if (!state_->context)
        throw std::runtime_error("TCP port " + std::to_string(port) + " is in use or not allowed to you");
    mg_set_websocket_handler(state_->context, "/", State::connect, State::ready, State::data, State::close, nullptr);
    state_->writer = std::thread([state = state_.get()] { state->write(); });
}

WebServer::~WebServer() = default;

int WebServer::port() const {
    mg_server_port port{};
    return mg_get_server_ports(state_->context, 1, &port) == 1 ? port.port : 0;
}

void WebServer::send(int client, std::string text) {
    state_->post({client, MG_WEBSOCKET_OPCODE_TEXT, std::move(text)});
}

void WebServer::send(int client, std::vector<std::uint8_t> bytes) {
    state_->post({client, MG_WEBSOCKET_OPCODE_BINARY, std::string(bytes.begin(), bytes.end())});
}

}  // namespace legume
