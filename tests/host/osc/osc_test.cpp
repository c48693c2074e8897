// OSC packets as TouchDesigner, Max and Pd send them, and as nobody should; the socket carries them both ways.
// SPDX-License-Identifier: MIT
#include "host/osc/osc.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>

#include "host/osc/socket.h"
#include "tests/child.h"
#include "tests/host/osc/burst.h"

using namespace legume;

namespace {

// Packets are put together by hand here, so that the library is not judged by itself.
struct Packet {
    std::vector<std::uint8_t> bytes;
    Packet& u32(std::uint32_t v) {
        for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(v >> shift));
        return *this;
    }
    Packet& f(float v) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &v, 4);
        return u32(bits);
    }
    Packet& d(double v) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &v, 8);
        return u32(static_cast<std::uint32_t>(bits >> 32)).u32(static_cast<std::uint32_t>(bits));
    }
    Packet& s(const std::string& text) {
        bytes.insert(bytes.end(), text.begin(), text.end());
        do bytes.push_back(0);
        while (bytes.size() % 4 != 0);
        return *this;
    }
    Packet& head(std::uint32_t seconds, std::uint32_t fraction) { return s("#bundle").u32(seconds).u32(fraction); }
    Packet& element(const Packet& inner) {
        u32(static_cast<std::uint32_t>(inner.bytes.size()));
        bytes.insert(bytes.end(), inner.bytes.begin(), inner.bytes.end());
        return *this;
    }
};

std::vector<OscMessage> parse(const Packet& packet, std::string* fault = nullptr) {
    std::string error = "not touched";
    auto messages = parse_osc(packet.bytes, error);
    if (fault)
        *fault = error;
    else
        CHECK(error == "");
    return messages;
}

std::string fault_of(const Packet& packet) {
    std::string fault;
    CHECK(parse(packet, &fault).empty());
    return fault;
}

Packet every_type() {
    Packet p;
    p.s("/all").s(",ifsTFNIhdtbcmS").u32(0xffffffff).f(0.5f).s("word");
    p.u32(1).u32(0).d(-0.25).u32(7).u32(9).u32(3).u32(0x01020300).u32('x').u32(0x00b00140).s("sym");
    return p;
}

Packet touch_designer_frame() {
    Packet p;
    p.head(12, 0x80000000);
    p.element(Packet().s("/td/mix").s(",f").f(0.25f));
    p.element(Packet().s("/td/slice").s(",ffff").f(1).f(2).f(3).f(4));
    p.element(Packet().s("/td/on").s(",T"));
    return p;
}

}  // namespace

TEST_CASE("a fader from Max or Pd arrives as it was sent") {
    CHECK(parse(Packet().s("/blend/position").s(",f").f(0.75f)) ==
          std::vector<OscMessage>{{"/blend/position", {0.75f}}});
    CHECK(parse(Packet().s("/dream/reset").s(",")) == std::vector<OscMessage>{{"/dream/reset", {}}});
    CHECK(parse(Packet().s("/abc").s(",i").u32(0x80000000)) ==
          std::vector<OscMessage>{{"/abc", {std::int64_t{-2147483648}}}});
}

TEST_CASE("every type of argument arrives with its value") {
    const auto messages = parse(every_type());
    REQUIRE(messages.size() == 1);
    const std::vector<OscArgument> wanted{std::int64_t{-1},
                                          0.5f,
                                          std::string("word"),
                                          true,
                                          false,
                                          OscNil{},
                                          OscImpulse{},
                                          std::int64_t{1} << 32,
                                          -0.25,
                                          OscTime{std::uint64_t{7} << 32 | 9},
                                          OscBlob{1, 2, 3},
                                          std::string("x"),
                                          OscBlob{0, 0xb0, 1, 0x40},
                                          std::string("sym")};
    CHECK(messages[0].args == wanted);
}

