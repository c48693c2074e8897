// Sound files to levels: mono, one rate, no DC. Never normalised by pieces, which would make silence move.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/corpus.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <set>
#include <span>
#include <utility>

#include "graph/base/hash.h"
#include "graph/base/math.h"
#include "nodes/dsp/random.h"
#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/sound/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_frames = 1 << 14;

std::string seconds_text(std::size_t samples, double rate) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", static_cast<double>(samples) / rate);
    return text;
}

std::string hex(const Fnv& sum) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(sum.value));
    return digits;
}

// With its length, so that no two lists of names give the same sum.
void add_name(const std::string& name, Fnv& sum) {
    sum.number(name.size());
    sum.text(name);
}

// Another one when the sound may be another.
void identify(const fs::path& file, const Heard* heard, Fnv& hash) {
    if (heard) {
        hash.number(std::bit_cast<std::uint64_t>(heard->rate));
        for (const float x : heard->samples) hash.number(std::bit_cast<std::uint32_t>(x), 4);
        return;
    }
    std::error_code failed;
    add_name(fs::absolute(file, failed).string(), hash);
    hash.number(static_cast<std::uint64_t>(fs::file_size(file, failed)));
    hash.number(static_cast<std::uint64_t>(fs::last_write_time(file, failed).time_since_epoch().count()));
}

}  // namespace

// What must be known of a sound before its first level is written.
struct CorpusMaker::Survey {
    double rate = 0, mean = 0;
    double power = 0, frames = 0;  // sum of squares around the mean, over so many frames that are no silence
    double peak = 0;
    struct Kept {
        std::uint64_t begin, end;
    };
    std::vector<Kept> kept;  // frames
};

namespace {

// A source's frames as one channel, piece by piece.
class Mono {
  public:
    Mono(const fs::path& file, const Heard* heard, int channel) : heard_(heard), channel_(channel) {
        if (heard_) {
            rate = heard_->rate;
            return;
        }
        reader_ = std::make_unique<SoundReader>(file);
        rate = reader_->header().rate;
        width_ = static_cast<std::size_t>(reader_->header().channels);
        if (channel > reader_->header().channels)
            throw SoundError("has " + std::to_string(width_) + (width_ == 1 ? " channel" : " channels") +
                             ", and channel " + std::to_string(channel) + " is to be learned");
        frames_.resize(piece_frames * width_);
        mono_.resize(piece_frames);
    }
    double rate = 0;
    // Empty: that was all. Good until the next call.
    std::span<const float> next() {
        if (heard_) {
            const auto rest = std::span(heard_->samples).subspan(at_);
            const auto piece = rest.first(std::min(rest.size(), piece_frames));
            at_ += piece.size();
            return piece;
        }
        const auto got = reader_->read(frames_);
        for (std::size_t i = 0; i < got; ++i) {
            const float* frame = &frames_[i * width_];
            double sum = 0;
            for (std::size_t c = 0; c < width_; ++c) sum += frame[c];
            mono_[i] = channel_ > 0 ? frame[channel_ - 1] : static_cast<float>(sum / static_cast<double>(width_));
        }
        return std::span(mono_).first(got);
    }

  private:
    const Heard* heard_;
    const int channel_;
    std::size_t at_ = 0, width_ = 1;
    std::unique_ptr<SoundReader> reader_;
    std::vector<float> frames_, mono_;
};

// A hundredth of a second, judged by how far it swings, which no DC changes.
struct Stretch {
    double sum = 0, squares = 0;
    float low = 0, high = 0;
    std::uint64_t frames = 0;
    void add(float x) {
        low = frames ? std::min(low, x) : x;
        high = frames ? std::max(high, x) : x;
        sum += x;
        squares += static_cast<double>(x) * x;
        ++frames;
    }
};

}  // namespace

CorpusMaker::CorpusMaker(const Config& config, CorpusSettings settings, Say tell, std::function<void(double)> show)
    : config_(config), settings_(std::move(settings)), tell_(std::move(tell)), show_(std::move(show)) {}

CorpusMaker::CorpusMaker(const Config& config, double held_out, Say tell)
    : CorpusMaker(config, CorpusSettings{}, std::move(tell)) {
    settings_.held_out = held_out;
}

