//! The three numbers that socket(2) takes, by their constants: the family, the type and the protocol. A
//! network stands for such a triple.

use super::platform::numbers;

/// A constant with its number.
pub type Constant = (&'static str, i32);

macro_rules! constants {
    ($($(#[$doc:meta])* $list:ident { $($name:ident)* })*) => {
        $($(#[$doc])* pub const $list: &[Constant] = &[$((stringify!($name), numbers::$name),)*];)*
    };
}

constants! {
    /// Families of addresses, address_families(7).
    DOMAINS {
        AF_UNSPEC AF_UNIX AF_LOCAL AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_X25 AF_INET6 AF_DECnet AF_KEY AF_NETLINK
        AF_PACKET AF_RDS AF_PPPOX AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_ALG AF_VSOCK AF_XDP
    }
    /// Types of sockets, socket(2).
    TYPES { SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_DCCP }
    /// Protocols, protocols(5).
    PROTOCOLS {
        IPPROTO_IP IPPROTO_ICMP IPPROTO_IGMP IPPROTO_TCP IPPROTO_UDP IPPROTO_DCCP IPPROTO_IPV6 IPPROTO_ICMPV6
        IPPROTO_SCTP IPPROTO_UDPLITE IPPROTO_MPTCP IPPROTO_RAW
    }
}

/// What stands in place of a part of the triple that a network stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Triple {
    /// The family.
    pub domain: Option<i32>,
    /// The type.
    pub kind: Option<i32>,
    /// The protocol.
    pub protocol: Option<i32>,
}

impl Triple {
    /// Whether it replaces any part.
    pub fn replaces_any(self) -> bool {
        self != Self::default()
    }
}
