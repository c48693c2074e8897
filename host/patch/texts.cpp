// What a show kept is all there is: what it lacks was not there.
// SPDX-License-Identifier: MIT
#include "host/patch/texts.h"

#include <fstream>
#include <iterator>

#include "nodes/files/not_a_file.h"

namespace legume {

std::optional<std::string> read_text(const std::filesystem::path& file, const Texts* kept) {
    if (kept) {
        const auto found = kept->find(file.string());
        return found != kept->end() ? std::optional(found->second) : std::nullopt;
    }
    if (not_a_file(file)) return {};
    std::ifstream in(file, std::ios::binary);
    std::error_code error;
    if (!in || std::filesystem::is_directory(file, error)) return {};
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

}  // namespace legume
