"""TCP: the queue of a listener."""

import os
import resource

from harness import probe
from words import name_of


def waiting(p, server, name):
    """A client that does not wait for its connection."""
    client = p.tcp(name)
    client.raw.setblocking(False)
    client.connect(server)
    return client


@probe(40, "tcp/backlog/a-backlog-of-one-holds-two")
def backlog_one(p):
    server = p.listener(backlog=1)
    p.tcp("ann").connect(server)
    p.tcp("bob").connect(server)
    cid = waiting(p, server, "cid")
    cid.state("SYN-SENT")
    server.accept()
    cid.state("ESTABLISHED")


@probe(40, "tcp/backlog/a-backlog-of-zero-holds-one")
def backlog_zero(p):
    server = p.listener(backlog=0)
    p.tcp("ann").connect(server)
    waiting(p, server, "bob").state("SYN-SENT")


@probe(41, "tcp/backlog/the-queue-counts-who-waits")
def queue_length(p):
    server = p.listener()
    server.queue(0)
    p.tcp("ann").connect(server)
    p.tcp("bob").connect(server)
    server.queue(2)
    server.accept("a")
    server.queue(1)


@probe(41, "tcp/backlog/tcp-info-tells-the-limit")
@probe(42, "tcp/backlog/tcp-info-tells-the-limit")
def queue_limit(p):
    server = p.listener(backlog=3)
    server.backlog()
    server.listen(7)
    server.backlog()


@probe(42, "tcp/backlog/listening-again-changes-the-limit")
def limit_changed(p):
    server = p.listener(backlog=0)
    p.tcp("ann").connect(server)
    server.listen(1)
    p.tcp("bob").connect(server)
    server.queue(2)


@probe(43, "tcp/backlog/tcp-defer-accept-waits-for-data")
def defer_accept(p):
    server, client = p.tcp("server"), p.tcp("client")
    server.raw.setblocking(False)
    server.set("TCP_DEFER_ACCEPT", 5)
    server.listen(at=(p.loopback, 0))
    client.connect(server)
    server.accept()
    client.send(b"now")
    server.wait("IN")
    server.accept().recv()


@probe(44, "programs/limits/accept-at-the-limit-of-descriptors-is-emfile", once=True)
def descriptor_limit(p):
    server, client = p.listener(), p.tcp("client")
    client.connect(server)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = os.dup(0)
    os.close(limit)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    try:
        server.raw.accept()
    except OSError as error:
        p.see("program", f'recv "{name_of(error)}\\n"')
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server.queue(1)
    conn = server.raw.accept()[0]
    server.queue(0)
    conn.close()
    client.recv()
