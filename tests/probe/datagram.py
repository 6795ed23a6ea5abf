"""UDP."""

import socket
import struct

import isolation
from endpoint import until
from harness import probe
from words import shown

UDP6 = socket.AF_INET6, socket.SOCK_DGRAM


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
    server.send(b"pong", to=(p.loopback, client.address()[1]))
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


@probe(61, "udp/receive/peeking-at-a-datagram-takes-nothing")
def peek(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"one", to=server)
    client.send(b"two", to=server)
    server.recv(flags=socket.MSG_PEEK)
    server.recv()
    server.recv()


@probe(76, "udp/send/a-datagram-has-a-largest-size", once=True)
def largest(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.send(b"x" * 65507, to=server)
    client.send(b"x" * 65508, to=server)
    server.recv()


def six(p, name):
    """A socket bound to ::1."""
    made = p.open(name, *UDP6)
    made.raw.bind(("::1", 0))
    return made


@probe(76, "udp/send/a-datagram-over-ipv6-has-a-largest-size", once=True)
def largest_v6(p):
    server, client = six(p, "server"), six(p, "client")
    client.connect(server)
    client.send(b"x" * 65527)
    client.send(b"x" * 65528)
    server.recv()


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


@probe(79, "udp/connect/what-came-before-disconnect-is-kept", once=True)
def queued_before_disconnect(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    client.raw.bind((p.loopback, free_port(p)))
    client.connect(server)
    server.send(b"early", to=client)
    client.wait("IN")
    client.disconnect()
    client.peer()
    client.recvfrom()


def free_port(p):
    """A port that nobody has. One that the kernel chooses for a socket is given back when that disconnects."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((p.loopback, 0))
        return other.getsockname()[1]


@probe(79, "udp/connect/disconnecting-opens-a-socket-to-everybody", once=True)
def dissolved(p):
    server, client, stranger = p.udp("server", bound=True), p.udp("client"), p.udp("stranger", bound=True)
    client.raw.bind((p.loopback, free_port(p)))
    client.connect(server)
    client.disconnect()
    stranger.send(b"hello", to=client)
    client.recvfrom()


@probe(79, "udp/connect/disconnecting-gives-a-chosen-port-back", once=True)
def port_after_disconnect(p):
    server, client, other = p.udp("server", bound=True), p.udp("client"), p.udp("other")
    client.connect(server)
    before = client.address()
    client.disconnect()
    assert client.address() == ("0.0.0.0", 0)
    other.bind(before)
    server.send(b"pong", to=before)
    other.recv()


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


@probe(122, "udp/shutdown/a-late-datagram-raises-no-sigpipe")
def no_sigpipe(p):
    _, client = connected(p)
    client.shutdown("write")
    client.send(b"x", signals=True)


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


@probe(83, "udp/send/broadcasting-needs-permission", once=True)
def broadcast(p):
    p.udp("it").send(b"x", to=("127.255.255.255", 9))


@probe(83, "udp/send/port-zero-is-no-destination")
def to_port_zero(p):
    p.udp("it").send(b"x", to=(p.loopback, 0))


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


@probe(84, "udp/receive/ip-pktinfo-tells-the-destination", once=True)
def pktinfo(p):
    server, client = p.udp("server"), p.udp("client")
    server.raw.bind(("0.0.0.0", 0))
    server.raw.setsockopt(socket.IPPROTO_IP, 8, 1)
    client.raw.sendto(b"two", ("127.0.0.2", server.address()[1]))
    data, ancillary, _, _ = server.raw.recvmsg(100, 100)
    server.see(f'recv "{data.decode()}" to {socket.inet_ntoa(ancillary[0][2][8:12])}')


@probe(84, "udp/receive/ipv6-recvpktinfo-tells-the-destination", once=True)
def pktinfo_v6(p):
    p.needs_own_network()
    isolation.run("addr add 2001:db8::1/64 dev lo nodad")
    server, client = p.open("server", *UDP6), p.open("client", *UDP6)
    server.raw.bind(("::", 0))
    server.set("IPV6_RECVPKTINFO", True)
    client.send(b"one", to=("::1", server.address()[1]))
    client.send(b"two", to=("2001:db8::1", server.address()[1]))
    for _ in range(2):
        data, ancillary, _, _ = server.raw.recvmsg(100, 100)
        server.see(f"recv {shown(data)} to {socket.inet_ntop(socket.AF_INET6, ancillary[0][2][:16])}")


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
