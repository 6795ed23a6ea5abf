//! A [`Plan`] is what can be executed: one case of a spec with every word understood, every static
//! variable replaced, and every static check passed.

mod analysis;
pub mod build;
pub mod case;
mod constant;
mod descriptors;
pub mod expression;
pub mod file;
mod fixed;
pub mod given;
pub mod pattern;
pub mod payload;
pub mod program;
pub mod receive;
mod room;
mod steps;
pub mod template;
#[cfg(test)]
mod tests;
pub mod tls;

pub use build::{build, check};
pub use case::{Case, cases};
pub use given::{Configured, Origin, Settings};
pub use room::Room;

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::model::address::Address;
use crate::model::alert::Fault;
use crate::model::errno::Errno;
use crate::model::group::Membership;
use crate::model::network::Network;
use crate::model::option::SocketOption;
use crate::model::perturb::Perturb;
use crate::model::poll::PollEvents;
use crate::model::signal::{ExitStatus, Signal};
use crate::model::state::TcpState;
use crate::model::topology::{LinkState, Topology};
use crate::model::triple::Triple;
use crate::model::value::Value;
use crate::source::Span;

use expression::Expression;
use pattern::Pattern;
use payload::Payload;
use receive::{Beside, ReadHow};
use template::Template;
use tls::{Agreed, Tls};

/// One case of a spec, ready to be executed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The test's name: the spec's path without `.yaml`, and the case: `tcp/echo[net=tcp6]`.
    pub test: String,
    /// The spec's `about`.
    pub about: String,
    /// The variables that are known before the spec runs, for expressions.
    pub constants: Vec<(String, Value)>,
    /// The variables that hold reserved ports.
    pub ports: Vec<String>,
    /// What is written into the temporary folder before the first step.
    pub files: Vec<file::File>,
    /// Whether something names that folder.
    pub tmp: bool,
    /// Whether addresses outside the loopback range are allowed.
    pub allow_net: bool,
    /// The isolated network that it runs in; `None` where it runs in that of the machine.
    pub topology: Option<Topology>,
    /// Whether the segments on that network are part of the trace.
    pub wire: bool,
    /// How `sockspec stress` may perturb it.
    pub perturb: Perturb,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A step with its place.
#[derive(Debug, Clone)]
pub struct Step {
    /// The place of the whole step.
    pub span: Span,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// A verb of an endpoint.
    Call(Box<Call>),
    /// Lanes that run at once.
    Parallel {
        /// The lanes, in the order of the spec.
        lanes: Vec<Lane>,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
        /// The barriers in it, with the lanes that name each.
        barriers: Vec<Barrier>,
    },
    /// Waits for the other lanes at the barrier of that name.
    Barrier {
        /// Its name.
        name: String,
        /// The deadline of the meeting.
        within: Duration,
    },
    /// Steps that run again and again.
    Repeat {
        /// How often.
        count: u64,
        /// The name of the counter, from 0.
        counter: Option<String>,
        /// An expression that ends it after the iteration in which it is true.
        until: Option<(Expression, Span)>,
        /// Whether the number of iterations is of no interest.
        vary: bool,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Steps that run once for each row of a table.
    Table {
        /// The rows, in order.
        rows: Vec<Row>,
        /// The deadline of the whole block, if it has one.
        within: Option<Duration>,
    },
    /// Steps that are tried again until they all do as written.
    Retry {
        /// For how long at most.
        time: Duration,
        /// The program that is ready when they do.
        ready: Option<Template>,
        /// The variables that they set.
        sets: Vec<String>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps of a file that is included.
    Include {
        /// What it is given.
        given: Vec<Assignment>,
        /// The deadline of all its steps, if they have one.
        within: Option<Duration>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Computes variables, one after the other.
    Let(Vec<Assignment>),
    /// An expression that must be true.
    Assert(Assertion),
    /// A sleep.
    Pause(Duration),
    /// Changes the links of hosts.
    Link {
        /// Each host, by its index in the topology, with what becomes of its link.
        changes: Vec<(usize, LinkState)>,
        /// How the trace shows it: `b down`.
        words: String,
    },
}

/// What happens for a row of a table; its values are in the steps.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where its values stand.
    pub span: Span,
    /// Its columns with their values, for messages.
    pub values: Vec<(String, Value)>,
    /// The steps.
    pub steps: Vec<Step>,
    /// An expression that ends the table after this row if it is true.
    pub until: Option<(Expression, Span)>,
}

/// A variable that is computed.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// What it is.
    pub expression: Expression,
    /// The place of the expression.
    pub span: Span,
}

/// What must be true.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The expression.
    pub expression: Expression,
    /// As written.
    pub text: String,
    /// The names in it, each with what gives its value.
    pub names: Vec<(String, Expression)>,
    /// The place of the expression.
    pub span: Span,
}

