// Sound cards and JACK by PortAudio, in the process that owns the card: its teardown may hang for ten minutes.
// SPDX-License-Identifier: MIT
#include <portaudio.h>
#if __has_include(<pa_linux_alsa.h>)
#include <pa_linux_alsa.h>
#endif
#if __has_include(<pa_jack.h>)
#include <pa_jack.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "host/audio/audio.h"
#include "host/system/quiet.h"

namespace legume {

namespace {

using Clock = std::chrono::steady_clock;

// PortAudio, for as long as it lives. The device list is that of the first one alive.
class Library {
  public:
    Library() {
#if __has_include(<pa_jack.h>)
        PaJack_SetClientName("legume-audio");
#endif
        if (const PaError error = Pa_Initialize(); error != paNoError)
            throw std::runtime_error(std::string("the sound system does not start: ") + Pa_GetErrorText(error));
    }
    ~Library() { Pa_Terminate(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    std::vector<AudioDeviceEntry> list() const {
        std::vector<AudioDeviceEntry> entries;
        for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); ++i) {
            const PaDeviceInfo* found = Pa_GetDeviceInfo(i);
            if (!found || (found->maxInputChannels < 1 && found->maxOutputChannels < 1)) continue;
            const PaHostApiInfo* system = Pa_GetHostApiInfo(found->hostApi);
            entries.push_back({.name = found->name,
                               .system = system ? system->name : "",
                               .inputs = found->maxInputChannels,
                               .outputs = found->maxOutputChannels,
                               .rate = found->defaultSampleRate,
                               .initial = i == Pa_GetDefaultOutputDevice(),
                               .index = i});
        }
        return entries;
    }
};

// What the card's thread touches.
struct Stream {
    std::unique_ptr<Library> library;
    PaStream* stream = nullptr;
    int inputs = 0;
    int outputs = 0;
    std::atomic<AudioCallback*> callback{nullptr};
    std::atomic<bool> inside{false};
    std::atomic<int> frames{0};
    std::atomic<std::uint64_t> xruns{0};
    std::atomic<Clock::rep> heard{0};  // when the last callback came
    std::atomic<bool> finished{false};

