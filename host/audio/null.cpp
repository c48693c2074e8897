// The null device: a thread that asks for sound at the right pace and drops it. Runs where there is no sound card.
// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "host/audio/audio.h"

namespace legume {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

class NullDevice final : public AudioDevice {
  public:
    explicit NullDevice(const AudioRequest& request)
        : rate_(request.rate > 0 ? request.rate : 48'000),
          buffer_(request.buffer > 0 ? request.buffer : 256),
          inputs_(static_cast<std::size_t>(request.inputs), std::vector<float>(static_cast<std::size_t>(buffer_))),
          outputs_(static_cast<std::size_t>(request.outputs), std::vector<float>(static_cast<std::size_t>(buffer_))) {}
    ~NullDevice() override { stop(); }

    void start(AudioCallback& callback) override {
        if (started_) throw std::runtime_error("the null device is started once");
        started_ = running_ = true;
        thread_ = std::thread([this, &callback] { run(callback); });
    }
    void stop() override {
        running_ = false;
        if (thread_.joinable()) thread_.join();
    }

    std::string name() const override { return "null"; }
    double rate() const override { return rate_; }
    int buffer() const override { return buffer_; }
    int inputs() const override { return static_cast<int>(inputs_.size()); }
    int outputs() const override { return static_cast<int>(outputs_.size()); }
    double output_latency() const override { return buffer_ / rate_; }
    std::uint64_t xruns() const override { return late_; }
    double cpu_load() const override { return load_; }
    bool alive() const override { return !started_ || running_; }

  private:
    void run(AudioCallback& callback) {
        std::vector<const float*> in;
        std::vector<float*> out;
        for (auto& channel : inputs_) in.push_back(channel.data());
        for (auto& channel : outputs_) out.push_back(channel.data());

        const Seconds block(buffer_ / rate_);
        // Deadlines are counted from the start, so that being late once shifts nothing afterwards.
        auto start = Clock::now();
        for (std::uint64_t n = 0; running_; ++n) {
            const auto due = start + std::chrono::duration_cast<Clock::duration>(block * static_cast<double>(n));
            const auto now = Clock::now();
            if (now < due) {
                std::this_thread::sleep_until(due);
                if (!running_) return;
            } else if (now - due > block) {
                late_.fetch_add(1, std::memory_order_relaxed);
                // Stopped for so long (a debugger, a suspended process) that a card would have lost the time too.
                if (now - due > Seconds(1)) start += now - due;
            }
            const auto before = Clock::now();
            callback.play(in.data(), inputs(), out.data(), outputs(), buffer_);
            const double share = Seconds(Clock::now() - before) / block;
            load_.store(0.9 * load_.load(std::memory_order_relaxed) + 0.1 * share, std::memory_order_relaxed);
        }
    }

    const double rate_;
    const int buffer_;
    std::vector<std::vector<float>> inputs_;  // silence
    std::vector<std::vector<float>> outputs_;
    bool started_ = false;
    std::atomic<bool> running_{false};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<double> load_{0};
    std::thread thread_;
};

}  // namespace

std::unique_ptr<AudioDevice> open_null_device(const AudioRequest& request) {
    return std::make_unique<NullDevice>(request);
}

}  // namespace legume
