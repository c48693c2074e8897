# Every type is defined once under its name: two of one name in one namespace are undefined behaviour that no linker tells.
# SPDX-License-Identifier: MIT
import re

from sources import ROOT, report, sources

OPENS = re.compile(r"(?:inline )?namespace(?: ([\w:]+))? \{")
CLOSES = re.compile(r"\}  // namespace")
TYPE = re.compile(r"(?:template <.*> )?(?:class|struct|union|enum class|enum)(?: alignas\(\w+\))? (\w+)(?: final)?(?: : .*)?(?: \{|$)")


def types(text):
    """Names of the types that a file defines for all to see, with their namespaces; laid out as .clang-format says."""
    around = []
    for line in text.splitlines():
        if opened := OPENS.match(line):
            around.append(opened.group(1) or "")
        elif CLOSES.match(line):
            around.pop()
        elif (found := TYPE.match(line)) and not line.rstrip().endswith(";") and "" not in around:
            yield "::".join(around + [found.group(1)])
        elif found and "{" in line and "" not in around:  # on one line
            yield "::".join(around + [found.group(1)])


def faults(texts):
    places = {}
    for file, text in texts.items():
        for name in types(text):
            places.setdefault(name, []).append(file)
    return [f"{name} is defined in {' and in '.join(files)}; give one of them another name, or an unnamed namespace"
            for name, files in sorted(places.items()) if len(files) > 1]


# A judge that sees nothing would pass everything.
ONE = "namespace legume {\nclass Stream {\n};\n}  // namespace legume\n"
assert faults({"a.h": ONE, "b.h": ONE})
assert faults({"a.h": ONE, "b.h": ONE.replace("class Stream {", "struct Stream final : Base {")})
assert faults({"a.h": ONE, "b.h": ONE.replace("class Stream {\n};", "struct Stream { int a; };")})
assert not faults({"a.h": ONE, "b.h": ONE.replace("legume", "legume::dsp")})
assert not faults({"a.h": ONE, "b.h": ONE.replace("class Stream {\n};", "class Stream;")})
assert not faults({"a.h": ONE, "b.cpp": ONE.replace("class", "namespace {\nclass").replace("};", "};\n}  // namespace")})

files = [file for file in sources(".h", ".cpp") if not file.startswith("tests/")]
seen = {file: (ROOT / file).read_text(encoding="utf-8") for file in files}
assert sum(1 for text in seen.values() for _ in types(text)) > 200
report(faults(seen), f"{len(files)} files")
