// Any bytes as an OSC packet: taken apart, matched as a pattern, and put together again as they were.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>
#include <string>

#include "host/osc/osc.h"

using namespace legume;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string error;
    const auto messages = parse_osc({data, size}, error);
    if (messages.size() > static_cast<std::size_t>(osc_max_messages)) std::abort();
    for (const auto& message : messages) {
        for (const char* address : {"/tone/cutoff", "/unit/tone/cutoff", "/a", "/legume/ping"})
            osc_matches(message.address, address);
        osc_matches("/tone/{cut*,res?nance}/[a-z]*", message.address);
        const auto bytes = compose_osc(message.address, message.args);
        std::string wrong;
        const auto again = parse_osc(bytes, wrong);
        // What was taken is whole: written and read once more it has the same address and as many arguments.
        if (!bytes.empty() && wrong.empty() &&
            (again.size() != 1 || again[0].address != message.address || again[0].args.size() != message.args.size()))
            std::abort();
    }
    return 0;
}
