"""UDP: ICMP errors, and the error queue."""

from datagram import six
from endpoint import MSG_ERRQUEUE
from harness import probe
from words import POLL


def refused(client):
    """Waits for the port unreachable message that a send has caused."""
    client.wait("ERR")


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


@probe(77, "udp/connect/a-refusal-is-err-for-poll")
def refusal_in_poll(p):
    client = closed_port(p)
    client.poll("OUT")
    client.send(b"anybody?")
    client.poll("OUT", "ERR")
    client.recv()
    client.poll("OUT")


@probe(77, "udp/connect/a-refusal-waits-in-so-error")
def refusal_in_so_error(p):
    client = closed_port(p)
    client.send(b"one")
    refused(client)
    client.so_error()
    client.so_error()


@probe(78, "udp/connect/an-unconnected-socket-learns-nothing")
def unconnected_refusal(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.send(b"lost", to=server)
    assert not client.events(POLL["ERR"], 0.05)
    client.so_error()


@probe(78, "udp/connect/ip-recverr-tells-an-unconnected-socket-too", once=True)
def recverr(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.set("IP_RECVERR", True)
    client.send(b"lost", to=server)
    refused(client)
    client.so_error()


@probe(78, "udp/errors/ip-recverr-gives-a-refused-datagram-back", once=True)
def error_queue(p):
    server, client = p.udp("server", bound=True), p.udp("client")
    server.close()
    client.set("IP_RECVERR", True)
    client.send(b"one", to=server)
    refused(client)
    client.errqueue()


@probe(78, "udp/errors/reading-the-error-queue-uses-the-error-up", once=True)
def error_used_up(p):
    server, client = p.udp("server", bound=True), p.udp("client", bound=True)
    server.close()
    client.set("IP_RECVERR", True)
    client.send(b"lost", to=server)
    refused(client)
    client.raw.recvmsg(100, 512, MSG_ERRQUEUE)
    other = p.udp("other", bound=True)
    client.send(b"heard", to=other)
    other.recvfrom()


@probe(78, "udp/errors/each-datagram-has-its-own-error", once=True)
def own_errors(p):
    server, closed, client = (p.udp(name, bound=True) for name in ("server", "closed", "client"))
    closed.close()
    client.set("IP_RECVERR", True)
    client.send(b"one", to=closed)
    refused(client)
    client.errqueue()
    client.send(b"two", to=server)
    server.recvfrom()
    client.send(b"three", to=closed)
    refused(client)
    client.errqueue()
    client.poll("OUT")


@probe(78, "udp/errors/ipv6-recverr-gives-a-refused-datagram-back", once=True)
def error_queue_v6(p):
    server, client = six(p, "server"), six(p, "client")
    server.close()
    client.set("IPV6_RECVERR", True)
    client.send(b"lost", to=server)
    refused(client)
    client.errqueue()
    client.poll("OUT")


@probe(78, "udp/errors/a-datagram-that-is-too-large-is-a-local-error", once=True)
def local_error(p):
    server, client = six(p, "server"), six(p, "client")
    client.connect(server)
    client.set("IPV6_RECVERR", True)
    client.send(b"x" * 70000)
    client.errqueue()
    client.poll("OUT")
