// All that moves a patch from within: its controls by name, what the host does when told, scenes, cues and morphs.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/cues.h"
#include "host/control/morphs.h"
#include "host/control/scenes.h"

namespace legume {

// Control thread; the runner has a patch. What comes from outside (MIDI, OSC) is made beside it, from the same
// controls.
struct Desk {
    // `from`: so many seconds into the piece, as its cues tell the time.
    Desk(Runner& runner, const std::function<void(const std::string&)>& say, double from = 0)
        : controls(runner), scenes(controls, commands, say), cues(controls, commands, say, from), morphs(controls) {}
    Controls controls;
    Commands commands;
    Scenes scenes;
    Cues cues;
    Morphs morphs;
};

}  // namespace legume
