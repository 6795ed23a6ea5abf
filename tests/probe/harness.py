"""What every probe is made of: the register, endpoints that note what the kernel answered, and waits.

An endpoint is a socket with the name that the spec gives it. Each of its methods makes one plain socket call and
notes the answer as a fact, in the words of a trace without what was asked: `recv fails ENOTCONN`, `recv "early"`,
`eof`, `state=CLOSE-WAIT`, `poll=IN|OUT`. What is set-up only is done with `endpoint.raw`, Python's own socket.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time

PROBES = []
LIBC = ctypes.CDLL(None, use_errno=True)
LOOPBACK = "127.0.0.1"
DEADLINE = 5.0

OPTIONS = {
    "IP_FREEBIND": 15, "IP_RECVERR": 11, "IP_PKTINFO": 8, "IP_MULTICAST_ALL": 49, "UDP_SEGMENT": 103,
}  # those that `socket` lacks
MSG_ERRQUEUE = 0x2000
SIOCATMARK = 0x8905
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
NO_LINGER = struct.pack("ii", 1, 0)

STATES = [
    None, "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT",
    "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED",
]
POLL = {"IN": 1, "PRI": 2, "OUT": 4, "ERR": 8, "HUP": 16, "RDHUP": 0x2000}
FLAGS = {socket.MSG_PEEK: "peek", socket.MSG_OOB: "urgent", socket.MSG_WAITALL: "waitall"}
DIRECTIONS = {"read": socket.SHUT_RD, "write": socket.SHUT_WR, "both": socket.SHUT_RDWR}


class Skipped(Exception):
    """What this machine lacks for a probe."""


def probe(line, *specs):
    """Registers a function as the probe of a line of the catalogue; its facts are compared with these specs."""

    def register(function):
        PROBES.append((line, specs, function))
        return function

    return register


def option(name):
    """The level and the number of a socket option, by its constant."""
    if ":" in name:
        level, number = name.split(":")
        return getattr(socket, level), int(number)
    level = {"SO": socket.SOL_SOCKET, "IP": socket.IPPROTO_IP, "IPV6": socket.IPPROTO_IPV6, "TCP": socket.IPPROTO_TCP, "UDP": 17}
    return level[name.split("_")[0]], getattr(socket, name, None) or OPTIONS[name]


def name_of(error):
    """The errno's name, as socket(7) has it."""
    return {errno.EOPNOTSUPP: "EOPNOTSUPP"}.get(error.errno) or errno.errorcode[error.errno]


