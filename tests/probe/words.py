"""What the kernel answers, in the words of a trace."""

import errno
import socket
import struct

OPTIONS = {  # those that `socket` lacks
    "IPV6_RECVERR": 25,
    "IPV6_RECVPKTINFO": 49,
    "IPV6_ADD_MEMBERSHIP": socket.IPV6_JOIN_GROUP,
    "IPV6_DROP_MEMBERSHIP": socket.IPV6_LEAVE_GROUP,
    "IP_FREEBIND": 15,
    "IP_MULTICAST_ALL": 49,
    "IP_PKTINFO": 8,
    "IP_RECVERR": 11,
    "UDP_SEGMENT": 103,
}
LEVELS = {
    "SO": socket.SOL_SOCKET,
    "IP": socket.IPPROTO_IP,
    "IPV6": socket.IPPROTO_IPV6,
    "TCP": socket.IPPROTO_TCP,
    "UDP": socket.IPPROTO_UDP,
}
STATES = (
    None,
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "SYN-RECEIVED",
)
POLL = {"IN": 1, "PRI": 2, "OUT": 4, "ERR": 8, "HUP": 16, "RDHUP": 0x2000}
FLAGS = {socket.MSG_PEEK: "peek", socket.MSG_OOB: "urgent", socket.MSG_WAITALL: "waitall"}
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def option(name):
    """The level and the number of a socket option, by its constant, or as `IPPROTO_TCP:9999`."""
    if ":" in name:
        level, number = name.split(":")
        return getattr(socket, level), int(number)
    return LEVELS[name.split("_")[0]], getattr(socket, name, None) or OPTIONS[name]


def name_of(error):
    """The errno's name, as socket(7) has it."""
    return "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]


def shown(data):
    """Bytes as a trace shows them: long ones that repeat by what they repeat."""
    if len(data) > 1024:
        for period in range(1, 17):
            pattern = data[:period]
            if (pattern * (len(data) // period + 1))[: len(data)] == data:
                return f'{len(data)} fill "{pattern.decode()}"'
    return '"' + "".join(ESCAPES.get(char, char) for char in data.decode("ascii")) + '"'


def poll_words(mask):
    return "|".join(name for name, bit in POLL.items() if mask & bit) or "none"


def state_between(local, remote):
    """The state of the connection between two addresses, or CLOSED where there is none."""
    family, table = (socket.AF_INET6, "tcp6") if ":" in local[0] else (socket.AF_INET, "tcp")

    def hexed(address):
        packed = socket.inet_pton(family, address[0])
        words = struct.unpack(f"={len(packed) // 4}I", packed)
        return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"

    with open(f"/proc/net/{table}", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[1:3] == [hexed(local), hexed(remote)]:
                return STATES[int(words[3], 16)]
    return "CLOSED"
