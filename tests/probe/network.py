"""Routes that refuse, and hosts that are silent: in a network namespace of the probe's own."""

import contextlib
import socket
import struct
import time

import isolation
from harness import probe

TCP_REPAIR = 19


@contextlib.contextmanager
def lasts(least):
    """What is done in it takes at least so many seconds. What it takes at most is for the machine to say."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun >= least


def refused(p, kind, to="192.0.2.1"):
    """Both kinds of socket, and a destination with a route of this kind."""
    p.needs_own_network()
    if kind:
        isolation.run(f"route add {kind} {to}/32")
    p.tcp("stream").connect((to, 80))
    p.udp("datagram").connect((to, 80))
    p.udp("talker").send(b"hello?", to=(to, 80))


@probe(95, "network/routes/an-unreachable-route-is-ehostunreach")
def unreachable(p):
    refused(p, "unreachable")


@probe(95, "network/routes/a-prohibited-route-is-eacces")
def prohibited(p):
    refused(p, "prohibit")


@probe(95, "network/routes/a-blackhole-route-is-einval")
def blackhole(p):
    refused(p, "blackhole")


@probe(95, "network/routes/no-route-is-enetunreach")
def no_route(p):
    refused(p, None)


@probe(95, "network/routes/ipv6-routes-refuse-likewise")
def routes_v6(p):
    p.needs_own_network()
    for at, (kind, name) in enumerate((("unreachable", "one"), ("prohibit", "two"), ("blackhole", "three")), 1):
        isolation.run(f"-6 route add {kind} 2001:db8:{at}::/48")
        p.open(name, socket.AF_INET6).connect((f"2001:db8:{at}::1", 80))


@probe(96, "tcp/handshake/a-connect-to-a-silent-host-is-a-syn-and-its-repeats")
def silent_host(p):
    host = p.silent_host()
    client = p.tcp("client")
    client.set("TCP_SYNCNT", 1)
    with lasts(2.9):
        client.connect(host)


@probe(97, "tcp/timeouts/tcp-user-timeout-bounds-a-connect")
def user_timeout(p):
    host = p.silent_host()
    client = p.tcp("client")
    client.set("TCP_USER_TIMEOUT", 500)
    with lasts(0.5):
        client.connect(host)


@probe(97, "tcp/timeouts/so-sndtimeo-leaves-a-connect-on-its-way")
def sndtimeo(p):
    host = p.silent_host()
    client = p.tcp("client")
    client.set("SO_SNDTIMEO", struct.pack("ll", 0, 300_000), "300ms")
    with lasts(0.3):
        client.connect(host)
    client.state("SYN-SENT")


def without_handshake(client, host):
    """A connection with a host that is dead from the start."""
    try:
        client.raw.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError as error:
        raise isolation.Skipped(f"TCP_REPAIR: {error.strerror}") from None
    client.raw.connect(host)
    client.raw.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)


@probe(23, "tcp/half-close/fin-wait-1-lasts-until-the-fin-is-acknowledged")
def unacknowledged_fin(p):
    host, client = p.silent_host(), p.tcp("client")
    without_handshake(client, host)
    client.shutdown("write")
    client.state("FIN-WAIT-1")


@probe(23, "tcp/handshake/fin-wait-1-waits-for-an-acknowledgement")
def unacknowledged_close(p):
    host, client = p.silent_host(), p.tcp("client")
    without_handshake(client, host)
    client.close()
    client.state_of_closed(host, "FIN-WAIT-1")


@probe(98, "tcp/timeouts/keepalive-finds-a-dead-peer")
def keepalive(p):
    host = p.silent_host()
    client = p.tcp("client")
    client.set("SO_KEEPALIVE", True)
    client.set("TCP_KEEPIDLE", 1)
    client.set("TCP_KEEPINTVL", 1)
    client.set("TCP_KEEPCNT", 2)
    without_handshake(client, host)
    with lasts(2.5):
        client.recv()
