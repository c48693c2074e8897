// The pages of a sound as two threads hand them to each other, and what they say of a file that changes.
// SPDX-License-Identifier: MIT
#include "nodes/sound/sound_stream.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

struct Player final : Node {
    TimingDecision missing{this, "missing", "What is missing."}, unread{this, "unread", "What cannot be read."};
    void process(const Block&) noexcept override {}
};

}  // namespace

TEST_CASE("whatever place is read, what arrives there is the sound, while a worker reads beside") {
    Folder folder;
    const auto left = noise(900'000, 1), right = noise(900'000, 2);  // twice the pages that are held
    write_wav(folder / "long.wav", {left, right}, 48'000);
    Store store;
    SoundStream stream;
    Player player;
    stream.open(folder / "long.wav", store, SoundStream::From::disk, [](const std::string&) {});
    std::atomic<bool> over{false};
    std::thread worker([&] {
        while (!over)
            if (!stream.fill()) std::this_thread::yield();
    });
    int wrong = 0;
    for (std::uint64_t place = 0; place < 300; ++place) {
        const auto at = static_cast<std::int64_t>(place * 7'919 % 880 * 1'000);
        do {
            stream.begin(player.missing, player.unread);
            stream.want(static_cast<double>(at), static_cast<double>(at + 10 * SoundStream::page_frames));
            stream.want(static_cast<double>(at), static_cast<double>(at - 2 * SoundStream::page_frames));
            std::this_thread::yield();
        } while (!stream.here(static_cast<double>(at), static_cast<double>(at + 15'000)));
        for (std::int64_t i = at; i < at + 15'000; i += 13) {
            const float* const frame = stream.piece(i, 1);
            const auto f = static_cast<std::size_t>(i);
            if (!frame || frame[0] != left[f] || frame[1] != right[f]) ++wrong;
        }
    }
    over = true;
    worker.join();
    CHECK(wrong == 0);
    CHECK(!stream.broken());
}

TEST_CASE("a piece is whole or is not given") {
    Folder folder;
    write_wav(folder / "a.wav", {noise(20'000)}, 48'000);
    Store store;
    SoundStream stream;
    stream.open(folder / "a.wav", store, SoundStream::From::disk, [](const std::string&) {});
    CHECK(stream.piece(0, 24));
    CHECK(!stream.piece(-1, 24));
    CHECK(!stream.piece(SoundStream::page_frames - 10, 24));  // over the edge of its page
    CHECK(!stream.piece(SoundStream::page_frames, 1));        // not read yet
    CHECK(!stream.piece(19'990, 24));
    CHECK(stream.here(0, 100));
    CHECK(!stream.here(0, 10'000));
}
