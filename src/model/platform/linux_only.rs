//! The constants that Linux alone has: options, families, types and protocols.

/// Gives the names to a macro: here they become a list, on other systems numbers that stand for nothing.
macro_rules! linux_only {
    ($use:ident) => {
        $use! {
            AF_ALG AF_AX25 AF_BLUETOOTH AF_CAN AF_IB AF_KEY AF_LLC AF_MPLS AF_NETLINK AF_PACKET AF_PPPOX AF_RDS
            AF_TIPC AF_X25 AF_XDP IPPROTO_DCCP IPPROTO_MPTCP IPPROTO_UDPLITE IPV6_FREEBIND IPV6_MTU
            IPV6_MTU_DISCOVER IPV6_MULTICAST_ALL IPV6_RECVERR IPV6_TRANSPARENT IP_BIND_ADDRESS_NO_PORT
            IP_FREEBIND IP_MINTTL IP_MTU IP_MTU_DISCOVER IP_MULTICAST_ALL IP_NODEFRAG IP_RECVERR
            IP_RECVORIGDSTADDR IP_TRANSPARENT SOCK_DCCP SO_BINDTODEVICE SO_BINDTOIFINDEX
            SO_BUSY_POLL SO_DOMAIN SO_INCOMING_CPU SO_LOCK_FILTER SO_MARK SO_MAX_PACING_RATE SO_NO_CHECK
            SO_PASSCRED SO_PASSSEC SO_PEEK_OFF SO_PEERCRED SO_PREFER_BUSY_POLL SO_PRIORITY SO_PROTOCOL
            SO_RCVBUFFORCE SO_RXQ_OVFL SO_SELECT_ERR_QUEUE SO_SNDBUFFORCE SO_TIMESTAMPNS SO_TXREHASH SO_ZEROCOPY
            TCP_CONGESTION TCP_CORK TCP_DEFER_ACCEPT TCP_FASTOPEN_CONNECT TCP_FASTOPEN_NO_COOKIE TCP_INQ
            TCP_LINGER2 TCP_QUICKACK TCP_REPAIR TCP_SAVE_SYN TCP_SYNCNT TCP_THIN_DUPACK
            TCP_THIN_LINEAR_TIMEOUTS TCP_USER_TIMEOUT TCP_WINDOW_CLAMP UDP_CORK UDP_GRO UDP_NO_CHECK6_RX
            UDP_NO_CHECK6_TX UDP_SEGMENT
        }
    };
}

macro_rules! names {
    ($($name:ident)*) => {
        /// Their names, as a spec writes them.
        pub const LINUX_ONLY: &[&str] = &[$(stringify!($name)),*];
    };
}

linux_only!(names);

#[cfg(test)]
mod tests {
    use super::LINUX_ONLY;
    use crate::model::{option, triple};

    #[test]
    fn each_is_a_word_of_the_language() {
        for name in LINUX_ONLY {
            let triples = [triple::DOMAINS, triple::TYPES, triple::PROTOCOLS];
            let is_of_a_triple = triples.into_iter().flatten().any(|(known, _)| known == name);
            assert!(is_of_a_triple || option::find(name).is_some(), "{name}");
        }
        assert!(!LINUX_ONLY.contains(&"SO_REUSEADDR") && !LINUX_ONLY.contains(&"AF_INET"));
    }
}
