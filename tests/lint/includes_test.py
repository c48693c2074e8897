# Who may include whom: each library behind one file, graph under nodes under host, and no node beside another.
# SPDX-License-Identifier: MIT
import fnmatch
import re

from sources import ROOT, report, sources

GATED = "nodes/samplernn/torch/gated.h"  # what GRU and LSTM share: tensors, so it is nobody's but the training's
TORCH = "nodes/samplernn/torch/*.cpp"  # who calls LibTorch
# Header -> the only files that may include it. Never a header of ours but that one, so that nobody else sees the library.
DOORS = {
    "sndfile.h": "nodes/sound/sound_file.cpp",
    "samplerate.h": "nodes/dsp/resampler.cpp",
    "muParser.h": "nodes/dsp/expression.cpp",
    "SoundTouch.h": "nodes/dsp/stretch.cpp",
    "avahi-*": "host/osc/announce.cpp",
    "kiss_fftr.h": "nodes/dsp/fft.cpp",
    "ebur128.h": "nodes/dsp/loudness.cpp",
    "nlohmann/*": "nodes/samplernn/train/bench_result.cpp nodes/samplernn/checkpoint/checkpoint.cpp "
                  "nodes/samplernn/checkpoint/safetensors.cpp host/osc/oscquery.cpp host/commands/schema.cpp",
    "ATen/*": TORCH + " " + GATED,
    "torch/*": TORCH + " tests/bench/reference.cpp tests/bench/plain_training.cpp",
    "portaudio.h": "host/audio/portaudio.cpp",
    "pa_*.h": "host/audio/portaudio.cpp",
    "rtmidi/*": "host/midi/rtmidi.cpp",
    "lo/*": "host/osc/liblo.cpp",
    "archive*.h": "host/pack/tar.cpp",
    "civetweb.h": "host/osc/web.cpp",
    "asio.hpp": "host/osc/socket.cpp",
    "yaml-cpp/*": "nodes/files/yaml.cpp",
    "CLI/*": "host/main.cpp host/train_main.cpp",
    "jack/*": "host/midi/jack_watch.cpp tests/live/jack.cpp",
    "doctest/*": "tests/*",
    "benchmark/*": "tests/bench/*.cpp",
    "xmmintrin.h": "graph/base/denormals.h",
    "cpuid.h": "nodes/samplernn/kernels/isa.cpp",
    "immintrin.h": "nodes/samplernn/kernels/kernels_body.h",
    "arm_neon.h": "nodes/samplernn/kernels/kernels_body.h",
}
# The system's own, free to all but graph, which is the standard library only.
SYSTEM = """arpa/inet.h dlfcn.h fcntl.h ifaddrs.h linux/futex.h linux/sock_diag.h malloc.h net/if.h netinet/in.h poll.h pthread.h sched.h spawn.h sys/* termios.h unistd.h"""