void CorpusMaker::add(const fs::path& file_or_folder) {
    std::error_code failed;
    if (!fs::is_directory(file_or_folder, failed)) {
        sources_.push_back({file_or_folder.string(), file_or_folder, {}});
        return;
    }
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator it(file_or_folder, fs::directory_options::skip_permission_denied, failed),
         end;
         !failed && it != end; it.increment(failed))
        if (it->is_regular_file(failed) && named_like_sound(it->path())) files.push_back(it->path());
    if (failed) throw CorpusError(file_or_folder.string() + ": cannot be read: " + failed.message());
    std::sort(files.begin(), files.end());
    if (files.empty()) tell_(file_or_folder.string() + " holds no sound file");
    for (const auto& file : files) sources_.push_back({file.string(), file, {}});
}

void CorpusMaker::add(SourceFile source) { sources_.push_back({std::move(source.name), std::move(source.file), {}}); }

void CorpusMaker::add(Heard heard) {
    sources_.push_back({"what is wired in", {}, std::make_shared<const Heard>(std::move(heard))});
}

void CorpusMaker::leave_out(const std::string& line) {
    if (settings_.strict) throw CorpusError(line + "; mend it, take it out, or set strict: false to leave it out");
    left_out_.push_back(line);
    tell_(line + "; it is left out");
}

CorpusMaker::Survey CorpusMaker::survey(const Source& source) const {
    Mono mono(source.file, source.heard.get(), settings_.channel);
    Survey s;
    s.rate = mono.rate;
    if (const double ratio = mono.rate / config_.sample_rate; !(ratio > 1.0 / 250 && ratio < 250))
        throw SoundError("has " + std::to_string(static_cast<long>(mono.rate)) +
                         " frames a second, too far from the network's " +
                         std::to_string(static_cast<long>(config_.sample_rate)));
    const auto frames_in = [&](double seconds) { return static_cast<std::uint64_t>(seconds * s.rate); };
    const std::uint64_t hundredth = std::max<std::uint64_t>(1, frames_in(0.01));
    const double silence = settings_.trim_db ? math::amplitude(*settings_.trim_db) : 0;
    std::uint64_t at = 0;
    double sum = 0, loud_sum = 0, squares = 0, low = 0, high = 0;
    Stretch stretch;
    const auto close = [&] {
        const std::uint64_t begin = at - stretch.frames;
        const bool loud = !settings_.trim_db || 0.5 * (stretch.high - stretch.low) >= silence;
        if (loud) {
            loud_sum += stretch.sum;
            squares += stretch.squares;
            s.frames += static_cast<double>(stretch.frames);
            if (s.kept.empty()) {
                const std::uint64_t edge = settings_.trim_db ? frames_in(silence_at_ends) : 0;
                s.kept.push_back({begin - std::min(begin, edge), at});
            } else if (begin - s.kept.back().end > frames_in(longest_silence)) {
                s.kept.back().end += frames_in(silence_inside / 2);
                s.kept.push_back({begin - frames_in(silence_inside / 2), at});
            } else {
                s.kept.back().end = at;
            }
        }
        stretch = {};
    };
    for (auto piece = mono.next(); !piece.empty(); piece = mono.next()) {
        for (const float x : piece) {
            sum += x;
            low = at ? std::min<double>(low, x) : x;
            high = at ? std::max<double>(high, x) : x;
            stretch.add(x);
            ++at;
            if (stretch.frames == hundredth) close();
        }
    }
    if (stretch.frames > 0) close();
    if (s.kept.empty()) throw SoundError("is silence from end to end");
    if (settings_.trim_db) s.kept.back().end = std::min(at, s.kept.back().end + frames_in(silence_at_ends));
    s.mean = sum / static_cast<double>(std::max<std::uint64_t>(at, 1));
    s.power = std::max(0.0, squares - 2 * s.mean * loud_sum + s.mean * s.mean * s.frames);
    s.peak = std::max(high - s.mean, s.mean - low);
    return s;
}

