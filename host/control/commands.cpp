// Looks a command up and says what is wrong when there is none.
// SPDX-License-Identifier: MIT
#include "host/control/commands.h"

#include <algorithm>
#include <utility>

#include "graph/patch/words.h"

namespace legume {

std::string Commands::run(std::string_view name, const CommandArguments& arguments, From from, Answer answer) const {
    const auto found =
        std::find_if(all_.begin(), all_.end(), [&](const Command& command) { return command.name == name; });
    if (found == all_.end()) {
        std::vector<std::string> names;
        for (const auto& command : all_) names.push_back(command.name);
        const auto near = nearest(name, names);
        return "nothing answers at /legume/" + std::string(name) +
               (near.empty() ? "; there are " + join(names) : "; did you mean /legume/" + near + "?");
    }
    if (from == From::network && !found->network)
        return "/legume/" + std::string(name) + " is answered to this computer alone";
    if (!answer) answer = [](const std::string&) {};
    return found->begin ? found->begin(arguments, std::move(answer)) : found->run(arguments);
}

}  // namespace legume
