// Files are written beside their place and take it with one rename. POSIX.
// SPDX-License-Identifier: MIT
#include "host/pack/unpack.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "host/system/command.h"
#include "host/system/paths.h"
#include "nodes/files/sha256.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using samplernn::Sha256;

class PackReader {
  public:
    PackReader(TarReader& archive, std::uint64_t bytes) : archive_(archive), bytes_(bytes) {
        guarded([&] { open(); });
    }
    const Card& card() const { return card_; }
    const std::string& text() const { return text_; }  // of the card
    void files(Unpacking* into) {
        guarded([&] {
            if (into) into->begin(card_);
            for (const auto& file : card_.files) read(file, into);
            if (const auto more = archive_.next())
                refuse("holds \"" + more->name + "\" too, which its card does not name");
        });
    }

  private:
    [[noreturn]] static void refuse(const std::string& what) {
        throw CommandError("the pack " + what + "; bring it again from where it was packed");
    }
    template <class Work>
    static void guarded(const Work& work) {
        try {
            work();
        } catch (const TarError& error) {
            refuse(error.what());
        }
    }
    void open() {
        const auto first = archive_.next();
        if (!first || !first->file || first->name != card_name || first->bytes > max_card_bytes)
            refuse("is no pack of legume");
        text_.resize(first->bytes);
        std::size_t at = 0;
        while (at < text_.size()) {
            const auto n = archive_.read(std::span(text_).subspan(at));
            if (n == 0) refuse("is not whole");
            at += n;
        }
        Problems problems;
        card_ = read_card(text_, card_name, problems);
        if (!problems.empty()) throw CommandError(to_string(problems.front()));
        if (card_.bytes() > bytes_) refuse("is smaller than the files that it should hold");
    }
    void read(const PackedFile& file, Unpacking* into) {
        const auto entry = archive_.next();
        if (!entry) refuse("ends before \"" + file.name + "\"");
        if (entry->name != file.name)
            refuse("holds \"" + entry->name + "\" where its card names \"" + file.name + "\"");
        if (!entry->file) refuse("holds no file, but a link or the like as \"" + file.name + "\"");
        if (entry->bytes != file.bytes) refuse("holds \"" + file.name + "\" in another size than its card says");
        if (into) into->begin(file);
        Sha256 sum;
        std::array<char, 1 << 16> piece;
        std::uint64_t left = file.bytes;
        while (left > 0) {
            const auto n = archive_.read(std::span(piece).first(std::min<std::uint64_t>(left, piece.size())));
            if (n == 0) refuse("is not whole: \"" + file.name + "\" is cut off");
            sum.add({piece.data(), n});
            if (into) into->write({piece.data(), n});
            left -= n;
        }
        if (sum.finish() != file.sha256) refuse("is damaged: \"" + file.name + "\" is not what its card says");
        if (into) into->end();
    }

    TarReader& archive_;
    const std::uint64_t bytes_;
    std::string text_;
    Card card_;
};

// A folder that is not there until all of it is.
class NewFolder final : public Unpacking {
  public:
    NewFolder(fs::path folder, std::string card) : folder_(std::move(folder)), card_(std::move(card)) {
        part_ = folder_;
        part_ += "." + std::to_string(getpid()) + ".part";
    }
    ~NewFolder() override {
        if (file_ >= 0) ::close(file_);
        std::error_code error;
        fs::remove_all(part_, error);  // unless it has taken its place
    }
    void begin(const Card& card) override {
        std::error_code error;
        fs::create_directories(part_.parent_path(), error);
        if (error) refuse(part_.parent_path(), error);
        forget_interrupted();
        const auto room = fs::space(part_.parent_path(), error);
        if (!error && room.available < card.bytes() + card_.size() + (1 << 20))
            throw CommandError("there is no room for " + std::to_string(card.bytes() / 1'000'000 + 1) + " MB in " +
                               part_.parent_path().string() + "; make room, or set XDG_DATA_HOME to another disk");
        fs::create_directory(part_, error);
        if (error) refuse(part_, error);
        for (const auto& folder : card.folders) {
            fs::create_directories(part_ / folder, error);
            if (error) refuse(part_ / folder, error);
        }
        PackedFile itself;
        itself.name = card_name;
        begin(itself);
        write(card_);
        end();
    }
    void begin(const PackedFile& file) override {
        at_ = part_ / file.name;
        std::error_code error;
        fs::create_directories(at_.parent_path(), error);
        if (error) refuse(at_.parent_path(), error);
        file_ = ::open(at_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (file_ < 0) refuse(at_, reason());
    }
    void write(std::span<const char> bytes) override {
        while (!bytes.empty()) {
            const auto n = ::write(file_, bytes.data(), bytes.size());
            if (n >= 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
            if (n < 0 && errno != EINTR) refuse(at_, reason());
        }
    }
    void end() override {
        const bool kept = ::fsync(file_) == 0;
        if (::close(std::exchange(file_, -1)) != 0 || !kept) refuse(at_, reason());
    }
    void done() {
        std::error_code error;
        fs::rename(part_, folder_, error);
        if (fs::exists(folder_ / card_name)) return;  // another legume may have been faster, with the same
        refuse(folder_, error);
    }

  private:
    static std::error_code reason() { return {errno, std::generic_category()}; }
    [[noreturn]] static void refuse(const fs::path& at, const std::error_code& error) {
        throw CommandError(at.string() + " cannot be written: " + error.message() +
                           "; make room there, or set XDG_DATA_HOME to another disk");
    }
    // What a legume that is no more had begun.
    void forget_interrupted() const {
        std::error_code error;
        for (fs::directory_iterator it(folder_.parent_path(), error), end; !error && it != end; it.increment(error)) {
            if (it->path().extension() != ".part") continue;
            const int pid = std::atoi(it->path().stem().extension().c_str() + 1);
            std::error_code left;
            if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) fs::remove_all(it->path(), left);
        }
    }

    const fs::path folder_;
    const std::string card_;
    fs::path part_, at_;
    int file_ = -1;
};

}  // namespace

Card read_pack(TarReader& archive, std::uint64_t bytes, Unpacking* into) {
    PackReader reader(archive, bytes);
    reader.files(into);
    return reader.card();
}

Card read_pack(const fs::path& file) {
    try {
        TarReader archive(file);
        return read_pack(archive, fs::file_size(file), nullptr);
    } catch (const TarError& error) {
        throw CommandError(error.what());
    }
}

bool is_pack(const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return false;  // a pipe is read once
    if (file.extension() == ".legume") return true;
    std::array<char, 262> head{};
    std::ifstream(file, std::ios::binary).read(head.data(), head.size());
    return std::memcmp(head.data() + 257, "ustar", 5) == 0;
}

fs::path packs_folder() {
    const auto folder = data_folder();
    if (folder.empty()) throw CommandError("there is no place for a pack's files; set HOME or XDG_DATA_HOME");
    return folder / "packs";
}

fs::path unpack(const fs::path& file) {
    try {
        TarReader archive(file);
        PackReader reader(archive, fs::file_size(file));
        const auto folder = packs_folder() / (fs::path(reader.card().patch).stem().string() + "-" +
                                              samplernn::sha256_of(reader.text()).substr(0, 16));
        if (!fs::exists(folder / card_name)) {
            NewFolder into(folder, reader.text());
            reader.files(&into);
            into.done();
        }
        return folder / reader.card().patch;
    } catch (const TarError& error) {
        throw CommandError(error.what());
    } catch (const fs::filesystem_error& error) {
        throw CommandError(error.path1().string() + " " + error.code().message());
    }
}

}  // namespace legume
