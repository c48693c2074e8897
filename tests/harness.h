// Plays a small patch in memory, block by block, and measures what comes out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/compile.h"
#include "graph/control.h"
#include "graph/transport.h"
#include "tests/folder.h"

namespace legume::test {

#if defined(LEGUME_SANITIZED)
constexpr bool sanitized = true;  // tens of times slower
#else
constexpr bool sanitized = false;
#endif

using Samples = std::vector<float>;
using Channels = std::vector<Samples>;  // [channel][frame]

struct NodeText {
    std::string id, type;
    std::vector<std::pair<std::string, std::string>> settings;
};
// Throws std::runtime_error when a wire cannot be read.
Patch make_patch(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires);

// The registry; `tap`, whose In goes to the device as it is, from the first channel on; `declared`, which has what its
// file says.
NodeTypes test_types();

// What check and compile say about it, a line each.
std::vector<std::string> problems_of(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires = {});

// One schedule with everything around it, offline: jobs are run until idle after each block.
class Rig {
  public:
    struct Setup {
        double rate = 48'000;
        std::uint64_t seed = 1;
        int inputs = 0;
        int outputs = 2;
    };
    // Both throw std::runtime_error with all problems.
    Rig(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires, Setup setup);
    Rig(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires) : Rig(nodes, wires, Setup{}) {}
    Rig(Patch patch, Setup setup);
    ~Rig();

    // Plays on for at least so many frames (whole blocks). `in` feeds the device's inputs, silent where it ends.
    Channels run(std::size_t frames, const Channels& in = {});
    void set(const std::string& id, const std::string& param, float value);
    void fire(const std::string& id, const std::string& trigger, const Grid& grid = {});
    void play(const std::string& id, const std::string& notes, const NoteEvent& event);
    Node& node(const std::string& id);
    Transport& transport() { return conductor_; }
    Meter& meter(const std::string& id, const std::string& name);
    Schedule& schedule() { return *schedule_; }
    std::uint64_t frame() const { return frame_; }
    void rewind() { frame_ = 0; }  // time begins anew; the nodes are not told

    std::vector<std::string> told;
    bool trap = false;  // arm the heap trap around the audio thread's part
    int sprung = 0;     // how often it bit
    int lag = 1;        // blocks from one turn of the workers to the next: a disk that is slow

  private:
    Declaration& declaration(const std::string& id);  // of a node or the transport
    void work();
    Setup setup_;
    Store store_;
    ControlQueue control_;
    Transport conductor_;
    std::unique_ptr<Schedule> schedule_;
    std::vector<float> in_, out_;
    std::uint64_t frame_ = 0, posts_ = 0;
};

// What was decided by the clock, by "node/fate", and the same decided again before the first block.
using TimingDecisions = std::map<std::string, std::vector<TimingDecision::Answer>>;
void collect(const Schedule& schedule, TimingDecisions& into);
void replay_decisions(const Schedule& schedule, const TimingDecisions& decisions);

void write_wav(const std::filesystem::path& file, const Channels& sound, double rate);

// ---------------------------------------------------------------- sounds and measures

Samples sine(double hertz, double rate, std::size_t frames, float amplitude = 1);
Samples noise(std::size_t frames, std::uint64_t seed = 1, float amplitude = 1);  // uniform
Samples part(const Samples& x, std::size_t from, std::size_t count);

double rms(const Samples& x);
double peak(const Samples& x);
double largest_step(const Samples& x);  // between neighbours
bool finite(const Channels& x);
// The amplitude of a sine of that frequency in x (Goertzel under a Hann window); 1 for a full sine.
double amplitude_at(const Samples& x, double rate, double hertz);
double decibels(double amplitude);
// Hann-windowed magnitudes, bin k at k * rate / n; n is the largest power of two that fits.
std::vector<double> spectrum(const Samples& x);
double centroid(const Samples& x, double rate);       // Hz
double loudest_hertz(const Samples& x, double rate);  // between bins

}  // namespace legume::test
