//! The states of a TCP connection, by the names of RFC 9293 section 3.3.2.

use std::fmt;

/// A state of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TcpState {
    /// ESTABLISHED
    Established = 1,
    /// SYN-SENT
    SynSent = 2,
    /// SYN-RECEIVED
    SynReceived = 3,
    /// FIN-WAIT-1
    FinWait1 = 4,
    /// FIN-WAIT-2
    FinWait2 = 5,
    /// TIME-WAIT
    TimeWait = 6,
    /// CLOSED
    Closed = 7,
    /// CLOSE-WAIT
    CloseWait = 8,
    /// LAST-ACK
    LastAck = 9,
    /// LISTEN
    Listen = 10,
    /// CLOSING
    Closing = 11,
}

impl TcpState {
    /// Every state, in the order of a connection's life.
    pub const ALL: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// Its name in RFC 9293.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
            Self::CloseWait => "CLOSE-WAIT",
            Self::LastAck => "LAST-ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state that somebody means who writes it as a header or a tool does: `CLOSE_WAIT`,
    /// `syn-recv`, `FIN_WAIT1`.
    pub fn meant(name: &str) -> Option<Self> {
        let name = name.trim_start_matches("TCP_").replace('_', "-").to_ascii_uppercase();
        match name.as_str() {
            "SYN-RECV" | "SYN-RCVD" => Some(Self::SynReceived),
            "FIN-WAIT1" => Some(Self::FinWait1),
            "FIN-WAIT2" => Some(Self::FinWait2),
            "ESTAB" => Some(Self::Established),
            "CLOSE" => Some(Self::Closed),
            other => Self::parse(other),
        }
    }

    /// The state with that number in Linux's `include/net/tcp_states.h`. NEW_SYN_RECV (12) is
    /// SYN-RECEIVED too.
    pub fn from_linux(number: u8) -> Option<Self> {
        if number == 12 {
            return Some(Self::SynReceived);
        }
        Self::ALL.into_iter().find(|state| *state as u8 == number)
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
