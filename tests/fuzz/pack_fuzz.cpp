// Any bytes as a pack: it is as its card says and stays in its folder, or it is refused in words.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "host/pack/unpack.h"
#include "host/system/command.h"

using namespace legume;

namespace {

class Judge final : public Unpacking {
  public:
    explicit Judge(std::size_t size) : size_(size) {}
    void begin(const Card& card) override {
        if (card.bytes() > size_) std::abort();
        for (const auto& folder : card.folders)
            if (!safe_name(folder)) std::abort();
    }
    void begin(const PackedFile& file) override {
        const auto& name = file.name;
        const bool leaves = name.starts_with("/") || ("/" + name + "/").find("/../") != name.npos;
        if (leaves || !names_.insert(name).second) std::abort();
        left_ = file.bytes;
    }
    void write(std::span<const char> bytes) override {
        if (bytes.size() > left_) std::abort();
        left_ -= bytes.size();
        if ((all_ += bytes.size()) > size_) std::abort();
    }
    void end() override {
        if (left_ != 0) std::abort();
    }

  private:
    const std::size_t size_;
    std::uint64_t left_ = 0, all_ = 0;
    std::set<std::string> names_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Judge judge(size);
    try {
        TarReader archive({reinterpret_cast<const char*>(data), size});
        const auto card = read_pack(archive, size, &judge);
        Problems problems;
        if (!(read_card(write_card(card), "card", problems) == card)) std::abort();
    } catch (const CommandError& refused) {
        if (std::string(refused.what()).empty()) std::abort();
    } catch (const TarError&) {
    }
    return 0;
}
