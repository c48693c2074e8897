// Shares immutable things between nodes (a decoded sound, a model's weights) for as long as somebody uses them.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <typeindex>
#include <utility>

namespace legume {

// Any thread but the audio thread. `make` runs under the lock, so that two nodes never load the same thing twice.
class Store {
  public:
    // The thing of type T under `key`; when nobody holds it, `make` returns it (std::shared_ptr<const T>) or throws.
    template <class T, class Make>
    std::shared_ptr<const T> get(const std::string& key, Make make) {
        const std::lock_guard lock(mutex_);
        auto& slot = things_[{std::type_index(typeid(T)), key}];
        if (auto held = slot.lock()) return std::static_pointer_cast<const T>(held);
        std::shared_ptr<const T> made = make();
        slot = made;
        return made;
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<std::type_index, std::string>, std::weak_ptr<const void>> things_;
};

}  // namespace legume
