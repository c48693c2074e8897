// The one list of node types: a new node adds its line here, in alphabetical order.
// SPDX-License-Identifier: MIT
#include "nodes/registry.h"

#define LEGUME_NODES(X) \
    X(chorus)           \
    X(clock)            \
    X(compressor)       \
    X(convolver)        \
    X(crossfade)        \
    X(crush)            \
    X(cue)              \
    X(cut)              \
    X(dc_block)         \
    X(delay)            \
    X(distort)          \
    X(envelope)         \
    X(eq)               \
    X(filter)           \
    X(follower)         \
    X(gain)             \
    X(gate)             \
    X(granulator)       \
    X(input)            \
    X(lfo)              \
    X(limiter)          \
    X(looper)           \
    X(math)             \
    X(meter)            \
    X(midi_cc)          \
    X(midi_note)        \
    X(mix)              \
    X(morph)            \
    X(morph_spectral)   \
    X(noise)            \
    X(onset)            \
    X(osc_send)         \
    X(oscillator)       \
    X(output)           \
    X(pan)              \
    X(pitch)            \
    X(player)           \
    X(random_walk)      \
    X(recorder)         \
    X(reverb)           \
    X(sample_hold)      \
    X(sampler)          \
    X(samplernn)        \
    X(samplernn_blend)  \
    X(scale_quantise)   \
    X(scan)             \
    X(sequencer)        \
    X(shift)            \
    X(slew)             \
    X(slicer)           \
    X(spectral_blur)    \
    X(spectral_freeze)  \
    X(stereo)           \
    X(switch)           \
    X(takes)            \
    X(train)            \
    X(vector)

namespace legume {

#define X(name) extern const NodeType name##_node;
LEGUME_NODES(X)
#undef X

NodeTypes node_types() {
#define X(name) &name##_node,
    static constexpr const NodeType* types[] = {LEGUME_NODES(X)};
#undef X
    return types;
}

}  // namespace legume
