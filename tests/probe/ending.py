"""TCP: half-close, close, reset."""

import socket
import struct
import time

from endpoint import NO_LINGER, until
from harness import Blocked, probe
from words import shown


@probe(23, "tcp/half-close/a-half-close-is-seen-in-both-states")
def half_close_states(p):
    _, client, conn = p.connection()
    client.shutdown("write")
    client.state("FIN-WAIT-2")
    conn.state("CLOSE-WAIT")


@probe(23, "tcp/half-close/a-half-closed-client-still-receives-the-reply")
def reply_after_half_close(p):
    _, client, conn = p.connection()
    client.send(b"request")
    client.shutdown("write")
    conn.recv(7)
    conn.recv()
    conn.send(b"response")
    client.recv()


@probe(23, "tcp/poll/a-half-close-is-rdhup-at-the-peer")
def half_close_in_poll(p):
    _, client, conn = p.connection()
    client.shutdown("write")
    client.poll("OUT")
    conn.poll("IN", "OUT", "RDHUP")


@probe(24, "tcp/half-close/nothing-can-be-sent-after-a-half-close")
def send_after_half_close(p):
    _, client, _ = p.connection()
    client.shutdown("write")
    client.send(b"x")


@probe(24, "tcp/half-close/a-write-after-a-half-close-raises-sigpipe")
@probe(122, "tcp/half-close/a-write-after-a-half-close-raises-sigpipe")
def sigpipe_after_half_close(p):
    _, client, _ = p.connection()
    client.shutdown("write")
    client.send(b"x", signals=True)
    client.send(b"x")


@probe(24, "tcp/half-close/half-closing-twice-is-no-error")
def half_close_twice(p):
    _, client, _ = p.connection()
    client.shutdown("write")
    client.shutdown("write")


@probe(25, "tcp/half-close/a-connection-that-both-ended-cannot-be-shut-down")
def shutdown_after_both(p):
    _, client, conn = p.connection()
    client.shutdown("write")
    conn.wait("RDHUP")
    conn.shutdown("write")
    client.wait("RDHUP")
    until(lambda: conn.info() == 7)
    client.shutdown("write")
    conn.shutdown("write")


@probe(26, "tcp/half-close/shutdown-read-keeps-what-has-arrived")
def shutdown_read(p):
    _, client, conn = p.connection()
    client.send(b"arrived")
    conn.arrived(7)
    conn.shutdown("read")
    conn.recv()
    conn.recv()


@probe(26, "tcp/half-close/shutdown-read-is-not-seen-by-the-peer")
def shutdown_read_at_the_peer(p):
    _, client, conn = p.connection()
    conn.shutdown("read")
    client.state("ESTABLISHED")
    client.send(b"later")
    conn.arrived(5)
    conn.recv()
    conn.recv()


@probe(27, "tcp/half-close/shutdown-both-ends-both-directions")
def shutdown_both(p):
    _, client, _ = p.connection()
    client.shutdown("both")
    client.recv()
    client.send(b"x")


@probe(27, "tcp/poll/shutdown-both-is-hup-here-and-rdhup-there")
def shutdown_both_in_poll(p):
    _, client, conn = p.connection()
    client.shutdown("both")
    client.poll("IN", "OUT", "HUP", "RDHUP")
    conn.poll("IN", "OUT", "RDHUP")


@probe(28, "tcp/half-close/shutdown-read-wakes-a-blocked-receive")
def shutdown_wakes(p):
    _, _, conn = p.connection()
    recv = Blocked(p, conn.recv)
    conn.raw.shutdown(socket.SHUT_RD)
    recv.returns()


@probe(29, "tcp/close/the-first-late-write-succeeds")
def late_write(p):
    _, client, conn = p.connection()
    conn.closed_at(client)
    client.send(b"one")
    client.wait("ERR", "HUP")
    client.send(b"two")


@probe(29, "tcp/close/a-late-write-raises-sigpipe")
@probe(122, "tcp/close/a-late-write-raises-sigpipe")
def late_write_sigpipe(p):
    _, client, conn = p.connection()
    conn.closed_at(client)
    client.send(b"x", signals=True)
    client.wait("ERR", "HUP")
    client.send(b"x", signals=True)
    client.send(b"x")


def reset_after_end(p):
    """A client that has seen the end of the stream, then a reset."""
    _, client, conn = p.connection()
    conn.closed_at(client)
    client.send(b"late")
    client.wait("HUP")
    return client


@probe(30, "tcp/close/a-reset-after-the-end-reads-as-the-end")
def end_before_reset(p):
    client = reset_after_end(p)
    client.recv()


@probe(30, "tcp/close/a-reset-after-the-end-reads-as-the-end")
def so_error_after_end(p):
    reset_after_end(p).so_error()


@probe(30, "tcp/poll/a-reset-after-the-end-is-err-and-hup")
def poll_after_end(p):
    reset_after_end(p).poll("IN", "OUT", "ERR", "HUP", "RDHUP")


@probe(31, "tcp/reset/a-reset-is-reported-once")
def reset_once(p):
    _, client, conn = p.connection()
    conn.reset()
    client.wait("ERR")
    client.recv()
    client.recv()


