// Renders takes of a checkpoint side by side: those that training leaves, and those that are asked for later.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

namespace legume::samplernn {

struct Rendering {
    std::filesystem::path folder;
    std::uint64_t seed = 0;
    double seconds = 2;
    bool replace = false;  // what has a take's name and another recipe; else that is an error
};
struct Voice {
    std::uint64_t number = 0;
    float temperature = 1;
};

// FOLDER/00004000-seed7-voice03-t0.9-2s.flac; its bytes follow from the checkpoint and from what is in its name.
std::filesystem::path take_file(const Rendering& rendering, std::int64_t step, const Voice& voice);

// Of the voices from `first` on, `count` are being drawn and have come so far, 0..1. False: leave off, and leave
// nothing of these behind.
using Rendered = std::function<bool(std::size_t first, std::size_t count, double part)>;

// Renders the takes that are not there yet, of voices that follow one another; gives how many were there. Throws
// ModelError with the file's name.
std::size_t render_takes(const std::filesystem::path& checkpoint, const Rendering& rendering,
                         std::span<const Voice> voices, const Rendered& rendered);

}  // namespace legume::samplernn
