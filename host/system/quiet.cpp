// Points file descriptor 2 at /dev/null and back, since C libraries know no other way to be silent.
// SPDX-License-Identifier: MIT
#include "host/system/quiet.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace legume {

namespace {

std::mutex guard;
int living = 0;
int saved = -1;

}  // namespace

Quiet::Quiet(bool verbose) : verbose_(verbose) {
    if (verbose_) return;
    const std::lock_guard lock(guard);
    if (living++ > 0) return;
    std::fflush(stderr);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    saved = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (saved >= 0) ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
}

Quiet::~Quiet() {
    if (verbose_) return;
    const std::lock_guard lock(guard);
    if (--living > 0 || saved < 0) return;
    std::fflush(stderr);
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    saved = -1;
}

}  // namespace legume
