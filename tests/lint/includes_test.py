# Who may include whom: each library behind one file, graph under nodes under host, and no node beside another.
# SPDX-License-Identifier: MIT
import fnmatch
import re

from sources import ROOT, report, sources

TORCH = """nodes/samplernn/cudnn.cpp nodes/samplernn/gated.cpp nodes/samplernn/live_blocks.cpp nodes/samplernn/min_gru.cpp
    nodes/samplernn/network.cpp nodes/samplernn/sample_tier.cpp nodes/samplernn/tiers.cpp
    nodes/samplernn/weight_norm.cpp"""  # who calls LibTorch
# Header -> the only files that may include it. Never a header of ours, so that nobody else sees the library.
DOORS = {
    "sndfile.h": "nodes/sound_file.cpp",
    "samplerate.h": "nodes/dsp/resampler.cpp",
    "muParser.h": "nodes/dsp/expression.cpp",
    "SoundTouch.h": "nodes/dsp/stretch.cpp",
    "avahi-*": "host/osc/announce.cpp",
    "kiss_fftr.h": "nodes/dsp/fft.cpp",
    "ebur128.h": "nodes/dsp/loudness.cpp",
    "nlohmann/*": "nodes/samplernn/bench_result.cpp nodes/samplernn/model.cpp nodes/samplernn/safetensors.cpp "
                  "host/osc/oscquery.cpp host/patch/schema.cpp",
    "ATen/*": TORCH,
    "torch/*": TORCH + " tests/bench/reference.cpp tests/bench/plain_training.cpp",
    "portaudio.h": "host/audio/portaudio.cpp",
    "pa_*.h": "host/audio/portaudio.cpp",
    "rtmidi/*": "host/midi/rtmidi.cpp",
    "lo/*": "host/osc/liblo.cpp",
    "archive*.h": "host/pack/tar.cpp",
    "civetweb.h": "host/osc/web.cpp",
    "asio.hpp": "host/osc/socket.cpp",
    "yaml-cpp/*": "host/patch/yaml.cpp",
    "CLI/*": "host/main.cpp",
    "jack/*": "host/midi/jack_watch.cpp tests/live/jack.cpp",
    "doctest/*": "tests/*",
    "benchmark/*": "tests/bench/*.cpp",
    "xmmintrin.h": "graph/denormals.h",
    "cpuid.h": "nodes/samplernn/isa.cpp",
    "immintrin.h": "nodes/samplernn/kernels_body.h",
    "arm_neon.h": "nodes/samplernn/kernels_body.h",
}
# The system's own, free to all but graph, which is the standard library only.
SYSTEM = """arpa/inet.h dlfcn.h fcntl.h ifaddrs.h linux/futex.h linux/sock_diag.h malloc.h net/if.h netinet/in.h poll.h pthread.h sched.h spawn.h sys/* termios.h unistd.h"""

