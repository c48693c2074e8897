# Every source is laid out as .clang-format says.
# SPDX-License-Identifier: MIT
"""usage: format_test.py CLANG_FORMAT"""
import subprocess
import sys

from sources import ROOT, report, sources


def faults(file, text):
    """clang-format's complaints about this text as this file."""
    done = subprocess.run([sys.argv[1], "--dry-run", "-Werror", "--style=file", f"--assume-filename={file}"],
                          input=text, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        return []
    lines = [line for line in done.stderr.decode().splitlines() if "error:" in line]
    return [f"{file} is not formatted; run clang-format -i {file}"] + lines[:3]


# A judge that sees nothing would pass everything.
assert not faults("graph/a.cpp", b"int* a = nullptr;\n")
assert faults("graph/a.cpp", b"int *a=nullptr;\n")

files = sources(".h", ".cpp")
report([line for file in files for line in faults(file, (ROOT / file).read_bytes())], f"{len(files)} files")
