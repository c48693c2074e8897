// The trap bites: a judge that sees nothing would pass everything.
// SPDX-License-Identifier: MIT
#include "tests/heap_trap.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

template <class Action>
int bites(Action action) {
    const HeapTrap trap;
    action();
    return trap.sprung();
}

struct Careless final : Node {
    Out out{this, "out", "Nothing."};
    std::vector<float> grows;
    void process(const Block& b) noexcept override {
        grows.assign(static_cast<std::size_t>(b.frame() + block_frames), 0.0f);
        for (float& x : out.write(b, 0)) x = 0;
    }
};

}  // namespace

TEST_CASE("the trap sees heap, locks and files") {
    if (!HeapTrap::sees) return;
    void* volatile kept = nullptr;
    CHECK(bites([&] { kept = std::malloc(100); }) == 1);
    CHECK(bites([&] { kept = std::realloc(kept, 200); }) == 1);
    CHECK(bites([&] { std::free(kept); }) == 1);
    CHECK(bites([&] { kept = std::calloc(1, 100); }) == 1);
    CHECK(bites([&] { std::free(kept); }) == 1);
    CHECK(bites([&] {
              const auto owned = std::make_unique<int>(1);
              kept = owned.get();
          }) == 2);
    std::mutex mutex;
    CHECK(bites([&] { const std::lock_guard lock(mutex); }) == 1);
    int file = -1;
    CHECK(bites([&] { file = open("/dev/null", O_RDWR); }) == 1);
    REQUIRE(file >= 0);
    char byte = 0;
    CHECK(bites([&] { CHECK(write(file, &byte, 1) == 1); }) >= 1);
    CHECK(bites([&] { CHECK(read(file, &byte, 1) == 0); }) >= 1);
    close(file);
    CHECK(bites([&] {
              if (auto* opened = std::fopen("/dev/null", "r")) std::fclose(opened);
          }) >= 1);
}

TEST_CASE("the trap leaves arithmetic alone, and other threads too") {
    CHECK(bites([] {
              volatile float x = 1;
              for (int i = 0; i < 100; ++i) x = x * 1.5f;
          }) == 0);
    std::mutex mutex;
    mutex.lock();
    std::thread other([&] {
        const std::lock_guard wait(mutex);
        std::free(std::malloc(10));
    });
    const int seen = bites([&] { mutex.unlock(); });
    other.join();
    CHECK(seen == 0);
}

TEST_CASE("the trap finds a careless node") {
    if (!HeapTrap::sees) return;
    Plan plan;
    plan.nodes = {std::make_shared<Careless>()};
    plan.ids = {"careless"};
    plan.in_channels = {{}};
    plan.out_channels = {{1}};
    Schedule schedule(std::move(plan), 48'000, 0);
    const HeapTrap trap;
    schedule.process(0, {}, {}, {});
    CHECK(trap.sprung() > 0);
}
