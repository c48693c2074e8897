// Voices of one checkpoint go in step, 16 at a time; a take is written as it is drawn.
// SPDX-License-Identifier: MIT
#include "host/takes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <system_error>

#include "graph/denormals.h"
#include "graph/node.h"
#include "host/opening.h"
#include "host/report.h"
#include "nodes/samplernn/generator.h"
#include "nodes/samplernn/take.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

struct Age {
    fs::path file;
    Config config;
};

// A take to be made.
struct Job {
    std::size_t age;
    std::uint64_t voice;
    float temperature;
};

std::string list(const std::vector<Age>& ages) {
    std::string text;
    for (std::size_t i = 0; i < ages.size(); ++i) {
        if (ages.size() > 8 && i == 4) text += ", ...";
        if (ages.size() <= 8 || i < 4 || i + 2 >= ages.size())
            text += (text.empty() ? "" : ", ") + std::to_string(ages[i].config.step);
    }
    return text;
}

std::vector<Age> ages_of(const TakesRequest& request) {
    std::error_code none;
    if (!fs::exists(request.run, none))
        throw Refused(request.run.string() + ": there is no such folder; name the folder of a run");
    if (!fs::is_directory(request.run, none))
        throw Refused(request.run.string() + " is a file; name the folder of its run, and the file with --checkpoint");
    std::int64_t step = 0;
    const char* const end = request.checkpoint.data() + request.checkpoint.size();
    const bool by_step =
        std::from_chars(request.checkpoint.data(), end, step).ptr == end && !request.checkpoint.empty();
    if (!request.checkpoint.empty() && !by_step)
        return {{find_checkpoint(request.checkpoint), read_config(find_checkpoint(request.checkpoint))}};
    std::vector<Age> all, chosen;
    for (const auto& file : find_checkpoints(request.run)) all.push_back({file, read_config(file)});
    for (const auto& age : all)
        if (by_step ? age.config.step == step : age.config.age >= request.from && age.config.age <= request.to)
            chosen.push_back(age);
    if (!chosen.empty()) return chosen;
    if (by_step)
        throw Refused(request.run.string() + " has no checkpoint of step " + request.checkpoint + "; it has " +
                      list(all));
    throw Refused(request.run.string() + " has no checkpoint of an age from " + print_number(request.from) + " to " +
                  print_number(request.to) + "; it has " + std::to_string(all.size()) + ", from " +
                  print_number(all.front().config.age) + " to " + print_number(all.back().config.age));
}

// Evenly over the ages, the oldest always among them; each age's takes are voices 0, 1, 2, ...
std::vector<Job> plan(const TakesRequest& request, std::size_t ages) {
    std::vector<Job> jobs;
    const auto count = static_cast<std::size_t>(request.count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t age = count == 1 ? ages - 1 : count < ages ? i * (ages - 1) / (count - 1) : i * ages / count;
        const std::uint64_t voice = !jobs.empty() && jobs.back().age == age ? jobs.back().voice + 1 : 0;
        const auto& heats = request.temperatures;
        jobs.push_back({age, voice, heats.empty() ? 1 : heats[i % heats.size()]});
    }
    return jobs;
}

template <class Action>
auto with_name(const fs::path& file, Action action) {
    try {
        return action();
    } catch (const SoundError& error) {
        throw Refused(file.string() + " " + error.what());
    }
}

class Maker {
  public:
    Maker(const TakesRequest& request, std::vector<Age> ages)
        : request_(request),
          ages_(std::move(ages)),
          jobs_(plan(request, ages_.size())),
          seed_(request.seed ? *request.seed : std::random_device{}()) {
        std::error_code failed;
        fs::create_directories(folder(), failed);
        if (failed)
            throw Refused(folder().string() + " cannot be made: " + failed.message() +
                          "; takes are written there, so it must be a folder that may be written");
    }
    void make() {
        for (std::size_t at = 0, end = 0; at < jobs_.size(); at = end) {
            while (end < jobs_.size() && jobs_[end].age == jobs_[at].age) ++end;
            make(ages_[jobs_[at].age], std::span(jobs_).subspan(at, end - at));
        }
        progress_.finish();
        std::printf("%zu takes of %s s in %s, seed %llu", jobs_.size() - kept_, print_number(request_.seconds).c_str(),
                    folder().c_str(), static_cast<unsigned long long>(seed_));
        if (kept_) std::printf("; %zu were there already", kept_);
        std::printf("\n");
    }

