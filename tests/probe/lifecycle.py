"""TCP: from `socket` to an established connection."""

import os
import socket

from harness import Blocked, probe

TIME_WAIT = "TIME-WAIT"


@probe(1, "tcp/connect/a-client-can-send-before-it-is-accepted")
def send_before_accept(p):
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    client.send(b"early")
    conn = server.accept()
    conn.recv()


@probe(1, "tcp/accept/a-connection-is-accepted-after-its-client-has-left")
def accept_after_close(p):
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    client.send(b"farewell")
    client.close()
    conn = server.accept()
    conn.recv()
    conn.recv()


@probe(2, "tcp/connect/both-ends-agree-on-their-addresses")
def mirrored_addresses(p):
    _, client, conn = p.connection()
    assert client.raw.getsockname() == conn.raw.getpeername()
    assert conn.raw.getsockname() == client.raw.getpeername()
    conn.peer()


@probe(3, "tcp/close/the-end-of-the-stream-stays")
def end_of_stream_stays(p):
    _, client, conn = p.connection()
    client.closed_at(conn)
    conn.recv()
    conn.recv()
    conn.state("CLOSE-WAIT")


@probe(4, "tcp/connect/an-unconnected-socket-has-nobody-to-talk-to")
def unconnected_data(p):
    alone = p.tcp("alone")
    alone.recv(1)
    alone.send(b"x")


@probe(4, "tcp/connect/an-unconnected-write-raises-sigpipe")
@probe(122, "tcp/connect/an-unconnected-write-raises-sigpipe")
def unconnected_sigpipe(p):
    p.tcp("it").send(b"x", signals=True)


@probe(5, "tcp/connect/an-unconnected-socket-cannot-be-shut-down")
def unconnected_shutdown(p):
    p.tcp("alone").shutdown("write")


@probe(5, "tcp/connect/an-unconnected-socket-has-no-peer")
def unconnected_peer(p):
    p.tcp("client").peer()


@probe(6, "tcp/accept/only-a-listener-accepts")
def accept_without_listen(p):
    server = p.tcp("server")
    server.bind()
    server.accept()


@probe(6, "tcp/accept/a-connection-cannot-accept")
def accept_of_connection(p):
    _, client, _ = p.connection()
    client.accept("other")


@probe(6, "udp/bind/datagram-sockets-neither-listen-nor-accept")
def listening_datagram_socket(p):
    server = p.udp("server")
    server.bind()
    server.listen()
    server.accept()