TEST_CASE("a frame of TouchDesigner is several messages, in order") {
    const auto messages = parse(touch_designer_frame());
    REQUIRE(messages.size() == 3);
    CHECK(messages[0] == OscMessage{"/td/mix", {0.25f}});
    CHECK(messages[1] == OscMessage{"/td/slice", {1.0f, 2.0f, 3.0f, 4.0f}});
    CHECK(messages[2] == OscMessage{"/td/on", {true}});
}

TEST_CASE("a bundle for a far future is for now, and bundles within bundles count") {
    Packet inner;
    inner.head(0xffffffff, 0xffffffff).element(Packet().s("/a").s(",i").u32(1));
    Packet outer;
    outer.head(0xfffffff0, 0).element(inner).element(Packet().s("/b").s(",i").u32(2));
    const auto messages = parse(outer);
    REQUIRE(messages.size() == 2);
    CHECK(messages[0].address == "/a");
    CHECK(messages[1].address == "/b");
    CHECK(parse(Packet().head(0, 1)).empty());
}

TEST_CASE("what is wrong with a message is said in words") {
    CHECK(fault_of(Packet()).find("0 bytes") != std::string::npos);
    CHECK(fault_of(Packet().s("mix").s(",f").f(1)) ==
          "the OSC address \"mix\" does not begin with a slash; send it to \"/mix\"");
    CHECK(fault_of(Packet().s("/mix").f(1)) == "/mix: the OSC message has no type tags, such as \",f\"");
    CHECK(fault_of(Packet().s("/mix")) == "/mix: the OSC message has no type tags, such as \",f\"");
    CHECK(fault_of(Packet().s("/mix").s(",q").f(1)) == "/mix: the OSC type \"q\" is unknown; send f, i, s, T or F");
    CHECK(fault_of(Packet().s("/mix").s(",ff").f(1)) == "/mix: the OSC message ends before its arguments \"ff\" do");
    CHECK(fault_of(Packet().s("/mix").s(",f").f(1).f(1)) == "/mix: the OSC message goes on after its arguments \"f\"");
    CHECK(fault_of(Packet().s("/\x1b[2J").s(",")).find('\x1b') == std::string::npos);
    CHECK(fault_of(Packet().s("/b").s(",b").u32(0xfffffff0).u32(0)) ==
          "/b: the OSC message ends before its arguments \"b\" do");
}

TEST_CASE("what came whole before a fault is still played") {
    Packet p;
    p.head(0, 1).element(Packet().s("/a").s(",f").f(1)).u32(400).f(1);
    std::string fault;
    const auto messages = parse(p, &fault);
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].address == "/a");
    CHECK(fault == "an OSC bundle ends within a message");
}

TEST_CASE("bundles nested without end, or of too many messages, are cut") {
    Packet nested;
    nested.head(0, 1);
    for (int i = 0; i < 500; ++i) nested = Packet().head(0, 1).element(nested);
    CHECK(fault_of(nested) == "an OSC bundle is nested deeper than 8");

    Packet many;
    many.head(0, 1);
    for (int i = 0; i < osc_max_messages + 10; ++i) many.element(Packet().s("/a").s(","));
    std::string fault;
    CHECK(parse(many, &fault).size() == osc_max_messages);
    CHECK(fault == "an OSC packet has more than 4096 messages");
}

TEST_CASE("a packet cut anywhere never reads beyond its end") {
    std::vector<std::size_t> fine;  // where nothing is missing that one could know of
    for (const Packet& whole : {every_type(), touch_designer_frame()}) {
        for (std::size_t n = 0; n < whole.bytes.size(); ++n) {
            // Its own allocation, so that a sanitizer sees the first byte too many.
            const std::vector<std::uint8_t> cut(whole.bytes.begin(), whole.bytes.begin() + static_cast<long>(n));
            std::string error;
            parse_osc(cut, error);
            if (error.empty()) fine.push_back(n);
        }
    }
    // Only between the messages of a bundle: after its 16 bytes, then after 4 + 16, then after 4 + 36.
    CHECK(fine == std::vector<std::size_t>{16, 36, 76});
}

