# No folder of sources holds more files than one can look through; nodes/ holds a node a file, so it may.
# SPDX-License-Identifier: MIT
from collections import Counter

from sources import report, sources

MOST = 30


def faults(files):
    counts = Counter(file.rsplit("/", 1)[0] for file in files)
    return [f"{folder} holds {count} files; find what of them belongs together, and give it a folder ({MOST} at most)"
            for folder, count in sorted(counts.items()) if count > MOST and folder not in ("nodes", "tests/nodes")]


# A judge that sees nothing would pass everything.
assert faults([f"host/{i}.cpp" for i in range(31)]) and not faults([f"host/{i % 2}/{i}.cpp" for i in range(60)])

files = sources(".h", ".cpp", ".py", ".txt")
report(faults(files), f"{len(files)} files")
