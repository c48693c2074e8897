// Plays a network against the clock, row by row, and holds it to the time that reading its weights takes.
// SPDX-License-Identifier: MIT
#include "host/commands/models/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "graph/base/denormals.h"
#include "graph/base/range.h"
#include "nodes/samplernn/bench/profile.h"
#include "nodes/samplernn/bench/roofline.h"
#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/engine/speed.h"
#include "nodes/samplernn/kernels/isa.h"

namespace legume {
namespace {

using namespace samplernn;

constexpr int voice_counts[] = {1, 2, 4, 8, 16};
constexpr Precision precisions[] = {Precision::fp32, Precision::int8, Precision::int4};
constexpr std::size_t fewest_steps = 256;
constexpr std::size_t stretches = 15;

struct Row {
    std::string isa, precision;
    double sparsity = 0;
    int voices = 1;
    double samples_per_second = 0;  // of each voice
    double real_time = 0;
    double p50_us = 0, p999_us = 0;  // a step: a sample of every voice
    double bytes_per_sample = 0;     // of weights, read once for all voices of a step
    // Share of a step that reading them takes at the least. Above 1 where weights are spared: fp32 skips inputs of 0.
    double roofline = 0;
};

// What is benched: a file's network, or a random one.
struct Subject {
    std::string name;
    Checkpoint checkpoint;
    double sparsity = 0;
};

// Share of the blocks of pruned matrices that are left out; 0 when none is pruned.
double sparsity_of(const Checkpoint& checkpoint) {
    double blocks = 0, empty = 0;
    for (const auto& [name, tensor] : checkpoint.tensors) {
        if (!tensor.pruned) continue;
        const auto cols = static_cast<std::size_t>(tensor.shape[1]), rows = tensor.values.size() / cols;
        for (std::size_t row = 0; row < rows; row += 16) {
            for (std::size_t col = 0; col < cols; col += 4) {
                bool zero = true;
                for (std::size_t r = row; r < std::min(row + 16, rows); ++r) {
                    for (std::size_t c = col; c < std::min(col + 4, cols); ++c) {
                        zero = zero && tensor.values[r * cols + c] == 0;
                    }
                }
                blocks += 1;
                empty += zero;
            }
        }
    }
    return blocks > 0 ? empty / blocks : 0;
}

Subject subject_of(const BenchRequest& request) {
    if (request.model.empty() == request.shape.empty()) {
        throw ModelError(
            "name one model to bench, or a network that there is not yet: --shape \"dim=512 frames=4/16\"");
    }
    Subject subject;
    if (request.shape.empty()) {
        const auto file = find_checkpoint(request.model);
        subject.name = file.string();
        subject.checkpoint = read_checkpoint(file);
    } else {
        subject.name = request.shape;
        subject.checkpoint = random_network(parse_shape(request.shape));
    }
    subject.sparsity = sparsity_of(subject.checkpoint);
    return subject;
}

// AVX2 first, since it is what laptops have; then the machine's best, and the others down to scalar. LEGUME_ISA leaves
// one alone.
std::vector<const Kernels*> tables() {
    if (const char* forced = std::getenv("LEGUME_ISA"); forced && *forced) return {&kernels()};
    auto all = playable_kernels();
    std::reverse(all.begin(), all.end());
    std::stable_partition(all.begin(), all.end(), [](const Kernels* k) { return k->isa == std::string("avx2"); });
    return all;
}

// Microseconds of one step after the other, in whole frames of the top tier, after as many to warm up. Each holds one
// reading of the clock, some 20 ns.
std::vector<double> time_steps(const std::shared_ptr<const Model>& model, int voices, double seconds) {
    using Clock = std::chrono::steady_clock;
    const NoDenormals no_denormals;
    Generator generator(model, 1, voices);
    const auto n = static_cast<std::size_t>(voices), frame = static_cast<std::size_t>(model->config.tiers.back().frame);
    const std::vector<Sampling> chances(n);
    std::vector<float> samples(n);
    std::vector<double> times;
    const auto run = [&](double until, std::size_t fewest) {
        times.clear();
        times.reserve(1 << 20);
        const auto start = Clock::now();
        for (auto before = start; times.size() % frame || times.size() < fewest ||
                                  std::chrono::duration<double>(before - start).count() < until;) {
            generator.next(chances, samples);
            const auto now = Clock::now();
            times.push_back(std::chrono::duration<double, std::micro>(now - before).count());
            before = now;
        }
    };
    run(seconds / 10, 2 * frame);
    run(seconds, fewest_steps);
    return times;
}

double quantile(std::vector<double> values, double share) {  // the least value that so large a share does not pass
    const auto at = std::ceil(share * static_cast<double>(values.size())) - 1;
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::max(at, 0.0));
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

// Microseconds a step, frames' peaks and all: the median of stretches of whole frames, which one disturbance leaves be.
double typical_step(const std::vector<double>& times, std::size_t frame) {
    const std::size_t length = std::max<std::size_t>(1, times.size() / frame / stretches) * frame;
    std::vector<double> means;
    for (std::size_t at = 0; at + length <= times.size(); at += length) {
        double sum = 0;
        for (std::size_t i = at; i < at + length; ++i) sum += times[i];
        means.push_back(sum / static_cast<double>(length));
    }
    return quantile(std::move(means), 0.5);
}

// What is read again and again. Of the tables that is little: the levels of a moment are few and near each other.
double footprint_of(const Model& model) {
    const Config& config = model.config;
    const double tables = static_cast<double>(sizeof(float)) * config.tiers[0].frame * config.levels * config.dim;
    return std::max(model.bytes_per_sample(), static_cast<double>(model.bytes()) - tables);
}

Row measure(const std::shared_ptr<const Model>& model, const Machine& machine, const Subject& subject, int voices,
            double seconds) {
    const auto times = time_steps(model, voices, seconds);
    const double step = typical_step(times, static_cast<std::size_t>(model->config.tiers.back().frame)) * 1e-6;
    Row row;
    row.isa = model->kernels.isa;
    row.precision = precision_name(model->precision);
    row.sparsity = subject.sparsity;
    row.voices = voices;
    row.samples_per_second = 1 / step;
    row.real_time = row.samples_per_second / model->config.sample_rate;
    row.p50_us = quantile(times, 0.5);
    row.p999_us = quantile(times, 0.999);
    row.bytes_per_sample = model->bytes_per_sample();
    row.roofline = reading_seconds(machine, row.bytes_per_sample, footprint_of(*model)) / step;
    return row;
}

// ---------------------------------------------------------------- as text

std::string size_text(double bytes) {
    char text[32];
    const bool mega = bytes >= 1 << 20;
    std::snprintf(text, sizeof text, bytes < 10 * 1024 || (mega && bytes < 10 << 20) ? "%.1f %s" : "%.0f %s",
                  bytes / (mega ? 1 << 20 : 1024), mega ? "MB" : "KB");
    return text;
}

std::string frames_text(const Config& config, const char* between) {
    std::string text;
    for (const auto& tier : config.tiers) text += (text.empty() ? "" : between) + std::to_string(tier.frame);
    return text;
}

void print_machine(const Machine& machine) {
    std::printf("%s, %d core%s", machine.cpu.c_str(), machine.cores, machine.cores == 1 ? "" : "s");
    if (machine.l1 > 0) std::printf(", L1 %s", size_text(static_cast<double>(machine.l1)).c_str());
    const auto level = [](const char* name, std::size_t size, double rate) {
        if (size > 0) {
            std::printf(", %s %s at %.0f GB/s", name, size_text(static_cast<double>(size)).c_str(), rate * 1e-9);
        }
    };
    level("L2", machine.l2, machine.l2_rate);
    level("L3", machine.l3, machine.l3_rate);
    std::printf(", memory at %.0f GB/s\n", machine.memory_rate * 1e-9);
}

void print_subject(const Subject& subject) {
    const Config& config = subject.checkpoint.config;
    const Range hertz{.unit = Unit::hertz};
    std::printf("%s: dim %d, frames %s, %d levels, %s, ", subject.name.c_str(), config.dim,
                frames_text(config, "/").c_str(), config.levels,
                hertz.print(static_cast<float>(config.sample_rate)).c_str());
    if (subject.sparsity > 0) {
        std::printf("%.1f %% of blocks pruned\n", 100 * subject.sparsity);
    } else {
        std::printf("dense\n");
    }
}

void print_head() {
    std::printf("\n%-11s %-9s %6s %12s %10s %10s %10s %12s %9s\n", "isa", "precision", "voices", "samples/s",
                "real time", "p50 us", "p99.9 us", "bytes/sample", "roofline");
}

void print_row(const Row& row) {
    const auto us = [](double value) { return value < 10 ? 2 : value < 100 ? 1 : 0; };
    std::printf("%-11s %-9s %6d %12.0f %8.2f x %10.*f %10.*f %12.0f %7.0f %%\n", row.isa.c_str(), row.precision.c_str(),
                row.voices, row.samples_per_second, row.real_time, us(row.p50_us), row.p50_us, us(row.p999_us),
                row.p999_us, row.bytes_per_sample, 100 * row.roofline);
    std::fflush(stdout);
}

void print_breakdown(const Subject& subject, double seconds) {
    std::vector<std::vector<Stage>> columns;
    std::printf("\n%-24s", kernels().isa);
    for (const auto precision : precisions) {
        columns.push_back(profile(subject.checkpoint, precision, kernels(), 1, seconds));
        std::printf("%19s", precision_name(precision));
    }
    const auto line = [&](const char* name, const auto& us_of) {
        std::printf("\n%-24s", name);
        for (const auto& stages : columns) {
            double whole = 0;
            for (const auto& stage : stages) whole += stage.us;
            std::printf("%8.2f us %5.1f %%", us_of(stages, whole), 100 * us_of(stages, whole) / whole);
        }
    };
    for (std::size_t i = 0; i < columns[0].size(); ++i) {
        line(columns[0][i].name.c_str(), [&](const auto& stages, double) { return stages[i].us; });
    }
    line("a sample", [](const auto&, double whole) { return whole; });
    std::printf("\n");
}

// ---------------------------------------------------------------- as JSON

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
        const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
        out += plain ? std::string(1, c) : escape;
    }
    return out + "\"";
}

