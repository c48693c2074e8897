// Counts what the audio thread may not do: heap, locks, files. Real-time promises decay where nothing watches them.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume::test {

// Bites on this thread while it lives. Under sanitizers, which own these functions, it is blind.
class HeapTrap {
  public:
    explicit HeapTrap(bool armed = true);
    ~HeapTrap();
    HeapTrap(const HeapTrap&) = delete;
    HeapTrap& operator=(const HeapTrap&) = delete;
    int sprung() const;  // calls since it was set
#if defined(LEGUME_SANITIZED)
    static constexpr bool sees = false;
#else
    static constexpr bool sees = true;
#endif

  private:
    bool before_;
    int count_before_;
};

}  // namespace legume::test
