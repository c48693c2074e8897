// The inhibitor is a child that waits for the end of a pipe.
// SPDX-License-Identifier: MIT
#include "host/system/awake.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

extern char** environ;

namespace legume {

Awake::Awake() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    std::array<const char*, 7> words{"systemd-inhibit",
                                     "--what=idle:sleep",
                                     "--who=legume",
                                     "--why=a patch is playing",
                                     "--mode=block",
                                     "cat",
                                     nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO);
    for (const int out : {STDOUT_FILENO, STDERR_FILENO})
        posix_spawn_file_actions_addopen(&files, out, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID);  // no terminal on which it could ask for a password
    if (::posix_spawnp(&pid_, words[0], &files, &how, const_cast<char**>(words.data()), environ) != 0) pid_ = -1;
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    ::close(ends[0]);
    held_ = ends[1];
}

Awake::~Awake() {
    if (held_ >= 0) ::close(held_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    while (look() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (!look()) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool Awake::look() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
    return pid_ > 0;
}

}  // namespace legume
