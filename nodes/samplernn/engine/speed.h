// How fast this machine makes a network's samples, by the clock. Nothing that must have the same bytes may ask it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "graph/base/store.h"
#include "nodes/samplernn/engine/engine.h"

namespace legume::samplernn {

struct Speed {
    double samples_per_second = 0;  // of each voice, while all of them go in step
    double real_time(const Model& model) const { return samples_per_second / model.config.sample_rate; }
};

// The best of ten stretches that take `seconds` together: what the machine can do, whoever else is on it.
Speed measure_speed(const std::shared_ptr<const Model>& model, int voices, int cores = 1, double seconds = 0.2);

// Measured once for all who hold it. A speed that is already in the store under the key is believed.
std::shared_ptr<const Speed> shared_speed(Store& store, const std::shared_ptr<const Model>& model, int voices,
                                          int cores = 1);
std::string speed_key(const Model& model, int voices, int cores = 1);  // while the model lives

// How many semitones lower a network must play to keep up; 0 when it needs not.
int semitones_down(double real_time);

// "3.4 x real time at 22.05 kHz (int8, avx512vnni)"
std::string speed_line(const Speed& speed, const Model& model, int voices, int cores = 1, int networks = 1);
// What would make it faster, the best first: "precision: int8, fewer voices, ..."
std::string speed_help(const Model& model, int voices);

}  // namespace legume::samplernn
