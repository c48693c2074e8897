// Memory for weights, side by side in pages of 2 MB: the processor must look up each page that it comes to.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace legume::samplernn {

void* take_pages(std::size_t bytes);  // aligned for any weight; throws std::bad_alloc
void give_pages(void* memory, std::size_t bytes) noexcept;

template <class T>
struct Pages {
    using value_type = T;
    Pages() = default;
    template <class U>
    Pages(const Pages<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(take_pages(n * sizeof(T))); }
    void deallocate(T* memory, std::size_t n) noexcept { give_pages(memory, n * sizeof(T)); }
    bool operator==(const Pages&) const = default;
};

// To be filled in one go: what a growing one leaves behind is not used again before its page is empty.
template <class T>
using Weights = std::vector<T, Pages<T>>;

}  // namespace legume::samplernn
