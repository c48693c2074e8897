// The pool runs every job, one worker at a time, and lets go of those that are taken out.
// SPDX-License-Identifier: MIT
#include "host/engine/pool.h"

#include <doctest/doctest.h>

#include <atomic>

#include "tests/child.h"

using namespace legume;

namespace {

struct Worker final : Node {
    std::atomic<int> runs{0}, inside{0}, met{0};
    Work work{this, "work", Work::Pool::generate,
              [this] {
                  if (inside++ > 0) ++met;
                  ++runs;
                  --inside;
                  return true;
              },
              "Counts."};
    void process(const Block&) noexcept override {}
};

}  // namespace

TEST_CASE("with fewer jobs than workers, or more, every job is run and never twice at once") {
    CHECK(generate_threads() >= 1);
    for (const int threads : {1, 2, 5}) {
        Pool pool(threads, false);
        std::vector<std::shared_ptr<Worker>> nodes;
        for (int count = 0; count < 4; ++count) {
            std::vector<Job> jobs;
            for (const auto& node : nodes) jobs.push_back({node, &node->work});
            pool.set(jobs);
            for (const auto& node : nodes) {
                const int before = node->runs;
                CHECK(test::eventually([&] { return node->runs > before; }));
            }
            nodes.push_back(std::make_shared<Worker>());
        }
        pool.set({});
        for (const auto& node : nodes) {
            const int runs = node->runs;
            CHECK(node->met == 0);
            CHECK(node.use_count() == 1);
            CHECK(node->runs == runs);
        }
    }
}
