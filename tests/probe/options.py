"""Options of TCP sockets, and the limits of their values."""

import fcntl
import os
import socket
import struct
import time

from harness import probe
from words import option

SOL = socket.SOL_SOCKET


@probe(45, "tcp/options/so-rcvbuf-is-doubled")
def buffers_double(p):
    it = p.tcp("it")
    it.set("SO_RCVBUF", 10000)
    it.set("SO_SNDBUF", 20000)
    it.number("SO_RCVBUF")
    it.number("SO_SNDBUF")


@probe(45, "tcp/options/buffer-sizes-have-a-minimum")
def buffers_minimum(p):
    it = p.tcp("it")
    it.set("SO_RCVBUF", 1)
    it.set("SO_SNDBUF", 1)
    it.number("SO_RCVBUF")
    it.number("SO_SNDBUF")


@probe(46, "tcp/options/a-boolean-option-is-zero-or-one")
def booleans(p):
    it = p.tcp("it")
    it.set("SO_KEEPALIVE", 7)
    it.set("SO_REUSEADDR", 7)
    it.number("SO_KEEPALIVE")
    it.number("SO_REUSEADDR")


@probe(47, "tcp/options/keepalive-begins-after-two-hours")
def keepalive_defaults(p):
    it = p.tcp("it")
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
        it.number(name)
    it.flag("SO_KEEPALIVE")
    it.set("TCP_KEEPIDLE", 0)
    it.set("TCP_KEEPINTVL", 32768)
    it.set("TCP_KEEPCNT", 0)


@probe(47, "tcp/options/keepalive-times-have-limits")
def keepalive_limits(p):
    it = p.tcp("it")
    it.set("TCP_KEEPIDLE", 32768)
    it.set("TCP_KEEPINTVL", 0)
    it.set("TCP_KEEPCNT", 128)


@probe(48, "tcp/options/tcp-maxseg-has-limits")
def maxseg(p):
    it = p.tcp("it")
    it.number("TCP_MAXSEG")
    it.set("TCP_MAXSEG", 10)


@probe(49, "tcp/options/some-options-are-read-only")
def read_only(p):
    it = p.tcp("it")
    it.set("SO_TYPE", 1)
    it.set("SO_ERROR", 0)


@probe(49, "tcp/options/an-unknown-option-is-enoprotoopt")
def unknown_option(p):
    p.tcp("it").set("IPPROTO_TCP:9999", 1)


@probe(49, "tcp/options/a-value-that-is-too-short-is-einval")
def short_value(p):
    it = p.tcp("it")
    it.set("SO_REUSEADDR", b"\1", "<01>")
    it.set("TCP_NODELAY", bytes(3), "<000000>")


@probe(50, "tcp/options/the-time-to-live-is-64", once=True)
def ttl_default(p):
    p.tcp("four").number("IP_TTL")


@probe(50, "tcp/options/ip-ttl-has-limits", once=True)
def ttl_limits(p):
    it = p.tcp("it")
    it.set("IP_TTL", 0)
    it.set("IP_TTL", 256)


@probe(50, "tcp/options/ip-tos-keeps-out-of-the-ecn-bits", once=True)
def tos(p):
    it = p.tcp("it")
    it.set("IP_TOS", 0x2F, "0x2f")
    it.has("IP_TOS", hex(it.raw.getsockopt(*option("IP_TOS"))))


@probe(51, "tcp/options/so-rcvlowat-holds-poll-back")
def rcvlowat_poll(p):
    _, client, conn = p.connection()
    conn.set("SO_RCVLOWAT", 4)
    client.send(b"abc")
    conn.arrived(3)
    conn.poll("OUT")
    client.send(b"d")
    conn.poll("IN", "OUT")


@probe(51, "tcp/options/so-rcvlowat-holds-a-receive-back")
def rcvlowat_recv(p):
    _, client, conn = p.connection()
    conn.set("SO_RCVLOWAT", 4)
    timeout(conn)
    client.send(b"ab")
    conn.arrived(2)
    begun = time.monotonic()
    conn.recv()
    assert time.monotonic() - begun >= 0.1, "it waits for the fourth byte"
    client.send(b"abcd")
    conn.recv()


@probe(51, "tcp/options/so-sndlowat-cannot-be-set")
def sndlowat(p):
    p.tcp("it").set("SO_SNDLOWAT", 4)


