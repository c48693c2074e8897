// What a listener would say of a sound at once: how loud it is, whether it clicks, whether it is broken.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "nodes/sound/sound_file.h"

namespace legume::test {

// When, in seconds, one channel clicks: within a millisecond something swings above 12 kHz, beyond -60 dBFS and by 20
// dB more than it does in the median of the half second around. Music that was made at 16 kHz has nothing to say up
// there; a wave that is cut or that jumps has. Noise and strokes that are full of treble are no clicks.
std::vector<double> clicks(const std::vector<float>& x, double rate);

struct Analysis {
    double seconds = 0;
    float lufs = 0, true_peak = 0;  // integrated; dB
    double offset = 0;              // the mean of the channel that stands farthest off the middle
    bool finite = true;
    std::vector<double> clicks;  // of all channels
};
Analysis analyse(const Sound& sound);

}  // namespace legume::test
