// Wraps libsndfile.
// SPDX-License-Identifier: MIT
#include "nodes/sound/sound_file.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

#include "nodes/files/not_a_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

constexpr int most_channels = 16;
constexpr std::size_t most_samples = std::size_t{1} << 29;  // 2 GiB, 93 minutes of stereo at 48 kHz

struct Close {
    void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

File open(const fs::path& path, SF_INFO& info) {
    std::error_code error;
    if (const auto why = not_a_file(path)) throw SoundError(*why);
    if (!fs::exists(path, error)) throw SoundError("does not exist; check its name and folder");
    if (fs::is_directory(path, error)) throw SoundError("is a folder; name a sound file in it");
    if (fs::file_size(path, error) == 0 && !error) throw SoundError("is empty (0 bytes)");
    File file(sf_open(path.c_str(), SFM_READ, &info));
    if (!file) {
        const int code = sf_error(nullptr);
        if (code == SF_ERR_SYSTEM) throw SoundError("cannot be read: check its permissions");
        throw SoundError("is not a sound that can be decoded (" + std::string(sf_strerror(nullptr)) +
                         "); use WAV, AIFF, FLAC, Ogg or MP3");
    }
    if (info.samplerate < 1'000 || info.samplerate > 768'000)
        throw SoundError("says it has " + std::to_string(info.samplerate) +
                         " frames a second; 1000 to 768000 can be played");
    if (info.channels < 1 || info.channels > most_channels)
        throw SoundError("has " + std::to_string(info.channels) + " channels; at most 16 can be played");
    if (info.frames < 1) throw SoundError("holds no sound (0 frames)");
    return file;
}

std::string ending_of(const fs::path& file) {
    auto ending = file.extension().string();
    for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return ending;
}

}  // namespace

bool named_like_sound(const fs::path& file) {
    // Not as libsndfile lists them: it has one ending a format (.aiff, and no .aif), and MATLAB's and headerless files.
    static constexpr std::array<std::string_view, 13> endings{
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".mp3", ".caf", ".w64", ".au", ".rf64"};
    return std::find(endings.begin(), endings.end(), ending_of(file)) != endings.end();
}

SoundHeader read_sound_header(const fs::path& path) {
    SF_INFO info{};
    open(path, info);
    return {static_cast<double>(info.samplerate), info.channels, info.frames};
}

struct SoundReader::Open {
    SF_INFO info{};
    File file;
    SoundHeader header;
    std::int64_t frames = 0;  // so far
};

SoundReader::SoundReader(const fs::path& path) : open_(new Open) {
    open_->file = open(path, open_->info);
    open_->header = {static_cast<double>(open_->info.samplerate), open_->info.channels, open_->info.frames};
}

SoundReader::~SoundReader() = default;

const SoundHeader& SoundReader::header() const { return open_->header; }

