// SCHED_FIFO and mlockall.
// SPDX-License-Identifier: MIT
#include "host/system/real_time.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

namespace legume {

bool take_real_time(int priority) {
    sched_param wanted{};
    wanted.sched_priority = priority;
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted) == 0;
}

bool may_take_real_time(int priority) {
    bool may = false;
    std::thread([&] { may = take_real_time(priority); }).join();
    return may;
}

bool may_lock_memory() {
    rlimit limit{};
    return ::geteuid() == 0 || (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
}

bool lock_memory() { return may_lock_memory() && ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0; }

}  // namespace legume
