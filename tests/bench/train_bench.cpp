// The trainer beside plain LibTorch in one run: samples learned a second and peak resident memory of the same networks.
// SPDX-License-Identifier: MIT
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/torch/network.h"
#include "tests/bench/plain_training.h"

namespace {

using namespace legume::samplernn;

constexpr int threads = 2;
constexpr double limit = 6e9;  // bytes
constexpr double card_limit = 64e9;
constexpr int cpu_rounds = 3;  // of both in turn: a shared machine is not equally fast all the time

struct Setup {
    const char* name;
    const char* shape;
    int batch;
    int window;
    int updates;  // a round
};
constexpr Setup setups[] = {{"D=256 4/16", "dim=256 frames=4/16", 16, 1024, 7},
                            {"D=512 4/16", "dim=512 frames=4/16", 16, 1024, 3},
                            {"D=1024 2/8", "dim=1024 frames=2/8", 16, 512, 2}};
// On a graphics card, where a wide batch costs little more than a narrow one.
constexpr Setup card_setups[] = {{"D=256 4/16", "dim=256 frames=4/16", 16, 1024, 40},
                                 {"D=512 4/16", "dim=512 frames=4/16", 16, 1024, 40},
                                 {"D=1024 2/8", "dim=1024 frames=2/8", 16, 512, 40},
                                 {"D=256 4/16", "dim=256 frames=4/16", 128, 1024, 20},
                                 {"D=1024 2/8", "dim=1024 frames=2/8", 128, 512, 10}};
constexpr Setup longest{"D=1024 2/8", "dim=1024 frames=2/8", 64, 0, 1};

Window window_of(const Config& config, int batch, int samples) {
    Window w{
        batch, samples, config.tiers.back().frame, {}, std::vector<std::uint8_t>(static_cast<std::size_t>(batch), 1)};
    for (int i = 0; i < batch * (w.history + samples); ++i)
        w.levels.push_back(static_cast<std::int32_t>(legume::dsp::random_uniform(1, 0, static_cast<std::uint64_t>(i)) *
                                                     config.levels));
    return w;
}

// Bytes: of this process, or on a graphics card of all who are on it, since LibTorch gives nothing back.
double peak_memory(const std::string& device) {
    if (device != "cpu") {
        std::size_t free = 0, total = 0;
        using MemGetInfo = int (*)(std::size_t*, std::size_t*);
        const auto get = reinterpret_cast<MemGetInfo>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
        return get && get(&free, &total) == 0 ? static_cast<double>(total - free) : 0;
    }
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) * 1024;
    return 0;
}