def shown(data):
    """Bytes as a trace shows them: long ones that repeat by what they repeat."""
    if len(data) > 1024:
        for period in range(1, 17):
            pattern = data[:period]
            if (pattern * (len(data) // period + 1))[: len(data)] == data:
                return f'{len(data)} fill "{pattern.decode()}"'
    text = "".join({10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 92: "\\\\"}.get(b) or (chr(b) if 31 < b < 127 else f"\\x{b:02x}") for b in data)
    return f'"{text}"'


def until(holds):
    """Looks again until the condition holds, for things that give no event; says whether it came to hold."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


class Probe:
    """One run of one probe: its facts, and what is to be undone behind it."""

    def __init__(self):
        self.facts = []
        self.endpoints = []
        self.undo = contextlib.ExitStack()

    def see(self, endpoint, fact):
        self.facts.append((endpoint, fact))

    def open(self, name, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        return self.endpoint(name, socket.socket(family, kind, protocol))

    def endpoint(self, name, raw):
        made = Endpoint(self, name, raw)
        self.endpoints.append(made)
        return made

    def tcp(self, name):
        return self.open(name)

    def udp(self, name, bound=False):
        made = self.open(name, kind=socket.SOCK_DGRAM)
        if bound:
            made.raw.bind((LOOPBACK, 0))
        return made

    def listener(self, name="server", address=(LOOPBACK, 0), backlog=128, family=socket.AF_INET):
        made = self.open(name, family)
        made.raw.bind(address)
        made.raw.listen(backlog)
        return made

    def connection(self, client="client", conn="conn", family=socket.AF_INET):
        """A listener and both ends of a connection, without Nagle's algorithm."""
        server = self.listener(address=("::1" if family == socket.AF_INET6 else LOOPBACK, 0), family=family)
        ends = [self.open(client, family)]
        ends[0].raw.connect(server.address())
        ends.append(self.endpoint(conn, server.raw.accept()[0]))
        for end in ends:
            end.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server, *ends

    def pair(self, one, other, kind=socket.SOCK_STREAM):
        return [self.endpoint(name, raw) for name, raw in zip((one, other), socket.socketpair(socket.AF_UNIX, kind))]

    def attempt(self, endpoint, word, call, *args):
        """Makes a call, and notes under the word whether it succeeded; gives what it returned."""
        try:
            value = call(*args)
        except OSError as error:
            self.see(endpoint, f"{word} fails {name_of(error)}")
            return None
        self.see(endpoint, word)
        return value

    def name_at(self, address):
        """The endpoint that is bound to the address."""
        for endpoint in reversed(self.endpoints):
            if endpoint.bound() == address and address:
                return endpoint.name
        return "none" if not address else str(address)

    def folder(self):
        """A temporary folder, for paths of sockets."""
        return self.undo.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))

    def silent_host(self):
        """An address behind a device whose packets nobody reads, in a network namespace of the probe's own."""
        self.isolated()
        try:
            self.void = open("/dev/net/tun", "r+b", buffering=0)  # it is there while this is open
            fcntl.ioctl(self.void, TUNSETIFF, struct.pack("16sH", b"void", IFF_TUN | IFF_NO_PI) + bytes(22))
        except OSError as error:
            raise Skipped(f"/dev/net/tun: {error.strerror}") from None
        self.ip("addr add 10.0.0.1/24 dev void")
        self.ip("link set void up")
        return ("10.0.0.2", 80)

    def isolated(self, *commands):
        """Goes to a network namespace of its own, with `lo` up, and runs these `ip` commands there."""
        ids = os.getuid(), os.getgid()
        if LIBC.unshare(CLONE_NEWNET) != 0:
            if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
                raise Skipped(f"no network namespace: {os.strerror(ctypes.get_errno())}")
            for file, text in (("setgroups", "deny"), ("uid_map", f"0 {ids[0]} 1"), ("gid_map", f"0 {ids[1]} 1")):
                with open(f"/proc/self/{file}", "w", encoding="ascii") as at:
                    at.write(text)
        for command in ("link set lo up", *commands):
            self.ip(command)

    def ip(self, command):
        try:
            done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Skipped("there is no `ip` command") from None
        if done.returncode != 0:
            raise Skipped(f"ip {command}: {done.stderr.strip()}")


