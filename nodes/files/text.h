// A text as bytes, before it is YAML.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "graph/patch/value.h"

namespace legume {

// Whatever is no text (not UTF-8, control characters, tabs that indent): a YAML parser's words for these help nobody.
// When there is any, the text must not be read on.
Problems check_text(std::string_view text, const std::string& file);

}  // namespace legume
