// JACK's server as it is seen by those who hold clients of it: whether it is there, and whether it has died.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume {

// libjack frees what a process holds of a server that died as soon as the process opens a client on the next one, also
// what RtMidi still uses. So nothing is opened unless jack_answers(); and after jack_died() all is closed, and only
// then forgotten. Control thread. Without JACK in the build it always answers and never dies.
bool jack_answers();  // looks for a server if there was none; costs a few milliseconds then
bool jack_died();
void forget_jack();
void hush_jack();  // it writes several lines when its server goes

}  // namespace legume