def timeout(endpoint):
    endpoint.set("SO_RCVTIMEO", struct.pack("ll", 0, 100_000), "100ms")


def receives_nothing(endpoint):
    begun = time.monotonic()
    endpoint.recv()
    assert time.monotonic() - begun >= 0.1


@probe(52, "tcp/options/so-rcvtimeo-ends-a-blocking-receive")
def rcvtimeo(p):
    _, _, conn = p.connection()
    timeout(conn)
    receives_nothing(conn)


@probe(52, "udp/receive/so-rcvtimeo-ends-a-blocking-receive")
def rcvtimeo_udp(p):
    server = p.udp("server", bound=True)
    timeout(server)
    receives_nothing(server)


@probe(53, "tcp/listen/so-acceptconn-tells-a-listener")
def acceptconn(p):
    server = p.tcp("server")
    server.flag("SO_ACCEPTCONN")
    server.listen(at=(p.loopback, 0))
    server.flag("SO_ACCEPTCONN")


@probe(54, "tcp/accept/an-accepted-socket-inherits-options")
def inherited(p):
    server, client = p.listener(), p.tcp("client")
    server.raw.setsockopt(SOL, socket.SO_KEEPALIVE, 1)
    server.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    server.raw.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 3))
    client.connect(server)
    conn = server.accept()
    conn.flag("TCP_NODELAY")
    conn.flag("SO_KEEPALIVE")
    conn.has("SO_LINGER", struct.unpack("ii", conn.raw.getsockopt(SOL, socket.SO_LINGER, 8))[1])


@probe(54, "tcp/accept/an-accepted-socket-is-blocking")
def not_inherited(p):
    server, client = p.listener(), p.tcp("client")
    server.raw.setblocking(False)
    client.connect(server)
    server.wait("IN")
    conn = p.endpoint("conn", socket.socket(fileno=server.raw._accept()[0]))  # `accept` sets the flag itself
    conn.has("O_NONBLOCK", "true" if fcntl.fcntl(conn.raw, fcntl.F_GETFL) & os.O_NONBLOCK else "false")


@probe(55, "tcp/bind/so-reuseaddr-shares-a-port-until-one-listens")
def reuseaddr(p):
    one, other = p.tcp("one"), p.tcp("other")
    one.set("SO_REUSEADDR", True)
    one.bind()
    other.set("SO_REUSEADDR", True)
    other.bind(one.address())
    one.listen()
    other.listen()


@probe(55, "tcp/bind/so-reuseaddr-binds-no-listeners-port")
def reuseaddr_listening(p):
    one = p.tcp("one")
    one.set("SO_REUSEADDR", True)
    one.raw.bind((p.loopback, 0))
    one.listen()
    third = p.tcp("third")
    third.set("SO_REUSEADDR", True)
    third.bind(one.address())


@probe(56, "tcp/bind/so-reuseport-lets-two-listen")
def reuseport(p):
    one, other, third = p.tcp("one"), p.tcp("other"), p.tcp("third")
    one.set("SO_REUSEPORT", True)
    one.listen(at=(p.loopback, 0))
    other.set("SO_REUSEPORT", True)
    other.listen(at=one.address())
    third.bind(one.address())


@probe(57, "tcp/bind/the-wildcard-takes-every-address", once=True)
def wildcard(p):
    server, other = p.tcp("server"), p.tcp("other")
    server.listen(at=("0.0.0.0", 0))
    other.bind((p.loopback, server.address()[1]))


@probe(58, "tcp/options/tcp-cork-holds-data-back")
def cork(p):
    _, client, conn = p.connection()
    client.set("TCP_CORK", True)
    client.send(b"head, ")
    client.send(b"body")
    conn.silence()
    client.set("TCP_CORK", False)
    conn.arrived(10).recv()


@probe(58, "tcp/options/msg-more-holds-data-back")
def more(p):
    _, client, conn = p.connection()
    client.send(b"head, ", flags=socket.MSG_MORE)
    conn.silence()
    client.send(b"body")
    conn.arrived(10).recv()


@probe(59, "tcp/options/an-unknown-congestion-control-is-not-found")
def congestion(p):
    p.tcp("it").set("TCP_CONGESTION", b"no-such-thing", "no-such-thing")


@probe(59, "tcp/options/tcp-user-timeout-is-not-negative")
def user_timeout(p):
    p.tcp("it").set("TCP_USER_TIMEOUT", -1)
