"""What every probe is made of: the register, and what a probe has while it runs."""

import contextlib
import json
import os
import select
import signal
import socket
import tempfile

import isolation
from endpoint import DEADLINE, Endpoint, until
from words import name_of

PROBES = []
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
# Calls of which a success tells nothing: what it brings about is what is looked at.
PREPARES = ("close", "disconnect", "dup", "reset", "set")


def probe(line, *specs, once=False):
    """Registers a function as the probe of a line of the catalogue; its facts are compared with these specs.

    In the areas that are for both it runs over IPv4 and over IPv6, unless it is to run `once`: it knows the family.
    """

    def register(function):
        PROBES.append((line, specs, function, once))
        return function

    return register


class Probe:
    """One run of one probe: its facts, and what is to be undone behind it."""

    def __init__(self, family=socket.AF_INET, shares_network=None):
        """`shares_network` says why the network is the machine's, where it is."""
        self.family, self.loopback = family, LOOPBACK[family]
        self.shares_network = shares_network
        self.facts = []
        self.endpoints = []
        self.wire = None
        self.undo = contextlib.ExitStack()

    def see(self, endpoint, fact):
        self.facts.append((endpoint, fact))

    def open(self, name, family=None, kind=socket.SOCK_STREAM, protocol=0):
        return self.endpoint(name, socket.socket(family or self.family, kind, protocol))

    def endpoint(self, name, raw):
        made = Endpoint(self, name, raw)
        self.endpoints.append(made)
        return made

    def tcp(self, name):
        return self.open(name)

    def udp(self, name, bound=False):
        made = self.open(name, kind=socket.SOCK_DGRAM)
        if bound:
            made.raw.bind((self.loopback, 0))
        return made

    def listener(self, name="server", address=None, backlog=128, family=None):
        made = self.open(name, family)
        made.raw.bind(address or (self.loopback, 0))
        made.raw.listen(backlog)
        return made

    def connection(self, client="client", conn="conn"):
        """A listener and both ends of a connection, without Nagle's algorithm."""
        server = self.listener()
        ends = [self.open(client)]
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
        if word.split()[0] not in PREPARES:
            self.see(endpoint, word)
        return value

    def needs_family(self):
        """Skips the probe where the machine lacks its family."""
        try:
            socket.create_server((self.loopback, 0), family=self.family).close()
        except OSError as error:
            raise isolation.Skipped(f"{self.loopback}: {error.strerror}") from None

    def needs_own_network(self):
        """Skips the probe where it is in the network of the machine."""
        if self.shares_network:
            raise isolation.Skipped(self.shares_network)

    def on_the_wire(self):
        """What crosses the network from here on is compared, too, and all of it."""
        self.needs_own_network()
        self.wire = isolation.Wire()

    def segments(self):
        """What has crossed the wire, between whom."""
        names = {}
        for endpoint in self.endpoints:
            endpoint.bound()
            for address in endpoint.addresses:
                names.setdefault(address, endpoint.name)

        def name(address):
            return names.get(address) or names[("0.0.0.0", address[1])]

        return [f"{name(source)} > {name(target)}  {what}" for source, target, what in self.wire.segments()]

    def silent_host(self):
        """An address that never answers."""
        self.needs_own_network()
        self.undo.enter_context(isolation.void())
        return ("10.0.0.2", 80)

    def name_at(self, address):
        """The endpoint that is bound to the address."""
        for endpoint in reversed(self.endpoints):
            if endpoint.bound() == address and address:
                return endpoint.name
        return "none" if not address else str(address)

    def folder(self):
        """A temporary folder, for paths of sockets."""
        return self.undo.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))


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
        if not until(self.sleeps):
            raise TimeoutError("the call was not made")

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
