"""Descriptors that pass through Unix sockets."""

import array
import os
import socket

from harness import probe
from words import shown

ROOM = socket.CMSG_SPACE(64)


def give(endpoint, data, *passed):
    """Sends bytes together with descriptors."""
    rights = array.array("i", [each if isinstance(each, int) else each.raw.fileno() for each in passed])
    endpoint.attempt("send", endpoint.raw.sendmsg, [data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def take(endpoint, *names, size=100, room=ROOM, dropped=()):
    """Receives bytes and descriptors, which become endpoints of these names; `dropped` were sent besides."""
    data, ancillary, flags, _ = endpoint.raw.recvmsg(size, room)
    taken = array.array("i")
    for level, kind, content in ancillary:
        assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        taken.frombytes(content[: len(content) // 4 * 4])
    assert len(taken) == len(names), list(taken)
    words = ["takes", *names] if names else []
    words += ["ctrunc"] if flags & socket.MSG_CTRUNC else []
    words += ["drops", *dropped] if dropped else []
    endpoint.see(" ".join([f"recv {shown(data)}", *words]))
    return [endpoint.probe.endpoint(name, socket.socket(fileno=each)) for name, each in zip(names, taken)]


@probe(117, "unix/descriptors/a-passed-connection-outlives-the-senders-close")
def shared(p):
    a, b = p.pair("a", "b")
    _, client, conn = p.connection()
    give(a, b"x", conn)
    conn.close()
    client.send(b"ping")
    (passed,) = take(b, "passed")
    passed.arrived(4).recv()
    passed.closed_at(client)
    client.recv()


@probe(117, "unix/descriptors/both-descriptors-send-and-receive")
def one_queue(p):
    a, b = p.pair("a", "b")
    _, client, conn = p.connection()
    give(a, b"x", conn)
    (other,) = take(b, "other")
    client.send(b"onetwo")
    conn.arrived(6).recv(3)
    other.recv()
    conn.send(b"three")
    other.send(b"four")
    client.arrived(9).recv()


@probe(117, "unix/descriptors/both-descriptors-share-options-and-state")
def one_file(p):
    a, b = p.pair("a", "b")
    _, client, conn = p.connection()
    give(a, b"x", conn)
    (other,) = take(b, "other")
    other.set("SO_KEEPALIVE", True)
    conn.flag("SO_KEEPALIVE")
    other.shutdown("write")
    client.recv()
    conn.send(b"x")


@probe(117, "unix/descriptors/a-passed-listener-accepts")
def listener_passed(p):
    a, b = p.pair("a", "b")
    server = p.listener()
    give(a, b"listener", server)
    (heir,) = take(b, "heir")
    before, after, late = p.tcp("before"), p.tcp("after"), p.tcp("late")
    before.connect(server)
    server.close()
    after.connect(heir)
    heir.accept("one").peer()
    heir.accept("two").peer()
    heir.close()
    late.connect(heir)


@probe(117, "unix/descriptors/what-is-passed-keeps-its-state")
def state_passed(p):
    left, right = p.pair("left", "right")
    left.shutdown("write")
    a, b = p.pair("a", "b")
    give(a, b"x", left)
    (half,) = take(b, "half")
    half.send(b"x")
    right.recv()
    right.send(b"y")
    half.recv()


@probe(117, "unix/descriptors/a-socket-that-is-nothing-yet-can-be-passed")
def fresh_passed(p):
    fresh = p.tcp("fresh")
    a, b = p.pair("a", "b")
    give(a, b"x", fresh)
    (again,) = take(b, "again")
    again.bind()
    fresh.bind()
    fresh.listen()
    p.tcp("client").connect(again)


@probe(117, "unix/descriptors/each-packet-carries-its-own")
def packets(p):
    a, b = p.pair("a", "b", socket.SOCK_SEQPACKET)
    one = p.udp("one")
    two, three = p.pair("two", "three")
    give(a, b"first", one)
    a.send(b"none")
    give(a, b"second", two, one)
    take(b, "x")
    b.recv()
    y, _ = take(b, "y", "z")
    two.close()
    y.close()
    three.recv()


@probe(117, "unix/descriptors/a-datagram-carries-descriptors")
def datagrams(p):
    origin, receiver = p.pair("origin", "receiver", socket.SOCK_DGRAM)
    plain = p.udp("plain")
    give(origin, b"first", p.listener())
    give(origin, b"", plain)
    (listener,) = take(receiver, "listener")
    (taken,) = take(receiver, "datagrams")
    client = p.tcp("client")
    client.connect(listener)
    listener.accept().peer()
    taken.bind()
    plain.bind()


@probe(118, "unix/descriptors/what-has-no-room-is-closed")
def little_room(p):
    a, b = p.pair("a", "b")
    _, first, one = p.connection("first", "one")
    _, second, two = p.connection("second", "two")
    give(a, b"x", one, two)
    two.close()
    (copy,) = take(b, "copy", room=socket.CMSG_LEN(4), dropped=["two"])
    second.wait("RDHUP")
    second.recv()
    copy.send(b"still here")
    first.arrived(10).recv()


@probe(118, "unix/descriptors/without-room-all-of-them-are-closed")
def no_room(p):
    a, b = p.pair("a", "b")
    _, client, conn = p.connection()
    give(a, b"x", conn)
    conn.close()
    take(b, room=0, dropped=["conn"])
    client.recv()


@probe(119, "unix/descriptors/a-plain-receive-drops-them")
def dropped(p):
    a, b = p.pair("a", "b")
    _, client, conn = p.connection()
    give(a, b"x", conn)
    conn.close()
    client.silence()
    assert b.raw.recv(100) == b"x"
    b.see('recv "x" drops conn')
    client.recv()


@probe(120, "unix/descriptors/a-closed-descriptor-cannot-be-passed")
def bad_descriptor(p):
    a, b = p.pair("a", "b")
    closed = os.dup(0)
    os.close(closed)
    give(a, b"x", closed)
    b.unread()


@probe(121, "unix/descriptors/descriptors-come-with-the-first-byte")
def first_byte(p):
    a, b = p.pair("a", "b")
    give(a, b"ab", p.udp("one"))
    give(a, b"cd\n", p.tcp("two"))
    take(b, "first", size=1)
    b.recv(1)
    take(b, "second")


@probe(121, "unix/descriptors/a-read-stops-where-descriptors-came")
def read_stops(p):
    a, b = p.pair("a", "b")
    a.send(b"1")
    give(a, b"2", p.tcp("spare"))
    a.send(b"3")
    assert b.raw.recv(100) == b"12"
    b.see('recv "12" drops spare')
    b.recv()
