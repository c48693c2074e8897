// A sound card that a process of its own owns: when that hangs or dies, time goes on here and another one is started.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "host/audio/audio.h"
#include "host/audio/card_process.h"
#include "host/audio/exchange.h"
#include "host/system/real_time.h"

namespace legume {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Seconds = std::chrono::duration<double>;
constexpr Clock::duration longest_silence = std::chrono::seconds(2);  // after that it is taken to hang
constexpr Clock::duration settling = milliseconds(200);  // of one that asks again, until it is known to be back
constexpr auto longest_opening = std::chrono::seconds(20);
constexpr auto between_tries = milliseconds(500);

// What a card's process answers to being started.
struct Opened {
    bool there = false;
    std::string fault;
    double rate = 0;
    int inputs = 0, outputs = 0;
    std::string name;
};

// The next line, if it comes while there is patience and somebody who waits.
std::optional<std::string> hear(CardProcess& process, const std::atomic<bool>& waiting) {
    const auto until = Clock::now() + longest_opening;
    while (waiting && !process.over() && Clock::now() < until)
        if (auto line = process.read(milliseconds(50))) return line;
    return {};
}

Opened hear_opening(CardProcess& process, const std::atomic<bool>& waiting, std::vector<std::string>& messages) {
    while (const auto line = hear(process, waiting)) {
        std::istringstream text(*line);
        std::string kind;
        text >> kind >> std::ws;
        Opened opened;
        if (kind == "open") {
            opened.there = static_cast<bool>(text >> opened.rate >> opened.inputs >> opened.outputs >> std::ws);
            std::getline(text, opened.name);
            return opened;
        }
        std::string words;
        std::getline(text, words);
        if (kind == "none") return opened;
        if (kind == "fault") {
            opened.fault = words;
            return opened;
        }
        messages.push_back(words);
    }
    Opened silent;
    silent.fault = process.over() ? "the sound card's process ended before it had opened it; start legume again"
                                  : "the sound system does not answer; start it anew";
    return silent;
}

// Starts what was opened; its latency. What is wrong is in `fault`.
double hear_start(CardProcess& process, const std::atomic<bool>& waiting, std::string& fault) {
    process.write("start\n");
    const auto line = hear(process, waiting);
    if (line && line->starts_with("started ")) return std::stod(line->substr(8));
    fault = line && line->starts_with("fault ") ? line->substr(6)
                                                : "the sound card does not start; choose another by --device";
    return 0;
}

class Card final : public AudioDevice {
  public:
    Card(std::unique_ptr<ExchangeMemory> memory, std::unique_ptr<CardProcess> process, const Opened& opened,
         const AudioRequest& request)
        : memory_(std::move(memory)),
          x_(**memory_),
          process_(std::move(process)),
          opened_(opened),
          request_(request),
          buffer_(request.buffer),
          nowhere_(static_cast<std::size_t>(opened.outputs) * Exchange::most_frames) {}
    ~Card() override { stop(); }

    void start(AudioCallback& callback) override {
        if (stopped_ || engine_.joinable()) throw std::runtime_error("the device \"" + name() + "\" is started once");
        running_ = true;
        engine_ = std::thread([this, &callback] { play(callback); });
        std::string fault;
        latency_ = hear_start(*process_, keeping_, fault);
        if (!fault.empty()) {
            stop();
            throw std::runtime_error(fault);
        }
        keeper_ = std::thread([this] { keep(); });
    }

    // The engine answers until the card is closed, so that it closes soon.
    void stop() override {
        stopped_ = true;
        keeping_ = false;
        if (keeper_.joinable()) keeper_.join();
        process_.reset();
        running_ = false;
        if (engine_.joinable()) engine_.join();
    }

    std::string name() const override { return opened_.name; }
    double rate() const override { return opened_.rate; }
    int buffer() const override { return buffer_; }
    int inputs() const override { return opened_.inputs; }
    int outputs() const override { return opened_.outputs; }
    double output_latency() const override { return latency_; }
    std::uint64_t xruns() const override {
        return x_.xruns.load(std::memory_order_relaxed) + x_.lapses.load(std::memory_order_relaxed);
    }
    double cpu_load() const override { return load_; }
    bool alive() const override { return !stopped_ && !gone_; }
    std::vector<std::string> news() override {
        const std::lock_guard lock(mutex_);
        return std::exchange(news_, {});
    }

  private:
    void play(AudioCallback& callback) noexcept;
    void keep();
    bool open_again();
    void say(std::string line) {
        const std::lock_guard lock(mutex_);
        news_.push_back(std::move(line));
    }

