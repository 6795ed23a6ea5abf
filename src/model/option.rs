//! Socket options, by their constants in socket(7), tcp(7), ip(7), ipv6(7) and udp(7).

use super::platform::numbers;

/// What the value of an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// An `int` that is 0 or 1: written `true` or `false` (a number is allowed too).
    Bool,
    /// An `int`.
    Int,
    /// A `struct timeval`: written as a duration.
    Time,
    /// A `struct linger`: a number of seconds, or `false`.
    Linger,
    /// A text, such as the name of a congestion control.
    Text,
    /// A `struct in_addr`: an IPv4 address.
    Address,
    /// A `struct ip_mreqn` or `ipv6_mreq`: a group, and the device to join it on. It can only be set.
    Group,
    /// A `struct ucred`: `self` for those of this process. It can only be asked for.
    Credentials,
    /// An `int` that is an error: shown and compared by its name, `0` for none.
    Errno,
}

/// A socket option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketOption {
    /// Its constant, e.g. `SO_REUSEADDR`.
    pub name: &'static str,
    /// The level for setsockopt(2).
    pub level: i32,
    /// The number for setsockopt(2).
    pub number: i32,
    /// What its value is.
    pub kind: ValueKind,
}

macro_rules! options {
    ($($level:ident { $($name:ident $kind:ident)* })*) => {
        /// Every option that a spec may name.
        pub const OPTIONS: &[SocketOption] = &[$($(SocketOption {
            name: stringify!($name),
            level: numbers::$level,
            number: numbers::$name,
            kind: ValueKind::$kind,
        },)*)*];
    };
}

options! {
    SOL_SOCKET {
        SO_ACCEPTCONN Bool SO_BROADCAST Bool SO_DONTROUTE Bool SO_ERROR Errno SO_KEEPALIVE Bool
        SO_LINGER Linger SO_OOBINLINE Bool SO_PASSCRED Bool SO_PEERCRED Credentials SO_PRIORITY Int SO_PROTOCOL Int
        SO_RCVBUF Int SO_RCVLOWAT Int SO_RCVTIMEO Time SO_REUSEADDR Bool SO_REUSEPORT Bool
        SO_SNDBUF Int SO_SNDLOWAT Int SO_SNDTIMEO Time SO_TYPE Int SO_DOMAIN Int SO_TIMESTAMP Bool
        SO_NO_CHECK Bool SO_BUSY_POLL Int SO_INCOMING_CPU Int SO_PEEK_OFF Int SO_RCVBUFFORCE Int
        SO_SNDBUFFORCE Int SO_MARK Int SO_BINDTODEVICE Text SO_PASSSEC Bool SO_TIMESTAMPNS Bool
        SO_RXQ_OVFL Bool SO_ZEROCOPY Bool SO_MAX_PACING_RATE Int SO_PREFER_BUSY_POLL Bool
        SO_BINDTOIFINDEX Int SO_LOCK_FILTER Bool SO_SELECT_ERR_QUEUE Bool SO_TXREHASH Int
    }
    IPPROTO_TCP {
        TCP_CONGESTION Text TCP_CORK Bool TCP_DEFER_ACCEPT Int TCP_FASTOPEN Int TCP_KEEPCNT Int
        TCP_KEEPIDLE Int TCP_KEEPINTVL Int TCP_LINGER2 Int TCP_MAXSEG Int TCP_NODELAY Bool
        TCP_QUICKACK Bool TCP_SYNCNT Int TCP_USER_TIMEOUT Int TCP_WINDOW_CLAMP Int TCP_NOTSENT_LOWAT Int
        TCP_THIN_LINEAR_TIMEOUTS Bool TCP_THIN_DUPACK Bool TCP_FASTOPEN_CONNECT Bool
        TCP_FASTOPEN_NO_COOKIE Bool TCP_INQ Bool TCP_SAVE_SYN Int TCP_REPAIR Int
    }
    IPPROTO_IP {
        IP_ADD_MEMBERSHIP Group IP_DROP_MEMBERSHIP Group IP_FREEBIND Bool IP_MTU_DISCOVER Int
        IP_MULTICAST_ALL Bool IP_MULTICAST_IF Address IP_MULTICAST_LOOP Bool
        IP_MULTICAST_TTL Int IP_PKTINFO Bool IP_RECVERR Bool IP_RECVTOS Bool IP_RECVTTL Bool
        IP_TOS Int IP_TRANSPARENT Bool IP_TTL Int IP_MINTTL Int IP_RETOPTS Bool IP_RECVOPTS Bool
        IP_RECVORIGDSTADDR Bool IP_BIND_ADDRESS_NO_PORT Bool IP_MTU Int IP_NODEFRAG Bool
    }
    IPPROTO_IPV6 {
        IPV6_ADD_MEMBERSHIP Group IPV6_DROP_MEMBERSHIP Group IPV6_MULTICAST_HOPS Int IPV6_MULTICAST_LOOP Bool IPV6_RECVERR Bool IPV6_RECVPKTINFO Bool
        IPV6_TCLASS Int IPV6_UNICAST_HOPS Int IPV6_V6ONLY Bool IPV6_MTU_DISCOVER Int IPV6_MTU Int
        IPV6_RECVHOPLIMIT Bool IPV6_RECVTCLASS Bool IPV6_MULTICAST_IF Int IPV6_MULTICAST_ALL Bool
        IPV6_FREEBIND Bool IPV6_DONTFRAG Bool IPV6_TRANSPARENT Bool
    }
    IPPROTO_UDP {
        UDP_CORK Bool UDP_SEGMENT Int UDP_GRO Bool UDP_NO_CHECK6_TX Bool UDP_NO_CHECK6_RX Bool
    }
}

/// The levels that a spec may name.
pub const LEVELS: [(&str, i32); 5] = [
    ("SOL_SOCKET", numbers::SOL_SOCKET),
    ("IPPROTO_IP", numbers::IPPROTO_IP),
    ("IPPROTO_IPV6", numbers::IPPROTO_IPV6),
    ("IPPROTO_TCP", numbers::IPPROTO_TCP),
    ("IPPROTO_UDP", numbers::IPPROTO_UDP),
];

/// The level of that name, or of that number.
pub fn level_of(text: &str) -> Option<i32> {
    LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level).or_else(|| text.parse().ok())
}

/// The option of that constant.
pub fn find(name: &str) -> Option<&'static SocketOption> {
    OPTIONS.iter().find(|option| option.name == name)
}

/// The constant that Linux has for one of RFC 3493 that it calls otherwise.
pub fn meant(name: &str) -> Option<&'static str> {
    match name {
        "IPV6_JOIN_GROUP" => Some("IPV6_ADD_MEMBERSHIP"),
        "IPV6_LEAVE_GROUP" => Some("IPV6_DROP_MEMBERSHIP"),
        _ => None,
    }
}

impl SocketOption {
    /// One that is written by its level and its number, `SOL_SOCKET:9999`: an `int`, whatever its name says.
    pub fn numbered(text: &str) -> Option<Self> {
        let (level, number) = text.split_once(':')?;
        let level = level_of(level)?;
        let number = number.trim().parse().ok()?;
        let known = OPTIONS.iter().find(|option| (option.level, option.number) == (level, number));
        Some(Self { name: known.map_or("a number", |known| known.name), level, number, kind: ValueKind::Int })
    }

    /// Whether it is one of IPv6 alone.
    pub fn is_v6(&self) -> bool {
        self.level == numbers::IPPROTO_IPV6
    }

    /// Whether getsockopt(2) knows it, too.
    pub fn can_be_read(&self) -> bool {
        self.kind != ValueKind::Group
    }
}