void print_json(const Machine& machine, const Subject& subject, const std::vector<Row>& rows) {
    const Config& config = subject.checkpoint.config;
    std::printf(
        "{\"machine\": {\"cpu\": %s, \"cores\": %d, \"l1_bytes\": %zu, \"l2_bytes\": %zu, \"l3_bytes\": %zu, "
        "\"l2_bytes_per_second\": %.4g, \"l3_bytes_per_second\": %.4g, \"memory_bytes_per_second\": %.4g},\n",
        quoted(machine.cpu).c_str(), machine.cores, machine.l1, machine.l2, machine.l3, machine.l2_rate,
        machine.l3_rate, machine.memory_rate);
    std::printf(
        " \"model\": {\"name\": %s, \"dim\": %d, \"frames\": [%s], \"levels\": %d, \"sample_rate\": %.10g, "
        "\"sparsity\": %.4g},\n \"rows\": [",
        quoted(subject.name).c_str(), config.dim, frames_text(config, ", ").c_str(), config.levels, config.sample_rate,
        subject.sparsity);
    const char* between = "\n";
    for (const auto& row : rows) {
        std::printf(
            "%s  {\"isa\": %s, \"precision\": %s, \"sparsity\": %.4g, \"voices\": %d, "
            "\"samples_per_second\": %.6g, \"real_time\": %.6g, \"p50_us\": %.5g, \"p999_us\": %.5g, "
            "\"bytes_per_sample\": %.8g, \"roofline\": %.4g}",
            between, quoted(row.isa).c_str(), quoted(row.precision).c_str(), row.sparsity, row.voices,
            row.samples_per_second, row.real_time, row.p50_us, row.p999_us, row.bytes_per_sample, row.roofline);
        between = ",\n";
    }
    std::printf("\n]}\n");
}

}  // namespace

int bench(const BenchRequest& request) {
    try {
        const auto subject = subject_of(request);
        const auto chosen = tables();
        const auto machine = measure_machine();
        if (!request.json) {
            print_machine(machine);
            print_subject(subject);
        }
        if (request.breakdown) {
            print_breakdown(subject, request.seconds);
            return 0;
        }
        if (!request.json) print_head();
        std::vector<Row> rows;
        for (const auto* table : chosen) {
            for (const auto precision : precisions) {
                const auto model = std::make_shared<const Model>(subject.checkpoint, precision, *table);
                for (const int voices : voice_counts) {
                    rows.push_back(measure(model, machine, subject, voices, request.seconds));
                    if (!request.json) print_row(rows.back());
                }
            }
        }
        if (request.json) print_json(machine, subject, rows);
    } catch (const ModelError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}

}  // namespace legume
