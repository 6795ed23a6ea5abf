//! What `expect` waits for: a condition of the socket, or attributes.

use std::time::Duration;

use crate::model::option::SocketOption;
use crate::model::poll::PollEvents;
use crate::model::state::TcpState;
use crate::source::Span;

use super::receive::Whose;
use super::tls::Agreed;
use super::{Number, OptionValue, Target};

/// What `expect` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The end of the stream.
    Eof,
    /// The end of the connection, without the close_notify of TLS.
    Truncated,
    /// ECONNRESET at the next receive.
    Reset,
    /// Nothing, not even the end, for so long.
    Silence(Duration),
    /// A receive would not block.
    Readable,
    /// A send would not block.
    Writable,
    /// The program has ended.
    Exit,
}

/// An attribute that must come to hold.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The place of its key.
    pub span: Span,
    /// How the trace shows it: `state=FIN-WAIT-2`, as written.
    pub shown: String,
    /// What must hold.
    pub check: AttributeCheck,
}

/// What an attribute must be: any of the values.
#[derive(Debug, Clone)]
pub enum AttributeCheck {
    /// The TCP state.
    State(Vec<TcpState>),
    /// The socket's own address.
    Local(Vec<Target>),
    /// The address of the other side.
    Peer(Vec<Target>),
    /// Bytes waiting to be received.
    Unread(Vec<Number>),
    /// Bytes that the other side has not acknowledged.
    Unsent(Vec<Number>),
    /// Connections waiting at a listener.
    Queue(Vec<Number>),
    /// How many a listener lets wait.
    Backlog(Vec<Number>),
    /// The events of poll(2): all of these and no others.
    Poll(PollEvents),
    /// Whether the next byte is the one behind the urgent mark.
    AtMark(bool),
    /// Whether accept(2) gave a connection that does not block.
    Nonblock(bool),
    /// What was agreed for TLS: all of these.
    Tls(Vec<Agreed>),
    /// Who the other side of a Unix socket is.
    PeerCredentials(Vec<Whose>),
    /// An option.
    Option(SocketOption, Vec<OptionValue>),
}
