"""A socket with the name that the spec gives it.

Each of its methods makes one plain socket call and notes the answer as a fact, in the words of a trace without what
was asked: `recv fails ENOTCONN`, `recv "early"`, `eof`, `state=CLOSE-WAIT`, `poll=IN|OUT`. What is set-up only is done
with `endpoint.raw`, Python's own socket.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import termios
import time

from words import FLAGS, POLL, STATES, name_of, option, poll_words, shown, state_between

LIBC = ctypes.CDLL(None, use_errno=True)
DEADLINE = 5.0
MSG_ERRQUEUE = 0x2000
NO_LINGER = struct.pack("ii", 1, 0)
DIRECTIONS = {"read": socket.SHUT_RD, "write": socket.SHUT_WR, "both": socket.SHUT_RDWR}
ORIGINS = {1: "local", 2: "icmp", 3: "icmp6"}


def until(holds):
    """Looks again until the condition holds, for things that give no event; says whether it came to hold."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


class Endpoint:
    """A socket with a name. What its methods see is noted in the probe's facts."""

    def __init__(self, probe_, name, raw):
        self.probe, self.name, self.raw = probe_, name, raw
        self.addresses = []  # those that it has had, the last one at the end

    # What is looked at, without a fact.

    def address(self):
        return self.raw.getsockname()

    def bound(self):
        """The address, or the last one where it is closed."""
        with contextlib.suppress(OSError):
            self.addresses.append(self.raw.getsockname())
        return self.addresses[-1] if self.addresses else None

    def info(self, offset=0, form="B"):
        """A field of TCP_INFO, the state if none is named."""
        return struct.unpack_from(form, self.raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), offset)[0]

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
                raise TimeoutError(f"{self.name}: none of {names}")
        return self

    def arrived(self, size):
        """Waits until so many bytes are there to be read."""
        if not until(lambda: self.waiting() >= size):
            raise TimeoutError(f"{self.name}: {self.waiting()} bytes, not {size}")
        return self

    def received(self, size):
        """Waits until so many bytes have come in all, read or not."""
        until(lambda: self.info(128, "Q") >= size)
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

    def bind(self, address=None):
        return self.attempt("bind", self.raw.bind, address or (self.probe.loopback, 0))

    def listen(self, backlog=128, at=None):
        """Listens; binds first, as one step, where an address is given."""

        def call():
            if at is not None:
                self.raw.bind(at)
            self.raw.listen(backlog)

        return self.attempt("listen", call)

    def connect(self, to):
        self.bound()
        return self.attempt("connect", self.raw.connect, to.bound() if isinstance(to, Endpoint) else to)

    def disconnect(self):
        """connect(AF_UNSPEC), which `socket` does not have."""
        self.bound()

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
        address = to.bound() if isinstance(to, Endpoint) else to
        error, sent = "", None
        if signals:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE])
        try:
            sent = self.raw.sendto(data, flags, address) if address else self.raw.send(data, flags)
        except OSError as caught:
            error = f" fails {name_of(caught)}"
        raised = " raises SIGPIPE" if signals and signal.sigtimedwait([signal.SIGPIPE], 0) else ""
        self.see(f"send{raised}{error}")
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
        words = f"errqueue {errno.errorcode[number]} origin={ORIGINS[origin]}"
        words += f" type={kind} code={code}" if ORIGINS[origin] != "local" else ""
        self.see(f"recv {shown(data)} to {self.probe.name_at(address)} {words}")

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

    def has(self, name, value):
        self.see(f"{name}={value}")

    def state(self, expected):
        """The state of TCP_INFO, once it is the expected one."""
        until(lambda: STATES[self.info()] == expected)
        self.has("state", STATES[self.info()])

    def state_of_closed(self, remote, expected):
        """The state in /proc/net/tcp of a connection that no descriptor names any more."""
        until(lambda: state_between(self.bound(), remote) == expected)
        self.has("state", state_between(self.bound(), remote))

    def unread(self, expected=None):
        if expected is not None:
            until(lambda: self.waiting() == expected)
        self.has("unread", self.waiting())

    def poll(self, *expected):
        """The mask that poll gives, once it is the expected one."""
        mask = sum(POLL[name] for name in expected)
        until(lambda: self.events() == mask)
        self.has("poll", poll_words(self.events()))

    def so_error(self):
        value = self.raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.has("SO_ERROR", errno.errorcode[value] if value else 0)

    def number(self, name):
        self.has(name, self.raw.getsockopt(*option(name)))

    def flag(self, name):
        self.has(name, "true" if self.raw.getsockopt(*option(name)) else "false")

    def peer(self):
        """The endpoint whose address getpeername gives, or the error."""
        try:
            self.has("peer", self.probe.name_at(self.raw.getpeername()))
        except OSError as error:
            self.see(f"peer fails {name_of(error)}")

    def queue(self, expected):
        until(lambda: self.info(24, "I") == expected)
        self.has("queue", self.info(24, "I"))

    def backlog(self):
        self.has("backlog", self.info(28, "I"))
