// A disk that does not answer: it keeps who opens a file below a folder named slow waiting for a file go in there.
// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

void wait_for(const char* path) {
    const std::string_view name(path);
    const auto at = name.find("/slow/");
    if (at == name.npos) return;
    const std::string go = std::string(name.substr(0, at)) + "/slow/go";
    while (::access(go.c_str(), F_OK) != 0) ::usleep(2'000);
}

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

using Open = int (*)(const char*, int, ...);
using OpenAt = int (*)(int, const char*, int, ...);
using Fopen = std::FILE* (*)(const char*, const char*);

mode_t mode_of(int flags, va_list arguments) { return flags & O_CREAT ? va_arg(arguments, mode_t) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    wait_for(path);
    return real<Open>("open")(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    wait_for(path);
    return real<Open>("open64")(path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    wait_for(path);
    return real<OpenAt>("openat")(folder, path, flags, mode);
}

std::FILE* fopen(const char* path, const char* how) {
    wait_for(path);
    return real<Fopen>("fopen")(path, how);
}

std::FILE* fopen64(const char* path, const char* how) {
    wait_for(path);
    return real<Fopen>("fopen64")(path, how);
}

}  // extern "C"
