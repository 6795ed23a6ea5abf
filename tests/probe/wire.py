"""What crosses the wire: which calls send SYN, FIN, RST, ICMP, and which send nothing.

The segments of such a probe must be those of the snapshot, all of them.
"""

import socket

from endpoint import NO_LINGER
from harness import probe


def connection(p):
    """A listener and both ends of a connection, of which the wire has seen the handshake."""
    p.on_the_wire()
    return p.connection()


@probe(10, "tcp/handshake/a-refused-connect-is-a-syn-and-a-reset")
def refused(p):
    p.on_the_wire()
    server, client = p.listener(), p.tcp("client")
    server.close()
    client.raw.bind((p.loopback, 0))
    client.connect(server)


@probe(11, "tcp/handshake/a-bound-port-that-does-not-listen-resets")
def not_listening(p):
    p.on_the_wire()
    server, client, again = p.tcp("server"), p.tcp("client"), p.tcp("again")
    server.bind()
    client.raw.bind((p.loopback, 0))
    client.connect(server)
    server.listen()
    again.connect(server)


@probe(15, "tcp/handshake/a-socket-can-open-to-itself")
def self_connect(p):
    p.on_the_wire()
    me = p.tcp("me")
    me.bind()
    me.connect(me)
    me.send(b"anybody there?")
    me.recv()
    me.shutdown("write")
    me.recv()


@probe(1, "tcp/handshake/data-may-cross-before-accept")
def before_accept(p):
    p.on_the_wire()
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    client.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.send(b"early ")
    client.send(b"bird")
    client.shutdown("write")
    conn = server.accept()
    conn.state("CLOSE-WAIT")
    conn.unread()
    conn.recv()
    conn.recv()


@probe(19, "tcp/handshake/the-client-closes-first")
def client_first(p):
    _, client, conn = connection(p)
    client.closed_at(conn)
    conn.recv()
    conn.state("CLOSE-WAIT")
    client.state_of_closed(conn.bound(), "FIN-WAIT-2")
    conn.close()
    client.state_of_closed(conn.bound(), "TIME-WAIT")
    conn.state_of_closed(client.bound(), "CLOSED")


@probe(19, "tcp/handshake/the-server-closes-first")
def server_first(p):
    _, client, conn = connection(p)
    conn.closed_at(client)
    client.recv()
    client.close()
    conn.state_of_closed(client.bound(), "TIME-WAIT")
    client.state_of_closed(conn.bound(), "CLOSED")


@probe(20, "tcp/bind/time-wait-holds-a-fixed-port-too")
def time_wait(p):
    p.on_the_wire()
    server, client, again, fresh = (p.tcp(name) for name in ("server", "client", "again", "fresh"))
    server.set("SO_REUSEADDR", True)
    server.listen(at=(p.loopback, 80))
    client.connect(server)
    conn = server.accept()
    server.close()
    conn.closed_at(client)
    client.recv()
    client.close()
    conn.state_of_closed(client.bound(), "TIME-WAIT")
    again.bind((p.loopback, 80))
    fresh.set("SO_REUSEADDR", True)
    fresh.listen(at=(p.loopback, 80))
    fresh.flag("SO_ACCEPTCONN")


@probe(23, "tcp/handshake/a-half-close-is-one-fin")
def one_fin(p):
    _, client, conn = connection(p)
    client.send(b"request")
    client.shutdown("write")
    conn.recv(7)
    conn.recv()
    client.state("FIN-WAIT-2")
    conn.send(b"response")
    conn.closed_at(client)
    client.recv()
    client.recv()


@probe(26, "tcp/handshake/shutdown-read-sends-nothing")
def shutdown_read(p):
    _, client, conn = connection(p)
    conn.shutdown("read")
    client.send(b"still there?")
    conn.arrived(12).recv()
    conn.recv()
    client.state("ESTABLISHED")


@probe(29, "tcp/reset/on-the-wire/a-late-write-provokes-a-reset")
def late_write(p):
    _, client, conn = connection(p)
    conn.closed_at(client)
    client.send(b"too late")
    client.wait("ERR")
    client.send(b"far too late")
    client.recv()
    client.close()


@probe(31, "tcp/reset/on-the-wire/so-linger-zero-sends-no-fin")
def linger_zero(p):
    _, client, conn = connection(p)
    conn.set("SO_LINGER", NO_LINGER, 0)
    conn.close()
    client.wait("ERR")
    client.recv()


@probe(33, "tcp/reset/on-the-wire/a-close-with-unread-data-is-a-reset")
def close_with_unread(p):
    _, client, conn = connection(p)
    client.send(b"unread")
    conn.unread(6)
    conn.close()
    client.wait("ERR")
    client.recv()
    client.state("CLOSED")


@probe(34, "tcp/reset/on-the-wire/data-goes-before-the-reset")
def data_before_reset(p):
    _, client, conn = connection(p)
    client.send(b"unread")
    conn.arrived(6).send(b"goodbye")
    conn.close()
    client.wait("ERR")
    client.recv()
    client.recv()
    client.recv()


@probe(35, "tcp/reset/on-the-wire/shutdown-with-unread-data-is-a-fin")
def half_close_with_unread(p):
    _, client, conn = connection(p)
    client.send(b"unread")
    conn.unread(6)
    conn.shutdown("write")
    client.wait("RDHUP")
    client.recv()
    conn.recv()
    conn.close()
    client.close()
    conn.state_of_closed(client.bound(), "TIME-WAIT")


@probe(36, "tcp/reset/on-the-wire/a-reset-may-come-before-accept")
def reset_before_accept(p):
    p.on_the_wire()
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    client.reset()
    server.wait("IN")
    conn = server.accept()
    conn.wait("ERR")
    conn.recv()
    conn.recv()
    conn.close()


@probe(37, "tcp/reset/on-the-wire/closing-a-listener-resets-each-in-its-queue")
def listener_closed(p):
    p.on_the_wire()
    server, ann, bob, cyd = p.listener(), p.tcp("ann"), p.tcp("bob"), p.tcp("cyd")
    ann.connect(server)
    conn = server.accept()
    bob.connect(server)
    cyd.connect(server)
    server.queue(2)
    server.close()
    for client in (bob, cyd):
        client.wait("ERR")
        client.recv()
    conn.send(b"still here")
    ann.arrived(10).recv()


@probe(38, "tcp/reset/on-the-wire/disconnecting-sends-a-reset")
def disconnected(p):
    _, client, conn = connection(p)
    client.disconnect()
    conn.wait("ERR")
    conn.recv()


@probe(77, "udp/errors/a-closed-port-answers-with-icmp")
def port_unreachable(p):
    p.on_the_wire()
    server, client = p.udp("server", bound=True), p.udp("client")
    client.connect(server)
    server.close()
    client.send(b"anybody?")
    client.wait("ERR")
    client.recv()
    client.send(b"still nobody?")
    client.wait("ERR")
    client.send(b"and now?")


@probe(78, "udp/errors/an-unconnected-socket-is-not-told")
def not_told(p):
    p.on_the_wire()
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.send(b"anybody?", to=server)
    client.silence()
    client.set("IP_RECVERR", True)
    client.send(b"tell me!", to=server)
    client.wait("ERR")
    client.recv()
