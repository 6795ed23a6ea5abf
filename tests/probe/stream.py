"""TCP: the stream of bytes, urgent data, duplicates of descriptors."""

import fcntl
import socket
import struct

from endpoint import until
from harness import Blocked, probe
from words import POLL, name_of

SIOCATMARK = 0x8905


@probe(60, "tcp/stream/two-sends-may-be-one-receive")
def two_sends(p):
    _, client, conn = p.connection()
    client.send(b"first, ")
    client.send(b"second")
    conn.arrived(13).recv()


@probe(60, "tcp/stream/one-send-may-be-several-receives")
def one_send(p):
    _, client, conn = p.connection()
    client.send(b"first, second")
    conn.arrived(13)
    conn.recv(7)
    conn.recv(3)
    conn.recv(3)


@probe(61, "tcp/stream/peeking-takes-nothing")
def peek(p):
    _, client, conn = p.connection()
    client.send(b"look")
    conn.arrived(4)
    conn.recv(flags=socket.MSG_PEEK)
    conn.recv(2, socket.MSG_PEEK)
    conn.recv()
    conn.unread()


@probe(62, "tcp/stream/msg-waitall-waits-for-the-full-size")
def waitall(p):
    _, client, conn = p.connection()
    client.raw.send(b"hel")
    conn.arrived(3)
    recv = Blocked(p, lambda: conn.recv(5, socket.MSG_WAITALL))
    client.raw.send(b"lo")
    recv.returns()


@probe(62, "tcp/stream/msg-waitall-ends-short-at-the-end")
def waitall_at_end(p):
    _, client, conn = p.connection()
    client.send(b"end")
    client.shutdown("write")
    conn.wait("RDHUP")
    conn.recv(100, socket.MSG_WAITALL)
    conn.unread()


@probe(62, "tcp/stream/msg-waitall-ends-short-with-so-rcvtimeo")
@probe(52, "tcp/stream/msg-waitall-ends-short-with-so-rcvtimeo")
def waitall_with_timeout(p):
    _, client, conn = p.connection()
    conn.set("SO_RCVTIMEO", struct.pack("ll", 0, 100_000), "100ms")
    client.send(b"half")
    conn.arrived(4)
    conn.recv(100, socket.MSG_WAITALL)


@probe(63, "tcp/stream/an-empty-send-is-nothing")
@probe(99, "tcp/stream/an-empty-send-is-nothing")
def empty_send(p):
    _, client, conn = p.connection()
    client.send(b"")
    conn.silence()
    client.send(b"something")
    conn.arrived(9).recv()


@probe(63, "tcp/stream/a-read-of-no-bytes-takes-nothing")
def empty_read(p):
    _, client, conn = p.connection()
    client.send(b"here")
    conn.arrived(4)
    conn.recv(0)
    conn.recv()


@probe(63, "tcp/stream/a-read-of-no-bytes-waits-for-data")
def empty_read_of_nothing(p):
    _, _, conn = p.connection()
    conn.raw.setblocking(False)
    conn.recv(0)


@probe(64, "tcp/stream/msg-trunc-discards-without-copying")
def trunc(p):
    _, client, conn = p.connection()
    client.send(b"discarded, kept")
    conn.arrived(15)
    room = bytearray(b"." * 11)
    assert conn.raw.recv_into(room, 11, socket.MSG_TRUNC) == 11
    assert room == b"." * 11, "nothing is copied"
    conn.recv()


@probe(65, "tcp/stream/the-address-of-a-send-is-ignored")
def ignored_address(p):
    other = p.listener("other")
    _, client, conn = p.connection()
    client.send(b"for my peer", to=other)
    conn.recvfrom()
    other.queue(0)


def fill(endpoint):
    """Sends until the call would block; gives how much went, and the fact of the call that did not."""
    endpoint.raw.setblocking(False)
    total = 0
    while True:
        try:
            total += endpoint.raw.send(b"x" * 65536)
        except OSError as error:
            return total, f"send fails {name_of(error)}"


def full(p):
    """A connection whose buffers stay full, and how much is in them."""
    _, client, conn = p.connection()
    total, fact = fill(client)
    while client.events(POLL["OUT"], 0.05):
        total += fill(client)[0]
    return client, conn, total, fact


@probe(66, "tcp/poll/full-buffers-take-out-away")
def full_in_poll(p):
    client, conn, total, fact = full(p)
    client.see(fact)
    client.poll()
    client.raw.shutdown(socket.SHUT_WR)
    conn.take(total)
    client.poll("OUT")


@probe(66, "tcp/stream/full-buffers-stop-the-writer")
def full_buffers(p):
    client, conn, total, fact = full(p)
    client.see(fact)
    conn.take(total)
    client.wait("OUT").see("writable")
    client.send(b"the end")


@probe(67, "tcp/urgent/an-urgent-byte-is-received-apart")
def urgent(p):
    _, client, conn = p.connection()
    client.send(b"X", flags=socket.MSG_OOB)
    conn.wait("PRI")
    conn.recv(1, socket.MSG_OOB)
    conn.recv(1, socket.MSG_OOB)


