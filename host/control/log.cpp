// One line a stamp, in words that a player can read.
// SPDX-License-Identifier: MIT
#include "host/control/log.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace legume {

Log::Log(const std::filesystem::path& file, Runner& runner) : runner_(runner), file_(std::fopen(file.c_str(), "w")) {
    if (!file_)
        throw std::runtime_error(file.string() + " cannot be written: " + std::strerror(errno) +
                                 "; look at --log's folder");
    std::error_code error;
    const auto patch = std::filesystem::absolute(runner.patch().file, error).lexically_normal();
    std::fprintf(file_, "# legume log of %s\n# frame seconds target value glide\n", patch.c_str());
    runner.on_applied = [this](const Applied& applied) { write(applied); };
}

Log::~Log() {
    runner_.on_applied = nullptr;
    std::fclose(file_);
}

void Log::write(const Applied& applied) {
    std::fprintf(file_, "%llu %.6f %s ", static_cast<unsigned long long>(applied.frame),
                 static_cast<double>(applied.frame) / runner_.rate(), applied.target.c_str());
    if (applied.kind == Member::Kind::trigger)
        std::fprintf(file_, "fire own\n");
    else if (applied.kind == Member::Kind::notes)
        std::fprintf(file_, "note own\n");
    else if (applied.seconds < 0)
        std::fprintf(file_, "%.9g own\n", static_cast<double>(applied.value));
    else
        std::fprintf(file_, "%.9g %.9g\n", static_cast<double>(applied.value), static_cast<double>(applied.seconds));
    std::fflush(file_);  // a show may end with the plug
}

}  // namespace legume