class Endpoint:
    """A socket with a name. What its methods see is noted in the probe's facts."""

    def __init__(self, probe_, name, raw):
        self.probe, self.name, self.raw = probe_, name, raw
        self.last = None

    # What is looked at, without a fact.

    def address(self):
        return self.raw.getsockname()

    def bound(self):
        with contextlib.suppress(OSError):
            self.last = self.raw.getsockname()
        return self.last

    def info(self, offset=0, form="B"):
        size = struct.calcsize(form)
        return struct.unpack(form, self.raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[offset : offset + size])[0]

    def events(self, mask=0x3FFF, wait=0.0):
        poller = select.poll()
        poller.register(self.raw, mask & (1 | 2 | 4 | 0x2000))
        found = poller.poll(wait * 1000)
        return found[0][1] if found else 0

    def wait(self, *names):
        """Waits until poll gives one of these events: IN, RDHUP, ERR."""
        mask = sum(POLL[name] for name in names)
        end = time.monotonic() + DEADLINE
        while not self.events(mask, max(0.0, end - time.monotonic())) & mask:
            if time.monotonic() > end:
                return False
        return True

    def arrived(self, size):
        """Waits until so many bytes are there to be read."""
        until(lambda: self.waiting() >= size)
        return self

    def waiting(self):
        return struct.unpack("i", fcntl.ioctl(self.raw, termios.FIONREAD, b"\0\0\0\0"))[0]

    def closed_at(self, *ends):
        """Closes, noted, and waits until the other end has seen it."""
        self.close()
        for end in ends:
            end.wait("RDHUP", "HUP", "ERR")

    # Calls, each a fact.

    def see(self, fact):
        self.probe.see(self.name, fact)

    def attempt(self, word, call, *args):
        return self.probe.attempt(self.name, word, call, *args)

    def bind(self, address=(LOOPBACK, 0)):
        return self.attempt("bind", self.raw.bind, address)

    def listen(self, backlog=128, at=None):
        """Listens; binds first, as one step, where an address is given."""

        def call():
            if at is not None:
                self.raw.bind(at)
            self.raw.listen(backlog)

        return self.attempt("listen", call)

    def connect(self, to):
        return self.attempt("connect", self.raw.connect, to.bound() if isinstance(to, Endpoint) else to)

    def disconnect(self):
        """connect(AF_UNSPEC), which `socket` does not have."""

        def call():
            if LIBC.connect(self.raw.fileno(), bytes(16), 16) != 0:
                raise OSError(ctypes.get_errno(), "connect")

        return self.attempt("disconnect", call)

    def accept(self, name="conn"):
        """Accepts; the fact is one of the connection's."""
        accepted = self.probe.attempt(name, "accept", self.raw.accept)
        return self.probe.endpoint(name, accepted[0]) if accepted else None

    def close(self):
        self.bound()
        self.attempt("close", self.raw.close)

    def reset(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.bound()
        self.attempt("reset", self.raw.close)

    def shutdown(self, direction):
        return self.attempt("shutdown", self.raw.shutdown, DIRECTIONS[direction])

    def send(self, data, to=None, flags=0, signals=False):
        """Sends, with MSG_NOSIGNAL; with `signals` without it, and notes what signal came."""
        flags |= 0 if signals else socket.MSG_NOSIGNAL
        word, raised = "send", []
        if signals:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE])
        try:
            sent = self.raw.sendto(data, flags, to.bound() if isinstance(to, Endpoint) else to) if to else self.raw.send(data, flags)
        except OSError as error:
            sent, raised = None, [f"fails {name_of(error)}"]
        if signals and signal.sigtimedwait([signal.SIGPIPE], 0):
            word += " raises SIGPIPE"
        self.see(" ".join([word, *raised]))
        return sent

    def recv(self, size=65536, flags=0):
        """One recv; bytes, the end of a stream, or the error."""
        words = [FLAGS[flag] for flag in FLAGS if flags & flag]
        try:
            data = self.raw.recv(size, flags) if size else self.recv_nothing(flags)
        except OSError as error:
            self.see(" ".join(["recv", *words, "fails", name_of(error)]))
            return None
        self.see(" ".join(["recv", shown(data), *words]) if data or self.is_datagram() or size == 0 else "eof")
        return data

    def recv_nothing(self, flags):
        """A recv of no bytes, which Python answers without asking."""
        if LIBC.recv(self.raw.fileno(), bytes(1), 0, flags) < 0:
            raise OSError(ctypes.get_errno(), "recv")
        return b""

    def recvfrom(self, size=65536):
        """One recvfrom, with the name of the sender."""
        data, address = self.raw.recvfrom(size)
        self.see(f"recv {shown(data)} from {self.probe.name_at(address)}")
        return data

    def recvmsg(self, size, flags=0):
        """One recvmsg; tells whether the datagram was truncated, and with MSG_TRUNC its full size."""
        room = bytearray(size)
        length, _, answer, _ = self.raw.recvmsg_into([room], 0, flags)
        words = f"recv {shown(bytes(room[:length]))}"
        if answer & socket.MSG_TRUNC:
            words += f" truncated {length}" if flags & socket.MSG_TRUNC else " truncated"
        self.see(words)

    def take(self, size):
        """Receives so many bytes, however they are cut."""
        while size > 0:
            size -= len(self.raw.recv(min(size, 65536)))

    def dup(self, name):
        """Another descriptor of the same socket."""
        copy = self.probe.attempt(name, "dup", self.raw.dup)
        return self.probe.endpoint(name, copy)

    def errqueue(self):
        """What the error queue has: the datagram, the error, and who says so."""
        data, ancillary, _, address = self.raw.recvmsg(65536, 512, MSG_ERRQUEUE)
        number, origin, kind, code = struct.unpack("IBBB", ancillary[0][2][:7])
        where = {1: "local", 2: "icmp", 3: "icmp6"}[origin]
        self.see(f"recv {shown(data)} to {self.probe.name_at(address)} errqueue {errno.errorcode[number]} origin={where} type={kind} code={code}")

    def is_datagram(self):
        return self.raw.type == socket.SOCK_DGRAM

    def set(self, name, value, words=None):
        """Sets an option; the fact has the value, in these words where it is no number."""
        if words is None:
            words = str(value).lower() if isinstance(value, bool) else value
        return self.attempt(f"set {name}={words}", self.raw.setsockopt, *option(name), value)

    def silence(self, wait=0.02):
        """Nothing is there, not even an end."""
        found = self.events(POLL["IN"] | POLL["RDHUP"], wait)
        self.see("silence" if not found else f"poll={poll_words(found)}")

    # Attributes, each a fact.

    def is_(self, name, value):
        self.see(f"{name}={value}")

    def state(self, expected):
        """The state of TCP_INFO, once it is the expected one."""
        until(lambda: STATES[self.info()] == expected)
        self.is_("state", STATES[self.info()])

    def state_of_closed(self, remote, expected):
        """The state in /proc/net/tcp of a connection that no descriptor names any more."""
        until(lambda: state_between(self.last, remote) == expected)
        self.is_("state", state_between(self.last, remote))

    def unread(self, expected=None):
        if expected is not None:
            until(lambda: self.waiting() == expected)
        self.is_("unread", self.waiting())

    def poll(self, *expected):
        """The mask that poll gives, once it is the expected one."""
        mask = sum(POLL[name] for name in expected)
        until(lambda: self.events() == mask)
        self.is_("poll", poll_words(self.events()))

    def so_error(self):
        value = self.raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.is_("SO_ERROR", errno.errorcode[value] if value else 0)

    def number(self, name):
        self.is_(name, self.raw.getsockopt(*option(name)))

    def flag(self, name):
        self.is_(name, "true" if self.raw.getsockopt(*option(name)) else "false")

    def local(self):
        self.is_("local", self.named(self.raw.getsockname))

    def peer(self):
        """The endpoint whose address getpeername gives; one that fails is not compared with anybody."""
        try:
            self.is_("peer", self.probe.name_at(self.raw.getpeername()))
        except OSError as error:
            self.see(f"peer fails {name_of(error)}")

    def queue(self, expected):
        until(lambda: self.info(24, "I") == expected)
        self.is_("queue", self.info(24, "I"))

    def backlog(self):
        self.is_("backlog", self.info(28, "I"))


