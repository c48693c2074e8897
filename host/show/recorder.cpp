// Hands over to the log's thread and the tapes'; nothing here waits for a disk once it plays.
// SPDX-License-Identifier: MIT
#include "host/show/recorder.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <stdexcept>

#include "graph/reads.h"
#include "host/show/show.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/kernels/isa.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
// A disk that is full to the brim troubles everything else, so the recordings end before, and the log goes on.
constexpr std::uintmax_t room_left = 256 << 20;
// Of a folder: a run has gigabytes of checkpoints, and reading them all would be felt where it plays.
constexpr std::uintmax_t most_summed = 512 << 20;

std::string date(const char* format) {
    const auto now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char text[64];
    return {text, std::strftime(text, sizeof text, format, &local)};
}

std::string machine() {
    std::string name = "unknown processor";
    std::ifstream cpus("/proc/cpuinfo");
    for (std::string line; std::getline(cpus, line);)
        if (line.starts_with("model name")) {
            name = line.substr(std::min(line.find(':') + 2, line.size()));
            break;
        }
    try {
        return name + ", " + samplernn::kernels().isa;
    } catch (const samplernn::ModelError&) {
        return name;
    }
}

std::string gigabytes(double bytes) {
    char text[32];
    std::snprintf(text, sizeof text, bytes < 1e9 ? "%.0f MB" : "%.1f GB", bytes / (bytes < 1e9 ? 1e6 : 1e9));
    return text;
}

std::uintmax_t room_of(const fs::path& folder) {
    std::error_code error;
    const auto space = fs::space(folder, error);
    return error ? ~std::uintmax_t{0} : space.available;
}

fs::path make_folder(const fs::path& shows) {
    if (shows.empty()) throw std::runtime_error("there is no home for it; name a folder with --shows, or say --no-log");
    std::error_code error;
    fs::create_directories(shows, error);
    const auto name = date("%Y-%m-%d-%H%M%S");
    for (int n = 1; n < 100 && !error; ++n) {
        const auto folder = shows / (n > 1 ? name + "-" + std::to_string(n) : name);
        if (fs::create_directory(folder, error)) return folder;
    }
    throw std::runtime_error(shows.string() + " cannot be written" + (error ? ": " + error.message() : "") +
                             "; name another folder with --shows, or say --no-log");
}

}  // namespace

ShowRecorder::ShowRecorder(const fs::path& shows, const Device& device, Controls& controls, Say tell,
                           const std::string& after)
    : runner_(controls.runner()), controls_(controls), tell_(std::move(tell)), folder_(make_folder(shows)) {
    log_ = std::make_unique<ShowLog>(folder_ / show_log_name, tell_);
    std::error_code error;
    put(LineWriter().word("legume-show").number(show_format).word(LEGUME_VERSION));
    put(LineWriter().word("machine").word(machine()));
    put(LineWriter().word("began").word(date("%Y-%m-%dT%H:%M:%S%z")));
    put(LineWriter().word("cwd").word(fs::current_path(error).string()));
    if (!after.empty()) put(LineWriter().word("after").word(after));
    put(LineWriter()
            .word("device")
            .word(device.name)
            .number(runner_.rate())
            .number(device.buffer)
            .number(runner_.inputs())
            .number(runner_.outputs()));
    put(LineWriter().word("seed").number(runner_.seed()));
    put(LineWriter().word("beat").number(runner_.beat()));
    runner_.on_applied = [this](const Applied& one) { applied(one); };
    runner_.on_adopted = [this](std::uint64_t frame) {
        put(LineWriter().word("adopted").number(frame).number(edits_ - 1));
    };
    edited();
    if (room_of(folder_) < 2 * room_left) {
        tapes_ended_ = true;
        fault_ = "not recorded: less than " + gigabytes(2.0 * room_left) + " are free on the disk";
        tell_(folder_.string() + ": the show is " + fault_ + "; its log is kept");
        return;
    }
    try {
        heard_ = std::make_unique<Tape>(folder_ / "recording.wav", runner_.rate(), runner_.outputs(), 0, tell_,
                                        SoundFormat::wav_long);
        if (runner_.inputs() > 0)
            given_ = std::make_unique<Tape>(folder_ / "inputs.wav", runner_.rate(), runner_.inputs(), 0, tell_,
                                            SoundFormat::wav_long);
        runner_.set_tap(TapPoint::heard, heard_.get());
        runner_.set_tap(TapPoint::given, given_.get());
    } catch (const SoundError& problem) {
        tapes_ended_ = true;
        fault_ = std::string("not recorded: ") + problem.what();
        tell_(folder_.string() + ": the show is " + fault_ + "; its log is kept");
    }
}