  private:
    fs::path folder() const { return request_.run / "takes"; }
    fs::path name(const Config& config, const Job& job) const {
        char text[128];
        std::snprintf(
            text, sizeof text, "%08lld-seed%llu-voice%02llu-t%s-%ss.flac", static_cast<long long>(config.step),
            static_cast<unsigned long long>(seed_), static_cast<unsigned long long>(job.voice),
            print_number(static_cast<double>(job.temperature)).c_str(), print_number(request_.seconds).c_str());
        return folder() / text;
    }
    // All takes of one age: those that are there already are neither made again nor written over.
    void make(const Age& age, std::span<const Job> jobs) {
        const auto checkpoint = checkpoint_hash(age.file);
        std::shared_ptr<const Model> model;
        for (std::size_t at = 0; at < jobs.size(); at += max_channels) {
            const auto some = jobs.subspan(at, std::min<std::size_t>(max_channels, jobs.size() - at));
            std::vector<std::unique_ptr<SoundWriter>> files;
            std::vector<float> heats;
            const auto precision = age.config.precision();
            for (const auto& job : some) {
                const Recipe recipe{checkpoint, age.config.step, seed_, job.voice, job.temperature, precision};
                files.push_back(is_there(name(age.config, job), recipe) ? nullptr : open(age.config, job, recipe));
                heats.push_back(job.temperature);
            }
            const auto there = static_cast<std::size_t>(std::count(files.begin(), files.end(), nullptr));
            kept_ += there;
            if (there < files.size()) {
                if (!model) model = std::make_shared<const Model>(read_checkpoint(age.file), precision);
                draw(model, some, heats, files);
            }
            made_ += some.size();
        }
    }
    bool is_there(const fs::path& file, const Recipe& recipe) const {
        std::error_code none;
        if (!fs::exists(file, none)) return false;
        if (parse_recipe(read_sound_comment(file)) == recipe) return true;
        throw Refused(file.string() +
                      " is there already and of another network; move it away, or choose another "
                      "--seed");
    }
    std::unique_ptr<SoundWriter> open(const Config& config, const Job& job, const Recipe& recipe) const {
        return with_name(name(config, job), [&] {
            return std::make_unique<SoundWriter>(name(config, job), config.sample_rate, 1, take_format(Levels(config)),
                                                 print(recipe));
        });
    }
    void draw(const std::shared_ptr<const Model>& model, std::span<const Job> jobs, const std::vector<float>& heats,
              const std::vector<std::unique_ptr<SoundWriter>>& files) {
        const NoDenormals no_denormals;
        const auto voices = jobs.size();
        const Config& config = model->config;
        Generator generator(model, seed_, static_cast<int>(voices), jobs[0].voice);
        std::vector<std::vector<float>> sound(voices);
        std::vector<float> samples(voices);
        const auto length = std::max(1LL, std::llround(request_.seconds * config.sample_rate));
        for (long long n = 0; n < length; ++n) {
            generator.next(heats, samples);
            for (std::size_t v = 0; v < voices; ++v) sound[v].push_back(samples[v]);
            if (sound[0].size() < 1 << 12 && n + 1 < length) continue;
            for (std::size_t v = 0; v < voices; ++v) {
                if (files[v]) with_name(name(config, jobs[v]), [&] { files[v]->write(sound[v]); });
                sound[v].clear();
            }
            const double part = static_cast<double>(n + 1) / static_cast<double>(length);
            char line[128];
            std::snprintf(line, sizeof line, "step %lld, %zu to %zu of %zu takes, %.1f of %s s",
                          static_cast<long long>(config.step), made_ + 1, made_ + voices, jobs_.size(),
                          part * request_.seconds, print_number(request_.seconds).c_str());
            progress_.show(line, (static_cast<double>(made_) + part * static_cast<double>(voices)) /
                                     static_cast<double>(jobs_.size()));
        }
        for (std::size_t v = 0; v < voices; ++v)
            if (files[v]) with_name(name(config, jobs[v]), [&] { files[v]->finish(); });
    }
    const TakesRequest& request_;
    const std::vector<Age> ages_;
    const std::vector<Job> jobs_;
    const std::uint64_t seed_;
    Progress progress_;
    std::size_t made_ = 0, kept_ = 0;
};

}  // namespace

int takes(const TakesRequest& request) {
    const int failed = attempt([&] { Maker(request, ages_of(request)).make(); });
    return failed ? failed : report({request.run, false});
}

}  // namespace legume
