// Loads a model that no node has loaded yet.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/shared.h"

#include <string>
#include <system_error>

namespace legume::samplernn {

std::shared_ptr<const Model> shared_model(Store& store, const std::filesystem::path& file, Precision precision) {
    std::error_code none;
    const auto written = std::filesystem::last_write_time(file, none).time_since_epoch().count();
    const auto key = file.lexically_normal().string() + "\n" + std::to_string(std::filesystem::file_size(file, none)) +
                     "\n" + std::to_string(written) + "\n" + std::to_string(static_cast<int>(precision));
    return store.get<Model>(key, [&] { return std::make_shared<const Model>(read_checkpoint(file), precision); });
}

}  // namespace legume::samplernn
