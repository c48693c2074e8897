// Both ends: how the engine starts and ends the process, and what the process does between.
// SPDX-License-Identifier: MIT
#include "host/audio/card_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "host/system/paths.h"
#include "host/system/quiet.h"

extern char** environ;

namespace legume {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr int memory_file = 3, talk_file = 4;  // in the card's process

// The program that is running, even when a newer one lies in its place by now; a test has it beside itself.
std::string program() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return self.filename().string().starts_with("legume (") || self.filename() == "legume"
               ? "/proc/self/exe"
               : (program_folder() / "legume").string();
}

bool readable(int file, milliseconds longest) {
    pollfd look{file, POLLIN, 0};
    return ::poll(&look, 1, static_cast<int>(longest.count())) > 0;
}

// ---------------------------------------------------------------- in the card's process

double waits_as_long_as() {  // seconds; 0: not said
    const char* text = std::getenv("LEGUME_CARD_WAITS");
    return text ? std::clamp(std::atof(text), 0.0, 60.0) : 0;
}

// Asks the engine for every block, and bridges with a short fade what it does not get in time.
class Asker final : public AudioCallback {
  public:
    Asker(Exchange& exchange, double rate) : x_(exchange), rate_(rate), asked_(exchange.asked.load()) {}

    void play(const float* const* in, int in_channels, float* const* out, int out_channels,
              int frames) noexcept override {
        std::array<const float*, max_channels> ins{};
        std::array<float*, max_channels> outs{};
        in_channels = std::min(in_channels, max_channels);
        for (int done = 0; done < frames;) {
            const int n = std::min(frames - done, Exchange::most_frames);
            for (int c = 0; c < in_channels; ++c) ins[at(c)] = in && in[c] ? in[c] + done : nullptr;
            for (int c = 0; c < std::min(out_channels, max_channels); ++c) outs[at(c)] = out[c] + done;
            piece(ins.data(), in_channels, outs.data(), std::min(out_channels, max_channels), n);
            done += n;
        }
        for (int c = max_channels; c < out_channels; ++c) std::fill_n(out[c], frames, 0.0f);
    }
    void set_latency(double seconds) { latency_.store(seconds, std::memory_order_relaxed); }

  private:
    static std::size_t at(int c) noexcept { return static_cast<std::size_t>(c); }

    void piece(const float* const* in, int in_channels, float* const* out, int out_channels, int frames) noexcept {
        if (!pending_) {
            for (int c = 0; c < max_channels; ++c)
                if (c < in_channels && in[c])
                    std::copy_n(in[c], frames, x_.in[at(c)].data());
                else
                    std::fill_n(x_.in[at(c)].data(), frames, 0.0f);
            x_.frames.store(frames, std::memory_order_relaxed);
            pending_ = frames;
            x_.asked.store(++asked_, std::memory_order_release);
            wake(x_.asked);
        }
        if (!answered(frames)) {
            if (!lapsed_) x_.lapses.fetch_add(1, std::memory_order_relaxed);
            lapsed_ = true;
            gain_ = 0;
            const int length = std::min(frames, 256);
            for (int c = 0; c < out_channels; ++c) {
                for (int i = 0; i < length; ++i)
                    out[c][i] = last_[at(c)] * static_cast<float>(length - 1 - i) / static_cast<float>(length);
                std::fill_n(out[c] + length, frames - length, 0.0f);
                last_[at(c)] = 0;
            }
            return;
        }
        lapsed_ = false;
        const int n = std::min(frames, pending_);
        pending_ = 0;
        const auto step = static_cast<float>(1 / (rise_seconds * rate_));
        const float gain = gain_;
        for (int c = 0; c < out_channels; ++c) {
            const float* from = x_.out[at(c)].data();
            if (gain >= 1)
                std::copy_n(from, n, out[c]);
            else
                for (int i = 0; i < n; ++i) out[c][i] = from[i] * std::min(gain + step * static_cast<float>(i), 1.0f);
            std::fill_n(out[c] + n, frames - n, 0.0f);  // only after a lapse, of a device whose blocks vary
            last_[at(c)] = out[c][frames - 1];
        }
        gain_ = std::min(gain + step * static_cast<float>(n), 1.0f);
    }

    bool answered(int frames) noexcept {
        const double block = frames / rate_;
        double patience = lapsed_ ? 0.5 * block : std::max(0.9 * block, 0.5 * latency_.load(std::memory_order_relaxed));
        if (waits_ > 0) patience = waits_;
        const auto until =
            Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(patience));
        for (;;) {
            const auto seen = x_.answered.load(std::memory_order_acquire);
            if (seen == asked_) return true;
            const auto left = until - Clock::now();
            if (left <= Clock::duration::zero()) return false;
            wait_while(x_.answered, seen, left);
        }
    }

    static constexpr double rise_seconds = 0.05;
    Exchange& x_;
    const double rate_;
    const double waits_ = waits_as_long_as();
    std::atomic<double> latency_{0};
    std::uint32_t asked_;
    int pending_ = 0;  // frames of a request that was not answered yet
    bool lapsed_ = false;
    float gain_ = 0;
    std::array<float, max_channels> last_{};
};

void tell(const std::string& line) {
    const auto whole = line + "\n";
    if (::send(talk_file, whole.data(), whole.size(), MSG_NOSIGNAL) < 0) std::_Exit(1);
}