ShowRecorder::~ShowRecorder() {
    runner_.on_applied = nullptr;
    runner_.on_adopted = nullptr;
    for (const auto point : {TapPoint::heard, TapPoint::given}) runner_.set_tap(point, nullptr);
}

double ShowRecorder::bytes_an_hour() const {
    return 3600 * runner_.rate() * (runner_.outputs() + runner_.inputs()) * sizeof(float);
}

std::string ShowRecorder::beginning() const {
    std::string line = "The show is kept in " + folder_.string();
    if (tapes_ended_) return line + ", " + fault_;
    const auto room = static_cast<double>(room_of(folder_) - room_left);
    char hours[32];
    std::snprintf(hours, sizeof hours, "%.0f", room / bytes_an_hour());
    return line + ": " + gigabytes(bytes_an_hour()) + " an hour, room for " + hours + " hours.";
}

void ShowRecorder::applied(const Applied& one) {
    const auto& source = controls_.source(one.target);
    LineWriter line;
    switch (one.kind) {
        case Member::Kind::trigger:
            line.word("fire").number(one.frame).word(one.target).word(one.held ? "held" : "now");
            break;
        case Member::Kind::notes:
            line.word("note")
                .number(one.frame)
                .word(one.target)
                .number(static_cast<int>(one.note.kind))
                .number(one.note.number)
                .number(one.note.value)
                .number(one.note.frame);
            break;
        default:
            line.word("set").number(one.frame).word(one.target).number(one.value);
            if (one.seconds < 0)
                line.word("own");
            else
                line.number(one.seconds);
    }
    line.word(source);
    put(one.leaving ? line.word("leaving") : line);
}

void ShowRecorder::edited() {
    const auto& patch = runner_.patch();
    for (const auto& [file, text] : patch.texts) {
        auto& last = texts_[file];
        if (last == text && !last.empty()) continue;
        last = text;
        put(LineWriter().word("text").word(file).word(text));
    }
    LineWriter line;
    if (runner_.changes() > changes_) {
        changes_ = runner_.changes();
        line.word("change")
            .number(runner_.crossfade().seconds)
            .number(runner_.crossfade().tails)
            .number(runner_.seed());
    } else {
        line.word("edit");
    }
    line.word(patch.file);
    for (const auto& [file, text] : patch.texts) line.word(file);
    put(line);
    const auto edit = edits_++;
    const auto& plan = runner_.schedule().plan();
    std::vector<ShowLog::Told> now;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
        const auto same = [&](const auto& told) { return told.node == plan.nodes[i]; };
        const auto known = std::find_if(nodes_.begin(), nodes_.end(), same);
        now.push_back(known != nodes_.end() ? *known : ShowLog::Told{plan.nodes[i], plan.ids[i], edit});
        if (known == nodes_.end()) look_at_files(*plan.nodes[i], plan.ids[i]);
    }
    for (const auto& told : nodes_)
        if (std::none_of(now.begin(), now.end(), [&](const auto& other) { return other.node == told.node; }))
            leaving_.push_back(told);
    nodes_ = std::move(now);
    keep_states(patch);
    listen();
}

