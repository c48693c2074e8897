// A wish, a result and a list of watched files for each of the two, under one lock that nobody holds for long.
// SPDX-License-Identifier: MIT
#include "host/session/loader.h"

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace legume {
namespace {

constexpr auto look_every = std::chrono::milliseconds(200);

struct Wish {
    std::filesystem::path file;
    std::optional<Playing> playing;  // it is an edit of that
};

}  // namespace

struct Loader::State {
    State(const Runner& playing, Open opening, SeedOf seed, Watch first)
        : runner(playing),
          open(std::move(opening)),
          seed_of(std::move(seed)),
          watches{std::move(first), Watch()},
          thread([this] { run(); }) {}

    struct Lane {
        std::optional<Wish> wish;
        std::optional<Loaded> loaded;
        bool edited = false;
    };
    Lane& lane(For what) { return lanes[static_cast<std::size_t>(what)]; }
    bool wished() const { return lanes[0].wish || lanes[1].wish; }
    void want(For what, Wish wish) {
        {
            const std::lock_guard lock(mutex);
            lane(what).wish = std::move(wish);
            lane(what).loaded.reset();
        }
        more.notify_all();
    }

    void run() {
        std::unique_lock lock(mutex);
        while (!quit) {
            more.wait_for(lock, look_every, [&] { return quit || wished(); });
            if (quit) return;
            busy = true;
            if (std::exchange(arrived, false)) watches[0] = watches[1];
            for (std::size_t i = 0; i < lanes.size() && !wished(); ++i) look(i, lock);
            for (std::size_t i = 0; i < lanes.size(); ++i)
                if (lanes[i].wish) load(i, lock);
            busy = false;
            more.notify_all();
        }
    }

    void look(std::size_t i, std::unique_lock<std::mutex>& lock) {
        lock.unlock();
        const bool edited = watches[i].edited();
        lock.lock();
        lanes[i].edited = lanes[i].edited || (edited && !arrived);
    }

    void load(std::size_t i, std::unique_lock<std::mutex>& lock) {
        const auto wish = *std::exchange(lanes[i].wish, std::nullopt);
        lanes[i].edited = false;
        lock.unlock();
        std::optional<Loaded> loaded(read(i, wish));
        lock.lock();
        if (!lanes[i].wish) lanes[i].loaded = std::move(loaded);
        lock.unlock();
        loaded.reset();  // a model that nobody wants any more is freed here
        lock.lock();
    }

    Loaded read(std::size_t i, const Wish& wish) {
        Loaded loaded{wish.file, {}, false, {}};
        loaded.prepared.number = wish.playing ? wish.playing->number : 0;
        try {
            auto checked = open(wish.file);
            watches[i].set(checked.patch.watched());  // before it is got ready, which may take long
            loaded.notices = checked.notices;
            loaded.same = wish.playing && checked.problems.empty() && checked.patch == wish.playing->patch;
            if (loaded.same) return loaded;
            const auto seed = seed_of(checked.patch);
            loaded.prepared = wish.playing ? runner.prepare(std::move(checked), *wish.playing)
                                           : runner.prepare(std::move(checked), seed);
        } catch (const std::exception& fault) {  // memory, for one
            loaded.prepared.schedule.reset();
            loaded.prepared.problems.push_back(
                {{wish.file.string(), 0, 0}, std::string("it cannot be loaded: ") + fault.what()});
        }
        return loaded;
    }

    const Runner& runner;
    const Open open;
    const SeedOf seed_of;
    std::array<Watch, 2> watches;  // the thread's alone
    std::mutex mutex;
    std::condition_variable more;
    std::array<Lane, 2> lanes;
    bool arrived = false, quit = false, busy = false;
    std::thread thread;
};

Loader::Loader(const Runner& runner, Open open, SeedOf seed_of, Watch first)
    : state_(std::make_unique<State>(runner, std::move(open), std::move(seed_of), std::move(first))) {}

Loader::~Loader() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->quit = true;
    }
    state_->more.notify_all();
    state_->thread.join();
}

void Loader::want_edit(const std::filesystem::path& file, Playing playing) {
    state_->want(For::edit, {file, std::move(playing)});
}
void Loader::want_next(const std::filesystem::path& file) { state_->want(For::next, {file, {}}); }

std::optional<Loaded> Loader::take(For what) {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->lane(what).loaded, std::nullopt);
}

void Loader::came() {
    const std::lock_guard lock(state_->mutex);
    state_->arrived = true;
    state_->lane(For::edit) = {};
}

bool Loader::edited(For what) {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->lane(what).edited, false);
}

bool Loader::busy(std::chrono::milliseconds patience) {
    std::unique_lock lock(state_->mutex);
    return !state_->more.wait_for(lock, patience, [&] { return !state_->busy; });
}

}  // namespace legume
