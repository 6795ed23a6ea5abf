"""The catalogue's behaviours by plain socket calls, without sockspec: what does the kernel answer?

Prints one JSON object a line for each probe: the line of the catalogue, the specs that it is compared with, and the
`facts` in order, or why it is `skipped`, or the `error` that it ended with. `probe.py 24 31` runs those lines only.

To add one, write a function below `@probe(LINE, SPEC)` in the module of its area. It does what the line says by the
endpoints of `endpoint.py`, under the names that the spec gives them, and reads the manual pages rather than the spec:
what both have from one source they cannot confirm to each other. Each fact has to be in the accepted snapshot of each
spec named, in this order; other events may stand between them.
"""

import json
import multiprocessing
import os
import signal
import socket
import sys
import traceback

sys.dont_write_bytecode = True

import harness  # noqa: E402
import isolation  # noqa: E402

AREAS = ["network", "wire", "multicast", "ipv6", "unix", "packets", "passing"]  # those that wait longest first
BOTH = ["lifecycle", "ending", "backlog", "options", "stream", "datagram", "refusal"]  # over IPv4 and over IPv6
for area in AREAS + BOTH:
    __import__(area)


def late(_signal, _frame):
    raise TimeoutError("it took too long")


def own_network():
    """Goes to a network of its own, or tells why it cannot."""
    try:
        isolation.enter()
    except isolation.Skipped as reason:
        return str(reason)
    return None


def families(function, once):
    return [socket.AF_INET] if once or function.__module__ in AREAS else [socket.AF_INET, socket.AF_INET6]


def run(line, specs, function, family):
    """Runs a probe, in a process of its own."""
    name = f"{function.__module__}.{function.__name__}" + (", IPv6" if family == socket.AF_INET6 else "")
    told = {"line": line, "probe": name, "specs": list(specs)}
    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    probe = harness.Probe(family, own_network())
    try:
        with probe.undo:
            probe.needs_family()
            function(probe)
            told["facts"] = probe.facts
            if probe.wire:
                told["wire"] = probe.segments()
    except isolation.Skipped as reason:
        told["skipped"] = str(reason)
    except BaseException:  # pylint: disable=broad-except
        told |= {"facts": probe.facts, "error": traceback.format_exc()}
    return told


def main(lines):
    chosen = [
        (line, specs, function, family)
        for line, specs, function, once in harness.PROBES
        for family in families(function, once)
        if not lines or str(line) in lines
    ]
    workers = 2 * len(os.sched_getaffinity(0)) + 4
    with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
        for told in [pool.apply_async(run, each) for each in chosen]:
            print(json.dumps(told.get()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
