//! What a receive must bring beside its bytes, and how one raw call is made.

use std::net::IpAddr;

use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::model::option::{self, SocketOption};
use crate::source::Span;

use super::template::Template;

/// What must come beside the bytes of a `recv`, in control messages.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Whether the sender must have no address.
    pub unnamed: bool,
    /// Whether there is room for no more descriptors than are named, and more come.
    pub ctrunc: bool,
    /// Where the datagram was sent to.
    pub to: Option<Destination>,
    /// Whose credentials come.
    pub credentials: Option<Whose>,
    /// The error whose datagram is received, from the error queue.
    pub errqueue: Option<QueuedError>,
}

impl Beside {
    /// The first word of the spec that asks for any of it.
    pub fn word(&self) -> Option<&'static str> {
        let words = [
            ("errqueue", self.errqueue.is_some()),
            ("to", self.to.is_some()),
            ("credentials", self.credentials.is_some()),
            ("ctrunc", self.ctrunc),
        ];
        words.into_iter().find(|(_, asked)| *asked).map(|(word, _)| word)
    }
}

/// The option without which sockets of a network never give what a word asks for, socket(7), ip(7) and
/// ipv6(7). `None` where they have no such thing, or need no option.
pub fn option_for(word: &str, network: Network) -> Option<&'static SocketOption> {
    let (of_v4, of_v6) = match word {
        "credentials" if network.is_unix() => return option::find("SO_PASSCRED"),
        "errqueue" => ("IP_RECVERR", "IPV6_RECVERR"),
        "to" => ("IP_PKTINFO", "IPV6_RECVPKTINFO"),
        _ => return None,
    };
    if network.is_udp() { option::find(if network.is_v6() { of_v6 } else { of_v4 }) } else { None }
}

/// Whose credentials tell who is at the other side of a Unix socket, unix(7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Those of this process, to which every socket of a spec belongs.
    Own,
    /// Those of a program that the spec has started.
    Program(Template),
}

/// Where a datagram was sent to.
#[derive(Debug, Clone)]
pub enum Destination {
    /// An address of a device.
    Ip(IpAddr, Span),
    /// A text that must be one at run time, or that the trace must not show.
    Computed(Template),
    /// Where this endpoint is bound.
    Endpoint(Template),
}

impl Destination {
    /// The place in the spec.
    pub fn span(&self) -> Span {
        match self {
            Self::Ip(_, span) => *span,
            Self::Computed(template) | Self::Endpoint(template) => template.span,
        }
    }
}

/// What a socket's error queue must tell: what is not written may be anything.
#[derive(Debug, Clone)]
pub struct QueuedError {
    /// The error.
    pub errno: Errno,
    /// Who has told of it.
    pub origin: Option<Origin>,
    /// The type of the ICMP message.
    pub kind: Option<u8>,
    /// The code of the ICMP message.
    pub code: Option<u8>,
    /// What else it tells: of EMSGSIZE the MTU.
    pub info: Option<u32>,
    /// Whose address the ICMP message came from.
    pub offender: Option<Offender>,
}

/// Who has sent the ICMP message that an error is, `SO_EE_OFFENDER` in ip(7).
#[derive(Debug, Clone)]
pub enum Offender {
    /// Nobody: the error is the own kernel's.
    Nobody,
    /// The host with this address.
    At(Destination),
}

/// Who has told of an error, `ee_origin` in `struct sock_extended_err`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The own kernel.
    Local,
    /// An ICMP message.
    Icmp,
    /// An ICMPv6 message.
    Icmp6,
}

impl Origin {
    /// Every origin with its name and its number.
    pub const ALL: [(&'static str, Self, u8); 3] =
        [("local", Self::Local, 1), ("icmp", Self::Icmp, 2), ("icmp6", Self::Icmp6, 3)];

    /// The origin of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, ..)| *known == name).map(|(_, origin, _)| *origin)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        Self::ALL.iter().find(|(_, origin, _)| *origin == self).map_or(0, |(.., number)| *number)
    }
}

/// How a `read` makes its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadHow {
    /// Whether a datagram must have been cut.
    pub cut: Cut,
    /// With MSG_WAITALL.
    pub waitall: bool,
    /// With MSG_TRUNC on a stream: nothing is copied.
    pub discard: bool,
}

impl ReadHow {
    /// The first word of the spec that asks for anything but a plain call.
    pub fn word(self) -> Option<&'static str> {
        let words = [("truncated", self.cut.is_cut()), ("waitall", self.waitall), ("discard", self.discard)];
        words.into_iter().find(|(_, asked)| *asked).map(|(word, _)| word)
    }
}

/// Whether a datagram must have been cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// It must be whole.
    #[default]
    No,
    /// It must have been.
    Yes,
    /// It must have been, and MSG_TRUNC must tell that it had so many bytes.
    Of(u64),
}

impl Cut {
    /// Whether it must have been cut.
    pub fn is_cut(self) -> bool {
        self != Self::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::words::ORIGINS;

    #[test]
    fn every_origin_has_its_word() {
        assert_eq!(Origin::ALL.map(|(name, ..)| name), ORIGINS);
    }
}
