// How one tensor lies in a checkpoint: as floats, as whole numbers with a scale for each row, or as blocks.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/checkpoint/safetensors.h"

// The forms are in model.h, beside Storage. All throw ModelError.
namespace legume::samplernn {

// Which entries hold each tensor. Refuses what is unknown, missing, there twice, incomplete, or of another shape or
// dtype: all that can be said without the data.
std::map<std::string, std::vector<Entry>> forms_of(const Config& config, const std::vector<Entry>& entries);

// From the pieces of one of its forms. Refuses what is not finite, scales below 0, the whole number -128, and blocks
// that are out of range or not in ascending order.
Tensor decode(const std::string& name, const Shape& shape, const std::vector<Piece>& pieces);
std::vector<Piece> encode(const std::string& name, const Tensor& tensor, Storage storage);

}  // namespace legume::samplernn
