// UDP by Asio, since liblo cannot listen on one address alone.
// SPDX-License-Identifier: MIT
#define ASIO_STANDALONE
#include "host/osc/socket.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sock_diag.h>
#endif

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace legume {

namespace {

using asio::ip::udp;

constexpr std::size_t max_packet = 65'535;
constexpr int max_waiting = 256;
constexpr int most_at_once = 256;        // packets, before what is to be sent has its turn
constexpr int receive_buffer = 4 << 20;  // bytes; the system gives what it allows (on Linux net.core.rmem_max)

udp::socket bind(asio::io_context& context, OscSocket::Listen listen, int port) {
    if (port < 0 || port > 65'535)
        throw std::runtime_error("UDP port " + std::to_string(port) +
                                 " does not exist; take one from 1024 to 65535 by --osc-port N");
    const auto address =
        listen == OscSocket::Listen::lan ? asio::ip::address_v4::any() : asio::ip::address_v4::loopback();
    udp::socket socket(context);
    asio::error_code error;
    socket.open(udp::v4(), error);
    if (!error) socket.bind({address, static_cast<std::uint16_t>(port)}, error);
    if (!error) socket.non_blocking(true, error);
    asio::error_code smaller;
    socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer), smaller);
    const std::string place = "UDP port " + std::to_string(port);
    if (error == asio::error::address_in_use)
        throw std::runtime_error(place + " is in use, perhaps by another legume; choose another by --osc-port N");
    if (error == asio::error::access_denied)
        throw std::runtime_error(place + " is not allowed to you; choose one from 1024 on by --osc-port N");
    if (error)
        throw std::runtime_error(place + " does not open: " + error.message() + "; choose another by --osc-port N");
    return socket;
}

}  // namespace

struct OscSocket::State {
    State(Listen listen, int port, OnPacket handler)
        : on_packet(std::move(handler)), socket(bind(context, listen, port)) {
        receive();
        thread = std::thread([this] { context.run(); });
    }
    ~State() {
        context.stop();
        thread.join();
    }

    void receive() {
        socket.async_wait(udp::socket::wait_read, [this](asio::error_code error) {
            if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return;
            if (!error) error = take_all();
            if (error)  // a network that went; it may come back, and must not keep a core busy until then
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            receive();
        });
    }
    // All that waits.
    asio::error_code take_all() {
        for (int i = 0; i < most_at_once; ++i) {
            asio::error_code error;
            const auto size = socket.receive_from(asio::buffer(bytes), from, 0, error);
            if (error == asio::error::would_block || error == asio::error::try_again) break;
            if (error) return error;
            on_packet({bytes.data(), size}, {from.address().to_v4().to_uint(), from.port()});
        }
        return {};
    }

    const OnPacket on_packet;
    asio::io_context context{1};
    udp::socket socket;
    udp::endpoint from;
    std::array<std::uint8_t, max_packet> bytes{};
    std::atomic<int> waiting{0};
    std::thread thread;
};

OscSocket::OscSocket(Listen listen, int port, OnPacket on_packet)
    : state_(std::make_unique<State>(listen, port, std::move(on_packet))) {}

OscSocket::~OscSocket() = default;

int OscSocket::port() const { return state_->socket.local_endpoint().port(); }

std::optional<std::uint64_t> OscSocket::lost() const {
#ifdef SO_MEMINFO
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof memory;
    if (::getsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0 &&
        size > SK_MEMINFO_DROPS * sizeof memory[0])
        return memory[SK_MEMINFO_DROPS];
#endif
    return {};
}

void OscSocket::send(std::vector<std::uint8_t> bytes, const OscPeer& to) {
    if (bytes.size() > max_packet || state_->waiting.fetch_add(1) >= max_waiting) {
        if (bytes.size() <= max_packet) --state_->waiting;
        return;
    }
    asio::post(state_->context, [state = state_.get(), bytes = std::move(bytes), to] {
        asio::error_code lost;  // UDP promises nothing
        state->socket.send_to(asio::buffer(bytes), {asio::ip::address_v4(to.address), to.port}, 0, lost);
        --state->waiting;
    });
}

std::vector<std::string> own_addresses() {
    std::vector<std::string> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return found;
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
    for (const ifaddrs* at = list; at; at = at->ifa_next) {
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET) continue;
        if (!(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK)) continue;
        char text[INET_ADDRSTRLEN] = {};
        const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
        if (::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text)) found.emplace_back(text);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace legume