bool told(char what) {
    char word[16] = {};
    return ::recv(talk_file, word, sizeof word, 0) > 0 && word[0] == what;
}

AudioRequest request_of(const std::vector<std::string>& words) {
    AudioRequest request;
    request.device = words[0];
    request.rate = std::atof(words[1].c_str());
    request.buffer = std::atoi(words[2].c_str());
    request.inputs = std::atoi(words[3].c_str());
    request.outputs = std::atoi(words[4].c_str());
    request.verbose = words[5] == "1";
    return request;
}

// Plays until the card is gone or the engine has had enough.
void own_card(const AudioRequest& request, Exchange& exchange) {
    std::vector<std::string> messages;
    auto device = request.device == "null" ? open_null_device(request) : open_card_here(request, messages);
    for (const auto& message : messages) tell("say " + message);
    if (!device) return tell("none");
    char line[100];
    std::snprintf(line, sizeof line, "open %.17g %d %d ", device->rate(), device->inputs(), device->outputs());
    tell(line + device->name());
    if (!told('s')) return;
    Asker asker(exchange, device->rate());
    device->start(asker);
    asker.set_latency(device->output_latency());
    std::snprintf(line, sizeof line, "started %.9g", device->output_latency());
    tell(line);
    std::uint64_t xruns = 0;
    while (device->alive() && !readable(talk_file, milliseconds(20))) {
        const auto now = device->xruns();
        exchange.xruns.fetch_add(now - xruns, std::memory_order_relaxed);
        xruns = now;
    }
    if (!device->alive()) std::_Exit(0);  // what is dead is not torn down, which would hang
    device->stop();
}

}  // namespace

int card_process(const std::vector<std::string>& words) {
    if (words.size() != 6 || ::fcntl(talk_file, F_GETFD) < 0) {
        std::fprintf(stderr, "legume card is for legume's own use; legume play PATCH plays\n");
        return 1;
    }
    // Who ends a show by name or by Ctrl-C means the engine, which fades out first.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) std::signal(number, SIG_IGN);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "legume-card");
    const Quiet quiet(words[5] == "1");    // JACK writes several lines for each server that goes
    ::close_range(talk_file + 1, ~0U, 0);  // the engine's ports and files, which must be free when it is gone
    ::fcntl(memory_file, F_SETFD, FD_CLOEXEC);
    ::fcntl(talk_file, F_SETFD, FD_CLOEXEC);
    if (readable(talk_file, milliseconds(0))) return 1;  // the engine went before it could be missed
    try {
        const ExchangeMemory memory(memory_file);
        own_card(request_of(words), *memory);
    } catch (const std::exception& fault) {
        tell(std::string("fault ") + fault.what());
    }
    std::_Exit(0);
}

// ---------------------------------------------------------------- in the engine

CardProcess::CardProcess(const AudioRequest& request, const ExchangeMemory& memory) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::runtime_error(std::string("the sound card's process does not start: ") + std::strerror(errno));
    talk_ = ends[0];
    // Out of the way of the places where the process looks for them.
    const int talk = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 10), shared = ::fcntl(memory.file(), F_DUPFD_CLOEXEC, 10);
    ::close(ends[1]);
    char rate[40];
    *std::to_chars(rate, rate + sizeof rate - 1, request.rate).ptr = 0;
    std::vector<std::string> words{"legume",
                                   "card",
                                   request.device,
                                   rate,
                                   std::to_string(request.buffer),
                                   std::to_string(request.inputs),
                                   std::to_string(request.outputs),
                                   request.verbose ? "1" : "0"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, shared, memory_file);
    posix_spawn_file_actions_adddup2(&files, talk, talk_file);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);  // a terminal's Ctrl-C is not for it
    posix_spawnattr_setpgroup(&how, 0);
    const int error = ::posix_spawn(&pid_, program().c_str(), &files, &how, argv.data(), environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    ::close(talk);
    ::close(shared);
    if (error == 0) return;
    ::close(talk_);
    throw std::runtime_error("the sound card's process does not start: " + program() + ": " + std::strerror(error));
}

CardProcess::~CardProcess() {
    ::shutdown(talk_, SHUT_WR);
    // When its sound system has died it ends at once; when that is slow, killing it would hurt other programs' sound.
    if (!reap(milliseconds(5000))) kill();
    ::close(talk_);
}

bool CardProcess::reap(milliseconds longest) {
    const auto until = Clock::now() + longest;
    while (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (Clock::now() > until) return false;
        std::this_thread::sleep_for(milliseconds(2));
    }
    pid_ = -1;
    return true;
}

void CardProcess::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

std::optional<std::string> CardProcess::read(milliseconds longest) {
    const auto until = Clock::now() + longest;
    for (;;) {
        if (const auto end = heard_.find('\n'); end != heard_.npos) {
            const auto line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
        if (over_ || !readable(talk_, std::max(left, milliseconds(0)))) return {};
        char piece[1024];
        const auto n = ::recv(talk_, piece, sizeof piece, 0);
        if (n > 0)
            heard_.append(piece, static_cast<std::size_t>(n));
        else
            over_ = true;
    }
}

void CardProcess::write(const std::string& line) { (void)::send(talk_, line.data(), line.size(), MSG_NOSIGNAL); }

}  // namespace legume