@probe(67, "tcp/urgent/poll-announces-an-urgent-byte")
def urgent_in_poll(p):
    _, client, conn = p.connection()
    client.send(b"X", flags=socket.MSG_OOB)
    conn.poll("PRI", "OUT")


@probe(67, "tcp/urgent/without-urgent-data-there-is-none-to-receive")
def no_urgent(p):
    _, _, conn = p.connection()
    conn.recv(1, socket.MSG_OOB)


def marked(p, before=b"ab", urgent_data=b"X", after=b"cd"):
    """A connection with an urgent byte between others."""
    _, client, conn = p.connection()
    client.send(before)
    client.send(urgent_data, flags=socket.MSG_OOB)
    conn.wait("PRI")
    client.send(after)
    return conn


def at_mark(conn):
    answer = struct.unpack("i", fcntl.ioctl(conn.raw, SIOCATMARK, bytes(4)))[0]
    conn.has("SIOCATMARK", "true" if answer else "false")


@probe(68, "tcp/urgent/a-read-stops-at-the-mark")
def stop_at_mark(p):
    conn = marked(p).received(5)
    conn.recv(10)
    conn.recv(10)


@probe(68, "tcp/urgent/siocatmark-is-true-at-the-mark")
def mark(p):
    conn = marked(p).received(5)
    at_mark(conn)
    conn.recv(2)
    at_mark(conn)
    conn.recv(10)
    at_mark(conn)


@probe(69, "tcp/urgent/so-oobinline-leaves-the-byte-in-the-stream")
def inline(p):
    _, client, conn = p.connection()
    conn.set("SO_OOBINLINE", True)
    client.send(b"ab")
    client.send(b"X", flags=socket.MSG_OOB)
    client.send(b"cd")
    conn.arrived(5)
    conn.recv(1, socket.MSG_OOB)
    conn.recv(10)
    conn.recv(10)


@probe(70, "tcp/urgent/only-the-last-byte-is-urgent")
def last_is_urgent(p):
    _, client, conn = p.connection()
    client.send(b"abC", flags=socket.MSG_OOB)
    conn.wait("PRI")
    conn.recv(1, socket.MSG_OOB)
    conn.recv(10)


@probe(71, "tcp/urgent/a-second-urgent-byte-replaces-the-first")
def second_urgent(p):
    _, client, conn = p.connection()
    client.send(b"X", flags=socket.MSG_OOB)
    conn.wait("PRI")
    client.send(b"Y", flags=socket.MSG_OOB)
    until(lambda: conn.raw.recv(1, socket.MSG_OOB | socket.MSG_PEEK) == b"Y")
    conn.recv(1, socket.MSG_OOB)


@probe(71, "tcp/urgent/a-second-urgent-byte-drops-the-first-at-the-mark")
def first_urgent_lost(p):
    _, client, conn = p.connection()
    client.send(b"a")
    conn.arrived(1).recv()
    client.send(b"X", flags=socket.MSG_OOB)
    conn.wait("PRI")
    at_mark(conn)
    client.send(b"Y", flags=socket.MSG_OOB)
    client.send(b"c")
    conn.received(4).recv(1, socket.MSG_OOB)
    conn.raw.setblocking(False)
    conn.recv(10)
    conn.recv(10)


@probe(123, "tcp/close/the-last-descriptor-ends-the-connection")
def last_descriptor(p):
    _, client, conn = p.connection()
    copy = client.dup("copy")
    client.close()
    conn.silence()
    copy.send(b"still here")
    conn.arrived(10).recv()
    copy.closed_at(conn)
    conn.recv()


@probe(123, "tcp/half-close/shutdown-is-for-every-descriptor")
def shutdown_of_copy(p):
    _, client, _ = p.connection()
    copy = client.dup("copy")
    copy.shutdown("write")
    client.send(b"x")


@probe(123, "tcp/handshake/the-last-descriptor-sends-the-fin")
def last_descriptor_by_state(p):
    _, client, conn = p.connection()
    copy = client.dup("copy")
    client.close()
    conn.state("ESTABLISHED")
    copy.closed_at(conn)
    conn.state("CLOSE-WAIT")
    conn.recv()


@probe(123, "tcp/listen/a-listener-listens-up-to-its-last-descriptor")
def listening_copy(p):
    server, client = p.listener(), p.tcp("client")
    copy = server.dup("copy")
    server.close()
    client.connect(copy)
    copy.accept()
    copy.close()
    p.tcp("late").connect(copy)


@probe(123, "tcp/options/options-are-of-the-socket-not-of-a-descriptor")
def options_of_copy(p):
    one = p.tcp("one")
    other = one.dup("other")
    other.flag("SO_KEEPALIVE")
    one.set("SO_KEEPALIVE", True)
    other.flag("SO_KEEPALIVE")


@probe(123, "tcp/stream/two-descriptors-share-one-stream")
def stream_of_copy(p):
    _, client, conn = p.connection()
    copy = conn.dup("copy")
    client.send(b"one two")
    conn.arrived(7).recv(3)
    copy.recv()
