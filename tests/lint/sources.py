# The source files that the lints walk, and how a lint reports.
# SPDX-License-Identifier: MIT
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("graph", "nodes", "host", "tests")


def sources(*suffixes):
    """Paths relative to the root. Walks the folders, not git's index: a new file is judged before it is added."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")
             if path.suffix in suffixes and path.is_file()]
    assert len(found) > 3, f"hardly a file ends in {suffixes} under {ROOT}"
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def report(faults, seen):
    print("\n".join(faults + [f"{seen}: {len(faults)} faults"]))
    sys.exit(bool(faults))
