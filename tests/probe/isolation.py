"""A network of the probe's own, and what crosses it.

Every probe has one where that is allowed, so that nobody else takes a port that it has just given back.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

from endpoint import LIBC

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
ETH_P_IP = 0x0800
FIN, SYN, RST, ACK, URG = 0x01, 0x02, 0x04, 0x10, 0x20


class Skipped(Exception):
    """What this machine lacks for a probe."""


def enter():
    """Goes to a network namespace of its own, with `lo` up; as root or, where that is allowed, as anybody."""
    try:
        own_namespace()
    except OSError as error:
        raise Skipped(f"no network namespace: {error}") from None


def own_namespace():
    user, group = os.getuid(), os.getgid()
    if LIBC.unshare(CLONE_NEWNET) != 0:
        if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise Skipped(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as at:
                at.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))


def run(command):
    """One `ip` command."""
    try:
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Skipped("there is no `ip` command") from None
    if done.returncode != 0:
        raise Skipped(f"ip {command}: {done.stderr.strip()}")


def void():
    """A device, up and with a network, whose packets nobody reads; it is there while what this gives is open."""
    try:
        device = open("/dev/net/tun", "r+b", buffering=0)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"void", IFF_TUN | IFF_NO_PI))
    except OSError as error:
        raise Skipped(f"/dev/net/tun: {error.strerror}") from None
    run("addr add 10.0.0.1/24 dev void")
    run("link set void up")
    return device


class Wire:
    """Reads what crosses `lo`, over IPv4, as segments: what it was, and between which addresses."""

    def __init__(self):
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.raw.bind(("lo", ETH_P_IP))
        self.raw.setblocking(False)

    def segments(self):
        """All so far, neighbours with data as one, without acknowledgements that only acknowledge."""
        found, answered = [], set()
        for source, target, what in self.packets():
            if what == "SYN ACK":
                answered.add((target, source))
            if what == "ACK":
                if (source, target) not in answered:
                    continue
                answered.discard((source, target))
            if found and is_data(what) and is_data(found[-1][2]) and found[-1][:2] == (source, target):
                what = f"DATA {int(found.pop()[2].split()[1]) + int(what.split()[1])}"
            found.append((source, target, what))
        return found

    def packets(self):
        while True:
            try:
                packet = self.raw.recv(65536)
            except BlockingIOError:
                return
            yield from parts(packet)


def is_data(what):
    return what.startswith("DATA ")


def parts(packet):
    """A packet of IPv4, as one segment, or as two where it carries bytes and ends the stream."""
    header = (packet[0] & 15) * 4
    size = struct.unpack("!H", packet[2:4])[0]
    content = packet[header:size]
    if packet[9] == socket.IPPROTO_ICMP:
        # The packet that it answers is inside of it.
        if content[:2] == b"\3\3":
            ((source, target, _),) = parts(content[8:])
            yield target, source, "ICMP port unreachable"
        return
    ports = struct.unpack("!HH", content[:4])
    source, target = ((socket.inet_ntoa(packet[at : at + 4]), port) for at, port in zip((12, 16), ports))
    if packet[9] == socket.IPPROTO_UDP:
        yield source, target, f"UDP {struct.unpack('!H', content[4:6])[0] - 8}"
        return
    for what in segment(content[13], len(content) - (content[12] >> 4) * 4):
        yield source, target, what


def segment(flags, size):
    """What a segment of TCP is, by its flags and the bytes in it."""
    if flags & RST:
        return ["RST"]
    if flags & SYN:
        return ["SYN ACK" if flags & ACK else "SYN"]
    data = ([f"URG {size}"] if flags & URG else [f"DATA {size}"]) if size else []
    return data + ["FIN"] * bool(flags & FIN) or ["ACK"]