Recording CorpusMaker::record(const Source& source, const Survey& survey, double gain, double speed,
                              const fs::path& file) const {
    Mono mono(source.file, source.heard.get(), settings_.channel);
    RecordingWriter writer(file);
    const Levels quantise(config_);
    std::vector<std::uint16_t> levels;
    const auto put = [&](std::span<const float> samples) {
        levels.clear();
        for (const float x : samples) levels.push_back(static_cast<std::uint16_t>(quantise.level(x)));
        writer.write(levels);
    };
    std::optional<dsp::Resampler> resampler;
    if (const double from = survey.rate * speed; from != config_.sample_rate)
        resampler.emplace(from, config_.sample_rate, 1);
    std::vector<float> clean, resampled(4096);
    const auto feed = [&](std::span<const float> samples, bool end) {
        if (!resampler) return put(samples);
        while (true) {
            const auto [used, made] = resampler->process(samples, resampled, end);
            if (!used && !made) return;
            put(std::span(resampled).first(made));
            samples = samples.subspan(used);
        }
    };
    auto kept = survey.kept.begin();
    std::uint64_t at = 0;
    const auto mean = static_cast<float>(survey.mean), factor = static_cast<float>(gain);
    for (auto piece = mono.next(); !piece.empty(); piece = mono.next()) {
        clean.clear();
        for (const float x : piece) {
            while (kept != survey.kept.end() && at >= kept->end) ++kept;
            if (kept != survey.kept.end() && at >= kept->begin) clean.push_back((x - mean) * factor);
            ++at;
        }
        feed(clean, false);
    }
    feed({}, true);
    return writer.finish();
}

// A source's own sound first, then what is made of it.
std::vector<CorpusMaker::Copy> CorpusMaker::copies(const Source& source) const {
    std::vector<Copy> copies{{1, 1}};
    auto speeds = settings_.speeds;
    if (speeds.empty() && !settings_.gain_range.empty()) speeds = {1};
    Fnv name;  // and not the source's number, which another file may change
    add_name(fs::path(source.name).filename().string(), name);
    for (const double speed : speeds) {
        Copy copy{speed, 1};
        if (!settings_.gain_range.empty()) {
            const double low = settings_.gain_range[0], high = settings_.gain_range[1];
            const double chance = dsp::random_uniform(settings_.gain_seed, name.value, copies.size());
            copy.gain = math::amplitude(low + chance * (high - low));
        }
        copies.push_back(copy);
    }
    return copies;
}

// Where a copy's levels are kept; another place when anything that they depend on is another.
fs::path CorpusMaker::file_of(const Source& source, const Copy& copy) const {
    if (settings_.cache.empty()) return {};
    Fnv hash;
    identify(source.file, source.heard.get(), hash);
    if (settings_.loudness == Loudness::per_set)
        for (const auto& other : sources_) identify(other.file, other.heard.get(), hash);
    for (const double number :
         {config_.sample_rate, static_cast<double>(config_.levels), static_cast<double>(config_.quantiser),
          static_cast<double>(settings_.channel), static_cast<double>(settings_.loudness),
          settings_.trim_db.value_or(1), copy.speed, copy.gain})
        hash.number(std::bit_cast<std::uint64_t>(number));
    return settings_.cache / (hex(hash) + ".levels");
}

// All copies of a source, or nothing.
std::vector<Recording> CorpusMaker::kept(const Source& source) const {
    std::vector<Recording> recordings;
    for (const auto& copy : copies(source)) {
        auto recording = Recording::open(file_of(source, copy));
        if (!recording) return {};
        recordings.push_back(std::move(*recording));
    }
    return recordings;
}

std::optional<CorpusMaker::Survey> CorpusMaker::try_survey(const Source& source) {
    try {
        return survey(source);
    } catch (const SoundError& error) {
        leave_out(source.name + " " + error.what());
        return {};
    }
}

double CorpusMaker::gain(const Survey& survey) const {
    if (settings_.loudness == Loudness::kept || !(survey.power > 0)) return 1;
    return std::min(math::amplitude(loudness_db) / std::sqrt(survey.power / survey.frames), 1 / survey.peak);
}

