"""Unix sockets: streams, datagrams, packets."""

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


@probe(99, "tcp/stream/one-send-may-be-several-receives")
def several_receives(p):
    client, conn = p.pair("client", "conn")
    client.send(b"first, second")
    conn.recv(7)
    conn.recv(3)
    conn.recv(3)


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


@probe(100, "unix/stream/close/a-closed-peer-is-hup-for-poll")
def end_in_poll(p):
    one, other = p.pair("one", "other")
    one.poll("OUT")
    other.shutdown("write")
    one.poll("IN", "OUT", "RDHUP")
    other.close()
    one.poll("IN", "OUT", "HUP", "RDHUP")
    one.recv()


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


@probe(108, "unix/stream/names/a-listener-outlives-its-path")
def removed_listener(p):
    server, early, late = listener(p), unix(p, "early"), unix(p, "late")
    early.connect(server)
    os.unlink(server.address())
    late.connect(server)
    conn = server.accept()
    early.send(b"still here")
    conn.recv()


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
    conn.has("SO_PEERCRED", "self" if told == ids() else told)


@probe(109, "unix/credentials/so-peercred-tells-which-program-has-connected")
def peercred_of_another(p):
    server = listener(p)
    child = os.fork()
    if child == 0:
        unix(p, "client").raw.connect(server.address())
        os._exit(0)
    conn = server.accept()
    os.waitpid(child, 0)
    conn.recv()
    told = struct.unpack("iII", conn.raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    conn.has("SO_PEERCRED", "p" if told == (child, os.getuid(), os.getgid()) else told)


@probe(109, "unix/credentials/so-peercred-tells-who-has-listened")
def peercred_of_listener(p):
    server, client = listener(p, name="listener"), unix(p, "client")
    client.connect(server)
    child = os.fork()
    if child == 0:
        conn = server.raw.accept()[0]
        conn.send(conn.recv(100).upper())
        os._exit(0)
    client.send(b"who")
    client.recv()
    os.waitpid(child, 0)
    told = struct.unpack("iII", client.raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    client.has("SO_PEERCRED", "self" if told == ids() else told)


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
