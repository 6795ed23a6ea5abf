"""Unix sockets: streams, datagrams, packets."""

import contextlib
import ctypes
import os
import socket
import struct

from endpoint import LIBC
from harness import probe

STREAM, DGRAM, PACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET


def unix(p, name, kind=STREAM):
    return p.open(name, socket.AF_UNIX, kind)


def listener(p, backlog=128, name="server"):
    made = unix(p, name)
    made.raw.bind(p.folder() + "/server.sock")
    made.raw.listen(backlog)
    return made


@probe(99, "tcp/stream/two-sends-may-be-one-receive")
def no_boundaries(p):
    client, conn = p.pair("client", "conn")
    client.send(b"first, ")
    client.send(b"second")
    conn.recv()


@probe(99, "tcp/stream/an-empty-send-is-nothing")
def empty_send(p):
    client, conn = p.pair("client", "conn")
    client.send(b"")
    conn.silence()
    client.send(b"something")
    conn.recv()


@probe(100, "unix/stream/close/a-late-write-raises-sigpipe")
@probe(122, "unix/stream/close/a-late-write-raises-sigpipe")
def late_write(p):
    left, right = p.pair("left", "right")
    right.close()
    left.send(b"x", signals=True)
    left.send(b"x")


@probe(100, "unix/stream/close/the-end-of-the-stream-stays")
def end(p):
    one, other = p.pair("one", "other")
    one.send(b"last words")
    one.close()
    other.recv()
    other.recv()
    other.recv()


@probe(101, "unix/stream/close/closing-with-unread-data-resets")
def unread(p):
    one, other = p.pair("one", "other")
    one.send(b"unread")
    other.close()
    one.recv()
    one.recv()


@probe(102, "unix/stream/close/shutdown-read-is-seen-by-the-peer")
def shutdown_read(p):
    one, other = p.pair("one", "other")
    other.shutdown("read")
    one.send(b"x")


@probe(103, "unix/stream/connect/a-path-is-used-once")
def used_path(p):
    server, other = listener(p), unix(p, "other")
    other.listen(at=server.address())


@probe(103, "unix/stream/connect/a-missing-name-is-not-found")
def missing(p):
    unix(p, "client").connect(p.folder() + "/missing.sock")


@probe(103, "unix/stream/connect/a-stale-socket-file-refuses")
def stale(p):
    server, client = listener(p), unix(p, "client")
    server.close()
    client.connect(server)


@probe(103, "unix/stream/connect/a-regular-file-refuses")
def regular_file(p):
    path = p.folder() + "/file"
    with open(path, "w", encoding="ascii"):
        unix(p, "client").connect(path)


@probe(103, "unix/stream/connect/a-bound-socket-that-does-not-listen-refuses")
def not_listening(p):
    server, client = unix(p, "server"), unix(p, "client")
    server.raw.bind(p.folder() + "/server.sock")
    client.connect(server)


@probe(103, "unix/stream/connect/a-socket-of-another-type-is-the-wrong-prototype")
def other_type(p):
    server, client = unix(p, "server", DGRAM), unix(p, "client")
    server.raw.bind(p.folder() + "/server.sock")
    client.connect(server)


@probe(104, "unix/stream/connect/a-full-queue-refuses-to-wait")
def full_queue(p):
    server = listener(p, backlog=1)
    for name in ("ann", "bob", "cid"):
        client = unix(p, name)
        client.raw.setblocking(False)
        client.connect(server)


@probe(105, "unix/stream/connect/closing-a-listener-resets-its-queue")
def listener_closed(p):
    server, client = listener(p), unix(p, "client")
    client.connect(server)
    server.close()
    client.recv()


@probe(106, "unix/stream/names/a-path-has-at-most-108-bytes")
def longest_path(p):
    os.chdir(p.folder())
    server, client, other, late = (unix(p, name) for name in ("server", "client", "other", "late"))
    at(server, LIBC.bind, 108)
    server.listen()
    client.attempt("connect", at, client, LIBC.connect, 108)
    other.attempt("bind", at, other, LIBC.bind, 109)
    late.attempt("connect", at, late, LIBC.connect, 109)
    os.chdir("/")


def at(endpoint, call, size):
    """A call with a path of so many bytes, which Python itself would refuse from 108 on."""
    address = struct.pack("H", socket.AF_UNIX) + b"x" * size
    if call(endpoint.raw.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), call.__name__)


@probe(107, "unix/stream/names/an-abstract-name-is-no-file")
def abstract(p):
    server, client = unix(p, "server"), unix(p, "client")
    server.raw.bind(f"\0probe-{os.getpid()}")
    server.raw.listen()
    client.connect(server)


@probe(107, "unix/stream/names/the-kernel-can-choose-an-abstract-name")
def autobind(p):
    server = unix(p, "server")
    server.listen(at=b"")
    name = server.address()
    assert len(name) == 6 and name[0] == 0, name


@probe(108, "unix/stream/names/removing-the-path-does-not-disturb-connections")
def removed_path(p):
    server, client = listener(p), unix(p, "client")
    client.connect(server)
    conn = server.accept()
    os.unlink(server.address())
    client.send(b"ping")
    conn.recv()
    unix(p, "late").connect(server)


@probe(108, "unix/datagram/a-name-that-was-unlinked-is-not-found")
def removed_name(p):
    server, late = unix(p, "server", DGRAM), unix(p, "late", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    os.unlink(server.address())
    late.send(b"x", to=server)


@probe(109, "unix/credentials/so-peercred-tells-who-connected")
def peercred(p):
    server, client = listener(p), unix(p, "client")
    client.connect(server)
    conn = server.accept()
    told = struct.unpack("iII", conn.raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    conn.is_("SO_PEERCRED", "self" if told == ids() else told)


def ids():
    return os.getpid(), os.getuid(), os.getgid()


@probe(109, "unix/credentials/so-passcred-tells-who-has-sent")
def passcred(p):
    one, other = p.pair("one", "other")
    other.set("SO_PASSCRED", True)
    one.send(b"who")
    data, ancillary, _, _ = other.raw.recvmsg(100, 100)
    level, kind, told = ancillary[0]
    assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
    told = struct.unpack("iII", told)
    other.see(f'recv "{data.decode()}" credentials {"self" if told == ids() else told}')


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


@probe(115, "unix/datagram/a-sender-without-a-name-has-no-address")
def no_address(p):
    server, client = unix(p, "server", DGRAM), unix(p, "client", DGRAM)
    server.raw.bind(p.folder() + "/server.sock")
    client.send(b"guess who", to=server)
    server.recvfrom()


@probe(116, "unix/packet/a-packet-socket-can-be-made")
def packet_socket(p):
    p.attempt("it", "socket", lambda: socket.socket(socket.AF_UNIX, PACKET).close())
