// Gathers the log, the checkpoints and the takes of a run, and measures every take.
// SPDX-License-Identifier: MIT
#include "host/commands/models/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <system_error>

#include "graph/base/range.h"
#include "host/commands/models/picture.h"
#include "host/commands/models/report_page.h"
#include "host/system/command.h"
#include "nodes/files/atomic_file.h"
#include "nodes/samplernn/takes/measure.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/samplernn/takes/take.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A path as it may stand in a link: "#" and "?" would end it.
std::string link(const std::string& path) {
    std::string text;
    for (const char c : path) {
        if (std::string_view("%#?\" <>").find(c) == std::string_view::npos) {
            text += c;
            continue;
        }
        char code[4];
        std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        text += code;
    }
    return text;
}

// log.csv by its first row's names; a field that is empty is no point.
void read_log(const fs::path& file, ReportPage& page) {
    std::ifstream in(file);
    std::vector<std::string> names;
    std::map<std::string, Series*> wanted;
    page.bits = {{"held out", {}}, {"learning", {}}};
    page.speed = {{"", {}}};
    wanted = {{"held_out_bits", &page.bits[0]}, {"train_bits", &page.bits[1]}, {"samples_per_second", &page.speed[0]}};
    for (std::string line; std::getline(in, line);) {
        std::vector<std::string> fields;
        std::istringstream row(line);
        for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
        if (names.empty()) {
            names = fields;
            for (const auto& name : names)
                if (name.starts_with("memory")) {
                    page.memory = {{name, {}}};
                    wanted[name] = &page.memory[0];
                }
            continue;
        }
        for (std::size_t i = 1; i < fields.size() && i < names.size(); ++i) {
            const auto it = wanted.find(names[i]);
            if (it == wanted.end() || fields[i].empty()) continue;
            const double value = std::atof(fields[i].c_str());
            if (std::isfinite(value)) it->second->points.emplace_back(std::atof(fields[0].c_str()), value);
        }
    }
}

// events.csv: step, what was out of bounds (loss, gradient), its value, the usual one.
std::vector<ReportEvent> read_events(const fs::path& file) {
    std::ifstream in(file);
    std::vector<ReportEvent> events;
    std::string line;
    for (std::getline(in, line); std::getline(in, line);) {
        std::istringstream row(line);
        std::string step, what, value, usual;
        std::getline(row, step, ',');
        std::getline(row, what, ',');
        std::getline(row, value, ',');
        if (std::getline(row, usual))
            events.push_back({std::atof(step.c_str()), "step " + step + ": nothing was learned from a " + what +
                                                           " of " + value + ", where " + usual + " is usual"});
    }
    return events;
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, share < 0.1 ? "%.2g %%" : "%.0f %%", 100 * share);
    return text;
}

std::string about(const Config& config) {
    std::string text = config.age > 0 ? percent(config.age) + " of the run" : "";
    if (config.held_out_nll) {
        char bits[64];
        std::snprintf(bits, sizeof bits, "%s%.3f bits a sample", text.empty() ? "" : ", ", *config.held_out_nll);
        text += bits;
    }
    return text;
}

std::string words(const Measures& m) {
    char text[160];
    std::snprintf(text, sizeof text, "%.0f dB, centre %.0f Hz, flatness %.2f, change %.1f dB, repetition %.2f, DC %.3f",
                  m.level, m.centroid, m.flatness, m.change, m.repetition, m.dc);
    return text;
}

// Its sound beside it as an Ogg, for pages that are carried around; empty when it has a rate that Vorbis lacks.
fs::path ogg_of(const fs::path& take, const Sound& sound) {
    auto ogg = take;
    ogg.replace_extension(".ogg");
    std::error_code none;
    if (fs::exists(ogg, none)) return ogg;
    try {
        SoundWriter writer(ogg, sound.rate, sound.channels, SoundFormat::ogg);
        writer.write(sound.samples);
        writer.finish();
    } catch (const SoundError& error) {
        std::fprintf(stderr, "%s %s\n", ogg.c_str(), error.what());
        return {};
    }
    return ogg;
}

struct Seen {
    std::int64_t step = 0;
    ReportTake take;
};

