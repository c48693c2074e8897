# host/setup on a machine of the test's own: what it says, how it waits for apt, and where it links what it has built.
# SPDX-License-Identifier: MIT
"""usage: setup_test.py build/legume"""
import fcntl
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEGUME = pathlib.Path(sys.argv.pop(1)).resolve()

# In place of legume: a program of some parts, found as legume's are.
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(parts NONE)
file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/*.part)
foreach(part ${parts})
    get_filename_component(name ${part} NAME)
    add_custom_command(OUTPUT ${name}.o COMMAND sh ${part} COMMAND touch ${name}.o DEPENDS ${part} VERBATIM)
    list(APPEND objects ${name}.o)
endforeach()
foreach(program legume legume-train)
    add_custom_command(OUTPUT ${program} COMMAND install -m 755 ${CMAKE_SOURCE_DIR}/program ${program}
        DEPENDS program ${objects} VERBATIM)
endforeach()
add_custom_target(everything DEPENDS legume legume-train)
set(known ${LEGUME_TRAINING} ${LEGUME_TESTS})
"""
# Says what apt says, word for word; `held` is a lock: whom it names has it, of the command that it names.
APT = """#!/bin/sh
echo "$*" >>"$DESK/asked"
read -r process command 2>/dev/null <"$DESK/held" && case " $* " in *" $command "*)
    echo "E: Could not get lock /var/lib/apt/lock. It is held by process $process ($(cat /proc/$process/comm))" >&2
    echo "E: Unable to acquire the lock (/var/lib/apt/lock), is another process using it?" >&2
    exit 100
esac
if [ -f "$DESK/broken" ]; then echo "E: Unable to locate package ninja-build" >&2; exit 100; fi
case " $* " in *" install "*)
    touch "$DESK/installed"
    echo "dlstatus:1:40.0000:Retrieving file 3 of 9"
    echo "(Reading database ... 100%"
    echo "pmstatus:libsndfile1-dev:60.2500:Unpacking libsndfile1-dev:amd64 (amd64)"
esac
"""
DPKG = """#!/bin/sh
[ -f "$DESK/installed" ] || exit 1
shift 3
for package; do printf '%s=installed ' "$package"; done
"""
FAKES = {"apt-get": APT, "dpkg-query": DPKG, "sudo": '#!/bin/sh\nexec "$@"\n'}


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.desk = pathlib.Path(folder.name).resolve()
        self.tree, self.home = self.desk / "legume tree", self.desk / "home"
        self.link = self.home / ".local/bin/legume"
        for name in ("bin", "legume tree/host", "home"):
            (self.desk / name).mkdir(parents=True)
        for name in ("setup", "progress", "link"):
            shutil.copy(ROOT / "host" / name, self.tree / "host")
        for name, text in FAKES.items():
            self.program(self.desk / "bin" / name, text)
        self.program(self.tree / "program", "#!/bin/sh\necho the program\n")
        (self.tree / "CMakeLists.txt").write_text(PROJECT)
        for i in range(3):
            (self.tree / f"{i}.part").write_text("true\n")
        (self.desk / "installed").touch()
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("CI", "LEGUME_NO_LINK", "NINJA_STATUS")}
        self.environment.update(DESK=str(self.desk), HOME=str(self.home),
                                PATH=f"{self.desk}/bin:{os.environ['PATH']}:{self.link.parent}")

    @staticmethod
    def program(file, text):
        file.write_text(text)
        file.chmod(0o755)

    def start(self, what="player", output=subprocess.PIPE, **environment):
        process = subprocess.Popen([self.tree / "host/setup", what], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, text=True, env={**self.environment, **environment})
        self.addCleanup(process.kill)
        return process

    def said(self, what="player", code=0, **environment):
        process = self.start(what, **environment)
        text = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, code, text)
        return text

    def shown(self, columns, **environment):
        """Every line that a terminal so wide has shown, also those that were drawn over."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        process = self.start(output=theirs, **environment)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 4096):
                text += piece
        except OSError:  # all who had it have gone
            pass
        os.close(ours)
        self.assertEqual(process.wait(60), 0, text)
        return [line.replace("\033[K", "") for line in re.split("[\r\n]+", text.decode())]

    def hold(self, command):
        """Somebody has the lock for which apt-get's `command` asks."""
        holder = subprocess.Popen(["sleep", "60"])
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        (self.desk / "held").write_text(f"{holder.pid} {command}\n")
        return f"sleep (process {holder.pid})"

    def test_builds_once(self):
        """The first start says that it builds, the second has nothing to do and says nothing."""
        first = self.said()
        self.assertIn("Building build/ (player); the first time takes some minutes\n", first)
        self.assertRegex(first, r"Building 1 of \d\n")
        self.assertEqual(self.said(), "")
        self.assertFalse((self.desk / "asked").exists(), "apt was asked though all was there")

    def test_sees_new_sources(self):
        """A part that was added, or edited, is built, and that is said."""
        self.said()
        (self.tree / "3.part").write_text("true\n")
        said = self.said()
        self.assertRegex(said, r"^Configuring build/\n(Building \d of \d\n)?$")
        self.assertTrue((self.tree / "build/3.part.o").exists())
        time.sleep(0.01)  # a time of its own, on any file system
        (self.tree / "3.part").write_text("true true\n")
        self.assertRegex(self.said(), r"^Building 1 of 2\n$")
        self.assertEqual(self.said(), "")

    def test_shows_errors(self):
        """What does not compile is shown, and is in the log; the next start builds it anew."""
        (self.tree / "1.part").write_text("echo error: no such knob; exit 1\n")
        said = self.said(code=1)
        self.assertIn("FAILED: 1.part.o", said)
        self.assertIn("error: no such knob\n", said)
        self.assertIn("error: no such knob\n", (self.tree / "build/setup.log").read_text())
        self.assertFalse(self.link.is_symlink())
        (self.tree / "1.part").write_text("true\n")
        self.said()
        self.assertTrue(self.link.exists())

    def test_installs(self):
        """What is missing is asked of apt, and how far that is, is seen."""
        (self.desk / "installed").unlink()
        said = self.said()
        self.assertRegex(said, "Installing g[+][+] cmake .*nlohmann-json3-dev\n")
        self.assertIn("40 % Retrieving file 3 of 9\n", said)
        update, install = (self.desk / "asked").read_text().splitlines()
        self.assertTrue(update.endswith(" update"))
        self.assertRegex(install, " install -y --no-install-recommends g[+][+] .* nlohmann-json3-dev$")

    def test_fits_the_terminal(self):
        """On a terminal progress is one line, drawn in place, that is never wider than the terminal."""
        for columns in (20, 100, 0):
            for name in ("installed", "home/.local/bin/legume"):
                (self.desk / name).unlink(missing_ok=True)
            shutil.rmtree(self.tree / "build", ignore_errors=True)
            lines = self.shown(columns)
            columns = columns or 80  # which is what a terminal gets that does not know
            drawn = [line for line in lines if re.match(r"\d+ % |Building \d", line)]
            self.assertIn("40 % Retrieving file 3 of 9"[:columns - 1], drawn)
            self.assertIn("60 % Unpacking libsndfile1-dev:amd64 (amd64)"[:columns - 1], drawn)
            self.assertTrue(any(re.match(r"Building 2 of \d", line) for line in drawn), lines)
            self.assertTrue(all(len(line) < columns for line in drawn), lines)
        self.assertEqual(self.shown(100), [""])

    def test_waits_for_apt(self):
        """While somebody else has one of apt's locks it waits, says for whom, and goes on by itself."""
        for command in ("update", "install"):
            (self.desk / "installed").unlink(missing_ok=True)
            who = self.hold(command)
            process = self.start()
            for line in process.stdout:
                if line.startswith("Waiting"):
                    break
            self.assertEqual(line, f"Waiting for {who}, which installs something too\n")
            (self.desk / "held").unlink()
            rest = process.communicate(timeout=60)[0]
            self.assertEqual(process.returncode, 0, rest)
            self.assertTrue((self.desk / "installed").exists())

    def test_gives_up(self):
        """It does not wait forever, and what apt cannot do at all is said at once, in apt's words."""
        (self.desk / "installed").unlink()
        who = self.hold("install")
        said = self.said(code=1, LEGUME_APT_SECONDS="1")
        self.assertTrue(said.endswith(f"\n{who} has kept apt busy for 1 seconds; once it is done, say host/setup player "
                                      "again\n"), said)
        (self.desk / "held").unlink()
        (self.desk / "broken").touch()
        said = self.said(code=1)
        self.assertTrue(said.endswith("\nE: Unable to locate package ninja-build\n"), said)
        self.assertNotIn("Waiting", said)

    def test_links(self):
        """What is built is a command, also after it was built anew, and the trainer when there is one."""
        self.assertIn(f"\nLinked legume into {self.link.parent}\n", self.said())
        self.assertEqual(self.link.resolve(), self.tree / "build/legume")
        self.program(self.tree / "program", "#!/bin/sh\necho the next program\n")
        self.said()
        self.assertEqual(subprocess.check_output([self.link], text=True), "the next program\n")
        self.assertIn(f"Linked legume-train into {self.link.parent}\n", self.said("training"))

    def test_asks_for_the_path_once(self):
        """Where the folder is not on the PATH, the line that puts it there is said once."""
        path = f"{self.desk}/bin:{os.environ['PATH']}"
        line = 'export PATH="$HOME/.local/bin:$PATH"\n'
        self.assertIn(line, self.said(PATH=path))
        self.assertEqual(self.said(PATH=path), "")
        self.assertEqual(subprocess.check_output(["bash", "-c", line + "legume"], text=True,
                                                 env={**self.environment, "PATH": path}), "the program\n")

    def test_leaves_alone_what_is_not_its_own(self):
        """Another program of that name stays, which is said when something was built; a link to nowhere is mended."""
        self.link.parent.mkdir(parents=True)
        self.program(self.link, "#!/bin/sh\necho another legume\n")
        self.assertIn(f"{self.link} is something else and is left alone", self.said())
        self.assertEqual(subprocess.check_output([self.link], text=True), "another legume\n")
        self.assertEqual(self.said(), "")
        self.link.unlink()
        self.link.symlink_to(self.desk / "moved away/build/legume")
        self.assertEqual(self.said(), f"Linked legume into {self.link.parent}\n")
        self.assertEqual(self.link.resolve(), self.tree / "build/legume")

    def test_may_be_told_not_to(self):
        """Neither where links are not wanted, nor in continuous integration, and a home that cannot be written is no fault."""
        self.said(LEGUME_NO_LINK="1")
        self.said(CI="true")
        self.assertFalse((self.home / ".local").exists())
        shutil.rmtree(self.tree / "build")
        (self.home / ".local").touch()
        self.assertIn(f"{self.link.parent} cannot be written", self.said())

    def test_legume_knows_its_folder(self):
        """Through the link legume finds what lies beside the program itself, and not beside the link."""
        (self.desk / "installed-there/bin").mkdir(parents=True)
        share = self.desk / "installed-there/share/legume"
        (share / "patches").mkdir(parents=True)
        patch = "legume: 1\ntitle: Of this folder\nnodes: {n: {type: noise}, out: {type: output}}\nwires: [n -> out]\n"
        (share / "patches/first.yaml").write_text(patch)
        shutil.copy(LEGUME, self.desk / "installed-there/bin/legume")
        self.program(self.desk / "installed-there/bin/legume-train", "#!/bin/sh\necho the trainer\n")
        self.link.parent.mkdir(parents=True)
        self.link.symlink_to(self.desk / "installed-there/bin/legume")
        subprocess.check_call([self.link, "new", self.home / "mine"], stdout=subprocess.DEVNULL)
        self.assertEqual((self.home / "mine/first.yaml").read_text(), patch)
        self.assertEqual(subprocess.check_output([self.link, "train", "patch.yaml"], text=True), "the trainer\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