TEST_CASE("no junk crashes the parser, nor does a real packet with some bytes wrong") {
    std::mt19937 random(7);
    const Packet real[] = {every_type(), touch_designer_frame()};
    std::string error;
    std::size_t understood = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::vector<std::uint8_t> bytes(random() % 64);
        if (i % 2 == 0) {
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
        } else {
            bytes = real[random() % 2].bytes;
            for (auto n = random() % 4 + 1; n > 0; --n)
                bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random() % 2 ? random() : random() % 4);
        }
        understood += parse_osc(bytes, error).size();
    }
    CHECK(understood > 1'000);
}

TEST_CASE("a composed message reads back the same") {
    const std::vector<OscArgument> args{0.5f,
                                        std::int64_t{-3},
                                        std::int64_t{1} << 40,
                                        1.5,
                                        std::string(""),
                                        true,
                                        false,
                                        OscNil{},
                                        OscImpulse{},
                                        OscTime{77},
                                        OscBlob{1, 2, 3, 4, 5},
                                        std::string("a word or two")};
    std::string error;
    const auto back = parse_osc(compose_osc("/legume/error", args), error);
    CHECK(error == "");
    REQUIRE(back.size() == 1);
    CHECK(back[0] == OscMessage{"/legume/error", args});
    CHECK(compose_osc("/a", {1.0f}) == Packet().s("/a").s(",f").f(1).bytes);
    CHECK(compose_osc("/a", {OscBlob{}}) == Packet().s("/a").s(",N").bytes);
}

TEST_CASE("patterns choose addresses as OSC 1.0 says") {
    CHECK(osc_matches("/blend/position", "/blend/position"));
    CHECK(osc_matches("/*/position", "/blend/position"));
    CHECK(osc_matches("/b*d/p?sition", "/blend/position"));
    CHECK(osc_matches("/strip[1-3]/gain", "/strip2/gain"));
    CHECK(osc_matches("/strip[!1-3]/gain", "/strip4/gain"));
    CHECK(osc_matches("/strip[-x]/gain", "/strip-/gain"));
    CHECK(osc_matches("/{dream,loop}/gain", "/loop/gain"));
    CHECK(osc_matches("/{d,dr}eam", "/dream"));
    CHECK(osc_matches("/a{,b}c", "/ac"));
    CHECK(osc_matches("*", ""));
    CHECK(osc_matches("/a*", "/a"));

    CHECK_FALSE(osc_matches("/*", "/blend/position"));
    CHECK_FALSE(osc_matches("/blend?position", "/blend/position"));
    CHECK_FALSE(osc_matches("/blend[!a]position", "/blend/position"));
    CHECK_FALSE(osc_matches("/strip[1-3]/gain", "/strip4/gain"));
    CHECK_FALSE(osc_matches("/strip[!1-3]/gain", "/strip2/gain"));
    CHECK_FALSE(osc_matches("/{dream,loop}/gain", "/dre/gain"));
    CHECK_FALSE(osc_matches("/blend/positio", "/blend/position"));
    CHECK_FALSE(osc_matches("/blend/position?", "/blend/position"));
    for (const char* broken : {"[", "{", "/[a", "/{a,", "/a]", "{a,b", "[]", "{}"})
        CHECK_FALSE(osc_matches(broken, "/a"));
}