std::vector<Passage> CorpusMaker::passages() {
    std::vector<std::vector<Recording>> recordings;
    for (const auto& source : sources_)
        recordings.push_back(settings_.cache.empty() ? std::vector<Recording>{} : kept(source));
    const auto missing = [](const auto& r) { return r.empty(); };
    const bool as_one =
        settings_.loudness == Loudness::per_set && std::any_of(recordings.begin(), recordings.end(), missing);
    std::vector<std::optional<Survey>> surveys(sources_.size());
    Survey all;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (!as_one && !recordings[i].empty()) continue;
        surveys[i] = try_survey(sources_[i]);
        if (!surveys[i]) continue;
        all.power += surveys[i]->power;
        all.frames += surveys[i]->frames;
        all.peak = std::max(all.peak, surveys[i]->peak);
    }
    std::vector<Passage> passages;
    std::set<fs::path> used;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        const auto made = copies(sources_[i]);
        try {
            if (recordings[i].empty() && surveys[i])
                for (const auto& copy : made)
                    recordings[i].push_back(record(sources_[i], *surveys[i],
                                                   copy.gain * gain(as_one ? all : *surveys[i]), copy.speed,
                                                   file_of(sources_[i], copy)));
        } catch (const SoundError& error) {  // it changed since
            recordings[i].clear();
            leave_out(sources_[i].name + " " + error.what());
        }
        for (std::size_t c = 0; c < recordings[i].size(); ++c) {
            used.insert(file_of(sources_[i], made[c]));
            Passage passage{sources_[i].name, recordings[i][c], 0};
            const auto size = passage.levels.size();
            passage.learn = size - static_cast<std::size_t>(static_cast<double>(size) * settings_.held_out);
            // Of a copy only what is learned: what is held out must not be heard at another speed.
            if (c > 0) passage.levels = passage.levels.first(passage.learn);
            passages.push_back(std::move(passage));
        }
        if (show_) show_(static_cast<double>(i + 1) / static_cast<double>(sources_.size()));
    }
    std::error_code failed;
    for (fs::directory_iterator it(settings_.cache, failed), end; !failed && it != end; it.increment(failed))
        if (it->path().extension() == ".levels" && !used.count(it->path())) fs::remove(it->path(), failed);
    return passages;
}

Corpus CorpusMaker::finish(int window) {
    if (sources_.empty())
        throw CorpusError("there is no sound to learn from; give the train node files or wire sound into it");
    const auto need = static_cast<std::size_t>(window);
    Corpus corpus;
    bool held_out = settings_.held_out == 0;
    std::size_t longest = 0;
    std::vector<Passage> all;
    try {
        if (!settings_.cache.empty()) fs::create_directories(settings_.cache);
        all = passages();
    } catch (const CorpusError&) {
        throw;
    } catch (const std::exception& error) {  // the recordings', the file system's
        throw CorpusError(std::string(error.what()) + "; give it room, or set another run folder");
    }
    std::set<std::string> heard;
    for (auto& passage : all) {
        heard.insert(passage.name);
        longest = std::max(longest, passage.levels.size());
        if (passage.learn < need) {
            leave_out(passage.name + " has " + seconds_text(passage.learn, config_.sample_rate) +
                      " to learn from, less than a window of " + seconds_text(need, config_.sample_rate));
            continue;
        }
        held_out = held_out || passage.levels.size() - passage.learn >= need;
        corpus.passages.push_back(std::move(passage));
    }
    corpus.left_out = left_out_;
    if (corpus.passages.empty())
        throw CorpusError("no sound is long enough to learn from: the longest has " +
                          seconds_text(longest, config_.sample_rate) + " and a window is " +
                          seconds_text(need, config_.sample_rate) + "; give more sound or a smaller window");
    if (!held_out)
        throw CorpusError("the sound is too short to hold a part out: it needs a window, " +
                          seconds_text(need, config_.sample_rate) +
                          "; give more sound, a larger held_out, or held_out: 0");

    std::vector<double> counts(static_cast<std::size_t>(config_.levels));
    std::size_t total = 0, learned = 0;
    Fnv hash;
    for (const auto& passage : corpus.passages) {
        hash.number(passage.levels.size());
        hash.number(passage.learn);
        for (const auto level : passage.levels) {
            if (level >= counts.size())
                throw CorpusError(settings_.cache.string() + " is damaged; remove this folder and run it again");
            hash.number(level, 2);
            ++counts[level];
        }
        total += passage.levels.size();
        learned += passage.learn;
    }
    if (std::count(counts.begin(), counts.end(), 0.0) == config_.levels - 1)
        throw CorpusError("all of the sound is silence; check that the files, or what is wired in, can be heard");
    for (const double n : counts)
        if (n > 0) corpus.entropy_bits -= n / static_cast<double>(total) * math::log2(n / static_cast<double>(total));
    corpus.hash = hex(hash);
    for (const auto& source : sources_)
        if (!source.heard && heard.contains(source.name)) corpus.sources.push_back({source.name, source.file});
    corpus.seconds = static_cast<double>(total) / config_.sample_rate;
    corpus.learn_seconds = static_cast<double>(learned) / config_.sample_rate;
    return corpus;
}

}  // namespace legume::samplernn
