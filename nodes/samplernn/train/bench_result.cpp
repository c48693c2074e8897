// Reads the JSON with nlohmann's library.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/bench_result.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace legume::samplernn {
namespace {

// A bench of a shape has the shape for a name; that of a file says less.
NetworkShape shape_of(const nlohmann::json& model) {
    try {
        return parse_shape(model.at("name").get<std::string>());
    } catch (const ModelError&) {
        NetworkShape shape;
        shape.config.tiers.clear();
        for (const int frame : model.at("frames").get<std::vector<int>>()) shape.config.tiers.push_back({frame});
        shape.config.dim = model.at("dim").get<int>();
        shape.config.levels = model.at("levels").get<int>();
        shape.config.sample_rate = model.at("sample_rate").get<double>();
        shape.sparsity = model.at("sparsity").get<double>();
        return shape;
    }
}

}  // namespace

BenchResult read_bench(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) throw ModelError(file.string() + ": cannot be read; check its name and folder");
    BenchResult result;
    try {
        const auto json = nlohmann::json::parse(in);
        result.shape = shape_of(json.at("model"));
        result.cpu = json.at("machine").at("cpu").get<std::string>();
        for (const auto& row : json.at("rows")) {
            const auto speed = row.at("samples_per_second").get<double>();
            if (row.at("precision") != "int8" || row.at("voices") != 1 || !(speed > result.samples_per_second))
                continue;
            result.isa = row.at("isa").get<std::string>();
            result.samples_per_second = speed;
        }
    } catch (const nlohmann::json::exception&) {
        throw ModelError(file.string() + ": is not what `legume bench --shape ... --json` prints; run it there anew");
    }
    if (result.isa.empty()) throw ModelError(file.string() + ": holds no row of one voice in int8; run the bench anew");
    return result;
}

}  // namespace legume::samplernn
