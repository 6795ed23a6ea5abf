//! The verbs, each with what it takes.

use super::{Form, Scalar, Step};

/// A verb with what it takes.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Creates an unbound socket.
    Socket {
        /// Its network.
        network: Scalar,
        /// What stands for the family, the type and the protocol of the network.
        triple: [Option<Scalar>; 3],
    },
    /// Binds.
    Bind {
        /// The address.
        address: Scalar,
    },
    /// Listens.
    Listen {
        /// The address; none on a bound endpoint.
        address: Option<Scalar>,
        /// The length of the queue.
        backlog: Option<Scalar>,
    },
    /// Accepts; the step's endpoint is the new connection.
    Accept {
        /// The listener.
        listener: Scalar,
        /// The client whose connection is taken.
        from: Option<Scalar>,
    },
    /// Connects.
    Connect {
        /// An endpoint or an address.
        to: Scalar,
        /// An address to bind to first.
        from: Option<Scalar>,
    },
    /// A socketpair.
    Pair {
        /// The name of the other end.
        other: Scalar,
        /// Its network, `unix` if none.
        network: Option<Scalar>,
    },
    /// Makes one more descriptor of a socket.
    Dup {
        /// The endpoint that has one.
        of: Scalar,
    },
    /// Sends all of a payload.
    Send {
        /// The bytes.
        payload: Form,
        /// An endpoint, an address, or `sender`.
        to: Option<Scalar>,
        /// `true`: `MSG_OOB`.
        urgent: Option<Scalar>,
        /// `true`: `MSG_MORE`.
        more: Option<Scalar>,
        /// Endpoints whose descriptors go with it.
        pass: Vec<Scalar>,
        /// `SIGPIPE`, or `none`.
        raises: Option<Scalar>,
        /// `true`: `MSG_NOSIGNAL`.
        nosignal: Option<Scalar>,
    },
    /// Receives what a pattern frames.
    Recv {
        /// The pattern.
        pattern: Form,
        /// The endpoint whose datagram it must be.
        from: Option<Scalar>,
        /// A new name for the sender's address.
        sender: Option<Scalar>,
        /// `true`: `MSG_PEEK`.
        peek: Option<Scalar>,
        /// `true`: `MSG_OOB`.
        urgent: Option<Scalar>,
        /// Names for the descriptors that come with it.
        takes: Vec<Scalar>,
        /// What else must come with it.
        beside: Box<Beside>,
    },
    /// One raw receive of at most so many bytes.
    Read {
        /// How many.
        size: Scalar,
        /// What it must be.
        is: Option<Form>,
        /// `true`: a datagram must have been cut; or its size.
        truncated: Option<Scalar>,
        /// `true`: `MSG_WAITALL`.
        waitall: Option<Scalar>,
        /// `true`: `MSG_TRUNC` on a stream.
        discard: Option<Scalar>,
    },
    /// Waits for an end, or for attributes.
    Expect {
        /// What for.
        what: Expectation,
        /// How long `silence` lasts.
        duration: Option<Scalar>,
        /// How a program must end, any of these.
        status: Vec<Scalar>,
        /// `stderr`, of a program.
        from: Option<Scalar>,
    },
    /// Shuts down `read`, `write` or `both`.
    Shutdown {
        /// Which direction.
        how: Scalar,
        /// `false`: without TLS's close_notify.
        notify: Option<Scalar>,
    },
    /// Closes.
    Close {
        /// `false`: without TLS's close_notify.
        notify: Option<Scalar>,
    },
    /// Closes abortively.
    Reset,
    /// Dissolves whom a socket is connected to.
    Disconnect,
    /// Upgrades to TLS.
    Tls(Box<Tls>),
    /// Sets options.
    Set {
        /// Each with its value.
        options: Vec<(Scalar, Setting)>,
    },
    /// Opens a file to be read.
    Open {
        /// Its path.
        path: Scalar,
    },
    /// Starts a program.
    Run(Box<Run>),
    /// Sends a signal to a program.
    Signal {
        /// Its name.
        signal: Scalar,
    },
}

/// What an option is set to.
#[derive(Debug, Clone)]
pub enum Setting {
    /// A value of the option's kind.
    Value(Scalar),
    /// `{hex: "01"}`: the bytes that setsockopt(2) gets.
    Hex(Scalar),
}

/// What must come beside the bytes of a `recv`, in control messages.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// `true`: more descriptors than there is room for.
    pub ctrunc: Option<Scalar>,
    /// Where the datagram was sent to.
    pub to: Option<Scalar>,
    /// Whose credentials.
    pub credentials: Option<Scalar>,
    /// An error, with the datagram that it is about.
    pub errqueue: Option<QueuedError>,
}

/// What a socket's error queue must tell.
#[derive(Debug, Clone)]
pub struct QueuedError {
    /// The error.
    pub errno: Scalar,
    /// Who has told of it.
    pub origin: Option<Scalar>,
    /// The type of the ICMP message.
    pub kind: Option<Scalar>,
    /// The code of the ICMP message.
    pub code: Option<Scalar>,
    /// What else it tells.
    pub info: Option<Scalar>,
    /// Who has sent the ICMP message.
    pub offender: Option<Scalar>,
}

/// A program that is started.
#[derive(Debug, Clone)]
pub struct Run {
    /// The program's name and its arguments.
    pub arguments: Vec<Scalar>,
    /// Variables of its environment.
    pub env: Vec<(Scalar, Scalar)>,
    /// The folder that it starts in.
    pub dir: Option<Scalar>,
    /// When it is ready.
    pub ready: Option<Ready>,
    /// Endpoints whose sockets it gets.
    pub pass: Vec<Scalar>,
}

/// What tells that a program is ready.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A line of one of its streams.
    Line {
        /// `stdout` or `stderr`.
        stream: Scalar,
        /// What the line matches.
        regex: Scalar,
    },
    /// An address that accepts a connection.
    Address(Scalar),
    /// Steps that all do as written. The decoder makes a `retry` of them, after the step that runs the
    /// program.
    Steps(Vec<Step>),
}

/// An upgrade to TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// `server` or `client`.
    pub side: Scalar,
    /// A file with certificates, or `true`.
    pub cert: Option<Scalar>,
    /// A file with their key.
    pub key: Option<Scalar>,
    /// The name that a client asks for.
    pub sni: Option<Scalar>,
    /// Protocols.
    pub alpn: Vec<Scalar>,
    /// `true`, `false`, or a file with authorities.
    pub verify: Option<Scalar>,
    /// The only version.
    pub version: Option<Scalar>,
}

/// What an `expect` waits for.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// One condition, or any of a list: `eof`, `reset`, `silence`, `readable`, `writable`.
    Any(Vec<Scalar>),
    /// Attributes, each with what it must be.
    Attributes(Vec<(Scalar, Wanted)>),
}

/// What an attribute must be.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Any of these values.
    Any(Vec<Scalar>),
    /// All of these, each any of its values: `tls: {version: "1.3", alpn: h2}`.
    All(Vec<(Scalar, Vec<Scalar>)>),
}
