"""IPv6, and IPv4 through IPv6 sockets."""

import socket

from harness import probe

MAPPED = "::ffff:127.0.0.1"


def six(p, name, v6only=None):
    made = p.open(name, socket.AF_INET6)
    if v6only is not None:
        made.set("IPV6_V6ONLY", v6only)
    return made


@probe(91, "ipv6/dual-stack/v6only-is-off-from-the-start")
def v6only_default(p):
    six(p, "it").flag("IPV6_V6ONLY")


@probe(91, "ipv6/dual-stack/a-wildcard-listener-accepts-ipv4")
def dual_stack(p):
    server, four = six(p, "server", False), p.tcp("four")
    server.listen(at=("::", 0))
    four.connect((p.loopback, server.address()[1]))
    a = server.accept("a")
    host, port, *_ = a.raw.getpeername()
    assert port == four.address()[1]
    a.has("peer", f"tcp6://[{host}]:<four.port>")


@probe(91, "ipv6/dual-stack/a-wildcard-listener-takes-the-ipv4-port-too")
def ipv4_port_taken(p):
    server, other = six(p, "server", False), p.tcp("other")
    server.listen(at=("::", 0))
    other.bind(("0.0.0.0", server.address()[1]))


@probe(92, "ipv6/v6only/v6only-refuses-ipv4")
def v6only_refuses(p):
    server, four = six(p, "server", True), p.tcp("four")
    server.listen(at=("::", 0))
    four.connect((p.loopback, server.address()[1]))


@probe(92, "ipv6/v6only/v6only-leaves-the-ipv4-port-free")
def ipv4_port_free(p):
    p.needs_own_network()  # in another the port may be in use over IPv4
    listener, four = six(p, "six", True), p.tcp("four")
    p.needs_own_network()  # in another the port may be in use over IPv4
    listener.listen(at=("::", 0))
    four.listen(at=("0.0.0.0", listener.address()[1]))


@probe(92, "ipv6/v6only/v6only-is-settled-by-bind")
def settled(p):
    it = six(p, "it")
    it.bind(("::1", 0))
    it.set("IPV6_V6ONLY", True)


@probe(93, "ipv6/mapped/an-ipv6-socket-reaches-ipv4")
def mapped(p):
    server, client = p.listener(), six(p, "client", True)
    client.connect((MAPPED, server.address()[1]))
    client.set("IPV6_V6ONLY", False)
    client.connect((MAPPED, server.address()[1]))
    server.accept()


@probe(93, "ipv6/mapped/v6only-has-no-way-to-ipv4")
def v6only_mapped(p):
    server, client = p.listener(), six(p, "client", True)
    client.connect((MAPPED, server.address()[1]))


@probe(94, "ipv6/scope/a-link-local-address-needs-a-scope")
def scope(p):
    six(p, "server").bind(("fe80::1", 0))


@probe(94, "ipv6/options/hop-limits-have-bounds")
def hops(p):
    it = six(p, "it")
    it.set("IPV6_UNICAST_HOPS", 256)


@probe(94, "tcp/options/the-time-to-live-is-64")
def default_hops(p):
    it = six(p, "six")
    it.number("IPV6_UNICAST_HOPS")
    it.number("IPV6_MULTICAST_HOPS")
