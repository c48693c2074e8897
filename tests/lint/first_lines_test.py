# Every source says in its first line what it is, and in its second what may be done with it.
# SPDX-License-Identifier: MIT
import re

from sources import ROOT, report, sources

COMMENT = {".h": "// ", ".cpp": "// ", ".py": "# "}


def fault(file, text):
    mark = COMMENT["." + file.rsplit(".", 1)[1]]
    first, second = (text.splitlines() + ["", ""])[:2]
    if not re.fullmatch(re.escape(mark) + r"\w.*\.", first):
        return f"{file}:1: no sentence that says what this file is; write '{mark}... .'"
    if second != mark + "SPDX-License-Identifier: MIT":
        return f"{file}:2: no licence; write '{mark}SPDX-License-Identifier: MIT'"
    return None


# A judge that sees nothing would pass everything.
LICENCE = "// SPDX-License-Identifier: MIT\n"
assert not fault("a.h", "// A thing.\n" + LICENCE)
assert not fault("a.py", "# A thing.\n# SPDX-License-Identifier: MIT\n")
for text in ("", LICENCE, "#pragma once\n", "// A thing.\n", "// A thing\n" + LICENCE,
             "// A thing that goes\n// on.\n" + LICENCE, "// A thing.\n\n" + LICENCE):
    assert fault("a.h", text), f"{text!r} went through"

files = sources(*COMMENT)
report([wrong for file in files if (wrong := fault(file, (ROOT / file).read_text(encoding="utf-8")))],
       f"{len(files)} files")
