// Whom a line for the player is told to: a terminal, a status line, a test.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace legume {

using Say = std::function<void(const std::string&)>;

}  // namespace legume
