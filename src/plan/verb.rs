//! The verbs, each with what it takes.

use crate::model::address::Address;
use crate::model::network::Network;
use crate::model::option::SocketOption;
use crate::model::signal::{ExitStatus, Signal};
use crate::model::triple::Triple;

use super::pattern::Pattern;
use super::payload::Payload;
use super::program;
use super::receive::{Beside, ReadHow};
use super::template::Template;
use super::tls::Tls;
use super::{Attribute, Condition, OptionValue};

/// A verb with what it takes.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Creates an unbound socket. With another triple than that of the network it fails, or is closed at once.
    Socket(Network, Triple),
    /// Binds; creates the socket where the endpoint is new.
    Bind(Target),
    /// Listens; at an address that it binds to first, or bare.
    Listen {
        /// The address.
        address: Option<Target>,
        /// The length of the queue, if the spec gives one.
        backlog: Option<i32>,
    },
    /// Accepts.
    Accept {
        /// The listener.
        listener: Template,
        /// The client whose connection is taken.
        from: Option<Template>,
    },
    /// Connects; creates the socket where the endpoint is new.
    Connect {
        /// Where to.
        to: Target,
        /// An address to bind to first.
        from: Option<Target>,
    },
    /// A socketpair.
    Pair {
        /// The name of the other end.
        other: Template,
        /// Its network.
        network: Network,
    },
    /// Makes one more descriptor of the socket of that endpoint.
    Dup(Template),
    /// Sends all of it.
    Send {
        /// The bytes.
        payload: Payload,
        /// Where to.
        to: Option<Target>,
        /// With MSG_OOB.
        urgent: bool,
        /// With MSG_MORE.
        more: bool,
        /// The endpoints whose descriptors go with it.
        pass: Vec<Template>,
        /// What is said of signals; where nothing is, it is sent with MSG_NOSIGNAL.
        raises: Option<Raises>,
    },
    /// Receives what the pattern frames, and compares it.
    Recv {
        /// The pattern.
        pattern: Pattern,
        /// The endpoint whose datagram it must be.
        from: Option<Template>,
        /// Whether it is received from a program's error output.
        stderr: bool,
        /// The name that the sender's address gets.
        sender: Option<Template>,
        /// With MSG_PEEK.
        peek: bool,
        /// With MSG_OOB.
        urgent: bool,
        /// The names of the descriptors that come with it.
        takes: Vec<Template>,
        /// What else must come with it.
        beside: Box<Beside>,
    },
    /// One raw receive call.
    Read {
        /// Of at most so many bytes.
        size: Number,
        /// What it must give.
        is: Option<Pattern>,
        /// How the call is made.
        how: ReadHow,
    },
    /// Waits until one of these holds.
    Expect {
        /// The conditions.
        conditions: Vec<Condition>,
        /// How a program must end; any way where there are none.
        status: Vec<ExitStatus>,
        /// Whether it is a program's error output that is looked at.
        stderr: bool,
    },
    /// Waits until all of these hold.
    ExpectAttributes(Vec<Attribute>),
    /// Shuts down.
    Shutdown {
        /// Which direction.
        how: std::net::Shutdown,
        /// Whether TLS tells the other side first, with close_notify.
        notify: bool,
    },
    /// Closes.
    Close {
        /// Whether TLS tells the other side first, with close_notify.
        notify: bool,
    },
    /// Closes abortively.
    Reset,
    /// Dissolves whom it is connected to.
    Disconnect,
    /// Upgrades the connection to TLS.
    Tls(Box<Tls>),
    /// Sets options, in order.
    Set(Vec<(SocketOption, OptionValue)>),
    /// Opens a file to be read.
    Open(Template),
    /// Starts a program.
    Run(Box<program::Run>),
    /// Sends a signal to a program.
    Signal(Signal),
}

/// Where a socket is bound or connected to.
#[derive(Debug, Clone)]
pub enum Target {
    /// The address that this endpoint is bound to.
    Endpoint(Template),
    /// An address that the spec writes out.
    Address(Address),
    /// An address with parts that are known at run time only, e.g. `tcp://127.0.0.1:${server.port}`.
    Computed(Template),
    /// The sender of the last datagram that this endpoint received.
    Sender,
}

/// A number that is written, or one that a variable holds at run time.
#[derive(Debug, Clone)]
pub enum Number {
    /// Known.
    Known(u64),
    /// A text that must be a number at run time, or a number that the trace must not show.
    Computed(Template),
}

/// What a send does about SIGPIPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raises {
    /// Whether it must raise the signal; else it must not.
    pub signal: bool,
    /// Whether it has MSG_NOSIGNAL.
    pub nosignal: bool,
}
