# What the README and the guides show holds: patches check, commands run, links lead somewhere, converters compile.
# SPDX-License-Identifier: MIT
"""usage: guides_test.py LEGUME

Each page has a scratch folder with `assets`, `patches` and `mine`, which `legume new mine` made. There its blocks are
taken in their order: of commands, those that COMMANDS knows are run; a yaml block is written into `mine` and checked. A
comment before it says what that takes beside itself, clauses with commas between them:

    <!-- check: as NAME -->       it has this name, by which later blocks may know it
    <!-- check: copy FROM TO -->  beside it stands a copy of what is in `mine`, or of a folder of assets
    <!-- check: with NAME -->     it is no whole patch: what it says is added to that one
    <!-- check: part of NAME -->  it stands in that patch, word for word
"""
import contextlib
import os
import pathlib
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LEGUME = pathlib.Path(sys.argv[1]).resolve()
MOST_LINES = 120  # of the README: what somebody reads before they begin
COMMANDS = re.compile(r"(cp|legume (check|describe|pack)) [^>]*$")

FENCE = re.compile(r"```(\w*)$")
MARK = re.compile(r"<!-- check: (.+) -->$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages():
    folders = [ROOT / name for name in ("graph", "nodes", "host", "patches", "assets", "tests")]
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])


def blocks(text):
    """(line, language, mark or "", text) of each fenced block."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if opened := FENCE.match(lines[at]):
            end = lines.index("```", at + 1)
            mark = MARK.match(lines[at - 1])
            yield at + 1, opened[1], mark[1] if mark else "", "\n".join(lines[at + 1:end]) + "\n"
            at = end
        at += 1


def prose(text):
    """The text without its blocks and without code within lines."""
    for _, _, _, block in blocks(text):
        text = text.replace(block, "")
    return re.sub(r"`[^`\n]*`", "", text)


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "assets").symlink_to(ROOT / "assets")
        shutil.copytree(ROOT / "patches", folder / "patches")
        assert run(folder, "legume new mine") == "", "legume new mine fails"
        yield folder


def run(folder, command):
    """What the command complains of, or nothing; its files are kept to the folder."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False,
                          env={"HOME": str(folder), "PATH": f"{LEGUME.parent}:{os.defpath}"})
    return "" if done.returncode == 0 else done.stderr or f"exit code {done.returncode}"


def added(patch, fragment):
    """The patch with what the fragment says put under its keys; None when the fragment begins with no key."""
    key = None
    for line in fragment.splitlines():
        if found := re.fullmatch(r"(\w+):", line):
            key = found[1]
            if not re.search(rf"^{key}:$", patch, re.MULTILINE):
                patch += f"{key}:\n"
        elif key is None:
            return None
        else:
            patch = re.sub(rf"^{key}:$", lambda place: f"{place[0]}\n{line}", patch, flags=re.MULTILINE)
    return patch


def yaml_fault(folder, name, mark, text):
    """What is wrong with this block, which nobody has named; writes it into `mine`."""
    mine = folder / "mine"
    of = None
    for clause in mark.split(", ") if mark else ():
        match clause.split():
            case ["as", given]:
                name = given
            case ["copy", source, to]:
                there = mine / source if (mine / source).exists() else folder / source
                (shutil.copytree if there.is_dir() else shutil.copy)(there, mine / to)
            case ["with", of]:
                text = added((mine / of).read_text(encoding="utf-8"), text)
                if text is None:
                    return "its first line is no key of a patch, such as bindings:"
            case ["part", "of", whole]:
                if text not in (mine / whole).read_text(encoding="utf-8"):
                    return f"{whole} does not say so"
                return run(folder, f"legume check mine/{whole}")
            case _:
                return f'nobody knows what "check: {clause}" means; {__file__} says what may stand there'
    if of is None and not re.search(r"^legume: 1$", text, re.MULTILINE):
        return "it is no whole patch; say which one it belongs to: <!-- check: with first.yaml -->"
    (mine / name).write_text(text, encoding="utf-8")
    return run(folder, f"legume check mine/{name}")


def block_faults(text):
    """(faults, number of blocks and commands that were tried), in a folder of their own."""
    faults, tried = [], 0
    if "```yaml" not in text and not any(map(COMMANDS.match, text.splitlines())):
        return faults, tried
    with scratch() as folder:
        for line, language, mark, block in blocks(text):
            if language == "yaml":
                tried += 1
                if wrong := yaml_fault(folder, f"block{line}.yaml", mark, block):
                    faults.append(f"{line}: {wrong.strip()}")
            for command in block.splitlines() if language == "" else ():
                if COMMANDS.match(command):
                    tried += 1
                    if wrong := run(folder, command):
                        faults.append(f"{line}: {command}: {wrong.strip()}")
    return faults, tried


