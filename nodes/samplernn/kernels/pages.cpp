// Cuts pages of 2 MB into pieces and gives a page back when its last piece comes back.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/pages.h"

#include <cstdint>
#include <mutex>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace legume::samplernn {
namespace {

constexpr std::size_t page = std::size_t{2} << 20, line = 64;

std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void* fresh(std::size_t bytes) {
    void* memory = ::operator new (bytes, std::align_val_t{page});
#if defined(__linux__)
    madvise(memory, bytes, MADV_HUGEPAGE);  // where it is refused, small pages do
#endif
    return memory;
}

// The first line of a page that is cut.
struct Cut {
    std::size_t used = line, pieces = 0;
};
std::mutex mutex;
Cut* current = nullptr;

void give_back(Cut* cut) noexcept { ::operator delete (cut, page, std::align_val_t{page}); }

bool has_its_own(std::size_t bytes) { return bytes > page / 2; }

}  // namespace

void* take_pages(std::size_t bytes) {
    if (has_its_own(bytes)) return fresh(rounded(bytes, page));
    const std::size_t size = rounded(bytes, line);
    const std::lock_guard lock(mutex);
    if (!current || current->used + size > page) {
        Cut* full = current;
        current = new (fresh(page)) Cut;
        if (full && full->pieces == 0) give_back(full);
    }
    void* piece = reinterpret_cast<char*>(current) + current->used;
    current->used += size;
    ++current->pieces;
    return piece;
}

void give_pages(void* memory, std::size_t bytes) noexcept {
    if (has_its_own(bytes)) return ::operator delete (memory, rounded(bytes, page), std::align_val_t{page});
    auto* cut = reinterpret_cast<Cut*>(reinterpret_cast<std::uintptr_t>(memory) / page * page);
    const std::lock_guard lock(mutex);
    if (--cut->pieces > 0) return;
    if (cut == current) {
        cut->used = line;
    } else {
        give_back(cut);
    }
}

}  // namespace legume::samplernn
