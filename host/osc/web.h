// HTTP and WebSocket, as OSCQuery wants them. It knows texts and bytes, not what they mean.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/osc/socket.h"

namespace legume {

class WebServer {
  public:
    struct Reply {
        int code = 200;
        std::string body;  // JSON
    };
    // Called on the server's threads.
    struct Handlers {
        std::function<bool(std::uint32_t address)> allowed;  // whether who asks from there is heard
        std::function<Reply(const std::string& path, const std::string& query)> get;
        std::function<void(int client, std::string text)> text;  // by WebSocket
        std::function<void(int client, std::vector<std::uint8_t> bytes)> bytes;
        std::function<void(int client)> gone;
    };
    // Port 0 takes a free one. Throws std::runtime_error when the port is taken or not allowed.
    WebServer(OscSocket::Listen listen, int port, Handlers handlers);
    ~WebServer();  // no handler is called after it
    WebServer(const WebServer&) = delete;
    WebServer& operator=(const WebServer&) = delete;

    int port() const;
    // Any thread; never waits. Lost when 4096 are already waiting, or the client is gone.
    void send(int client, std::string text);
    void send(int client, std::vector<std::uint8_t> bytes);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace legume