@probe(31, "tcp/reset/a-reset-is-reported-once")
def send_after_reset(p):
    _, client, conn = p.connection()
    conn.reset()
    client.wait("ERR")
    client.recv()
    client.send(b"x")
    client.state("CLOSED")


@probe(31, "tcp/reset/so-linger-zero-makes-close-a-reset")
def linger_zero(p):
    _, client, conn = p.connection()
    conn.set("SO_LINGER", NO_LINGER, 0)
    conn.close()
    client.wait("ERR")
    client.recv()


@probe(31, "tcp/poll/a-reset-is-err-until-it-is-read")
def reset_in_poll(p):
    _, client, conn = p.connection()
    conn.reset()
    client.poll("IN", "OUT", "ERR", "HUP", "RDHUP")
    client.recv()
    client.poll("IN", "OUT", "HUP", "RDHUP")
    client.recv()


@probe(32, "tcp/reset/so-error-uses-the-reset-up")
def so_error_uses_up(p):
    _, client, conn = p.connection()
    conn.reset()
    client.wait("ERR")
    client.so_error()
    client.recv()


@probe(33, "tcp/reset/closing-with-unread-data-resets")
def close_with_unread(p):
    _, client, conn = p.connection()
    client.send(b"unread")
    conn.arrived(6)
    conn.close()
    client.wait("ERR")
    client.recv()


@probe(33, "tcp/reset/closing-with-all-data-read-does-not-reset")
def close_with_all_read(p):
    _, ann, a = p.connection("ann", "a")
    ann.send(b"a line\n")
    a.arrived(7).recv()
    a.closed_at(ann)
    ann.recv()


@probe(34, "tcp/reset/data-sent-before-the-reset-arrives")
def data_before_reset(p):
    _, client, conn = p.connection()
    client.send(b"unread")
    conn.arrived(6)
    conn.send(b"goodbye")
    conn.close()
    client.wait("ERR")
    client.recv()
    client.recv()
    client.recv()


@probe(35, "tcp/half-close/a-half-close-with-unread-data-is-clean")
def half_close_with_unread(p):
    _, client, conn = p.connection()
    client.send(b"unread")
    conn.arrived(6)
    conn.shutdown("write")
    client.wait("RDHUP")
    client.recv()


def reset_before_accept(p):
    """An accepted socket whose client has gone before; on a listener that has noticed."""
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    client.reset()
    until(lambda: server.events(1))
    return server.accept()


@probe(36, "tcp/reset/a-client-may-reset-before-accept")
def early_reset(p):
    conn = reset_before_accept(p)
    conn.wait("ERR")
    conn.recv()


@probe(36, "tcp/reset/a-connection-that-was-reset-has-no-peer")
def early_reset_peer(p):
    _, client, conn = p.connection()
    client.reset()
    conn.wait("ERR")
    conn.peer()


@probe(37, "tcp/reset/closing-a-listener-resets-its-queue")
def listener_closed(p):
    server, ann, bob = p.listener(), p.tcp("ann"), p.tcp("bob")
    ann.connect(server)
    bob.connect(server)
    server.close()
    for client in (ann, bob):
        client.wait("ERR")
        client.recv()


@probe(38, "tcp/reset/disconnecting-is-a-reset")
def disconnect_resets(p):
    _, client, conn = p.connection()
    client.disconnect()
    conn.wait("ERR")
    conn.recv()


@probe(38, "tcp/connect/a-disconnected-socket-connects-anew")
def disconnect_and_connect(p):
    server, client, _ = p.connection()
    client.disconnect()
    client.connect(server)


@probe(38, "tcp/listen/disconnecting-a-listener-ends-it")
def disconnect_listener(p):
    server, late = p.listener(), p.tcp("late")
    server.disconnect()
    late.connect(server)


@probe(38, "tcp/reset/disconnecting-leaves-sent-data-to-be-read")
def disconnect_after_data(p):
    _, client, conn = p.connection()
    client.send(b"last words")
    conn.arrived(10)
    client.disconnect()
    conn.wait("ERR")
    conn.recv()
    conn.recv()


def lingering(p, seconds, data):
    """The end of a connection that lingers, with data that the other end has a small buffer for."""
    server, client = p.tcp("server"), p.tcp("client")
    server.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.raw.bind((p.loopback, 0))
    server.raw.listen()
    client.raw.connect(server.address())
    client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
    client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
    client.raw.setblocking(False)
    assert client.raw.send(data) == len(data)
    client.raw.setblocking(True)
    return client, server.accept()


@probe(39, "tcp/close/so-linger-makes-close-wait-for-the-peer")
def linger_waits(p):
    client, conn = lingering(p, 1, b"x" * 100000)
    begun = time.monotonic()
    client.close()
    assert time.monotonic() - begun >= 0.9
    received = conn.raw.recv(100000, socket.MSG_WAITALL)
    conn.see(f"recv {shown(received)}")
    conn.recv()


@probe(39, "tcp/close/so-linger-does-not-delay-an-idle-close")
def linger_idle(p):
    client, conn = lingering(p, 3600, b"done")
    conn.arrived(4).recv()
    until(lambda: client.info(24, "I") == 0)  # acknowledged
    client.close()
    conn.recv()
