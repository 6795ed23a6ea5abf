"""UDP."""

import socket
import struct

from endpoint import LOOPBACK, until
from harness import probe
from words import POLL

def refused(client):
    """Waits for the port unreachable message that a send has caused."""
    client.wait("ERR")


@probe(72, "udp/send/an-unconnected-send-needs-a-destination")
def no_destination(p):
    p.udp("alone").send(b"x")


@probe(72, "udp/send/the-first-send-binds-a-port")
def send_binds(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    assert client.address()[1] == 0
    client.send(b"ping", to=server)
    server.recv()
    assert client.address()[1] != 0
    server.send(b"pong", to=("127.0.0.1", client.address()[1]))
    client.recvfrom()


@probe(73, "udp/receive/a-short-read-loses-the-rest")
def short_read(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"truncated", to=server)
    client.send(b"next", to=server)
    until(lambda: server.events(1))
    server.recvmsg(5)
    server.recv()


@probe(73, "udp/receive/msg-trunc-tells-the-full-size")
def full_size(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"truncated", to=server)
    server.wait("IN")
    server.recvmsg(5, socket.MSG_TRUNC)


@probe(73, "udp/receive/a-read-of-no-bytes-loses-the-datagram")
def read_of_nothing(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"lost", to=server)
    client.send(b"next", to=server)
    server.wait("IN")
    server.recvmsg(0, socket.MSG_TRUNC)
    server.recv()


@probe(74, "udp/receive/an-empty-datagram-arrives")
def empty_datagram(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"", to=server)
    client.send(b"after it", to=server)
    server.wait("IN")
    server.recv()
    server.recv()


@probe(75, "udp/receive/boundaries-are-kept")
@probe(111, "udp/receive/boundaries-are-kept")
def boundaries(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"one", to=server)
    client.send(b"two, longer", to=server)
    server.recv()
    server.recv()


@probe(76, "udp/send/a-datagram-has-a-largest-size")
def largest(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"x" * 65507, to=server)
    client.send(b"x" * 65508, to=server)
    server.recv()


def closed_port(p):
    """A client that is connected to a port where nobody is any more."""
    server, client = p.udp("server", bound=True), p.udp("client")
    client.connect(server)
    server.close()
    return client


@probe(77, "udp/connect/a-connected-socket-learns-of-a-closed-port")
def refusal_at_recv(p):
    client = closed_port(p)
    client.send(b"one")
    refused(client)
    client.recv()
    client.raw.setblocking(False)
    client.recv()


@probe(77, "udp/connect/a-refusal-may-meet-the-next-send")
def refusal_at_send(p):
    client = closed_port(p)
    client.send(b"one")
    refused(client)
    client.send(b"two")
    client.send(b"three")


@probe(78, "udp/connect/an-unconnected-socket-learns-nothing")
def unconnected_refusal(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.send(b"lost", to=server)
    assert not client.events(POLL["ERR"], 0.05)
    client.so_error()


@probe(78, "udp/connect/ip-recverr-tells-an-unconnected-socket-too")
def recverr(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.set("IP_RECVERR", True)
    client.send(b"lost", to=server)
    refused(client)
    client.so_error()


@probe(78, "udp/errors/ip-recverr-gives-a-refused-datagram-back")
def error_queue(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.set("IP_RECVERR", True)
    client.send(b"one", to=server)
    refused(client)
    client.errqueue()


@probe(79, "udp/connect/a-connected-socket-drops-other-senders")
def other_senders(p):
    server, client, stranger = p.udp("server", bound=True), p.udp("client", bound=True), p.udp("stranger", bound=True)
    client.connect(server)
    stranger.send(b"unheard", to=client)
    server.send(b"for you", to=client)
    client.recvfrom()
    client.silence()


@probe(79, "udp/connect/what-came-before-connect-is-kept")
def queued_before_connect(p):
    server, client, stranger = p.udp("server", bound=True), p.udp("client", bound=True), p.udp("stranger", bound=True)
    stranger.send(b"early", to=client)
    client.wait("IN")
    client.connect(server)
    client.recvfrom()


def free_port():
    """A port that nobody has. One that the kernel chooses for a socket is given back when that disconnects."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, 0))
        return other.getsockname()[1]


@probe(79, "udp/connect/disconnecting-opens-a-socket-to-everybody")
def dissolved(p):
    server, client, stranger = p.udp("server", bound=True), p.udp("client"), p.udp("stranger", bound=True)
    client.raw.bind((LOOPBACK, free_port()))
    client.connect(server)
    client.disconnect()
    stranger.send(b"hello", to=client)
    client.recvfrom()


@probe(79, "udp/connect/disconnecting-gives-a-chosen-port-back")
def port_after_disconnect(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.connect(server)
    client.disconnect()
    assert client.address() == ("0.0.0.0", 0)


@probe(80, "udp/connect/a-connected-socket-may-send-elsewhere")
def send_elsewhere(p):
    one, two, client = p.udp("one", bound=True), p.udp("two", bound=True), p.udp("client")
    client.connect(one)
    client.send(b"elsewhere", to=two)
    two.recvfrom()


@probe(81, "udp/shutdown/an-unconnected-socket-cannot-be-shut-down")
def unconnected_shutdown(p):
    p.udp("it", bound=True).shutdown("write")


def connected(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.connect(server)
    return server, client


@probe(81, "udp/shutdown/nothing-can-be-sent-after-shutdown-write")
def shutdown_write(p):
    _, client = connected(p)
    client.shutdown("write")
    client.send(b"x")


@probe(81, "udp/shutdown/an-empty-socket-does-not-block-after-shutdown-read")
def shutdown_read(p):
    _, client = connected(p)
    client.shutdown("read")
    client.recv()


@probe(82, "udp/bind/so-reuseaddr-gives-datagrams-to-the-last")
def last_binder(p):
    one, two, client = p.udp("one"), p.udp("two"), p.udp("client", bound=True)
    one.set("SO_REUSEADDR", True)
    one.bind()
    two.set("SO_REUSEADDR", True)
    two.bind(one.address())
    client.send(b"for whom?", to=one.address())
    two.recvfrom()
    one.silence()


@probe(83, "udp/send/broadcasting-needs-permission")
def broadcast(p):
    p.udp("it").send(b"x", to=("127.255.255.255", 9))


@probe(83, "udp/send/port-zero-is-no-destination")
def to_port_zero(p):
    p.udp("it").send(b"x", to=(LOOPBACK, 0))


@probe(83, "udp/receive/a-full-queue-drops-silently")
def overflow(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.set("SO_RCVBUF", 1)
    for letter in b"a", b"b":
        client.send(letter * 4096, to=server)
    drops = struct.unpack("9I", server.raw.getsockopt(socket.SOL_SOCKET, 55, 36))[8]
    assert drops == 1
    server.recv()
    server.silence()


@probe(84, "udp/receive/ip-pktinfo-tells-the-destination")
def pktinfo(p):
    server, client = p.udp("server"), p.udp("client")
    server.raw.bind(("0.0.0.0", 0))
    server.raw.setsockopt(socket.IPPROTO_IP, 8, 1)
    client.raw.sendto(b"two", ("127.0.0.2", server.address()[1]))
    data, ancillary, _, _ = server.raw.recvmsg(100, 100)
    server.see(f'recv "{data.decode()}" to {socket.inet_ntoa(ancillary[0][2][8:12])}')


@probe(84, "udp/send/udp-segment-cuts-a-send-into-datagrams")
def segments(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.set("UDP_SEGMENT", 4)
    client.send(b"0123456789", to=server)
    for _ in range(3):
        server.recv()


@probe(84, "udp/connect/a-socket-can-talk-to-itself")
def self_connect(p):
    me = p.udp("me", bound=True)
    me.connect(me)
    me.send(b"echo")
    me.recvfrom()
