"""Unix datagrams and packets."""

import contextlib
import socket

from harness import probe
from unix import DGRAM, PACKET, unix


@probe(111, "unix/datagram/boundaries-are-kept")
def datagrams(p):
    one, other = p.pair("one", "other", DGRAM)
    one.send(b"first")
    one.send(b"second")
    one.send(b"third")
    other.recv()
    other.recvmsg(3)
    other.recv()


@probe(111, "unix/datagram/an-empty-datagram-arrives")
def empty_datagram(p):
    one, other = p.pair("one", "other", DGRAM)
    one.send(b"")
    one.send(b"after it")
    other.recv()
    other.recv()


@probe(111, "unix/datagram/msg-trunc-tells-the-full-size")
def full_size(p):
    one, other = p.pair("one", "other", DGRAM)
    one.send(b"truncated")
    other.recvmsg(5, socket.MSG_TRUNC)


def packet_connection(p):
    server, client = unix(p, "server", PACKET), unix(p, "client", PACKET)
    server.raw.bind(p.folder() + "/server.sock")
    server.raw.listen()
    client.raw.connect(server.address())
    return client, p.endpoint("conn", server.raw.accept()[0])


@probe(111, "unix/packet/boundaries-are-kept")
@probe(116, "unix/packet/boundaries-are-kept")
def packets(p):
    client, conn = packet_connection(p)
    client.send(b"first")
    client.send(b"second")
    client.send(b"third")
    conn.recv()
    conn.recvmsg(3)
    conn.recv()


@probe(111, "unix/packet/an-empty-packet-arrives")
def empty_packet(p):
    client, conn = packet_connection(p)
    client.send(b"")
    client.send(b"after it")
    conn.recvmsg(100)
    conn.recv()


@probe(112, "unix/datagram/a-closed-receiver-refuses")
def closed_receiver(p):
    server, client = unix(p, "server", DGRAM), unix(p, "client", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    client.connect(server)
    server.close()
    client.send(b"x")


@probe(112, "unix/packet/a-closed-peer-is-the-end")
def packet_end(p):
    one, other = p.pair("one", "other", PACKET)
    one.send(b"last")
    one.close()
    other.recv()
    other.recv()
    other.send(b"x")


@probe(112, "unix/packet/a-late-packet-raises-no-sigpipe")
@probe(122, "unix/packet/a-late-packet-raises-no-sigpipe")
def packet_without_signal(p):
    left, right = p.pair("left", "right", PACKET)
    right.close()
    left.send(b"x", signals=True)
    left.recv()


@probe(113, "unix/datagram/shutdown-write-is-not-seen-by-the-peer")
def datagram_shutdown_write(p):
    one, other = p.pair("one", "other", DGRAM)
    one.shutdown("write")
    one.send(b"x")
    other.silence()


@probe(113, "unix/datagram/shutdown-read-stops-the-sender")
def datagram_shutdown_read(p):
    one, other = p.pair("one", "other", DGRAM)
    other.shutdown("read")
    one.send(b"x")


@probe(114, "unix/datagram/a-full-queue-would-block")
def full_datagrams(p):
    one, _ = p.pair("one", "other", DGRAM)
    one.raw.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            one.raw.send(b"x")
    one.send(b"x")


@probe(114, "unix/datagram/a-datagram-is-never-cut")
def too_large(p):
    one, _ = p.pair("one", "other", DGRAM)
    one.set("SO_SNDBUF", 10000)
    one.send(b"x" * 20000)


@probe(114, "unix/datagram/a-pair-holds-278-small-datagrams")
def how_many(p):
    one, other = p.pair("one", "other", DGRAM)
    one.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 106496)
    one.raw.setblocking(False)
    for _ in range(278):
        one.raw.send(b"x")
    one.send(b"y")
    other.recv()
    one.send(b"y")
    one.send(b"z")


@probe(114, "unix/datagram/a-receiver-keeps-so-many-from-all-senders")
def how_many_senders(p):
    server = unix(p, "server", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    with open("/proc/sys/net/unix/max_dgram_qlen", encoding="ascii") as limit:
        most = int(limit.read()) + 1
    for _ in range(most):
        unix(p, "client", DGRAM).raw.sendto(b"x", server.address())
    late = unix(p, "late", DGRAM)
    late.raw.setblocking(False)
    late.connect(server)
    late.send(b"y")
    server.recv()
    late.send(b"y")
    late.send(b"z")


@probe(114, "unix/datagram/each-datagram-counts-with-its-overhead")
def overhead(p):
    one, other = p.pair("one", "other", DGRAM)
    one.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
    one.raw.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(100):
            one.raw.send(b"x")
    one.send(b"x")
    other.recv()
    one.send(b"y")


@probe(115, "unix/datagram/a-sender-without-a-name-has-no-address")
def no_address(p):
    server, client = unix(p, "server", DGRAM), unix(p, "client", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    client.send(b"guess who", to=server)
    server.recvfrom()


@probe(115, "unix/datagram/a-named-sender-can-be-answered")
def named_sender(p):
    server, client = unix(p, "server", DGRAM), unix(p, "client", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    client.raw.bind(p.folder() + "/client.sock")
    client.send(b"ping", to=server)
    server.recvfrom()
    server.send(b"pong", to=client)
    client.recvfrom()


@probe(116, "unix/packet/a-packet-socket-can-be-made")
def packet_socket(p):
    p.attempt("it", "socket", lambda: socket.socket(socket.AF_UNIX, PACKET).close())
