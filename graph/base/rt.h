// RT_SAFE marks what the audio thread runs: no heap, lock, wait, file or throw. Compilers that can check it do.
// SPDX-License-Identifier: MIT
#pragma once

#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::nonblocking)
#define RT_SAFE [[clang::nonblocking]]
#endif
#endif
#ifndef RT_SAFE
#define RT_SAFE
#endif
