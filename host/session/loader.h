// Reads patches and edits, and sees when they are edited, on a thread of its own: no file ever keeps a hand waiting.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "graph/check.h"
#include "host/engine/runner.h"
#include "host/system/watch.h"

namespace legume {

struct Loaded {
    std::filesystem::path file;
    Prepared prepared;  // with problems it cannot be played
    bool same = false;  // an edit of nothing: this is what plays
    Problems notices;
};

// One thread reads for two: the patch that plays, whose edits it prepares, and the one that comes next. What is being
// loaded is finished first; of what is wanted meanwhile the newest wins.
class Loader {
  public:
    enum class For { edit, next };
    using Open = std::function<Checked(const std::filesystem::path&)>;  // both on the loader's thread
    using SeedOf = std::function<std::uint64_t(const Patch&)>;
    // `first` watches the patch that plays already.
    Loader(const Runner& runner, Open open, SeedOf seed_of, Watch first = {});
    ~Loader();  // waits for what is being loaded; who cannot wait asks busy() first, and leaves by _exit
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    // ---- control thread; none of it ever waits for a file
    void want_edit(const std::filesystem::path& file, Playing playing);
    void want_next(const std::filesystem::path& file);
    std::optional<Loaded> take(For what);  // what was wanted last, once, when it is there
    void came();                           // what was next is what plays: its files are watched for edits of it
    bool edited(For what);                 // once: its files were edited, and have been still for a moment
    // A file is being read, and has been for longer than `patience`.
    bool busy(std::chrono::milliseconds patience = std::chrono::milliseconds(0));

  private:
    struct State;
    const std::unique_ptr<State> state_;
};

}  // namespace legume