# Folder -> what of ours it may include beside its own files, from the ground up; the first line that fits decides.
NETWORK = "graph/* nodes/dsp/* nodes/files/* nodes/samplernn/checkpoint/* nodes/samplernn/kernels/* "
HOST = "graph/* nodes/files/* nodes/sound/sound_file.h host/system/* host/audio/* host/engine/* host/patch/* "
LAYERS = (
    ("graph/base/*", ""),
    ("graph/patch/*", "graph/base/*"),
    ("graph/*", "graph/base/* graph/patch/*"),
    ("nodes/dsp/*", "graph/base/*"),
    ("nodes/files/*", "graph/patch/*"),
    ("nodes/members/*", "graph/*"),
    ("nodes/sound/*", "graph/* nodes/dsp/* nodes/files/*"),
    ("nodes/samplernn/checkpoint/*", "graph/base/* nodes/dsp/* nodes/files/*"),
    ("nodes/samplernn/kernels/*", "graph/base/* graph/patch/words.h nodes/dsp/* nodes/samplernn/checkpoint/*"),
    ("nodes/samplernn/engine/*", NETWORK),
    ("nodes/samplernn/bench/*", NETWORK + "nodes/samplernn/engine/*"),
    ("nodes/samplernn/takes/*", NETWORK + "nodes/sound/* nodes/samplernn/engine/*"),
    ("nodes/samplernn/play/*", NETWORK + "nodes/members/* nodes/sound/* nodes/samplernn/engine/* nodes/samplernn/takes/*"),
    ("nodes/samplernn/train/*", NETWORK + "nodes/sound/* nodes/samplernn/engine/* nodes/samplernn/takes/*"),
    ("nodes/samplernn/torch/*", NETWORK + "nodes/sound/* nodes/samplernn/engine/* nodes/samplernn/train/*"),
    ("nodes/registry.*", "graph/node.h"),
    ("nodes/*", "graph/* nodes/dsp/* nodes/members/* nodes/sound/* nodes/samplernn/takes/picks.h"),
    ("host/system/*", "graph/*"),
    ("host/audio/*", "graph/* nodes/sound/sound_file.h host/system/*"),
    ("host/engine/*", "graph/* nodes/members/level.h nodes/sound/sound_file.h host/system/* host/audio/*"),
    ("host/patch/*", "graph/* nodes/files/* host/system/* host/engine/*"),
    ("host/pack/*", "graph/* nodes/files/* host/system/* host/patch/*"),
    ("host/control/*", "graph/* nodes/files/* host/system/* host/engine/* host/patch/*"),
    ("host/midi/*", "graph/* host/system/* host/engine/* host/patch/* host/control/*"),
    ("host/osc/*", "graph/* host/system/* host/engine/* host/patch/* host/control/*"),
    ("host/show/*", HOST + "host/control/* nodes/samplernn/checkpoint/checkpoint.h nodes/samplernn/kernels/isa.h"),
    ("host/session/*", HOST + "nodes/registry.h host/pack/* host/control/* host/midi/* host/osc/* host/show/*"),
    ("host/commands/models/picture.*", "nodes/files/* nodes/samplernn/takes/measure.h"),
    ("host/commands/*", HOST + "nodes/registry.h nodes/samplernn/* host/pack/* host/control/* host/midi/* host/osc/* "
                               "host/show/* host/session/*"),
    ("host/*", HOST + "nodes/registry.h nodes/samplernn/* host/*"),
    ("tests/*", "graph/* nodes/* host/*"),
)
# What is linked into legume-train alone: nothing that legume needs may call it.
TRAINERS = "nodes/samplernn/torch/* host/train_main.cpp tests/*"

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
        files, allowed = next(((files, headers) for files, headers in LAYERS if fits(file, files)), ("", ""))
        own = fits(header, files)
        if files in ("graph/*", "nodes/*", "host/*"):  # this folder alone, and no node beside another
            same = file.rsplit(".", 1)[0] == header.rsplit(".", 1)[0] if files == "nodes/*" else "/" not in header[6:]
            own = own and header.endswith(".h") and same
        if not own and not fits(header, allowed):
            return f'"{header}" is none of what this file may include: its own folder, {allowed}'
        if header == GATED and not fits(file, TORCH):
            return f'"{header}" includes LibTorch, so it is only for {TORCH}'
        if fits(header, "nodes/samplernn/torch/*") and not fits(file, TRAINERS):
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


# A judge that sees nothing would pass everything: each line bites on every folder that it does not name.
for folder, allowed in LAYERS:
    for other, _ in LAYERS:
        file, header = folder.replace("*", "x.cpp"), other.replace("*", "y.h").replace("..", ".")
        if not fits(header, allowed) and not fits(header, folder):
            assert fault(file, f'#include "{header}"'), f"{file} may not include {header}, and nobody noticed"
for file, line in (
    ("graph/node.h", '#include "nodes/members/level.h"'),
    ("graph/base/ring.h", '#include "graph/node.h"'),
    ("graph/node.cpp", "#include <unistd.h>"),
    ("nodes/gain.cpp", '#include "host/engine/runner.h"'),
    ("nodes/gain.cpp", '#include "nodes/registry.h"'),
    ("nodes/gain.cpp", '#include "nodes/mix.cpp"'),
    ("nodes/gain.cpp", '#include "level.h"'),
    ("nodes/sound/sound_file.h", "#include <sndfile.h>"),
    ("nodes/player.cpp", "  #  include <sndfile.h>"),
    ("nodes/dsp/fade.h", '#include "graph/node.h"'),
    ("nodes/samplernn/engine/engine.cpp", "#include <torch/torch.h>"),
    ("nodes/samplernn/engine/engine.cpp", '#include "nodes/samplernn/play/stream.h"'),
    ("nodes/samplernn/play/samplernn.cpp", '#include "nodes/samplernn/torch/network.h"'),
    ("host/commands/models/report.cpp", '#include "nodes/samplernn/torch/network.h"'),
    ("nodes/samplernn/torch/tiers.h", '#include "nodes/samplernn/torch/gated.h"'),
    ("nodes/samplernn/torch/tiers.h", "#include <ATen/ATen.h>"),
    ("host/train_main.cpp", '#include "nodes/samplernn/torch/gated.h"'),
    ("host/engine/runner.cpp", '#include "host/session/play.h"'),
    ("host/midi/router.cpp", '#include "host/osc/router.h"'),
    ("host/session/play.cpp", '#include "nodes/samplernn/checkpoint/checkpoint.h"'),
    ("host/session/play.cpp", "#include <boost/any.hpp>"),
    ("host/session/play.cpp", '#include "tests/harness.h"'),
):
    assert fault(file, line), f"{file} may not say {line}, and nobody noticed"

files = sources(".h", ".cpp")
report([f"{file}:{number}: {wrong}" for file in files
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1)
        if (wrong := fault(file, line))], f"{len(files)} files")