def anchors(text):
    """The names by which links reach a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page, text):
    """(link, the file it names, the anchor in it) of each link that stays here."""
    for link in LINK.findall(prose(text)):
        if "://" not in link:
            file, _, anchor = link.partition("#")
            yield link, (page.parent / file).resolve() if file else page, anchor


def page_faults(page, text):
    faults = []
    for link, target, anchor in links(page, text):
        if not target.exists():
            faults.append(f"({link}) leads nowhere")
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            faults.append(f"({link}): {target.name} has no such heading")
    if page == ROOT / "README.md" and text.count("\n") > MOST_LINES:
        faults.append(f"{text.count(chr(10))} lines; at most {MOST_LINES}, the rest belongs into a guide")
    if found := re.search(r"build/legume(?!_)\S*", text):
        faults.append(f"{found[0]}; the command is legume")
    return faults


def unreached(texts):
    """Pages to which no way leads from the README."""
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in texts and page not in seen:
            seen.add(page)
            ahead += [target for _, target, _ in links(page, texts[page])]
    return sorted(texts.keys() - seen)


def compile_fault(script, folder):
    try:
        py_compile.compile(script, cfile=os.path.join(folder, "out.pyc"), doraise=True)
    except py_compile.PyCompileError as error:
        return str(error)
    return None


def prove_that_it_bites():
    """A judge that sees nothing would pass everything."""
    def yaml(text, mark=""):
        return (f"<!-- check: {mark} -->\n" if mark else "") + f"```yaml\n{text}```\n"

    loop = ("legume: 1\nnodes:\n  loop: {type: player, file: assets/sounds/pulses.flac}\n"
            "  out: {type: output}\nwires: [loop -> out]\n")
    drone = loop.replace("pulses", "drones")
    bound = "bindings:\n  - {midi: {cc: 1}, to: tone.cutoff}\n"
    for text in (yaml(loop), yaml(bound, "with first.yaml"), yaml("wires:\n", "part of first.yaml"),
                 "```\ncp -r assets/sounds mine/assets/\n```\n" + yaml(drone),
                 yaml(loop, "as loop.yaml") + "```\nlegume check mine/loop.yaml\n```\n",
                 yaml(loop.replace("assets/sounds/pulses.flac", "own.flac"), "copy assets/sounds/drones.flac own.flac")):
        faults, tried = block_faults(text)
        assert tried and not faults, f"{text} {faults}"
    for text in (yaml(loop.replace("-> out", "-> out.c")), yaml(drone), yaml(bound), yaml(bound, "of first.yaml"),
                 yaml(bound.replace("tone", "loan"), "with first.yaml"), yaml("  - {midi: {cc: 1}}\n", "with first.yaml"),
                 yaml("wires: []\n", "part of first.yaml"), "```\nlegume check mine/none.yaml\n```\n"):
        assert block_faults(text)[0], f"{text} went through"
    readme = ROOT / "README.md"
    assert not page_faults(readme, "# A b\n[a](LICENSE) [b](patches/README.md#patches) `[c](none)` [d](https://none/none)\n")
    for text in ("[a](none.md)", "![a](none.svg)", "[a](patches/README.md#none)", "\n" * (MOST_LINES + 1),
                 "`build/legume play`"):
        assert page_faults(readme, text), f"{text!r} went through"
    assert unreached({readme: "[a](LICENSE)", ROOT / "none.md": ""}) and not unreached({readme: ""})
    with tempfile.TemporaryDirectory() as folder:
        broken = pathlib.Path(folder, "broken.py")
        broken.write_text("import (\n", encoding="utf-8")
        assert compile_fault(broken, folder)


prove_that_it_bites()
texts = {page: page.read_text(encoding="utf-8") for page in pages()}
wrong, tried = [], 0
for page, text in texts.items():
    found, number = block_faults(text)
    tried += number
    wrong += [f"{page.relative_to(ROOT)}:{fault}" for fault in found]
    wrong += [f"{page.relative_to(ROOT)}: {fault}" for fault in page_faults(page, text)]
wrong += [f"{page.relative_to(ROOT)}: no way leads here from the README" for page in unreached(texts)]

converters = sorted((ROOT / "nodes/samplernn/checkpoint").glob("convert_*.py"))
assert converters
with tempfile.TemporaryDirectory() as folder:
    wrong += [fault for script in converters if (fault := compile_fault(script, folder))]

graph = subprocess.run([LEGUME, "describe", "--graph", "patches/first.yaml"], cwd=ROOT, capture_output=True, check=True)
drawn = subprocess.run([sys.executable, "-B", "assets/draw_first.py"], cwd=ROOT, input=graph.stdout, capture_output=True,
                       check=True)
if drawn.stdout != (ROOT / "assets/first.svg").read_bytes():
    wrong.append("assets/first.svg shows another first patch; assets/draw_first.py says how to draw it anew")

assert tried > 10, "hardly a block is found"
print("\n".join(wrong + [f"{len(texts)} pages, {tried} blocks and commands, {len(converters)} converters: {len(wrong)} faults"]))
sys.exit(bool(wrong))