TEST_CASE("a pattern made to be slow is not") {
    std::string stars;
    for (int i = 0; i < 500; ++i) stars += "*a";
    CHECK_FALSE(osc_matches(stars, "/" + std::string(5'000, 'a')));
    CHECK_FALSE(osc_matches(std::string(60'000, '*'), "/a"));
    CHECK_FALSE(osc_matches("/{" + std::string(1'000, ',') + "}b", "/" + std::string(1'000, 'a')));
}

namespace {

struct Post {
    std::mutex guard;
    std::condition_variable came;
    std::vector<std::pair<std::vector<std::uint8_t>, OscPeer>> packets;
    OscSocket::OnPacket taker() {
        return [this](std::span<const std::uint8_t> bytes, const OscPeer& sender) {
            const std::lock_guard lock(guard);
            packets.push_back({{bytes.begin(), bytes.end()}, sender});
            came.notify_all();
        };
    }
    bool wait(std::size_t count) {
        std::unique_lock lock(guard);
        return came.wait_for(lock, std::chrono::seconds(30), [&] { return packets.size() >= count; });
    }
};

OscPeer here(int port) { return {0x7f000001, static_cast<std::uint16_t>(port)}; }

}  // namespace

TEST_CASE("a packet goes out, and the reply comes back to its sender") {
    for (const auto listen : {OscSocket::Listen::loopback, OscSocket::Listen::lan}) {
        Post at_host;
        Post at_hand;
        OscSocket host(listen, 0, at_host.taker());
        OscSocket hand(OscSocket::Listen::loopback, 0, at_hand.taker());
        REQUIRE(host.port() > 0);
        const auto said = compose_osc("/blend/position", {0.5f});
        hand.send(said, here(host.port()));
        REQUIRE(at_host.wait(1));
        CHECK(at_host.packets[0].first == said);
        CHECK(at_host.packets[0].second == here(hand.port()));
        host.send(compose_osc("/legume/error", {std::string("no")}), at_host.packets[0].second);
        REQUIRE(at_hand.wait(1));
        CHECK(at_hand.packets[0].second.port == host.port());
    }
}

TEST_CASE("empty, large and impossible packets do not stop the socket") {
    Post at_host;
    OscSocket host(OscSocket::Listen::loopback, 0, at_host.taker());
    OscSocket hand(OscSocket::Listen::loopback, 0, [](std::span<const std::uint8_t>, const OscPeer&) {});
    hand.send(std::vector<std::uint8_t>(100'000), here(host.port()));  // longer than UDP carries
    hand.send({1, 2, 3, 4}, {0, 0});                                   // to nowhere
    hand.send({}, here(host.port()));
    hand.send(std::vector<std::uint8_t>(65'507, 7), here(host.port()));  // the longest there is
    REQUIRE(at_host.wait(2));
    CHECK(at_host.packets[0].first.empty());
    CHECK(at_host.packets[1].first.size() == 65'507);
}

TEST_CASE("of a burst that is not read in time what was lost is counted, and the rest arrives") {
    std::mutex busy;
    std::atomic<std::uint64_t> arrived{0};
    OscSocket host(OscSocket::Listen::loopback, 0, [&](std::span<const std::uint8_t>, const OscPeer&) {
        const std::lock_guard lock(busy);
        ++arrived;
    });
    if (!host.lost()) return;  // this system does not tell
    CHECK(*host.lost() == 0);
    constexpr std::uint64_t sent = 40'000;  // more than 4 MB of them, however they are weighed
    const std::vector<std::uint8_t> packet(256, 7);
    {
        const std::lock_guard lock(busy);
        test::Burst burst(host.port());
        for (std::uint64_t i = 0; i < sent; ++i) burst.send(packet);
    }
    CHECK(test::eventually([&] { return arrived + *host.lost() == sent; }));
    CHECK(*host.lost() > 0);
    CHECK(arrived > 1);
}

TEST_CASE("a port in use is said with its number and the next step") {
    const auto nothing = [](std::span<const std::uint8_t>, const OscPeer&) {};
    const OscSocket first(OscSocket::Listen::loopback, 0, nothing);
    const std::string wanted = "UDP port " + std::to_string(first.port()) +
                               " is in use, perhaps by another legume; choose another by --osc-port N";
    CHECK_THROWS_WITH(OscSocket(OscSocket::Listen::loopback, first.port(), nothing), wanted.c_str());
    CHECK_THROWS_WITH(OscSocket(OscSocket::Listen::lan, 70'000, nothing),
                      "UDP port 70000 does not exist; take one from 1024 to 65535 by --osc-port N");
}

TEST_CASE("peers and this computer's addresses can be printed") {
    CHECK(to_string(OscPeer{0xc0a80107, 9001}) == "192.168.1.7:9001");
    for (const auto& address : own_addresses()) {
        CHECK(address.find('.') != std::string::npos);
        CHECK(address.find("127.") != 0);
    }
}