# File -> what of ours it may include; the first line that fits decides.
LAYERS = (
    ("graph/*", "graph/*"),
    ("nodes/dsp/*", "graph/denormals.h graph/math.h graph/rt.h nodes/dsp/*"),
    ("nodes/level.h", "graph/*"),
    ("nodes/sync.h", "graph/*"),
    ("nodes/registry.*", "graph/node.h nodes/registry.h"),
    ("nodes/sound_file.*", "nodes/sound_file.h"),
    ("nodes/held_sound.*", "graph/* nodes/sound_file.h nodes/held_sound.h nodes/dsp/*"),
    ("nodes/tracks.*", "nodes/sound_file.h nodes/tracks.h"),
    ("nodes/sound_stream.*", "graph/* nodes/sound_file.h nodes/held_sound.h nodes/sound_stream.h"),
    ("nodes/stream_head.h", "graph/* nodes/sound_stream.h nodes/dsp/*"),
    ("nodes/training_run.*", "nodes/sound_file.h nodes/samplernn/take.h nodes/training_run.h"),
    ("nodes/samplernn/*", "graph/* nodes/level.h nodes/sound_file.h nodes/dsp/* nodes/samplernn/*"),
    ("nodes/*", "graph/* nodes/law.h nodes/level.h nodes/sync.h nodes/sound_file.h nodes/held_sound.h "
                "nodes/sound_stream.h nodes/stream_head.h nodes/tracks.h nodes/training_run.h nodes/dsp/*"),
    ("host/train_main.cpp", "graph/* host/* nodes/sound_file.h nodes/samplernn/*"),
    ("host/models/picture.*", "host/models/picture.h nodes/samplernn/measure.h"),
    ("host/models/*", "graph/* host/* nodes/sound_file.h nodes/samplernn/*"),
    ("host/show/*", "graph/* host/* nodes/registry.h nodes/sound_file.h nodes/samplernn/isa.h "
                    "nodes/samplernn/model.h nodes/samplernn/sha256.h"),
    ("host/pack/*", "graph/* host/* nodes/samplernn/sha256.h"),
    ("host/changeover.*", "graph/* host/* nodes/level.h"),
    ("host/*", "graph/* host/* nodes/registry.h nodes/sound_file.h nodes/samplernn/whole_file.h"),
    ("tests/*", "graph/* nodes/* host/* tests/*"),
)
# What is linked into legume-train alone; nothing that legume needs may call it.
TRAINING = """nodes/samplernn/live_blocks.h nodes/samplernn/network.h nodes/samplernn/reading.h
    nodes/samplernn/recurrence.h nodes/samplernn/sample_tier.h nodes/samplernn/team.h
    nodes/samplernn/tiers.h nodes/samplernn/trainer.h nodes/samplernn/weight_norm.h"""
TRAINERS = """nodes/samplernn/cudnn.cpp nodes/samplernn/gated.cpp nodes/samplernn/live_blocks.* nodes/samplernn/min_gru.cpp
    nodes/samplernn/network.cpp nodes/samplernn/reading.* nodes/samplernn/recurrence.h nodes/samplernn/sample_tier.* nodes/samplernn/team.cpp nodes/samplernn/tiers.*
    nodes/samplernn/trainer.cpp nodes/samplernn/weight_norm.cpp host/train_main.cpp tests/*"""

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def fits(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split())


def fault(file, line):
    """What is wrong with this line of this file, or None."""
    found = INCLUDE.match(line)
    if not found:
        return None
    quote, header = found.groups()
    if quote == '"':
        allowed = next((headers for files, headers in LAYERS if fits(file, files)), "")
        if not fits(header, allowed):
            return f'"{header}" is none of what this file may include: {allowed}'
        if fits(header, TRAINING) and not fits(file, TRAINERS):
            return f'"{header}" is for training alone, so only for {TRAINERS}'
        return None
    if re.fullmatch("[a-z_0-9]+", header):  # the standard library
        return None
    for headers, files in DOORS.items():
        if fits(header, headers):
            return None if fits(file, files) else f"<{header}> may be included by {files} alone"
    if fits(header, SYSTEM):
        return f"<{header}>: graph is the standard library only" if file.startswith("graph/") else None
    return f"<{header}> is in no table; name the one file that wraps it in {__file__}"


# A judge that sees nothing would pass everything.
for file, line in (
    ("graph/node.h", '#include "nodes/level.h"'),
    ("graph/node.cpp", "#include <unistd.h>"),
    ("nodes/gain.cpp", '#include "host/runner.h"'),
    ("nodes/gain.cpp", '#include "nodes/registry.h"'),
    ("nodes/gain.cpp", '#include "nodes/mix.cpp"'),
    ("nodes/gain.cpp", '#include "level.h"'),
    ("nodes/sound_file.h", "#include <sndfile.h>"),
    ("nodes/player.cpp", "  #  include <sndfile.h>"),
    ("nodes/dsp/fade.h", '#include "graph/node.h"'),
    ("nodes/samplernn/engine.cpp", "#include <torch/torch.h>"),
    ("nodes/samplernn/samplernn.cpp", '#include "nodes/samplernn/network.h"'),
    ("host/play.cpp", '#include "nodes/samplernn/model.h"'),
    ("host/play.cpp", "#include <boost/any.hpp>"),
    ("host/play.cpp", '#include "tests/harness.h"'),
):
    assert fault(file, line), f"{file} may not say {line}, and nobody noticed"

files = sources(".h", ".cpp")
report([f"{file}:{number}: {wrong}" for file in files
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1)
        if (wrong := fault(file, line))], f"{len(files)} files")