// Prints the seconds of each update, then the peak.
template <class Update>
void time(const std::string& device, int updates, Update update) {
    if (updates > 1) update();  // the first allocates
    for (int i = 0; i < updates; ++i) {
        const auto began = std::chrono::steady_clock::now();
        update();
        std::printf("%.6f ", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
    std::printf("%.0f\n", peak_memory(device));
}

// One case, in a process of its own.
int run(const std::string& which, const Setup& setup, const std::string& device) {
    const Config config = parse_shape(setup.shape).config;
    const Window window = window_of(config, setup.batch, setup.window);
    if (which == "plain") {
        PlainTraining plain(config, random_network({config}).tensors, device);
        time(device, setup.updates, [&] {
            plain.learn(window);
            plain.update(1e-3, 1);
        });
        return 0;
    }
    set_threads(threads);
    Network network(config, 1, device);
    States states = network.fresh_states(setup.batch);
    const GradientCheckpoints cuts =
        cut_window(config, setup.batch, setup.window, device == "cpu" ? limit : card_limit);
    time(device, setup.updates, [&] {
        network.learn(window, states, cuts);
        network.update(1e-3, 1);
    });
    return 0;
}

struct Measured {
    std::vector<double> seconds;
    double peak = 0;
    double samples_per_second(const Setup& setup) {
        std::sort(seconds.begin(), seconds.end());
        return static_cast<double>(setup.batch) * setup.window / seconds[seconds.size() / 2];
    }
};

void measure(const char* which, const Setup& setup, Measured& into, const std::string& device = "cpu") {
    // LibTorch and OpenBLAS as anybody starts them, on as many threads.
    const std::string count = std::to_string(threads), program = std::filesystem::read_symlink("/proc/self/exe");
    const std::string command = "OMP_NUM_THREADS=" + count + " OPENBLAS_NUM_THREADS=" + count + " '" + program + "' " +
                                which + " '" + setup.shape + "' " + std::to_string(setup.batch) + " " +
                                std::to_string(setup.window) + " " + std::to_string(setup.updates) + " " + device;
    FILE* child = popen(command.c_str(), "r");
    std::vector<double> numbers;
    for (double number = 0; child && std::fscanf(child, "%lf", &number) == 1;) numbers.push_back(number);
    if (!child || pclose(child) != 0 || numbers.size() != static_cast<std::size_t>(setup.updates) + 1) {
        std::fprintf(stderr, "train_bench: %s did not come through; see above\n", command.c_str());
        std::exit(1);
    }
    into.peak = std::max(into.peak, numbers.back());
    into.seconds.insert(into.seconds.end(), numbers.begin(), numbers.end() - 1);
}

// Exits when the two do not compute the same, since then their times say nothing.
void compare(const Setup& setup, const std::string& device) {
    Config config = parse_shape(setup.shape).config;
    config.dim = 64;
    const auto tensors = random_network({config}).tensors;
    Network network(config, 1, device);
    network.set_tensors(tensors);
    PlainTraining plain(config, tensors, device);
    const Window window = window_of(config, 4, 128);
    States states = network.fresh_states(4);
    const double ours = network.learn(window, states), theirs = plain.learn(window);
    if (std::abs(ours - theirs) <= (device == "cpu" ? 1e-4 : 1e-2)) return;  // a card's TF32 has ten bits
    std::fprintf(stderr, "%s: the loss is %g bits, LibTorch's %g\n", setup.name, ours, theirs);
    std::exit(1);
}

void compare_speeds(std::span<const Setup> all, const std::string& device) {
    std::printf("%-10s %5s %12s %12s %7s %12s %12s\n", device.c_str(), "batch", "samples/s", "LibTorch's", "times",
                "peak GB", "LibTorch's");
    for (const auto& setup : all) {
        compare(setup, device);
        Measured ours, theirs;
        for (int round = 0; round < (device == "cpu" ? cpu_rounds : 1); ++round) {
            measure("legume", setup, ours, device);
            measure("plain", setup, theirs, device);
        }
        const double a = ours.samples_per_second(setup), b = theirs.samples_per_second(setup);
        std::printf("%-10s %5d %12.0f %12.0f %7.2f %12.2f %12.2f\n", setup.name, setup.batch, a, b, a / b,
                    ours.peak / 1e9, theirs.peak / 1e9);
        std::fflush(stdout);
    }
}

// Plain LibTorch's peak is a line in the window: found from two windows, then measured. Ours is measured at `times` its
// window, since the longest by arithmetic takes hours.
void find_longest(int times) {
    Setup setup = longest;
    const Config config = parse_shape(setup.shape).config;
    const int frame = config.tiers.back().frame;
    auto peak = [&](const char* which, int window) {
        setup.window = window;
        Measured measured;
        measure(which, setup, measured);
        return measured.peak;
    };
    const double one = peak("plain", 128), two = peak("plain", 256);
    int fits = static_cast<int>((limit - one) / ((two - one) / 128) + 128) / frame * frame;
    double theirs = peak("plain", fits);
    while (theirs > limit) theirs = peak("plain", fits = fits * 97 / 100 / frame * frame);
    std::printf("%s, batch %d, plain LibTorch: window %d, peak %.2f GB\n", setup.name, setup.batch, fits, theirs / 1e9);
    std::fflush(stdout);
    int window = frame;
    auto may = [&](int samples) { return learning_bytes(config, setup.batch, samples, 64) <= limit; };
    while (window < 1 << 24 && may(2 * window)) window *= 2;
    for (int step = window; step >= frame; step /= 2)
        if (may(window + step)) window += step;
    const int checked = times * fits;
    const double ours = peak("legume", checked);
    std::printf("%s, batch %d, legume: window %d, peak %.2f GB; by arithmetic up to %d\n", setup.name, setup.batch,
                checked, ours / 1e9, window);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty()) {
        compare_speeds(setups, "cpu");
    } else if (words == std::vector<std::string>{"--device", "cuda"}) {
        compare_speeds(card_setups, "cuda");
    } else if (words[0] == "--longest" && words.size() <= 2) {
        find_longest(words.size() == 2 ? std::max(1, std::atoi(words[1].c_str())) : 8);
    } else if (words.size() == 6 && (words[0] == "legume" || words[0] == "plain")) {
        return run(words[0],
                   {words[1].c_str(), words[1].c_str(), std::atoi(words[2].c_str()), std::atoi(words[3].c_str()),
                    std::atoi(words[4].c_str())},
                   words[5]);
    } else {
        std::fprintf(stderr, "train_bench [--longest [TIMES] | --device cuda]\n");
        return 1;
    }
}
