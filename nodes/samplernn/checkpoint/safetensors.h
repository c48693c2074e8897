// The safetensors container: named arrays behind a JSON header, believed only as far as they fit the file.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

enum class Dtype { f32, f16, i8, u16 };  // all little endian

inline constexpr std::int64_t values_cap = std::int64_t{1} << 29;  // of all tensors, or of the engine's tables

std::size_t width(Dtype dtype);  // bytes
std::string print(const Shape& dims);

struct Entry {
    std::string name;
    Dtype dtype = Dtype::f32;
    Shape shape;
    std::uint64_t begin = 0, end = 0;  // in the data behind the header
};
struct Piece {
    std::string name;
    Dtype dtype = Dtype::f32;
    Shape shape;
    std::string bytes;
};

// Everything here throws ModelError with the reason, without the file's name.
class SafetensorsFile {
  public:
    explicit SafetensorsFile(const std::filesystem::path& file);
    std::map<std::string, std::string> metadata() const;
    // In the order of the data, which they cover without holes, overlaps or a rest; each as long as its shape says.
    std::vector<Entry> entries() const;
    Piece read(const Entry& entry);

  private:
    std::ifstream in_;
    std::string header_;
    std::uint64_t data_ = 0, data_size_ = 0;  // where the data begins in the file, and its bytes
};

// To a temporary name beside it, fsync, rename. Wider values come first, so that all are aligned.
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                       std::vector<Piece> pieces);

}  // namespace legume::samplernn
