// A program that asks over HTTP and WebSocket what can be moved, and hears it move.
// SPDX-License-Identifier: MIT
#include "host/osc/oscquery.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const patch = R"(legume: 1
title: Asked
nodes:
  saw:  {type: oscillator, frequency: 220 Hz, gain: -6 dB}
  tone: {type: filter, cutoff: 1 kHz}
  out:  {type: output}
wires: [saw -> tone -> out]
bindings:
  - {osc: /td/bright, to: tone.cutoff}
)";

class Connection {
  public:
    explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval patience{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    void send(const std::string& bytes) {
        REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<long>(bytes.size()));
    }
    // Exactly so many bytes; fewer when the other side is done.
    std::string receive(std::size_t count) {
        std::string all(count, 0);
        std::size_t got = 0;
        while (got < count) {
            const auto n = ::recv(socket_, all.data() + got, count - got, 0);
            if (n <= 0) break;
            got += static_cast<std::size_t>(n);
        }
        return all.substr(0, got);
    }
    std::string receive_to(const std::string& end) {
        std::string all;
        while (!all.ends_with(end)) {
            const auto next = receive(1);
            if (next.empty()) break;
            all += next;
        }
        return all;
    }

  private:
    const int socket_;
};

// Status and body.
std::pair<int, std::string> get(int port, const std::string& path, const std::string& method = "GET") {
    Connection connection(port);
    connection.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto all = connection.receive(1 << 20);
    REQUIRE(all.starts_with("HTTP/1.1 "));
    return {std::stoi(all.substr(9, 3)), all.substr(all.find("\r\n\r\n") + 4)};
}

bool has(const std::string& text, const std::string& what) { return text.find(what) != text.npos; }

// A WebSocket with frames of at most 65,535 bytes.
class WebSocket : public Connection {
  public:
    explicit WebSocket(int port) : Connection(port) {
        send(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        REQUIRE(has(receive_to("\r\n\r\n"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));  // the answer in RFC 6455
    }
    void frame(int opcode, const std::string& body) {
        REQUIRE(body.size() < 126);
        std::string bytes{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | body.size())};
        bytes += std::string(4, 0);  // a mask that changes nothing
        send(bytes + body);
    }
    std::string next() {
        const auto head = receive(2);
        REQUIRE(head.size() == 2);
        std::size_t size = static_cast<std::uint8_t>(head[1]);
        if (size == 126) {
            const auto more = receive(2);
            size = std::size_t{static_cast<std::uint8_t>(more[0])} << 8 | static_cast<std::uint8_t>(more[1]);
        }
        auto body = receive(size);
        return (head[0] & 0x0f) == 9 ? next() : body;  // 9: a ping
    }
};

// A desk whose control thread runs while the test waits for answers.
struct Asked : OscDesk {
    explicit Asked(const std::string& text = patch)
        : OscDesk(text, OscSettings{0, OscSocket::Listen::loopback, {}, false, true}) {
        REQUIRE(osc.query_port() == osc.port());
        blocks(2);
    }
    void pump() {
        for (const auto& mail : inbox.take(std::chrono::milliseconds(1)))
            if (const auto* packet = std::get_if<OscPacket>(&mail)) osc.take(*packet);
        osc.tick();
        blocks(1);
    }
    bool until(const std::function<bool()>& so) {
        return eventually([&] {
            pump();
            return so();
        });
    }
};

}  // namespace

TEST_CASE("the whole namespace is told, with types, ranges, units, values and docs") {
    Asked desk;
    const int port = desk.osc.query_port();
    const auto answer = get(port, "/");
    CHECK(answer.first == 200);
    const auto& all = answer.second;
    for (const char* text : {"\"FULL_PATH\": \"/tone/cutoff\"", "\"DESCRIPTION\": \"Asked\"", "\"/out/level\"",
                             "\"/td/bright\"", "\"Bound to tone.cutoff.\""})
        CHECK_MESSAGE(has(all, text), all);
    const auto cutoff = get(port, "/tone/cutoff").second;
    for (const char* text : {"\"TYPE\": \"f\"", "\"ACCESS\": 3", "\"MIN\": 20.0", "\"MAX\": 20000.0", "\"time.hz\"",
                             "1000.0", "\"both\"", "\"DESCRIPTION\": "})
        CHECK_MESSAGE(has(cutoff, text), cutoff);
    CHECK(has(get(port, "/out/level").second, "\"ACCESS\": 1"));
    CHECK(has(get(port, "/tone").second, "\"CONTENTS\""));
    CHECK(has(get(port, "/?HOST_INFO").second, "\"OSC_PORT\": " + std::to_string(desk.osc.port())));
    CHECK(get(port, "/tone/cutoff?VALUE").second == "{\n  \"VALUE\": [\n    1000.0\n  ]\n}");
    desk.take("/tone/cutoff", {440.0f});
    CHECK(desk.until([&] { return has(get(port, "/tone/cutoff?VALUE").second, "440.0"); }));
}

