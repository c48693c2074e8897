// One set with everything at once: a program that plays it, lets things go wrong, and says in one table what was heard.
// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/show/show.h"
#include "nodes/sound/sound_file.h"
#include "tests/child.h"
#include "tests/host/osc/burst.h"
#include "tests/live/jack.h"
#include "tests/live/stage.h"
#include "tests/soak/faults.h"
#include "tests/soak/listener.h"
#include "tests/soak/set.h"

namespace legume::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

// However long it takes; its exit code.
int end_of(Child& child) {
    while (child.running()) {
        child.output();  // its pipe must not fill up
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return child.wait();
}

// Of a process and its children.
double resident_megabytes(pid_t pid) {
    double sum = 0;
    const auto proc = fs::path("/proc") / std::to_string(pid);
    std::ifstream status(proc / "status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) sum += std::stod(line.substr(6)) / 1'024;
    std::ifstream children(proc / "task" / std::to_string(pid) / "children");
    for (pid_t child = 0; children >> child;) sum += resident_megabytes(child);
    return sum;
}

// A disk of one megabyte, where this machine lets us have one.
class SmallDisk {
  public:
    explicit SmallDisk(const fs::path& at) : path(at) {
        fs::create_directories(at);
        real_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("legume-soak", at.c_str(), "tmpfs", 0, "size=1m") == 0;
    }
    ~SmallDisk() {
        if (real_) ::umount2(path.c_str(), MNT_DETACH);
    }
    bool real() const { return real_; }
    void clear() const {
        std::error_code error;
        for (const auto& file : fs::directory_iterator(path, error)) fs::remove(file.path(), error);
    }
    const fs::path path;

  private:
    bool real_ = false;
};

// Programs that take all of the processor there is.
class Busy {
  public:
    Busy() {
        for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
            threads_.emplace_back([this] {
                while (!stop_) {
                }
            });
    }
    ~Busy() {
        stop_ = true;
        for (auto& thread : threads_) thread.join();
    }

  private:
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

std::vector<std::uint8_t> bundle(std::uint64_t time, const std::vector<std::uint8_t>& message) {
    std::vector<std::uint8_t> bytes{'#', 'b', 'u', 'n', 'd', 'l', 'e', 0};
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(time >> shift));
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(message.size() >> shift));
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

class Soak {
  public:
    Soak(double minutes, std::uint64_t seed) : seconds_(minutes * 60), seed_(seed), dice_(seed ^ 0x50a4) {
        for (const char* name : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"})
            setenv(name, (folder_ / "home").c_str(), 1);  // what this machine remembers is not what is soaked
        fs::create_directory(folder_ / "home");
    }
    int run();

  private:
    struct Done {
        double at;  // the engine's seconds
        Fault fault;
    };
    fs::path patch(int number) const { return folder_ / ("set" + std::to_string(number + 1) + ".yaml"); }
    void save(int number) {
        std::ofstream(folder_ / "new") << set_patch(number, texts_[static_cast<std::size_t>(number)], disk_.path);
        fs::rename(folder_ / "new", patch(number));
    }
    PatchText& text() { return texts_[static_cast<std::size_t>(at_)]; }

    double own_step();
    void start();
    void connect();
    void hands();
    void play_for(double seconds, bool with_hands = true) {
        for (const auto began = Clock::now(); seconds_since(began) < seconds;) {
            if (with_hands) hands();
            legume_->output();  // its pipe must not fill up
            listen();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    void listen();
    void end_listening();
    double engine_seconds() { return engine_at_ + seconds_since(engine_asked_); }
    void count_xruns();
    void happen(const Event& event);
    void lose_device();
    void lose_controller();
    int finish();
    int analyse(const Listener& recorded, const Show& show, double played);
    fs::path show_folder() const { return fs::directory_iterator(folder_ / "shows")->path(); }

    const double seconds_;
    const std::uint64_t seed_;
    Dice dice_;
    Folder folder_;
    SmallDisk disk_{folder_ / "small"};
    std::array<PatchText, 3> texts_;
    int at_ = 0;
    double own_ = 0;

    std::unique_ptr<JackServer> server_;
    std::unique_ptr<JackClient> performer_, controller_;
    std::unique_ptr<Child> legume_;
    std::unique_ptr<OscHand> osc_;
    std::unique_ptr<Burst> burst_;
    const int port_ = free_port();

    double engine_at_ = 0;
    Clock::time_point engine_asked_ = Clock::now(), next_cc_, next_note_, next_trigger_;
    int key_ = 0;
    std::uint64_t reseeds_ = 0, keys_ = 0;  // sent
    std::vector<Done> done_;
    double xruns_ = 0;  // counted so far
    std::map<Fault, double> xruns_after_;
    double memory_start_ = 0, memory_end_ = 0;
    std::vector<double> back_after_;
    std::unique_ptr<Listener> ear_;
    std::size_t heard_ = 0;
    bool ear_open_ = false;
    std::uint64_t before_ = 0;  // frames of the recording before its first sound
    std::uint64_t heard_frames_ = 0, heard_clicks_ = 0, heard_silent_ = 0;
    std::vector<std::string> wrong_;
};

// The largest step of all three patches as they are rendered, with every voice that they can have.
double Soak::own_step() {
    double own = 0;
    for (int i = 0; i < 3; ++i) {
        texts_[static_cast<std::size_t>(i)].extra = true;
        save(i);
        const auto out = (folder_ / "calm.wav").string();
        Child render({built("legume"), "render", patch(i).string(), "--seconds", "8", "-o", out});
        if (end_of(render) != 0) throw std::runtime_error("the set does not render:\n" + render.output());
        const auto sound = read_sound(out);
        const auto channels = static_cast<std::size_t>(sound.channels);
        for (std::size_t at = channels; at < sound.samples.size(); ++at)
            own = std::max(own, std::fabs(static_cast<double>(sound.samples[at] - sound.samples[at - channels])));
        texts_[static_cast<std::size_t>(i)].extra = false;
        save(i);
    }
    return own;
}

void Soak::start() {
    server_ = std::make_unique<JackServer>();
    legume_ = std::make_unique<Child>(
        std::vector<std::string>{built("legume"), "play", patch(0).string(), patch(1).string(), patch(2).string(),
                                 "--crossfade", "1.5", "--device", "system (JACK", "--osc-port", std::to_string(port_),
                                 "--osc-timetags", "honour", "--seed", "7", "--shows", (folder_ / "shows").string()});
    if (!legume_->says("Ctrl-C stops.")) throw std::runtime_error("legume does not start:\n" + legume_->output());
    osc_ = std::make_unique<OscHand>(port_);
    burst_ = std::make_unique<Burst>(port_);
    connect();
}

void Soak::connect() {
    performer_ = std::make_unique<JackClient>();
    controller_ = std::make_unique<JackClient>("a2j");
    if (!eventually([&] { return performer_->play_into("legume:midi_in"); }))
        wrong_.push_back("MIDI did not come back");
    if (!eventually([&] { return performer_->listen_to("legume-audio:out_0"); }))
        wrong_.push_back("the sound did not come back");
    ear_ = std::make_unique<Listener>(own_);
    heard_ = 0;
    ear_open_ = false;
}

// What the server's own client hears, from the first sound after its fade-in on.
void Soak::listen() {
    if (!performer_) return;
    const auto& x = performer_->heard();
    if (!ear_open_) {
        while (heard_ < x.size() && !Listener::begins(x[heard_])) ++heard_;
        if (heard_ == x.size()) return;
        ear_open_ = true;
    }
    ear_->hear(std::span(x).subspan(heard_));
    heard_ = x.size();
}
void Soak::end_listening() {
    listen();
    if (!ear_) return;
    ear_->end();
    heard_frames_ += ear_->frames();
    heard_clicks_ += ear_->clicks().size();
    for (const auto at : ear_->clicks())
        std::printf("%7.1f s  JACK heard a click %.3f s before\n", engine_seconds(),
                    static_cast<double>(ear_->frames() - at) / 48'000);
    heard_silent_ += ear_->silent_frames();
    ear_.reset();
    performer_.reset();
    controller_.reset();
}

// A performer who never rests.
void Soak::hands() {
    const auto now = Clock::now();
    if (now > next_cc_) {
        performer_->cc(1 + dice_.up_to(2), dice_.up_to(128));
        osc_->send("/darker/cutoff", {static_cast<float>(300 + 200 * dice_.share())});
        osc_->send("/legume/stats", {});
        if (const double at = osc_->number("/legume/stats/seconds"); at > engine_at_) {
            engine_at_ = at;
            engine_asked_ = now;
        }
        next_cc_ = now + std::chrono::milliseconds(40);
    }
    if (now > next_note_) {
        if (key_) performer_->note(key_, 0);
        key_ = 45 + dice_.up_to(24);
        performer_->note(key_, 90);
        ++keys_;
        next_note_ = now + std::chrono::milliseconds(300 + dice_.up_to(500));
    }
    if (now > next_trigger_) {
        if (dice_.up_to(2) == 0)
            performer_->send(0x91, 36, 100);
        else
            osc_->send("/soak/reseed", {1.0f});
        ++reseeds_;
        next_trigger_ = now + std::chrono::milliseconds(400 + dice_.up_to(800));
    }
}

void Soak::lose_device() {
    play_for(0.5, false);  // what is on its way arrives
    server_->crash();
    end_listening();
    play_for(3 + 3 * dice_.share(), false);
    server_.reset();
    server_ = std::make_unique<JackServer>();
    const auto began = Clock::now();
    connect();
    if (!eventually([&] {
            performer_->listen_to("legume-audio:out_0");  // again and again: a card that did not start is opened anew
            listen();
            legume_->output();
            return ear_open_;
        }))
        wrong_.push_back("the sound did not come back after the server");
    back_after_.push_back(seconds_since(began));
}

// While a key is held, which legume has to let go.
void Soak::lose_controller() {
    controller_->note(50, 100);
    ++keys_;
    play_for(0.3);
    controller_.reset();
    play_for(1 + 2 * dice_.share());
    controller_ = std::make_unique<JackClient>("a2j");
    play_for(0.5);
}

void Soak::happen(const Event& event) {
    Dice dice(event.dice);
    const auto edit = [&] {
        text().level = std::array{"-14 dB", "-16 dB", "-18 dB"}[static_cast<std::size_t>(dice.up_to(3))];
    };
    const auto rebuild = [&] {
        if (dice.up_to(2) == 0)
            text().extra = !text().extra;
        else
            text().seed = std::to_string(1 + dice.up_to(1000));
    };
    done_.push_back({engine_seconds(), event.fault});
    switch (event.fault) {
        case Fault::flood:
            for (const auto began = Clock::now(); seconds_since(began) < 2;) {
                for (int i = 0; i < 500; ++i)
                    burst_->send(compose_osc("/darker/cutoff", {static_cast<float>(300 + 200 * dice.share())}));
                play_for(0.005, false);
            }
            play_for(0.2, false);  // it is drained before what is counted goes on
            break;
        case Fault::reload:
            edit();
            save(at_);
            break;
        case Fault::rebuild:
            rebuild();
            save(at_);
            break;
        case Fault::storm:
            for (int i = 0; i < 10; ++i) {
                rebuild();
                edit();
                save(at_);
                osc_->send("/legume/reload", {});
                play_for(0.01 + 0.04 * dice.share());
            }
            break;
        case Fault::broken:
            text().broken = true;
            save(at_);
            play_for(1);
            text().broken = false;
            save(at_);
            break;
        case Fault::change:
            at_ = (at_ + 1 + dice.up_to(2)) % 3;
            osc_->send("/legume/go", {static_cast<float>(at_ + 1)});
            break;
        case Fault::controller: lose_controller(); break;
        case Fault::device: lose_device(); break;
        case Fault::freeze:
            legume_->signal(SIGSTOP);
            std::this_thread::sleep_for(std::chrono::milliseconds(20 + dice.up_to(280)));
            legume_->signal(SIGCONT);
            break;
        case Fault::load: {
            const Busy busy;
            play_for(1 + 2 * dice.share());
            break;
        }
        case Fault::disk:
            osc_->send("/spare/start", {1.0f});
            play_for(8);  // a megabyte is three seconds of it
            osc_->send("/spare/stop", {1.0f});
            play_for(0.5);
            disk_.clear();
            break;
        case Fault::time_tags:
            for (const std::uint64_t time : {std::uint64_t{2}, std::uint64_t{3'000'000'000} << 32, ~std::uint64_t{0},
                                             std::uint64_t{0xe0000000} << 32})
                osc_->send(bundle(time, compose_osc("/darker/cutoff", {static_cast<float>(300 + 200 * dice.share())})));
            break;
        case Fault::clock:
            for (const double tempo : {60.0 + 60 * dice.share(), 240.0, 0.0, 40.0, 120.0, 0.0}) {
                performer_->clock(tempo);
                play_for(0.6);
            }
            break;
        case Fault::position: osc_->send("/legume/locate", {static_cast<float>(dice.up_to(400))}); break;
    }
}

// Those since it was last called belong to what went wrong last.
void Soak::count_xruns() {
    osc_->send("/legume/stats", {});
    play_for(0.1, false);
    const double now = osc_->number("/legume/stats/xruns");
    if (!done_.empty()) xruns_after_[done_.back().fault] += now - xruns_;
    xruns_ = now;
}

int Soak::run() {
    std::printf("legume_soak: %.3g minutes, seed %llu\n", seconds_ / 60, static_cast<unsigned long long>(seed_));
    std::fflush(stdout);
    own_ = own_step();
    start();
    auto events = draw_faults(seed_, seconds_);
    if (!disk_.real()) {
        std::erase_if(events, [](const Event& event) { return event.fault == Fault::disk; });
        std::printf("no disk is filled: that wants the right to mount one\n");
    }
    const auto began = Clock::now();
    for (std::size_t i = 0; seconds_since(began) < seconds_ || i < events.size();) {
        if (!legume_->running()) break;
        if (memory_start_ == 0 && seconds_since(began) > 0.25 * seconds_)
            memory_start_ = resident_megabytes(legume_->pid());
        if (i < events.size() && seconds_since(began) >= events[i].at) {
            count_xruns();
            happen(events[i]);
            std::printf("%7.1f s  %s\n", done_.back().at, fault_names[static_cast<std::size_t>(events[i].fault)]);
            std::fflush(stdout);
            ++i;
        }
        play_for(0.05);
    }
    play_for(3);
    return finish();
}

int Soak::finish() {
    const bool lives = legume_->running();
    if (!lives) wrong_.push_back("legume ended by itself");
    memory_end_ = resident_megabytes(legume_->pid());
    if (lives && key_) performer_->note(key_, 0);
    play_for(0.9, false);
    count_xruns();
    end_listening();
    const double played = osc_->number("/legume/stats/seconds");
    legume_->signal(SIGTERM);
    if (const int code = legume_->wait(); code != 0) wrong_.push_back("legume ended with code " + std::to_string(code));
    Listener recorded(own_);
    Show show;
    try {
        show = open_show(show_folder());
        SoundReader take(show_sound(show_folder(), "recording"));
        const auto channels = static_cast<std::size_t>(take.header().channels);
        std::vector<float> woven(channels << 14), left;
        for (bool begun = false; const auto n = take.read(woven);) {
            left.clear();
            for (std::size_t i = 0; i < n; ++i) {
                begun = begun || Listener::begins(woven[i * channels]);
                if (begun) left.push_back(woven[i * channels]);
                if (!begun) ++before_;
            }
            recorded.hear(left);
        }
        recorded.end();
    } catch (const std::runtime_error& error) {
        wrong_.push_back(std::string("the show cannot be read: ") + error.what());
    }
    return analyse(recorded, show, played);
}

int Soak::analyse(const Listener& recorded, const Show& show, double played) {
    std::map<Fault, std::array<std::uint64_t, 3>> rows;  // times, clicks, silences
    for (const auto& done : done_) ++rows[done.fault][0];
    const auto blame = [&](const std::vector<std::uint64_t>& frames, std::size_t column) {
        for (const auto frame : frames) {
            const double at = static_cast<double>(before_ + frame) / rate;
            const auto after =
                std::find_if(done_.rbegin(), done_.rend(), [&](const Done& d) { return d.at < at + 0.2; });
            if (after != done_.rend()) ++rows[after->fault][column];
            std::printf("%s at %.3f s\n", column == 1 ? "click" : "silence", at);
        }
    };
    blame(recorded.clicks(), 1);
    blame(recorded.silences(), 2);

    std::uint64_t fired = 0, keyed = 0;
    for (const auto& [applied, source] : show.controls) {
        fired += applied.target == "dream/reseed";
        keyed += applied.target == "keys/notes" && applied.note.kind == NoteEvent::Kind::on;
    }
    std::map<std::string, std::uint64_t> decisions;  // what was late, by the decision's name
    for (const auto& [whose, answers] : show.decisions)
        if (whose.second != "newest") decisions[whose.first.id + "." + whose.second] += answers.size();
    const auto lost = (fired < reseeds_ ? reseeds_ - fired : 0) + (keyed < keys_ ? keys_ - keyed : 0);
    const auto number = [&](const char* name) { return osc_->number(std::string("/legume/stats/") + name); };
    std::printf("\n| fault | times | clicks | silences | xruns until the next |\n|---|---|---|---|---|\n");
    for (const auto& [fault, row] : rows)
        std::printf("| %s | %llu | %llu | %llu | %.0f |\n", fault_names[static_cast<std::size_t>(fault)],
                    static_cast<unsigned long long>(row[0]), static_cast<unsigned long long>(row[1]),
                    static_cast<unsigned long long>(row[2]), xruns_after_[fault]);
    const auto row = [](const char* what, const char* format, auto... values) {
        std::printf("| %s | ", what);
        std::printf(format, values...);
        std::printf(" |\n");
    };
    using Count = unsigned long long;
    std::printf("\n| in all | |\n|---|---|\n");
    row("played", "%.1f s", played);
    row("clicks in the recording", "%llu (largest step %.2f of what it steps by itself; %.3g counts)",
        static_cast<Count>(recorded.clicks().size()), recorded.largest_step(), Listener::factor);
    row("silent frames in the recording", "%llu", static_cast<Count>(recorded.silent_frames()));
    row("heard by JACK while it ran", "%.1f s, %llu clicks, %llu silent frames",
        static_cast<double>(heard_frames_) / rate, static_cast<Count>(heard_clicks_),
        static_cast<Count>(heard_silent_));
    for (const double back : back_after_) row("sound after the server was back", "%.2f s", back);
    row("late blocks", "%.0f", number("late"));
    row("xruns", "%.0f", xruns_);
    row("events sent", "%llu triggers, %llu keys", static_cast<Count>(reseeds_), static_cast<Count>(keys_));
    row("events lost", "%llu (%llu triggers and %llu keys were taken)", static_cast<Count>(lost),
        static_cast<Count>(fired), static_cast<Count>(keyed));
    row("OSC that a flood drove out before it was read", "%.0f", number("osc-lost"));
    for (const auto& [name, count] : decisions) row(name.c_str(), "%llu blocks", static_cast<Count>(count));
    row("memory at the start and the end", "%.0f MB, %.0f MB", memory_start_, memory_end_);
    std::printf("\n");
    for (const auto& line : legume_->lines())
        if (line.starts_with("Played")) std::printf("%s\n", line.c_str());
    Child replay(
        {built("legume"), "render", "--replay", show_folder().string(), "-o", (folder_ / "again.wav").string()});
    end_of(replay);
    const auto again = replay.lines();
    std::printf("Replay: %s\n", again.empty() ? "nothing" : again.back().c_str());
    if (replay.output().find("the same as the recording, sample for sample") == std::string::npos)
        wrong_.push_back("the replay is not the recording");

    if (!recorded.clicks().empty()) wrong_.push_back("it clicked");
    if (recorded.silent_frames() > 0) wrong_.push_back("it fell silent");
    if (lost > 0) wrong_.push_back("events were lost");
    if (memory_end_ > 1.1 * memory_start_ + 16) wrong_.push_back("memory grew");
    for (const auto& wrong : wrong_) std::printf("WRONG: %s\n", wrong.c_str());
    if (wrong_.empty()) return 0;
    const auto kept = fs::current_path() / ("soak-" + std::to_string(getpid()));
    std::error_code error;
    fs::copy(folder_.path, kept, fs::copy_options::recursive, error);
    std::printf("\n%s, with its patches: %s\n", error ? "The show could not be kept" : "The show is kept",
                kept.c_str());
    std::printf("\nlegume said:\n%s", legume_->output().c_str());
    return 1;
}

}  // namespace
}  // namespace legume::test

int main(int argc, char** argv) {
    double minutes = 1;
    std::uint64_t seed = 1;
    bool sound = argc % 2 == 1;
    for (int i = 1; i + 1 < argc && sound; i += 2) {
        char* end = nullptr;
        if (std::strcmp(argv[i], "--minutes") == 0)
            minutes = std::strtod(argv[i + 1], &end);
        else if (std::strcmp(argv[i], "--seed") == 0)
            seed = std::strtoull(argv[i + 1], &end, 10);
        sound = end && *end == 0 && minutes >= 0.5 && minutes <= 600;
    }
    if (!sound) {
        std::fprintf(stderr, "usage: legume_soak [--minutes 1] [--seed 1]; half a minute at the least\n");
        return 1;
    }
    try {
        return legume::test::Soak(minutes, seed).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
