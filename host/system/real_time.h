// Priority and memory as sound wants them. Only asked for: without permission a thread stays an ordinary one.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace legume {

// Higher goes first. A sound system's own threads mostly lie at 70 and above.
inline constexpr int audio_priority = 60, generate_priority = 5;

bool take_real_time(int priority);  // for the calling thread; whether it was permitted
bool may_take_real_time(int priority);
// Nothing of this process is written out to disk any more, once it has been touched. Not tried where the limit is a
// number: whatever goes beyond it then would fail.
bool lock_memory();
bool may_lock_memory();

}  // namespace legume
