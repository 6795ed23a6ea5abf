//! What new specs can begin with.

use clap::ValueEnum;

/// A spec to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Template {
    /// A connection: a request, a response, the end
    #[default]
    Tcp,
    /// Datagrams, and whom they came from
    Udp,
    /// A connection over a Unix socket, half closed
    Unix,
    /// A connection that is upgraded to TLS
    Tls,
    /// A program of one's own: started, talked to, ended
    Program,
    /// Steps that run at once, and a barrier between them
    Parallel,
    /// The segments of a connection, on an isolated network
    Wire,
}

impl Template {
    /// The text of the spec, with a first line above it.
    pub(super) fn text(self, first: &str) -> String {
        let rest = match self {
            Self::Tcp => include_str!("tcp.yaml"),
            Self::Udp => include_str!("udp.yaml"),
            Self::Unix => include_str!("unix.yaml"),
            Self::Tls => include_str!("tls.yaml"),
            Self::Program => include_str!("program.yaml"),
            Self::Parallel => include_str!("parallel.yaml"),
            Self::Wire => include_str!("wire.yaml"),
        };
        format!("{first}{rest}")
    }
}
