// Gets a patch ready on a thread of its own, so that a controller never waits for a model to load.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/engine/runner.h"

namespace legume {

struct Loaded {
    std::filesystem::path file;
    Prepared prepared;  // with problems it cannot be played
    Problems notices;
    std::vector<std::string> files;  // all that it was read from
};

class Loader {
  public:
    using Load = std::function<Loaded(const std::filesystem::path&)>;  // on the loader's thread
    explicit Loader(Load load) : load_(std::move(load)) {}
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    // What is loaded next. One that is being loaded is finished first and then dropped; the newest wish wins.
    void want(const std::filesystem::path& file);
    bool busy();                   // something is being loaded, and holds what it loads from everybody else
    std::optional<Loaded> take();  // what was wanted last, once, when it is there; never waits

  private:
    void run();
    const Load load_;
    std::mutex mutex_;
    std::condition_variable wished_;
    std::optional<std::filesystem::path> wish_;
    std::optional<Loaded> loaded_;
    bool quit_ = false, busy_ = false;
    std::thread thread_;  // from the first wish on: who plays one patch has no need of it
};

}  // namespace legume