Seen look_at(const fs::path& file, const std::string& name, bool embed) {
    const Sound sound = read_sound(file);
    std::vector<float> mono(sound.frames());
    for (std::size_t i = 0; i < mono.size(); ++i) mono[i] = sound.samples[i * static_cast<std::size_t>(sound.channels)];
    const auto shape = spectra(mono);
    const auto measured = measure(mono, shape, sound.rate);
    Seen seen;
    auto& take = seen.take;
    const double seconds = static_cast<double>(sound.frames()) / sound.rate;
    const auto length = print_number(std::round(10 * seconds) / 10) + " s";
    if (const auto recipe = parse_recipe(read_sound_comment(file))) {
        seen.step = recipe->step;
        take.seed = recipe->seed;
        take.title = "voice " + std::to_string(recipe->voice) + ", temperature " +
                     print_number(static_cast<double>(recipe->temperature)) + ", seed " + std::to_string(recipe->seed) +
                     ", " + length;
    } else {
        seen.step = step_in_name(file).value_or(0);
        take.title = file.stem().string() + ", " + length;
    }
    take.file = name;
    take.flags = measured.flags;
    take.measures = words(measured);
    take.waveform = waveform_path(mono);
    take.spectrogram = "data:image/png;base64," + base64(spectrogram_png(shape));
    const auto ogg = ogg_of(file, sound);
    const auto source = [&](const fs::path& path, const std::string& type) {
        take.sources.emplace_back(
            embed ? "data:" + type + ";base64," + base64(bytes_of(path)) : link("takes/" + path.filename().string()),
            type);
    };
    if (!ogg.empty()) source(ogg, "audio/ogg");
    if (!embed || ogg.empty()) source(file, "audio/flac");
    return seen;
}

void run(const ReportRequest& request) {
    std::error_code none;
    if (!fs::is_directory(request.run, none))
        throw CommandError(request.run.string() + ": there is no such folder; name the folder of a run");
    const auto picks = read_picks(request.run);
    if (request.standalone &&
        std::none_of(picks.begin(), picks.end(), [](const auto& pick) { return pick.second.star; }))
        throw CommandError((request.run / "picks.yaml").string() +
                           " names no takes; star some in report.html, and save its picks.yaml there");
    const auto files = find_takes(request.run / "takes");
    if (files.empty())
        throw CommandError((request.run / "takes").string() + " holds no take (*.flac); `legume takes " +
                           request.run.string() + "` makes some");

    ReportPage page;
    page.title = fs::weakly_canonical(request.run).filename().string();
    read_log(request.run / "log.csv", page);
    page.events = read_events(request.run / "events.csv");
    if (!page.events.empty()) page.facts.push_back("steps skipped: " + std::to_string(page.events.size()));
    std::map<std::int64_t, ReportAge> ages;
    try {
        const auto checkpoints = find_checkpoints(request.run);
        for (const auto& file : checkpoints) {
            const Config config = read_config(file);
            ages[config.step] = {config.step, about(config), {}};
            if (page.bits[1].points.empty() && config.held_out_nll)  // it was trained elsewhere: there is no log
                page.bits[0].points.emplace_back(static_cast<double>(config.step), *config.held_out_nll);
        }
        const Config last = read_config(checkpoints.back());
        page.facts.push_back(std::to_string(checkpoints.size()) + " checkpoints, the last of step " +
                             std::to_string(last.step) + "; width " + std::to_string(last.dim) + ", " +
                             print_number(last.sample_rate) + " Hz, " + std::to_string(last.levels) + " levels");
    } catch (const ModelError& error) {  // takes can be heard without them
        std::fprintf(stderr, "%s\n", error.what());
    }

    Progress progress;
    std::size_t shown = 0, looked = 0, flagged = 0;
    for (const auto& file : files) {
        const auto name = "takes/" + file.filename().string();
        const auto pick = picks.find(name);
        const bool picked = pick != picks.end() && pick->second.star;
        ++looked;
        if (request.standalone && !picked) continue;
        try {
            auto seen = look_at(file, name, request.standalone);
            seen.take.picked = picked;
            seen.take.dropped = pick != picks.end() && !picked;
            flagged += !seen.take.flags.empty();
            auto& age = ages[seen.step];
            age.step = seen.step;
            age.takes.push_back(std::move(seen.take));
            ++shown;
        } catch (const SoundError& error) {
            std::fprintf(stderr, "%s %s; it is left out\n", file.c_str(), error.what());
        }
        progress.show(std::to_string(looked) + " of " + std::to_string(files.size()) + " takes measured",
                      static_cast<double>(looked) / static_cast<double>(files.size()));
    }
    progress.finish();
    if (request.standalone && shown == 0)
        throw CommandError((request.run / "picks.yaml").string() + " names takes that are not in " +
                           (request.run / "takes").string() + "; save it beside the takes that were starred");
    page.facts.push_back(std::to_string(shown) + " takes, " + std::to_string(flagged) + " flagged");
    for (auto& [step, age] : ages)
        if (!age.takes.empty()) page.ages.push_back(std::move(age));
    const auto file = request.run / (request.standalone ? "picks.html" : "report.html");
    if (write_atomically(file, html(page)))  // a browser never sees half a page
        throw CommandError(file.string() + " cannot be written: check the permissions of " + request.run.string() +
                           " and the room left on the disk");
    std::printf("%s: %zu takes\n", file.c_str(), shown);
}

}  // namespace

int report(const ReportRequest& request) {
    return attempt([&] { run(request); });
}

}  // namespace legume
