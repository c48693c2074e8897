// Any bytes as a show's log: it is read up to where it is whole, or refused.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>

#include "host/show/line.h"
#include "host/show/show.h"
#include "host/system/command.h"

using namespace legume;

namespace {

// What has been read once is within its limits.
void read(std::string_view log) {
    try {
        const auto show = read_show(log, "show.log");
        const bool sound = show.rate > 0 && show.outputs >= 1 && show.outputs <= max_channels && show.inputs >= 0 &&
                           show.inputs <= max_channels && !show.edits.empty();
        if (!sound) std::abort();
        for (const auto& [key, answers] : show.decisions)
            for (std::size_t i = 1; i < answers.size(); ++i)
                if (key.first.edit >= show.edits.size() || answers[i - 1].at > answers[i].at) std::abort();
    } catch (const CommandError&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read(bytes);
    // The same bytes as the words of lines whose sums are right, behind a sound beginning.
    std::string log = LineWriter().word("legume-show").number(show_format).word("0").finish() +
                      LineWriter().word("device").word("d").number(48'000).number(64).number(0).number(2).finish() +
                      LineWriter().word("text").word("p").word("t").finish() +
                      LineWriter().word("edit").word("p").word("p").finish();
    LineWriter line;
    std::string word;
    for (const char c : bytes) {
        if (c != ' ' && c != '\n') {
            word += c;
            continue;
        }
        line.word(word);
        word.clear();
        if (c == '\n') {
            log += line.finish();
            line = {};
        }
    }
    log += line.word(word).finish();
    read(log);
    return 0;
}
