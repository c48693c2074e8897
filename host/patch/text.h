// A patch as bytes, before it is YAML.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "graph/patch/patch.h"

namespace legume {

// Whatever is no text for a patch (not UTF-8, control characters, tabs that indent): a YAML parser's words for these
// help nobody. When there is any, the text must not be read on.
Problems check_text(std::string_view text, const std::string& file);

// The first comment line that is no editor's line: what you hear.
std::string first_note(std::string_view text);

}  // namespace legume
