# legume is found by name where Avahi's daemon runs: its ports while it plays, two at once under two names, none after.
# SPDX-License-Identifier: MIT
# usage: control_announce_test.py build/legume   (77: this machine lets nobody run the daemon)
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

LEGUME = pathlib.Path(sys.argv[1]).resolve()
PATCH = """legume: 1
nodes: {saw: {type: oscillator}, out: {type: output}}
wires: [saw -> out]
"""
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={}</listen><policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>
"""
TYPES = ("_osc._udp", "_oscjson._tcp")


def quiet(*command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def found():
    """Every (name, type, port) of this computer alone that the daemon lists now."""
    lines = subprocess.run(("avahi-browse", "--all", "--resolve", "--terminate", "--parsable", "--no-db-lookup"),
                           capture_output=True, text=True).stdout.splitlines()
    parts = [line.split(";") for line in lines if line.startswith("=;lo;IPv4;legume")]
    return {(re.sub(r"\\(\d{3})", lambda byte: chr(int(byte[1])), part[3]), part[4], int(part[8])) for part in parts}


def wait_for(right, what):
    for _ in range(60):
        if right(found()):
            return
        time.sleep(0.1)
    sys.exit(f"after a long time {what}: {sorted(found())}")


def main():
    running = []
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/bus"
        pathlib.Path(folder, "bus.conf").write_text(BUS.format(socket))
        pathlib.Path(folder, "p.yaml").write_text(PATCH)
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={socket}"  # a bus of its own: the machine's is left alone
        os.environ["XDG_CONFIG_HOME"] = folder
        os.environ["XDG_DATA_HOME"] = folder
        play = (str(LEGUME), "play", f"{folder}/p.yaml", "--device", "null", "--osc-port")
        try:
            try:
                running.append(quiet("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork"))
                for _ in range(100):
                    if os.path.exists(socket):
                        break
                    time.sleep(0.1)
                running.append(quiet("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits"))
            except FileNotFoundError as missing:
                print(missing)
                return 77
            time.sleep(1)
            if running[-1].poll() is not None:
                print("avahi-daemon does not run here; is there another, or no right to run it?")
                return 77
            one = quiet(*play, "9772")
            running.append(one)
            own = {("legume", kind, 9772) for kind in TYPES}
            wait_for(lambda now: now == own, "one session is not found alone")
            running.append(quiet(*play, "9773"))
            wait_for(lambda now: now == own | {("legume #2", kind, 9773) for kind in TYPES},
                     "the second is not found beside the first")
            one.terminate()
            if one.wait() != 0:
                sys.exit(f"the first session ended with {one.returncode}")
            wait_for(lambda now: {name for name, _, _ in now} == {"legume #2"}, "the first is still there")
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()
    return 0


sys.exit(main())
