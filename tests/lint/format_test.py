# Every source is laid out as .clang-format says.
# SPDX-License-Identifier: MIT
"""usage: format_test.py CLANG_FORMAT"""
import subprocess
import sys

from sources import ROOT, report, sources


def run(*arguments, text=None):
    """clang-format's complaints."""
    done = subprocess.run([sys.argv[1], "--dry-run", "-Werror", "--style=file", *arguments], input=text, cwd=ROOT,
                          capture_output=True, check=False)
    return [line for line in done.stderr.decode().splitlines() if "error:" in line]


def faults(file, text):
    """The same about this text as this file."""
    lines = run(f"--assume-filename={file}", text=text)
    return lines and [f"{file} is not formatted; run clang-format -i {file}"] + lines[:3]


# A judge that sees nothing would pass everything.
assert not faults("graph/a.cpp", b"int* a = nullptr;\n")
assert faults("graph/a.cpp", b"int *a=nullptr;\n")

files = sources(".h", ".cpp")
wrong = sorted({line.split(":")[0] for line in run(*files)})  # all at once, which takes half as long
report([line for file in wrong for line in faults(file, (ROOT / file).read_bytes())], f"{len(files)} files")
