"""Multicast."""

import socket
import struct

from harness import probe

GROUP = "239.1.1.1"
LO = "127.0.0.1"


def request(interface=LO, group=GROUP):
    return socket.inet_aton(group) + socket.inet_aton(interface)


def member(p, name, port=0):
    """A socket bound to the port, on every address; it shares it."""
    made = p.udp(name)
    made.raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.raw.bind(("0.0.0.0", port))
    return made


def join(endpoint, group=GROUP):
    endpoint.set("IP_ADD_MEMBERSHIP", request(group=group), group)


def leave(endpoint):
    endpoint.set("IP_DROP_MEMBERSHIP", request(), GROUP)


def talker(p):
    made = p.udp("talker", bound=True)
    made.raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LO))
    return made


@probe(85, "udp/multicast/a-group-is-joined-once")
def join_twice(p):
    it = p.udp("it")
    join(it)
    join(it)
    leave(it)
    leave(it)
    join(it, "10.1.1.1")


@probe(85, "udp/multicast/an-ipv6-group-is-joined-once")
def join_twice_v6(p):
    it = p.open("it", socket.AF_INET6, socket.SOCK_DGRAM)
    for name, group in (
        ("IPV6_ADD_MEMBERSHIP", "ff05::1:5"),
        ("IPV6_ADD_MEMBERSHIP", "ff05::1:5"),
        ("IPV6_DROP_MEMBERSHIP", "ff05::1:5"),
        ("IPV6_DROP_MEMBERSHIP", "ff05::1:5"),
        ("IPV6_ADD_MEMBERSHIP", "fd00::2"),
    ):
        it.set(name, socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", 1), group)


@probe(86, "udp/multicast/what-is-sent-to-a-group-stays-near")
def defaults(p):
    it = p.udp("it")
    it.number("IP_MULTICAST_TTL")
    it.flag("IP_MULTICAST_LOOP")
    it.set("IP_MULTICAST_TTL", 256)


@probe(86, "udp/multicast/what-is-sent-to-a-group-stays-near")
@probe(94, "udp/multicast/what-is-sent-to-a-group-stays-near")
def defaults_v6(p):
    six = p.open("six", socket.AF_INET6, socket.SOCK_DGRAM)
    six.number("IPV6_MULTICAST_HOPS")
    six.set("IPV6_MULTICAST_HOPS", 256)


@probe(87, "udp/multicast/one-send-reaches-every-member")
def two_members(p):
    ann = member(p, "ann")
    join(ann)
    bob = member(p, "bob", ann.address()[1])
    join(bob)
    talker(p).send(b"to whom it may concern", to=(GROUP, ann.address()[1]))
    ann.recvfrom()
    bob.recvfrom()


def overhearing(p):
    """A member, another socket on the same port that is none."""
    one = member(p, "member")
    join(one)
    return one, member(p, "other", one.address()[1])


@probe(87, "udp/multicast/two-members-on-one-host-both-receive")
def own_members(p):
    ann = member(p, "ann")
    ann.set("IP_MULTICAST_ALL", False)
    join(ann)
    bob = member(p, "bob", ann.address()[1])
    bob.set("IP_MULTICAST_ALL", False)
    join(bob)
    talker(p).send(b"both", to=(GROUP, ann.address()[1]))
    ann.recvfrom()
    bob.recvfrom()


@probe(88, "udp/multicast/a-socket-hears-the-groups-of-its-host")
def never_joined(p):
    one, other = overhearing(p)
    to = GROUP, one.address()[1]
    speaker = talker(p)
    speaker.send(b"overheard", to=to)
    other.recv()
    other.set("IP_MULTICAST_ALL", False)
    speaker.send(b"private", to=to)
    one.arrived(1)
    other.silence()


@probe(88, "udp/multicast/who-has-left-still-hears-his-host")
def left(p):
    one, other = overhearing(p)
    to = GROUP, one.address()[1]
    join(other)
    leave(other)
    speaker = talker(p)
    speaker.send(b"overheard", to=to)
    other.recvfrom()
    other.set("IP_MULTICAST_ALL", False)
    speaker.send(b"private", to=to)
    one.arrived(1)
    other.silence()


@probe(89, "udp/multicast/ip-multicast-loop-does-not-matter-on-lo")
def loop_on_lo(p):
    one = member(p, "member")
    one.raw.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request())
    speaker = talker(p)
    speaker.set("IP_MULTICAST_LOOP", False)
    speaker.send(b"echo", to=(GROUP, one.address()[1]))
    one.recv()


@probe(90, "udp/multicast/tcp-connects-to-no-group")
def tcp_to_group(p):
    p.tcp("it").connect((GROUP, 9))
    p.tcp("it").connect(("255.255.255.255", 9))
