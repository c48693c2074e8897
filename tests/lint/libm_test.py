# No object of graph or of the nodes calls libm, whose last bits differ from machine to machine.
# SPDX-License-Identifier: MIT
"""usage: libm_test.py NM LIBM PROGRAM_THAT_CALLS_LIBM OBJECTS_AND_ARCHIVES...

What libm defines it says itself, so that no function is forgotten. The program is there to be caught."""
import subprocess
import sys

from sources import report


def symbols(*command):
    """symbol -> the object it was seen in; versions (sin@GLIBC_2.2.5) are cut off."""
    found, owner = {}, ""
    for line in subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines():
        if line.endswith(":"):
            owner = line[:-1]
        elif line:
            found.setdefault(line.split()[-1].split("@")[0], owner)
    return found


nm, libm, caller, *objects = sys.argv[1:]
libm_symbols = {name for name in symbols(nm, "-D", "--defined-only", libm) if not name.startswith("_")}
assert {"sin", "cosf", "pow", "floor", "lrintf", "fmod", "tanh"} <= libm_symbols, f"{libm} is not libm"
assert libm_symbols & symbols(nm, "-u", caller).keys(), f"{caller} calls libm, and nobody noticed"
assert objects

report([f"{owner or path} calls {name}; take it from graph/math.h" for path in objects
        for name, owner in symbols(nm, "-u", path).items() if name in libm_symbols], f"{len(objects)} objects")