    void fill(const void* in, void* out, int count, PaStreamCallbackFlags flags) noexcept RT_SAFE {
        heard.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
        frames.store(count, std::memory_order_relaxed);
        if (flags & (paInputOverflow | paOutputUnderflow)) xruns.fetch_add(1, std::memory_order_relaxed);
        const auto* ins = static_cast<const float* const*>(in);
        auto* const* outs = static_cast<float* const*>(out);
        inside.store(true);  // before the load, both sequentially consistent: close() sees one or the other
        if (AudioCallback* player = callback.load())
            player->play(ins, ins ? inputs : 0, outs, outputs, count);
        else
            for (int ch = 0; ch < outputs; ++ch) std::fill_n(outs[ch], count, 0.0f);
        inside.store(false);
    }
    // Afterwards the callback's owner may go.
    void close() {
        callback.store(nullptr);
        while (inside.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ~Stream() {
        if (stream) {
            Pa_StopStream(stream);
            Pa_CloseStream(stream);
        }
    }
};

int on_audio(const void* in, void* out, unsigned long frames, const PaStreamCallbackTimeInfo*,
             PaStreamCallbackFlags flags, void* user) {
    static_cast<Stream*>(user)->fill(in, out, static_cast<int>(frames), flags);
    return paContinue;
}

void on_finished(void* user) { static_cast<Stream*>(user)->finished = true; }

std::string reason(PaError error) {
    if (error == paUnanticipatedHostError)
        if (const PaHostErrorInfo* host = Pa_GetLastHostErrorInfo(); host && host->errorText && *host->errorText)
            return host->errorText;
    return Pa_GetErrorText(error);
}

class Card final : public AudioDevice {
  public:
    Card(std::unique_ptr<Stream> stream, std::string name, double rate, const AudioRequest& request)
        : stream_(std::move(stream)),
          name_(std::move(name)),
          verbose_(request.verbose),
          rate_(rate),
          buffer_(request.buffer) {
        const PaStreamInfo* opened = Pa_GetStreamInfo(stream_->stream);
        if (opened && opened->sampleRate > 0) rate_ = opened->sampleRate;
        inputs_ = stream_->inputs;
        outputs_ = stream_->outputs;
    }
    ~Card() override { stop(); }

    void start(AudioCallback& callback) override {
        if (!stream_ || started_) throw std::runtime_error("the device \"" + name_ + "\" is started once");
        const Quiet quiet(verbose_);
        started_ = true;
        stream_->heard = Clock::now().time_since_epoch().count();
        stream_->callback = &callback;
        if (const PaError error = Pa_StartStream(stream_->stream); error != paNoError) {
            const std::string why = reason(error);
            stream_->close();
            throw std::runtime_error("the device \"" + name_ + "\" does not start: " + why +
                                     "; choose another by --device, `legume devices` lists them");
        }
        if (const PaStreamInfo* now = Pa_GetStreamInfo(stream_->stream)) latency_ = now->outputLatency;
    }

    // When a JACK server has died, PortAudio's stop, close and terminate each wait ten minutes for a callback that
    // never comes.
    void stop() override {
        if (!stream_) return;
        stream_->close();
        xruns_ = stream_->xruns;
        if (const int last = stream_->frames) buffer_ = last;
        stream_.reset();
    }

    std::string name() const override { return name_; }
    double rate() const override { return rate_; }
    int buffer() const override {
        const int last = stream_ ? stream_->frames.load() : 0;
        return last > 0 ? last : buffer_;
    }
    int inputs() const override { return inputs_; }
    int outputs() const override { return outputs_; }
    double output_latency() const override { return latency_; }
    std::uint64_t xruns() const override { return stream_ ? stream_->xruns.load() : xruns_; }
    double cpu_load() const override { return stream_ ? Pa_GetStreamCpuLoad(stream_->stream) : 0; }
    bool alive() const override {
        if (!started_) return stream_ != nullptr;
        if (!stream_ || stream_->finished || Pa_IsStreamActive(stream_->stream) != 1) return false;
        const Clock::duration silent = Clock::now().time_since_epoch() - Clock::duration(stream_->heard.load());
        return silent < std::chrono::seconds(2);
    }

  private:
    std::unique_ptr<Stream> stream_;  // nullptr: stopped
    const std::string name_;
    const bool verbose_;
    double rate_;
    int buffer_;
    int inputs_ = 0;
    int outputs_ = 0;
    double latency_ = 0;
    std::uint64_t xruns_ = 0;
    bool started_ = false;
};

double latency_for(PaTime initial, int buffer, double rate) { return buffer > 0 ? buffer / rate : initial; }

// Throws the reason when the device does not open so.
std::unique_ptr<AudioDevice> open_card(std::unique_ptr<Library> library, const AudioDeviceEntry& entry,
                                       const AudioRequest& request, std::vector<std::string>& messages) {
    const PaDeviceInfo* card = Pa_GetDeviceInfo(entry.index);
    const double rate = request.rate > 0 ? request.rate : entry.rate > 0 ? entry.rate : 48'000;
    PaStreamParameters out{};
    out.device = entry.index;
    out.channelCount = std::min(request.outputs, entry.outputs);
    out.sampleFormat = paFloat32 | paNonInterleaved;
    out.suggestedLatency = latency_for(card->defaultLowOutputLatency, request.buffer, rate);

    // A card that only plays is joined by its sound system's usual microphone.
    PaStreamParameters in = out;
    in.device = entry.inputs > 0 ? entry.index : Pa_GetHostApiInfo(card->hostApi)->defaultInputDevice;
    in.channelCount = 0;
    if (request.inputs > 0 && in.device != paNoDevice) {
        const PaDeviceInfo* ear = Pa_GetDeviceInfo(in.device);
        in.channelCount = std::min(request.inputs, ear->maxInputChannels);
        in.suggestedLatency = latency_for(ear->defaultLowInputLatency, request.buffer, rate);
    }

    auto stream = std::make_unique<Stream>();
    stream->library = std::move(library);
    stream->outputs = out.channelCount;
    const auto open = [&](int inputs) {
        stream->inputs = inputs;
        return Pa_OpenStream(
            &stream->stream, inputs > 0 ? &in : nullptr, &out, rate,
            request.buffer > 0 ? static_cast<unsigned long>(request.buffer) : paFramesPerBufferUnspecified, paNoFlag,
            on_audio, stream.get());
    };
    PaError error = open(in.channelCount);
    if (error != paNoError && in.channelCount > 0) {
        const std::string why = reason(error);
        error = open(0);
        if (error == paNoError)
            messages.push_back("The device \"" + entry.label() + "\" plays but does not listen: " + why + ".");
    }
    if (error != paNoError) {
        stream->stream = nullptr;
        std::string next = "; choose another by --device, `legume devices` lists them";
        if (error == paInvalidSampleRate && request.rate > 0)
            next = "; its own rate is " + std::to_string(std::lround(entry.rate)) + ", which it takes without --rate";
        else if (error == paDeviceUnavailable)
            next = ": another program may hold it; close that, or choose another by --device";
        throw std::runtime_error("the device \"" + entry.label() + "\" does not open: " + reason(error) + next);
    }
    if (request.inputs > 0 && stream->inputs == 0 && in.channelCount == 0)
        messages.push_back("The device \"" + entry.label() + "\" has no input: what the patch listens to is silent.");
    Pa_SetStreamFinishedCallback(stream->stream, on_finished);
#if __has_include(<pa_linux_alsa.h>)
    // Only asked for: without the permission the thread stays an ordinary one.
    if (Pa_GetHostApiInfo(card->hostApi)->type == paALSA) PaAlsa_EnableRealtimeScheduling(stream->stream, 1);
#endif
    return std::make_unique<Card>(std::move(stream), entry.label(), rate, request);
}

}  // namespace

std::vector<AudioDeviceEntry> list_audio_devices(bool verbose) {
    const Quiet quiet(verbose);
    auto entries = Library().list();
    const bool card = std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.initial; });
    entries.push_back({.name = "null", .system = "", .inputs = 16, .outputs = 16, .rate = 48'000, .initial = !card});
    return entries;
}

std::unique_ptr<AudioDevice> open_card_here(const AudioRequest& request, std::vector<std::string>& messages) {
    const Quiet quiet(request.verbose);
    if (!request.device.empty()) {
        auto library = std::make_unique<Library>();
        const auto entries = library->list();
        if (const auto* entry = find_audio_device(entries, request.device))
            return open_card(std::move(library), *entry, request, messages);
        std::string names;
        for (const auto& entry : entries)
            if (entry.outputs > 0) names += '"' + entry.label() + "\", ";
        throw std::runtime_error("no sound card is called \"" + request.device + "\"; there are " + names + "\"null\"");
    }
    try {
        auto library = std::make_unique<Library>();
        for (const auto& entry : library->list())
            if (entry.initial) return open_card(std::move(library), entry, request, messages);
    } catch (const std::runtime_error& error) {
        messages.push_back(std::string("No sound card plays: ") + error.what() + ".");
    }
    return nullptr;
}

}  // namespace legume
