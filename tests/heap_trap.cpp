// Stands before malloc, free, pthread_mutex_lock, open and their kin in the test programs.
// SPDX-License-Identifier: MIT
#include "tests/heap_trap.h"

namespace legume::test {
namespace {

thread_local bool armed_here = false;
thread_local int sprung_here = 0;

}  // namespace

// Outside the anonymous namespace only because it has no caller under sanitizers.
void spring() {
    if (armed_here) ++sprung_here;
}

HeapTrap::HeapTrap(bool armed) : before_(armed_here), count_before_(sprung_here) { armed_here = armed; }
HeapTrap::~HeapTrap() { armed_here = before_; }
int HeapTrap::sprung() const { return sprung_here - count_before_; }

}  // namespace legume::test

#if !defined(LEGUME_SANITIZED)

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

// glibc's own names for what is replaced here: dlsym would need malloc before it could find malloc.
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void __libc_free(void*) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
}

namespace {

template <class F>
F* behind(const char* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

// The mode is there only when a file may be created.
mode_t mode_of(int flags, va_list rest) { return flags & O_CREAT ? static_cast<mode_t>(va_arg(rest, int)) : 0; }

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
    legume::test::spring();
    return __libc_malloc(size);
}
void free(void* p) noexcept {
    legume::test::spring();
    __libc_free(p);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
    legume::test::spring();
    return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t size) noexcept {
    legume::test::spring();
    return __libc_realloc(p, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    legume::test::spring();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t size) noexcept {
    legume::test::spring();
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    legume::test::spring();
    static auto* const next = behind<int(pthread_mutex_t*)>("pthread_mutex_lock");
    return next(mutex);
}
int open(const char* path, int flags, ...) {
    legume::test::spring();
    static auto* const next = behind<int(const char*, int, ...)>("open");
    va_list rest;
    va_start(rest, flags);
    const auto mode = mode_of(flags, rest);
    va_end(rest);
    return next(path, flags, mode);
}
std::FILE* fopen(const char* path, const char* mode) {
    legume::test::spring();
    static auto* const next = behind<std::FILE*(const char*, const char*)>("fopen");
    return next(path, mode);
}
ssize_t read(int file, void* into, std::size_t size) {
    legume::test::spring();
    static auto* const next = behind<ssize_t(int, void*, std::size_t)>("read");
    return next(file, into, size);
}
ssize_t write(int file, const void* from, std::size_t size) {
    legume::test::spring();
    static auto* const next = behind<ssize_t(int, const void*, std::size_t)>("write");
    return next(file, from, size);
}

}  // extern "C"

#endif