@probe(7, "tcp/listen/an-unbound-socket-gets-a-port")
def unbound_listen(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.listen()
    assert server.address()[0] in ("0.0.0.0", "::") and server.address()[1] != 0
    client.connect((p.loopback, server.address()[1]))
    server.accept().peer()


@probe(8, "tcp/connect/a-connected-socket-cannot-connect-again")
def connect_again(p):
    server, client, _ = p.connection()
    client.connect(server)


@probe(8, "tcp/connect/a-listener-cannot-connect")
def connect_listener(p):
    server, other = p.listener(), p.listener("other")
    other.connect(server)


@probe(9, "tcp/bind/a-socket-binds-once")
def bind_twice(p):
    server = p.tcp("server")
    server.bind()
    server.bind()


@probe(9, "tcp/bind/a-connected-socket-cannot-bind")
def bind_connected(p):
    _, client, _ = p.connection()
    client.bind()


@probe(10, "tcp/connect/a-port-without-a-listener-refuses")
def nobody_listens(p):
    server, client = p.listener(), p.tcp("client")
    server.close()
    client.connect(server)


@probe(11, "tcp/connect/a-bound-socket-that-does-not-listen-refuses")
def bound_only(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.bind()
    client.connect(server)


@probe(12, "tcp/bind/a-used-port-is-refused")
def used_port(p):
    server, other = p.listener(), p.tcp("other")
    other.bind(server.address())


@probe(12, "tcp/bind/a-foreign-address-is-not-available", once=True)
def foreign_address(p):
    it = p.tcp("it")
    it.bind(("192.0.2.1", 8080))
    it.set("IP_FREEBIND", True)
    it.bind(("192.0.2.1", 8080))


@probe(12, "udp/bind/a-used-port-is-refused")
def used_port_udp(p):
    one, other = p.udp("one", bound=True), p.udp("other")
    other.bind(one.address())


@probe(13, "tcp/connect/a-nonblocking-connect-completes-later")
def nonblocking_connect(p):
    server, client = p.listener(), p.tcp("client")
    client.raw.setblocking(False)
    client.connect(server)
    client.wait("OUT")
    client.so_error()


@probe(14, "tcp/connect/a-nonblocking-refusal-waits-in-so-error")
def nonblocking_refusal(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.raw.bind((p.loopback, 0))
    client.raw.setblocking(False)
    client.connect(server)
    client.wait("OUT")
    client.so_error()
    client.so_error()


@probe(14, "tcp/poll/a-refused-connect-sets-every-bit")
def refusal_in_poll(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.raw.bind((p.loopback, 0))
    client.raw.setblocking(False)
    client.connect(server)
    client.poll("IN", "OUT", "ERR", "HUP", "RDHUP")


@probe(15, "tcp/connect/a-socket-can-connect-to-itself", "tcp/handshake/a-socket-can-open-to-itself")
def self_connect(p):
    me = p.tcp("me")
    me.raw.bind((p.loopback, 0))
    me.connect(me)
    me.state("ESTABLISHED")
    me.peer()
    me.send(b"anybody there?")
    me.recv()


@probe(16, "tcp/connect/port-zero-refuses")
def port_zero(p):
    p.tcp("client").connect((p.loopback, 0))


@probe(16, "tcp/connect/the-wildcard-address-reaches-loopback", once=True)
def wildcard_destination(p):
    server, client = p.listener(), p.tcp("client")
    client.connect(("0.0.0.0", server.address()[1]))
    client.peer()


@probe(16, "ipv6/options/the-wildcard-address-reaches-loopback", once=True)
def wildcard_destination_v6(p):
    server = p.listener(address=("::1", 0), family=socket.AF_INET6)
    client = p.open("client", socket.AF_INET6)
    client.connect(("::", server.address()[1]))
    client.peer()


@probe(17, "tcp/accept/an-empty-queue-would-block")
def empty_queue(p):
    server = p.listener()
    server.raw.setblocking(False)
    server.accept()


@probe(18, "tcp/accept/a-listener-that-is-shut-down-refuses")
def shut_down_listener(p):
    server, client = p.listener(), p.tcp("client")
    server.shutdown("read")
    client.connect(server)
    server.accept()


@probe(18, "tcp/accept/shutting-a-listener-down-wakes-its-accept")
def shut_down_wakes(p):
    server = p.listener()
    accept = Blocked(p, server.accept)
    server.raw.shutdown(socket.SHUT_RD)
    accept.returns()


@probe(19, "tcp/close/the-first-to-close-holds-time-wait")
def first_to_close(p):
    _, client, conn = p.connection()
    client.closed_at(conn)
    conn.close()
    client.state_of_closed(conn.bound(), TIME_WAIT)
    conn.state_of_closed(client.bound(), "CLOSED")


@probe(19, "tcp/reset/a-reset-leaves-no-time-wait")
def no_time_wait(p):
    _, client, conn = p.connection()
    client.reset()
    conn.wait("ERR")
    client.state_of_closed(conn.address(), "CLOSED")


def time_wait(p, reuse):
    """The server's port while the server's end of a connection is in TIME-WAIT, and a socket for it."""
    server, client = p.tcp("server"), p.tcp("client")
    if reuse:
        server.raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.raw.bind((p.loopback, 0))
    server.raw.listen()
    client.raw.connect(server.bound())
    conn = server.accept()
    conn.close()
    client.recv()
    client.close()
    conn.state_of_closed(client.bound(), TIME_WAIT)
    server.close()
    return server.bound(), p.tcp("again")


@probe(20, "tcp/bind/time-wait-holds-the-port")
def time_wait_holds(p):
    port, again = time_wait(p, False)
    again.bind(port)


@probe(20, "tcp/bind/so-reuseaddr-takes-a-port-from-time-wait")
def time_wait_reused(p):
    port, again = time_wait(p, True)
    again.set("SO_REUSEADDR", True)
    again.listen(at=port)
    again.flag("SO_ACCEPTCONN")


def create(p, name, *how):
    p.attempt(name, "socket", lambda: socket.socket(*how).close())


@probe(21, "tcp/socket/a-protocol-must-be-of-its-type", once=True)
def bad_protocol(p):
    create(p, "a", socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP)
    create(p, "b", socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_TCP)


@probe(21, "tcp/socket/an-unknown-family-is-not-supported", once=True)
def bad_family(p):
    create(p, "a", 45, socket.SOCK_STREAM)


@probe(21, "tcp/socket/a-type-must-be-of-its-family", once=True)
def bad_type(p):
    create(p, "a", socket.AF_INET, socket.SOCK_SEQPACKET)


@probe(21, "tcp/socket/only-unix-sockets-come-in-pairs", once=True)
def internet_pair(p):
    p.attempt("a", "pair", socket.socketpair, socket.AF_INET)


@probe(21, "tcp/socket/a-file-is-no-socket", once=True)
def not_a_socket(p):
    with socket.socket() as server, open(os.devnull, "rb") as null:
        server.bind((p.loopback, 0))
        server.listen()
        file = p.endpoint("file", server)
        os.dup2(null.fileno(), server.fileno())
        file.bind()
        file.listen()
        file.accept()
        file.send(b"x")
        file.shutdown("write")
        file.set("SO_KEEPALIVE", True)
        file.peer()


@probe(22, "tcp/bind/every-loopback-address-is-there", once=True)
def other_loopback(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.listen(at=("127.0.0.2", 0))
    client.raw.bind(("127.1.2.3", 0))
    client.connect(server)
    conn = server.accept()
    assert (conn.address()[1], conn.raw.getpeername()[1]) == (server.address()[1], client.address()[1])
    conn.has("local", f"tcp://{conn.address()[0]}:<server.port>")
    conn.has("peer", f"tcp://{conn.raw.getpeername()[0]}:<client.port>")