TEST_CASE("a question about nothing is answered by its number") {
    Asked desk;
    const int port = desk.osc.query_port();
    CHECK(get(port, "/tone/cutof").first == 404);
    CHECK(get(port, "/tone/cutoff/more").first == 404);
    CHECK(get(port, "/tone?VALUE").first == 204);
    CHECK(get(port, "/tone/cutoff?COLOUR").first == 400);
    CHECK(get(port, "/../../etc/passwd").first == 404);
    CHECK(get(port, "/", "DELETE").first == 405);
    {
        Connection junk(port);
        junk.send(std::string("\xff\x00\x01 nonsense\r\n\r\n", 15));
    }
    CHECK(get(port, "/").first == 200);
}

TEST_CASE("a WebSocket that listens has each change as binary OSC, moves params itself, and hears of a reload") {
    Asked desk;
    WebSocket socket(desk.osc.query_port());
    socket.frame(1, R"({"COMMAND": "LISTEN", "DATA": "/tone/cutoff"})");
    const auto osc = [&](const OscMessage& message) {
        const auto bytes = compose_osc(message.address, message.args);
        return std::string(bytes.begin(), bytes.end());
    };
    std::atomic<bool> over{false};
    std::vector<std::string> heard;
    std::mutex guard;
    std::thread reader([&] {
        while (!over) {
            auto text = socket.next();
            const std::lock_guard lock(guard);
            heard.push_back(std::move(text));
        }
    });
    const auto hears = [&](const std::string& what) {
        return desk.until([&] {
            const std::lock_guard lock(guard);
            return std::any_of(heard.begin(), heard.end(), [&](const std::string& one) { return has(one, what); });
        });
    };
    CHECK(hears(osc({"/tone/cutoff", {1'000.0f}})));
    socket.frame(2, osc({"/tone/cutoff", {2'000.0f}}));
    CHECK(hears(osc({"/tone/cutoff", {2'000.0f}})));
    CHECK(desk.own("tone", "cutoff") == 2'000);
    int quit = 0;
    desk.commands.add({"quit", "Ends.", false, [&](const auto&) {
                           ++quit;
                           return std::string();
                       }});
    socket.frame(2, osc({"/legume/quit", {}}));  // a web page may be behind it
    for (const char* nonsense : {"{", "[]", "{\"COMMAND\": 1}", R"({"COMMAND": "LISTEN", "DATA": "/nowhere"})"})
        socket.frame(1, nonsense);
    auto other = std::string(patch);
    other.replace(other.find("saw:"), 3, "bell").replace(other.find("[saw"), 4, "[bell");
    desk.edit(other);
    CHECK(hears(R"({"COMMAND":"PATH_ADDED","DATA":"/bell/frequency"})"));
    CHECK(hears(R"({"COMMAND":"PATH_REMOVED","DATA":"/saw/frequency"})"));
    CHECK(desk.until([&] { return desk.osc.refused() == 1; }));
    CHECK(quit == 0);
    other.insert(other.find("bell:"), "end: {type: lfo}\n  ");
    over = true;
    desk.edit(other);
    reader.join();
}

TEST_CASE("what a node has by its file comes into the namespace, and goes from it, with the file") {
    const Folder folder;
    const auto file = folder / "d.txt";
    const auto text = "legume: 1\nnodes: {d: {type: declared, file: " + file.string() + "}}\n";
    std::ofstream(file) << "param drive 0 10 1 dB\nmeter level\n";
    Asked desk(text);
    const int port = desk.osc.query_port();
    CHECK(has(get(port, "/d/drive").second, "\"MAX\": 10.0"));
    CHECK(has(get(port, "/d/level").second, "\"ACCESS\": 1"));
    std::ofstream(file) << "param drive 0 20 1 dB\nparam body 0 1 0\n";
    desk.edit(text);
    CHECK(has(get(port, "/d/drive").second, "\"MAX\": 20.0"));
    CHECK(get(port, "/d/body").first == 200);
    CHECK(get(port, "/d/level").first == 404);
}

TEST_CASE("a taken port is said, and playing goes on without it") {
    Asked first;
    const OscSettings settings{0, OscSocket::Listen::loopback, {}, false, true};
    Inbox inbox;
    CHECK_THROWS_AS(OscQuery(settings, first.osc.query_port(), first.controls, inbox), std::runtime_error);
}
