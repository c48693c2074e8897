# Two computers on one network, as two network namespaces: what the one may ask of the legume on the other.
# SPDX-License-Identifier: MIT
# usage: control_lan_test.py build/legume   (77: this machine lets nobody make namespaces)
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

LEGUME = pathlib.Path(sys.argv[1]).resolve()
PATCH = """legume: 1
nodes:
  saw: {type: oscillator, shape: saw, frequency: 110 Hz}
  tone: {type: filter, cutoff: 1 kHz}
  out: {type: output}
wires: [saw -> tone -> out]
"""
HERE, THERE = "10.77.0.1", "10.77.0.2"
PORT = 9771


def text(value):
    raw = value.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


def message(address, *args):
    tags = "," + "".join("f" if isinstance(arg, float) else "s" for arg in args)
    return text(address) + text(tags) + b"".join(
        struct.pack(">f", arg) if isinstance(arg, float) else text(arg) for arg in args)


def ask(packet):
    """What comes back to a sender on the other computer; run within its namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(3)
        udp.sendto(packet, (HERE, PORT))
        try:
            return udp.recv(4096)
        except TimeoutError:
            return b""


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class Network:
    """Two namespaces with a cable between them."""

    def __init__(self):
        self.names = [f"legume-{side}-{os.getpid()}" for side in ("here", "there")]

    def __enter__(self):
        cable = [f"lg{i}-{os.getpid() % 100000}" for i in range(2)]
        for name in self.names:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", cable[0], "netns", self.names[0], "type", "veth", "peer", "name", cable[1], "netns",
            self.names[1])
        for name, end, address in zip(self.names, cable, (HERE, THERE)):
            run("ip", "-n", name, "addr", "add", address + "/24", "dev", end)
            run("ip", "-n", name, "link", "set", end, "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def ask(self, packet, side=1):
        answer = subprocess.run(["ip", "netns", "exec", self.names[side], sys.executable, __file__, "--ask",
                                 packet.hex()], check=True, capture_output=True, text=True).stdout
        return bytes.fromhex(answer.strip())


class Legume:
    def __init__(self, network, patch, *more):
        self.process = subprocess.Popen(["ip", "netns", "exec", network.names[0], LEGUME, "play", patch, "--device",
                                         "null", "--no-log", "--osc-port", str(PORT), *more], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.said = ""
        while "Ctrl-C stops" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.said += self.process.communicate()[0]
        assert self.process.returncode == 0, self.said


def main():
    with tempfile.TemporaryDirectory() as folder, Network() as network:
        patch = pathlib.Path(folder) / "patch.yaml"
        patch.write_text(PATCH, encoding="utf-8")
        with Legume(network, patch) as alone:
            assert network.ask(message("/legume/ping")) == b"", "without --osc-listen lan nobody elsewhere is answered"
            assert "--osc-listen lan" in alone.said
        with Legume(network, patch, "--osc-listen", "lan") as host:
            assert HERE in host.said, "the first lines say where to send: " + host.said
            assert b"/legume/pong" in network.ask(message("/legume/ping"))
            assert network.ask(message("/tone/cutoff", 400.0)) == b"", "what is taken is not answered"
            assert b"did you mean /tone/cutoff" in network.ask(message("/tone/cutof", 400.0))
            for command in ("quit", "load", "reload", "record"):
                answer = network.ask(message("/legume/" + command))
                assert b"/legume/error" in answer and b"this computer alone" in answer, (command, answer)
            time.sleep(0.2)
            assert host.process.poll() is None, "it plays on"
        with Legume(network, patch, "--osc-listen", "lan", "--osc-allow", "10.77.0.9"):
            assert network.ask(message("/legume/ping")) == b"", "a sender that is not on the list is not answered"
        with Legume(network, patch, "--osc-listen", "lan", "--osc-allow", THERE):
            assert b"/legume/pong" in network.ask(message("/legume/ping"))


if sys.argv[1] == "--ask":
    print(ask(bytes.fromhex(sys.argv[2])).hex())
elif os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
    sys.exit(77)
else:
    main()
