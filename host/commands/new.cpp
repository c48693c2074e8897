// Copies what the first patch names, and nothing else, so that the folder plays wherever it is carried.
// SPDX-License-Identifier: MIT
#include "host/commands/new.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "host/commands/describe.h"
#include "host/session/open.h"
#include "host/system/command.h"
#include "host/system/paths.h"
#include "nodes/registry.h"

namespace legume {
namespace fs = std::filesystem;

int new_folder(const fs::path& folder) {
    const auto source = home_folder() / "patches" / "first.yaml";
    try {
        if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder))) {
            std::fprintf(stderr, "%s is there already and not an empty folder; name a new one\n", folder.c_str());
            return 1;
        }
        const auto checked = open_patch(source);
        if (print_problems(checked.problems)) return 1;
        std::ostringstream text;
        text << std::ifstream(source).rdbuf();
        auto patch = text.str();
        fs::create_directories(folder);
        const auto assets = home_folder() / "assets";
        for (const auto& node : checked.nodes)
            for (const auto* option : node->options()) {
                const auto* file =
                    option->type == Option::Type::file ? static_cast<const FileOption*>(option) : nullptr;
                if (!file || file->path().empty() || !fs::exists(file->path())) continue;
                const auto inside = fs::relative(file->path(), assets);
                const auto to = folder / "assets" / inside;
                fs::create_directories(to.parent_path());
                fs::copy(file->path(), to, fs::copy_options::recursive | fs::copy_options::update_existing);
            }
        for (std::size_t at = 0; (at = patch.find("../assets/", at)) != patch.npos;) patch.erase(at, 3);
        const auto write = [&](const char* name, const std::string& content) {
            return static_cast<bool>(std::ofstream(folder / name) << content << std::flush);
        };
        if (!write("first.yaml", patch) || !write("patch.schema.json", patch_schema(node_types())))
            throw fs::filesystem_error("", std::make_error_code(std::errc::io_error));
    } catch (const fs::filesystem_error& error) {
        std::fprintf(stderr, "%s cannot be written: %s; choose a folder of your own\n", folder.c_str(),
                     error.code().message().c_str());
        return 1;
    }
    std::printf("%s is yours: legume play %s\n", folder.c_str(), (folder / "first.yaml").c_str());
    return 0;
}

}  // namespace legume
