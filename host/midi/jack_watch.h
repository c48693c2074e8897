// JACK's server as it is seen by those who hold clients of it: whether it is there, and whether it has died.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume {

// Once a client has lost its server, or was refused by one, libjack frees all clients of the process as soon as the
// next one is opened, also those that RtMidi still uses, and RtMidi opens a second time when the first try failed. So
// nothing is opened unless jack_answers(), and what was opened is kept only if it still does. When jack_died() between
// two openings, all is closed and then forget_jack() called; when it died in the course of one, nothing that was open
// before may be touched any more, not even to close it: leave_jack(). libjack then frees it, or has done so. One thread
// at a time. Without JACK in the build it always answers and never dies.
bool jack_answers();  // looks for a server if there was none; costs a few milliseconds then
bool jack_died();
void forget_jack();
void leave_jack();
void hush_jack();  // it writes several lines when its server goes

}  // namespace legume