/// A lane of a `parallel`.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A barrier of a `parallel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// Its name.
    pub name: String,
    /// The lanes that name it, by their index.
    pub lanes: Vec<usize>,
}

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The runner waits for the socket, up to the deadline.
    #[default]
    Waiting,
    /// A blocking call on a helper thread, for the socket's own timeouts.
    Blocking,
    /// One call that does not wait, and what it says.
    Nonblocking,
}

/// A verb of an endpoint.
#[derive(Debug, Clone)]
pub struct Call {
    /// The endpoint.
    pub endpoint: Template,
    /// The verb.
    pub verb: Verb,
    /// The host that a new socket is created on, by its index in the topology.
    pub host: Option<usize>,
    /// The place of the verb's word.
    pub verb_span: Span,
    /// The words that a trace shows for this call, as the spec writes them (static variables
    /// replaced, hidden ones as `<net>`, run-time ones as `<name>`): `listen tcp backlog 1`,
    /// `connect server`, `accept server from client`, `set TCP_NODELAY=true`, `shutdown write`,
    /// `close`, `expect state=FIN-WAIT-2 unread=5`, `eof`, `[eof, reset]`, `silence 200ms`. For
    /// `send`, `recv` and `read` what stands before the bytes: `send`, `recv`, `read 2`.
    pub words: String,
    /// For `send`, `recv` and `read`: the words after the bytes, as written: `to server`,
    /// `from client`, `sender peer`, `peek`, `urgent`, `more`, `truncated`, `ctrunc`.
    pub suffix: Vec<String>,
    /// The outcomes that `fails` allows, as written for this platform: `ECONNREFUSED`, `none`.
    pub fails_words: Vec<String>,
    /// How long it may take.
    pub within: Duration,
    /// It must not complete earlier than this after it began.
    pub after: Option<Duration>,
    /// How the call is made.
    pub mode: Mode,
    /// What it may fail with on this platform; empty: it must succeed. `None` in it: it may
    /// succeed too.
    pub fails: Vec<Option<Fault>>,
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

/// What a send does about SIGPIPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raises {
    /// Whether it must raise the signal; else it must not.
    pub signal: bool,
    /// Whether it has MSG_NOSIGNAL.
    pub nosignal: bool,
}

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
    /// An option.
    Option(&'static SocketOption, Vec<OptionValue>),
}

/// The value of an option, as setsockopt(2) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// An `int` or a boolean.
    Int(i32),
    /// A `struct timeval`.
    Time(Duration),
    /// A `struct linger`: seconds, or off.
    Linger(Option<u32>),
    /// A text.
    Text(String),
    /// A `struct in_addr`.
    Address(Ipv4Addr),
    /// A group that is joined or left.
    Group(Membership),
    /// The bytes of it, whatever they mean.
    Bytes(Vec<u8>),
    /// An error, for SO_ERROR; `None` is 0.
    Errno(Option<Errno>),
    /// Who the other side is.
    Credentials(Credentials),
}

/// Who is on the other side of a Unix socket, unix(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// This process.
    Own,
    /// Another one.
    Other {
        /// Its process id.
        pid: i32,
        /// Its user.
        uid: u32,
        /// Its group.
        gid: u32,
    },
}

/// Shows an option's value as a trace does: `true`, `200ms`, `ECONNREFUSED`.
impl OptionValue {
    /// The text for it; a boolean option's 0 and 1 are `false` and `true`.
    pub fn show(&self, option: &SocketOption) -> String {
        use crate::model::{duration, option::ValueKind};
        match self {
            Self::Int(0) if option.kind == ValueKind::Bool => "false".to_owned(),
            Self::Int(1) if option.kind == ValueKind::Bool => "true".to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Time(time) => duration::show(*time),
            Self::Linger(None) => "false".to_owned(),
            Self::Linger(Some(seconds)) => seconds.to_string(),
            Self::Text(text) => text.clone(),
            Self::Address(address) => address.to_string(),
            Self::Group(membership) => membership.to_string(),
            Self::Bytes(bytes) => crate::model::bytes::hex(bytes),
            Self::Credentials(Credentials::Own) => "self".to_owned(),
            Self::Credentials(Credentials::Other { pid, uid, gid }) => format!("pid {pid}, uid {uid}, gid {gid}"),
            Self::Errno(None) => "0".to_owned(),
            Self::Errno(Some(errno)) => errno.to_string(),
        }
    }
}