std::size_t SoundReader::read(std::span<float> samples) {
    const auto width = static_cast<std::size_t>(open_->info.channels);
    const auto asked = static_cast<sf_count_t>(samples.size() / width);
    const auto got = std::max<sf_count_t>(sf_readf_float(open_->file.get(), samples.data(), asked), 0);
    const auto piece = samples.first(static_cast<std::size_t>(got) * width);
    // |x| <= max is false for NaN and for infinity.
    const auto bad =
        std::find_if(piece.begin(), piece.end(), [](float x) { return !(x <= 3.4028234e38f && x >= -3.4028234e38f); });
    if (bad != piece.end())
        throw SoundError("holds a value that is not a number, at frame " +
                         std::to_string(open_->frames + (bad - piece.begin()) / open_->info.channels) +
                         "; export it again");
    open_->frames += got;
    if (got > 0) return static_cast<std::size_t>(got);
    if (open_->frames == 0) throw SoundError("holds no sound that can be decoded");
    // An MP3's length is an estimate: what can be decoded is the sound.
    const bool exact = (open_->info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG;
    if (exact && (sf_error(open_->file.get()) != SF_ERR_NO_ERROR || open_->frames < open_->info.frames))
        throw SoundError("is cut short: " + std::to_string(open_->frames) + " of " +
                         std::to_string(open_->info.frames) + " frames can be decoded; copy it again");
    return 0;
}

void SoundReader::seek(std::int64_t frame) {
    if (sf_seek(open_->file.get(), frame, SEEK_SET) != frame)
        throw SoundError("cannot be read from the middle on; convert it to WAV or FLAC");
    open_->frames = frame;
}

Sound read_sound(const fs::path& path) {
    SoundReader reader(path);
    const auto& header = reader.header();
    const auto width = static_cast<std::size_t>(header.channels);
    Sound sound{header.rate, header.channels, {}};
    // Piece by piece, because a header may promise anything.
    constexpr std::size_t piece_frames = 1 << 16;
    while (true) {
        const std::size_t at = sound.samples.size();
        sound.samples.resize(at + piece_frames * width);
        const auto got = reader.read(std::span(sound.samples).subspan(at));
        sound.samples.resize(at + got * width);
        if (got == 0) break;
        if (sound.samples.size() > most_samples)
            throw SoundError("is too long to hold in memory (93 minutes of stereo at 48 kHz at the most); cut it");
    }
    sound.samples.shrink_to_fit();
    return sound;
}

std::string read_sound_comment(const fs::path& path) {
    try {
        SF_INFO info{};
        const File file = open(path, info);
        const char* comment = sf_get_string(file.get(), SF_STR_COMMENT);
        return comment ? comment : "";
    } catch (const SoundError&) {
        return "";
    }
}

SoundFormat sound_format(const fs::path& path) {
    const auto extension = ending_of(path);
    if (extension == ".wav") return SoundFormat::wav_float;
    if (extension == ".flac") return SoundFormat::flac_24;
    throw SoundError("must end in .wav or .flac");
}

struct SoundWriter::Open {
    fs::path path, part;
    File file;
    std::int64_t frames = 0;
    std::int64_t frames_in_header = 0;
    SF_INFO info{};
};

namespace {

// Creates NAME.part.wav, or NAME.part-2.wav when that is there: another recorder's, or what a crash left.
fs::path make_part(const fs::path& path) {
    for (int n = 1; n < 1000; ++n) {
        auto part = path;
        part.replace_filename(path.stem().string() + ".part" + (n > 1 ? "-" + std::to_string(n) : "") +
                              path.extension().string());
        if (std::FILE* file = std::fopen(part.c_str(), "wx")) {
            std::fclose(file);
            return part;
        }
        std::error_code error;
        if (!fs::exists(part, error)) break;
    }
    const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    std::error_code error;
    if (!fs::is_directory(folder, error)) throw SoundError("cannot be written: there is no folder " + folder.string());
    throw SoundError("cannot be written: check the permissions of " + folder.string() +
                     " and the room left on the disk");
}

int sndfile_format(SoundFormat format) {
    switch (format) {
        case SoundFormat::wav_float: return SF_FORMAT_WAV | SF_FORMAT_FLOAT;
        case SoundFormat::wav_long: return SF_FORMAT_RF64 | SF_FORMAT_FLOAT;
        case SoundFormat::wav_16: return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
        case SoundFormat::flac_24: return SF_FORMAT_FLAC | SF_FORMAT_PCM_24;
        case SoundFormat::flac_16: return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
        case SoundFormat::ogg: return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    }
    return 0;
}

}  // namespace

SoundWriter::SoundWriter(const fs::path& path, double rate, int channels, SoundFormat format,
                         const std::string& comment)
    : open_(new Open) {
    auto& info = open_->info;
    info.samplerate = static_cast<int>(rate);
    info.channels = channels;
    info.format = sndfile_format(format);
    if (static_cast<double>(info.samplerate) != rate || !sf_format_check(&info))
        throw SoundError("cannot hold " + std::to_string(channels) + " channels at " + std::to_string(rate) +
                         " frames a second in this format; FLAC has at most 8 channels");
    open_->path = path;
    std::error_code error;
    if (fs::is_directory(path, error)) throw SoundError("is a folder; name a file in it");
    open_->part = make_part(path);
    open_->file.reset(sf_open(open_->part.c_str(), SFM_WRITE, &info));
    if (!open_->file) {
        const std::string reason = sf_strerror(nullptr);
        fs::remove(open_->part, error);
        throw SoundError("cannot be written (" + reason + ")");
    }
    sf_command(open_->file.get(), SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);  // it carries the time of day
    if (format == SoundFormat::wav_long)
        sf_command(open_->file.get(), SFC_RF64_AUTO_DOWNGRADE, nullptr, SF_TRUE);  // a plain WAV until it is larger
    sf_command(open_->file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
    if (!comment.empty()) sf_set_string(open_->file.get(), SF_STR_COMMENT, comment.c_str());
}

SoundWriter::~SoundWriter() {
    if (!open_->file) return;
    open_->file.reset();
    std::error_code error;
    fs::remove(open_->part, error);
}

void SoundWriter::write(std::span<const float> samples) {
    if (!open_->file) throw SoundError("is closed");
    const auto width = static_cast<std::size_t>(open_->info.channels);
    constexpr std::size_t piece_frames = 1 << 12;  // libsndfile's Vorbis keeps all that it is given on the stack
    for (auto rest = samples.first(samples.size() / width * width); !rest.empty();) {
        const auto piece = rest.first(std::min(rest.size(), piece_frames * width));
        const auto asked = static_cast<sf_count_t>(piece.size() / width);
        const auto wrote = sf_writef_float(open_->file.get(), piece.data(), asked);
        open_->frames += std::max<sf_count_t>(wrote, 0);
        if (wrote != asked) throw SoundError("cannot be written on: is the disk full?");
        rest = rest.subspan(piece.size());
    }
    if ((open_->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG) return;   // it has no length in its header
    if (open_->frames - open_->frames_in_header >= open_->info.samplerate) {  // once a second of sound
        sf_command(open_->file.get(), SFC_UPDATE_HEADER_NOW, nullptr, 0);
        open_->frames_in_header = open_->frames;
    }
}

void SoundWriter::finish() {
    if (!open_->file) return;
    const int failed = sf_close(open_->file.release());
    std::error_code error;
    fs::rename(open_->part, open_->path, error);
    if (error)
        throw SoundError("cannot take its name (" + error.message() + "); the sound is in " + open_->part.string());
    if (failed) throw SoundError("could not be closed cleanly: is the disk full?");
}

std::int64_t SoundWriter::frames() const { return open_->frames; }

}  // namespace legume
