// One set of texts at a time, each thread its own.
// SPDX-License-Identifier: MIT
#include "host/patch/texts.h"

#include <fstream>
#include <iterator>

#include "nodes/files/not_a_file.h"

namespace legume {
namespace {

thread_local const Texts* given = nullptr;

}  // namespace

ReadFrom::ReadFrom(const Texts& texts) { given = &texts; }
ReadFrom::~ReadFrom() { given = nullptr; }
const Texts* ReadFrom::now() { return given; }

std::optional<std::string> read_text(const std::filesystem::path& file) {
    if (given) {
        const auto found = given->find(file.string());
        return found != given->end() ? std::optional(found->second) : std::nullopt;
    }
    if (not_a_file(file)) return {};
    std::ifstream in(file, std::ios::binary);
    std::error_code error;
    if (!in || std::filesystem::is_directory(file, error)) return {};
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

}  // namespace legume