// What goes is heard a little longer, and so decides a little longer.
void ShowRecorder::listen() {
    auto all = nodes_;
    all.insert(all.end(), leaving_.begin(), leaving_.end());
    log_->listen_to(std::move(all));
}

void ShowRecorder::let_go() {
    const auto nobody_else = [](const ShowLog::Told& told) { return told.node.use_count() <= 2; };  // here and the log
    const auto gone = std::remove_if(leaving_.begin(), leaving_.end(), nobody_else);
    if (gone == leaving_.end()) return;
    leaving_.erase(gone, leaving_.end());
    listen();
}

// What networks remembered before the show; what they remember in it they remember again.
void ShowRecorder::keep_states(const Patch& patch) {
    const auto states = fs::path(patch.file).replace_extension(".states");
    const auto copy = folder_ / states.filename();
    std::error_code error;
    if (!fs::is_directory(states, error) || fs::exists(copy, error)) return;
    fs::copy(states, copy, fs::copy_options::recursive, error);
    if (error) tell_(copy.string() + " cannot be written: " + error.message() + "; a replay goes without");
}

void ShowRecorder::look_at_files(const Node& node, const std::string& id) {
    for (const auto& [option, named, files] : all_read(node)) {
        std::uintmax_t bytes = 0;
        for (auto file = files.rbegin(); file != files.rend(); ++file) {  // a run's newest checkpoint first
            std::error_code error;
            put(LineWriter()
                    .word("reads")
                    .number(edits_ - 1)
                    .word(id)
                    .word(option)
                    .word(named.string())
                    .word(file->string()));
            if (!fs::is_regular_file(*file, error)) continue;
            bytes += fs::file_size(*file, error);
            if (file == files.rbegin() || bytes <= most_summed) log_->sum(*file);
        }
    }
}

void ShowRecorder::resumed(const std::string& id, std::string_view bytes) {
    put(LineWriter().word("kept").number(edits_ - 1).word(id).word(bytes));
}

void ShowRecorder::said(const std::string& line) { put(LineWriter().word("said").number(runner_.frames()).word(line)); }

void ShowRecorder::tick() {
    if (tapes_gone_ && runner_.frames() >= tapes_gone_) {
        tapes_gone_ = 0;
        end_tapes();
    }
    if (room_.due()) look_at_room();
    if (!tick_.due()) return;
    const auto frames = runner_.frames();  // before all that was decided and applied until then is gathered
    runner_.tick();
    log_->gather();
    put(LineWriter().word("tick").number(frames));
    let_go();
}

void ShowRecorder::look_at_room() {
    if (tapes_ended_ || tapes_gone_ || room_of(folder_) > room_left) return;
    tell_(folder_.string() + ": the disk is nearly full; the recording ends here, the log and playing go on");
    for (const auto point : {TapPoint::heard, TapPoint::given}) runner_.set_tap(point, nullptr);
    tapes_gone_ = runner_.frames() + 2 * block_frames;
}

void ShowRecorder::end_tapes() {
    tapes_ended_ = true;
    for (auto* tape : {&heard_, &given_}) {
        if (!*tape) continue;
        if (const auto fault = (*tape)->finish(); !fault.empty())
            fault_ = fault;
        else if ((*tape)->lost())
            fault_ = std::to_string((*tape)->lost()) + " frames are missing: the disk was too slow";
        tape->reset();
    }
}

std::string ShowRecorder::finish() {
    runner_.tick();
    for (const auto point : {TapPoint::heard, TapPoint::given}) runner_.set_tap(point, nullptr);
    if (!tapes_ended_) end_tapes();
    log_->gather();
    put(LineWriter().word("end").number(runner_.frames()));
    log_.reset();
    runner_.on_applied = nullptr;
    runner_.on_adopted = nullptr;
    return "The show is in " + folder_.string() + (fault_.empty() ? "" : " (" + fault_ + ")");
}

}  // namespace legume