    const std::unique_ptr<ExchangeMemory> memory_;
    Exchange& x_;
    std::unique_ptr<CardProcess> process_;  // the keeper's while that runs
    const Opened opened_;
    const AudioRequest request_;
    std::atomic<int> buffer_;
    std::vector<float> nowhere_;
    std::atomic<double> latency_{0}, load_{0};
    std::atomic<bool> running_{false}, keeping_{true}, stopped_{false};
    std::atomic<bool> gone_{false};          // nobody asks for sound
    std::atomic<Clock::rep> asked_last_{0};  // when somebody did
    std::string said_;                       // why it does not come back
    std::mutex mutex_;
    std::vector<std::string> news_;
    std::thread engine_, keeper_;
};

// The engine's thread: answers what the card asks for; when the card is gone, asks itself, at the card's pace.
void Card::play(AudioCallback& callback) noexcept {
    take_real_time(audio_priority);
    std::array<const float*, max_channels> in{};
    std::array<float*, max_channels> out{}, away{};
    for (std::size_t c = 0; c < max_channels; ++c) {
        in[c] = x_.in[c].data();
        out[c] = x_.out[c].data();
    }
    for (int c = 0; c < outputs(); ++c)
        away[static_cast<std::size_t>(c)] = nowhere_.data() + static_cast<std::size_t>(c) * Exchange::most_frames;
    std::array<const float*, max_channels> silence{};
    const auto timed = [&](const float* const* from, float* const* into, int frames) {
        const auto before = Clock::now();
        callback.play(from, inputs(), into, outputs(), frames);
        const double share = Seconds(Clock::now() - before).count() * rate() / frames;
        load_.store(0.9 * load_.load(std::memory_order_relaxed) + 0.1 * share, std::memory_order_relaxed);
    };

    auto served = x_.answered.load(std::memory_order_relaxed);
    auto last = Clock::now();
    Clock::time_point due;
    bool alone = false, asks_again = false;
    for (;;) {
        if (const auto asked = x_.asked.load(std::memory_order_acquire); asked != served) {
            const int frames = std::clamp(x_.frames.load(std::memory_order_relaxed), 1, Exchange::most_frames);
            timed(in.data(), out.data(), frames);
            served = asked;
            x_.answered.store(served, std::memory_order_release);
            wake(x_.answered);
            buffer_.store(frames, std::memory_order_relaxed);
            last = Clock::now();
            asked_last_.store(last.time_since_epoch().count(), std::memory_order_relaxed);
            alone = false;
            asks_again = gone_;
            continue;
        }
        if (!running_) return;
        const auto now = Clock::now();
        // Between two blocks of one that asks again none may be played for nobody: the sound would jump by that.
        const auto patience = !gone_ ? longest_silence : asks_again ? settling : Clock::duration::zero();
        if (!alone && now - last > patience) {
            alone = true;
            due = now;
        }
        if (!alone) {
            wait_while(x_.asked, served, milliseconds(20));
        } else if (now < due) {
            wait_while(x_.asked, served, std::min<Clock::duration>(due - now, milliseconds(20)));
        } else {
            const int frames = buffer_ > 0 ? std::min(buffer_.load(), Exchange::most_frames) : 256;
            timed(silence.data(), away.data(), frames);
            due += std::chrono::duration_cast<Clock::duration>(Seconds(frames / rate()));
            if (now - due > std::chrono::seconds(1)) due = now;  // stopped for so long that a card would have lost it
        }
    }
}

// The keeper's thread: notices that the card is gone, and gets it back.
void Card::keep() {
    while (keeping_) {
        (void)process_->read(milliseconds(20));
        const auto silent = Clock::now().time_since_epoch() - Clock::duration(asked_last_.load());
        const bool hangs = asked_last_ != 0 && silent > longest_silence;
        if (!process_->over() && !hangs) continue;
        gone_ = true;
        process_->kill();
        say(name() + (hangs ? " hangs" : " is gone") + "; playing on without sound until it is back.");
        said_.clear();
        while (keeping_ && !open_again())
            for (auto slept = milliseconds(0); keeping_ && slept < between_tries; slept += milliseconds(20))
                std::this_thread::sleep_for(milliseconds(20));
    }
}

bool Card::open_again() {
    auto request = request_;
    request.device = name();
    request.rate = rate();
    request.inputs = inputs();
    request.outputs = outputs();
    std::vector<std::string> messages;
    std::string fault;
    try {
        process_.reset();
        process_ = std::make_unique<CardProcess>(request, *memory_);
        const auto opened = hear_opening(*process_, keeping_, messages);
        fault = opened.fault;
        if (opened.there) {
            asked_last_ = 0;
            latency_ = hear_start(*process_, keeping_, fault);
        }
        if (opened.there && fault.empty()) {
            gone_ = false;
            for (auto& message : messages) say(std::move(message));
            say(name() + " is back" +
                (opened.outputs < outputs() ? ", with " + std::to_string(opened.outputs) + " channels of the " +
                                                  std::to_string(outputs()) + " that it had; the others are not heard."
                                            : "."));
            return true;
        }
    } catch (const std::exception& error) {
        fault = error.what();
    }
    if (process_) process_->kill();
    if (fault.starts_with("no sound card is called")) fault.clear();  // what was said already
    if (keeping_ && !fault.empty() && std::exchange(said_, fault) != fault)
        say(name() + " is not back: " + fault + ". Trying on.");
    return false;
}

}  // namespace

std::unique_ptr<AudioDevice> open_sound_card(const AudioRequest& request, std::vector<std::string>& messages) {
    auto memory = std::make_unique<ExchangeMemory>();
    auto process = std::make_unique<CardProcess>(request, *memory);
    const std::atomic<bool> waiting{true};
    const auto opened = hear_opening(*process, waiting, messages);
    if (!opened.fault.empty()) throw std::runtime_error(opened.fault);
    if (!opened.there) return nullptr;
    return std::make_unique<Card>(std::move(memory), std::move(process), opened, request);
}

}  // namespace legume
