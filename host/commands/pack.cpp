// The same patch gives the same bytes: sorted names, and nothing of when, where and by whom.
// SPDX-License-Identifier: MIT
#include "host/commands/pack.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <set>
#include <system_error>

#include "host/commands/gather.h"
#include "host/pack/card.h"
#include "host/pack/tar.h"
#include "host/pack/unpack.h"
#include "host/system/command.h"
#include "nodes/files/sha256.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using Take = std::function<void(std::span<const char>)>;

void read_pieces(const Gathered::File& file, const Take& take) {
    if (!file.text.empty()) return take(file.text);
    std::ifstream in(file.from, std::ios::binary);
    std::array<char, 1 << 16> piece;
    while (in.read(piece.data(), piece.size()), in.gcount() > 0)
        take(std::span(piece).first(static_cast<std::size_t>(in.gcount())));
    if (!in.eof()) throw CommandError(file.from.string() + " cannot be read; look at its permissions");
}

PackedFile describe(const Gathered::File& file) {
    PackedFile packed{file.name, 0, {}, file.licence, file.source};
    samplernn::Sha256 sum;
    read_pieces(file, [&](std::span<const char> piece) {
        sum.add(piece);
        packed.bytes += piece.size();
    });
    packed.sha256 = sum.finish();
    return packed;
}

// Under another name first, which goes when it was not finished.
class Draft {
  public:
    explicit Draft(const fs::path& file) : file_(file), part_(file.string() + ".part") {}
    ~Draft() {
        std::error_code error;
        fs::remove(part_, error);
    }
    const fs::path& path() const { return part_; }
    void keep() const {
        const int in = ::open(part_.c_str(), O_RDONLY | O_CLOEXEC);
        const bool kept = in >= 0 && ::fsync(in) == 0;
        if (in >= 0) ::close(in);
        if (!kept || ::rename(part_.c_str(), file_.c_str()) != 0)
            throw TarError(std::error_code(errno, std::generic_category()).message());
    }

  private:
    const fs::path file_, part_;
};

void write(const fs::path& out, const Gathered& all, const Card& card) {
    const Draft draft(out);
    const auto text = write_card(card);
    TarWriter tar(draft.path());
    tar.begin(card_name, text.size());
    tar.write(text);
    for (std::size_t i = 0; i < all.files.size(); ++i) {
        const auto& file = card.files[i];
        tar.begin(file.name, file.bytes);
        samplernn::Sha256 sum;
        std::uint64_t bytes = 0;
        const auto changed = [&] {
            throw CommandError(all.files[i].from.string() + " changed while it was packed; pack again");
        };
        read_pieces(all.files[i], [&](std::span<const char> piece) {
            if ((bytes += piece.size()) > file.bytes) changed();
            sum.add(piece);
            tar.write(piece);
        });
        if (bytes != file.bytes || sum.finish() != file.sha256) changed();
    }
    tar.finish();
    draft.keep();
}

// What is in it, for people.
std::string summary(const Card& card) {
    char size[32];
    std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(card.bytes()) / 1e6);
    auto text = std::to_string(card.files.size()) + " files, " + size + "\n  needs " + join(card.needs);
    std::set<std::string> licences;
    std::vector<std::string> without;
    for (const auto& file : card.files) {
        if (!file.licence.empty()) licences.insert(file.licence);
        const bool material = !file.name.ends_with(".yaml");
        if (material && file.licence.empty()) without.push_back(file.name);
    }
    if (!card.licence.empty()) text += "\n  licence: " + card.licence;
    if (!licences.empty()) text += "\n  licences of what it plays: " + join({licences.begin(), licences.end()}, "; ");
    if (const auto count = without.size(); count > 0) {
        without.resize(std::min<std::size_t>(count, 3));
        text += "\n  no licence is known of " + join(without) +
                (count > 3 ? " and " + std::to_string(count - 3) + " more" : "");
    }
    return text;
}

}  // namespace

int pack(const PackRequest& request) {
    return attempt([&] {
        const auto out = request.out.empty() ? fs::path(request.patch.stem().string() + ".legume") : request.out;
        if (out.extension() != ".legume") throw CommandError(out.string() + " must end in .legume");
        if (is_pack(request.patch)) throw CommandError(request.patch.string() + " is a pack already");
        Problems problems;
        const auto all = gather(request.patch, problems);
        if (!problems.empty()) {
            const auto last = std::move(problems.back());
            problems.pop_back();
            print_problems(problems);
            throw CommandError(to_string(last));
        }
        Card card{LEGUME_VERSION, all.title, request.licence, all.patch, all.needs, all.folders, {}};
        if (all.files.size() > max_packed_files)
            throw CommandError(request.patch.string() + " plays from " + std::to_string(all.files.size()) +
                               " files, and a pack holds " + std::to_string(max_packed_files) +
                               "; name single files where it names folders");
        for (const auto& file : all.files) card.files.push_back(describe(file));
        if (!(read_card(write_card(card), out.string() + ": " + card_name, problems) == card))
            throw CommandError((problems.empty() ? out.string() : to_string(problems.front())) +
                               ": a name or licence in it is no plain text; write it in other letters");
        try {
            write(out, all, card);
        } catch (const TarError& error) {
            throw CommandError(out.string() + " cannot be written: " + error.what());
        }
        std::printf("%s: %s\n", out.c_str(), summary(card).c_str());
        for (const auto& file : all.files)
            if (!file.text.empty()) std::printf("  in %s absolute paths were written anew\n", file.name.c_str());
    });
}

int check_pack(const fs::path& file) {
    return attempt([&] {
        try {
            const auto card = read_pack(file);
            std::printf("%s: a whole pack of legume %s, %s\n", file.c_str(), card.legume.c_str(),
                        summary(card).c_str());
        } catch (const CommandError& refused) {
            throw CommandError(file.string() + ": " + refused.what());
        }
    });
}

}  // namespace legume
