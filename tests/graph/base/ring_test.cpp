// What crosses threads arrives whole and in order. Run under ThreadSanitizer too.
// SPDX-License-Identifier: MIT
#include "graph/base/ring.h"

#include <doctest/doctest.h>

#include <array>
#include <numeric>
#include <thread>

using namespace legume;

TEST_CASE("a ring knows full from empty") {
    Ring<int> ring(4);
    CHECK(ring.readable() == 0);
    const std::array<int, 6> six{1, 2, 3, 4, 5, 6};
    CHECK(ring.write(six) == 4);
    CHECK(ring.writable() == 0);
    std::array<int, 6> out{};
    CHECK(ring.read(out) == 4);
    CHECK(out[3] == 4);
    CHECK(ring.readable() == 0);
    CHECK_FALSE(ring.pop(out[0]));
}

TEST_CASE("a million numbers cross a ring in order") {
    Ring<int> ring(256);
    constexpr int count = 1'000'000;
    std::thread writer([&] {
        for (int i = 0; i < count;)
            if (ring.push(i))
                ++i;
            else
                std::this_thread::yield();
    });
    int wrong = 0;
    for (int i = 0; i < count;) {
        int got = -1;
        if (!ring.pop(got)) {
            std::this_thread::yield();
            continue;
        }
        wrong += got != i;
        ++i;
    }
    writer.join();
    CHECK(wrong == 0);
}

TEST_CASE("a mailbox delivers the newest and gives back what it replaced, across threads") {
    Mailbox<int> mail;
    Retired<int> retired;
    constexpr int count = 100'000;
    std::thread audio([&] {
        int last = -1;
        while (last != count - 1) {
            int* got = retired.room() ? mail.take() : nullptr;
            if (!got) {
                std::this_thread::yield();
                continue;
            }
            CHECK(*got > last);  // never an older one
            last = *got;
            retired.retire(got);
        }
    });
    int freed = 0;
    for (int i = 0; i < count; ++i) {
        freed += mail.post(std::make_unique<int>(i)) != nullptr;
        freed += static_cast<int>(retired.collect().size());
    }
    audio.join();
    freed += static_cast<int>(retired.collect().size());
    CHECK(freed == count);  // every one of them exactly once
}

TEST_CASE("who looks at the latest sees one writing of it, never half of two") {
    struct Pair {
        std::uint64_t a = 0, b = 0, c = 0;
    };
    Latest<Pair> latest;
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= 200'000; ++i) latest.store({i, 2 * i, ~i});
        done.store(true);
    });
    std::uint64_t last = 0, torn = 0, back = 0;
    for (bool over = false; !over;) {
        over = done.load();
        const auto seen = latest.load();
        torn += seen.b != 2 * seen.a || (seen.a > 0 && seen.c != ~seen.a);
        back += seen.a < last;
        last = seen.a;
    }
    writer.join();
    CHECK(torn == 0);
    CHECK(back == 0);
    CHECK(last == 200'000);
}
