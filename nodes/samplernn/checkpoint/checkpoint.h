// A SampleRNN as data: its config, its weights, and the safetensors file that carries both.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nodes/samplernn/checkpoint/cell.h"

namespace legume::samplernn {

class ModelError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr int max_levels = 4096;

enum class Quantiser { mu_law, linear };
enum class FrameScale { theano, unisound };  // u = 2 (x / (Q/2) - 1), or x / Q - 2
// What the engine computes with. int4 is int8 with 4-bit weights in the frame tiers.
enum class Precision { fp32, int8, int4 };
const char* precision_name(Precision precision);  // as the patch has it
constexpr Precision without_int4(Precision p) { return p == Precision::int4 ? Precision::int8 : p; }
inline constexpr double int8_may_cost = 0.02;  // bits a sample

// One frame tier. tiers[0] is the lowest (smallest frame), as in the checkpoint's names `tier.{i}`.
struct Tier {
    int frame = 4;  // samples; a multiple of the tier below's
    Cell cell = Cell::gru;
    int layers = 1;  // 1 to 5
    bool operator==(const Tier&) const = default;
};

struct Config {
    std::vector<Tier> tiers{{4},
                            {16}};  // 1 to 3 of them (a "3-tier" SampleRNN has two frame tiers and the sample tier)
    int dim = 256;                  // D
    int levels = 256;               // Q
    int embedding = 256;            // E
    Quantiser quantiser = Quantiser::mu_law;
    double sample_rate = 16'000;
    FrameScale frame_scale = FrameScale::theano;
    bool top_projection = true;   // the top tier's input is projected to D before its cell
    bool biases = true;           // outside the cells
    bool relu_after_sum = false;  // after embedding conv + conditioning
    int hidden = 2;               // D x D layers after that
    bool reset_after = true;      // GRU: reset gate after the matmul (PyTorch), or before it (TF1)
    bool learned_h0 = true;
    bool skip = false;  // skip connections between a tier's layers: the output is the sum of all layers' h

    // About the run that made it.
    std::int64_t step = 0;
    double age = 0;  // share of the run's updates, 0..1
    std::string corpus_hash;
    std::optional<double> held_out_nll;  // bits a sample
    std::optional<double> int8_cost;     // bits a sample that int8 was measured to lose against fp32; may be below 0

    // int8 where it was measured to cost no more than it may. A file says so and no stopwatch: the same on every
    // machine.
    Precision precision() const;

    void validate() const;  // throws ModelError: dims absurd, frames that do not divide, ...
    std::string json() const;
    std::vector<std::pair<std::string, std::string>> settings() const;  // by their names in a patch
    static Config from_json(const std::string& text);                   // throws ModelError; unknown keys are an error
};

std::int64_t count(const Shape& dims);  // values; of bounded dims

struct Tensor {
    Shape shape;
    std::vector<float> values;  // row major
    bool pruned = false;        // stored and played as blocks of 16 rows x 4 columns, those that are not all zero
};
// Names and shapes (PyTorch's layout; G gates, which the kind of cell says):
//   tier.{i}.input.weight [D, frame] and .bias [D]   (the top tier has none without top_projection)
//   tier.{i}.h0 [layers, D]                          (with learned_h0; likewise of the cell's other states)
//   tier.{i}.cell.{k}.w_ih [G D, in] and .b_ih [G D], and the cell's others; in = D, or the frame for the top tier's
//     layer 0 without top_projection
//   tier.{i}.up.weight [R D, D] and .bias [R D]      R = frame / frame of the tier below (tier 0: frame); row r*D + d
//   sample.embedding [Q, E]; sample.conv [D, E, F] (F = tiers[0].frame, tap F-1 is the newest), sample.conv_bias [D]
//   sample.hidden.{i}.weight [D, D] and .bias [D]; sample.out.weight [Q, D] and .bias [Q]
using Tensors = std::map<std::string, Tensor>;

// The names and shapes that a config asks for.
std::map<std::string, Shape> expected_shapes(const Config&);
std::int64_t parameters(const Config&);                        // the values of all of them
inline constexpr std::size_t block_rows = 16, block_cols = 4;  // of a pruned matrix: all of them zero, or stored
// The matrices that may be pruned: the cells', up.weight, the hidden weights and out.weight, where they have D columns,
// a multiple of 4, and a multiple of 16 rows.
std::set<std::string> prunable_tensors(const Config&);

struct Checkpoint {
    Config config;
    Tensors tensors;
};
// Matrices as floats, or (int8) as whole numbers with one scale for each row; what has one dimension is F32 then.
enum class Storage { f32, f16, int8 };

// The file is safetensors with `legume.format` ("1") and `legume.config` (JSON) in its metadata. A tensor NAME lies in
// it in one of three forms:
//   NAME          F32 or F16, of the tensor's shape
//   NAME.q        I8, of the tensor's shape, and NAME.scale, F32 [first dim]: value = q * scale[row], |q| <= 127,
//                 scale >= 0. Written with scale = max |row| / 127, in double, then a float, and q to nearest even
//   NAME.blocks   F32, F16, or I8 with NAME.scale, [n, 16, 4], block[row][column], and NAME.index, U16 [n, 2]: each
//                 block's panel (row / 16) and group (column / 4), ascending; n may be 0. Of pruned tensors, whose
//                 blocks that are all zero are left out

// Both throw ModelError with the reason. Reading checks every offset, size, shape and value (non-finite is refused);
// a block that is not in range or not after the one before it is refused, and a tensor in two forms or half of one.
Checkpoint read_checkpoint(const std::filesystem::path& file);
Config read_config(const std::filesystem::path& file);  // the header alone, with all its checks
// To a temporary name beside it, fsync, rename: a reader never sees half a file. Same checkpoint, same bytes.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint&, Storage);
Checkpoint as_stored(Checkpoint, Storage);  // as it would come back, without a file; throws as writing does

// A folder's, or its checkpoints/'s, in the order of the steps in their names. Throws ModelError when there are none.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& folder);
// The one of a run that predicts held-out sound best. Throws ModelError when none was measured.
std::filesystem::path find_best(const std::filesystem::path& folder);
// A model option names a file, or a folder, which means the last of find_checkpoints; FOLDER/best means find_best.
std::filesystem::path find_checkpoint(const std::filesystem::path& file_or_folder);  // throws ModelError

}  // namespace legume::samplernn