def poll_words(mask):
    return "|".join(name for name, bit in POLL.items() if mask & bit) or "none"


def state_between(local, remote):
    """The state of the IPv4 connection between two addresses, or CLOSED where there is none."""

    def hexed(address):
        packed = socket.inet_aton(address[0])
        return f"{struct.unpack('=I', packed)[0]:08X}:{address[1]:04X}"

    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            words = line.split()
            if words[1:3] == [hexed(local), hexed(remote)]:
                return STATES[int(words[3], 16)]
    return "CLOSED"


class Blocked:
    """A call of an endpoint that blocks, made by a process of its own; made only when that process sleeps in it."""

    def __init__(self, probe_, call, *args):
        self.probe, (self.pipe, end) = probe_, os.pipe()
        before = len(probe_.facts)
        self.child = os.fork()
        if self.child == 0:
            with contextlib.suppress(OSError):
                call(*args)
            os.write(end, json.dumps(probe_.facts[before:]).encode())
            os._exit(0)
        os.close(end)
        until(self.sleeps)

    def sleeps(self):
        with open(f"/proc/{self.child}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] in "SZ"

    def returns(self):
        """Waits for the call to return, and notes what it saw."""
        if select.select([self.pipe], [], [], DEADLINE)[0]:
            self.probe.facts += map(tuple, json.loads(os.read(self.pipe, 65536)))
        else:
            os.kill(self.child, signal.SIGKILL)
            self.probe.see("the call", "blocks still")
        os.waitpid(self.child, 0)
