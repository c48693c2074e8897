// A model as nodes share it: one in memory for each file, as it was last written, and precision.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>

#include "graph/base/store.h"
#include "nodes/samplernn/engine/engine.h"

namespace legume::samplernn {

std::shared_ptr<const Model> shared_model(Store& store, const std::filesystem::path& file,
                                          Precision precision);  // throws ModelError

}  // namespace legume::samplernn
