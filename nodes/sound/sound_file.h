// Sound files: decode whole, write safely under a temporary name; the only door to libsndfile.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace legume {

// What is wrong, without the file's name, in a form that follows "pods.wav ": "does not exist".
class SoundError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct SoundHeader {
    double rate = 0;  // frames a second
    int channels = 0;
    std::int64_t frames = 0;  // as the header has it
};

struct Sound {
    double rate = 0;
    int channels = 0;
    std::vector<float> samples;  // interleaved, finite
    std::size_t frames() const { return channels ? samples.size() / static_cast<std::size_t>(channels) : 0; }
};

// Whether a file's name ends as those of sounds that can be read: .flac, or .FLAC. In a folder other things lie beside
// the sounds (cards, patches), so the name decides there.
bool named_like_sound(const std::filesystem::path& file);

// Both throw SoundError: missing, unsupported, no frames, a rate outside 1 kHz to 768 kHz, more than 16 channels.
SoundHeader read_sound_header(const std::filesystem::path& file);
// Also throws when the file is cut short, holds values that are not numbers, or is too long for memory. A WAV whose
// header promises more than there is plays what is there: recorders that were killed leave such files. So does an MP3,
// whose length is an estimate.
Sound read_sound(const std::filesystem::path& file);

// The same, piece by piece, for sounds that memory need not hold; as long as they like.
class SoundReader {
  public:
    explicit SoundReader(const std::filesystem::path& file);  // throws SoundError
    ~SoundReader();
    SoundReader(const SoundReader&) = delete;
    SoundReader& operator=(const SoundReader&) = delete;
    const SoundHeader& header() const;
    // As many whole frames, interleaved, as fit; 0 when that was all. Throws what read_sound throws of the sound
    // itself.
    std::size_t read(std::span<float> samples);
    void seek(std::int64_t frame);  // the next to be read; throws SoundError

  private:
    struct Open;
    std::unique_ptr<Open> open_;
};

// What its writer noted in it; empty when that is nothing, or it cannot be read.
std::string read_sound_comment(const std::filesystem::path& file);

// An Ogg's bytes are others each time. wav_long is a wav_float that may grow beyond 4 GB, and is then an RF64.
enum class SoundFormat { wav_float, wav_long, wav_16, flac_24, flac_16, ogg };
// By extension: .wav is float, .flac has 24 bits. Throws SoundError for any other.
SoundFormat sound_format(const std::filesystem::path& file);

// Writes beside the file as NAME.part.wav, whose header is kept valid as it goes, and takes the file's name at the end:
// nobody ever sees half a file, and a crash leaves what was recorded. Same samples, same bytes. Not for two threads at
// once.
class SoundWriter {
  public:
    // The comment is kept in the file. Throws SoundError.
    SoundWriter(const std::filesystem::path& file, double rate, int channels, SoundFormat format,
                const std::string& comment = "");
    ~SoundWriter();  // without finish(): nothing is left behind
    SoundWriter(const SoundWriter&) = delete;
    SoundWriter& operator=(const SoundWriter&) = delete;
    // Interleaved, whole frames; integer formats clip. Throws SoundError (disk full); what was written before can still
    // be finished.
    void write(std::span<const float> samples);
    void finish();  // closes and renames, replacing what had the name; throws SoundError
    std::int64_t frames() const;

  private:
    struct Open;
    std::unique_ptr<Open> open_;
};

}  // namespace legume
