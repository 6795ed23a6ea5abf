//! The syntax tree of a spec. Every scalar is kept as it was written, with its place: `${name}` is
//! not replaced, and no word is understood yet. That is the work of `plan`, after the variables
//! of a case are known; so one mechanism serves words that are written and words that are computed.

use std::path::PathBuf;

use crate::model::perturb::Perturb;
use crate::source::Span;

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes, where YAML knows no escapes.
    Single,
    /// In double quotes.
    Double,
    /// In a block, after `|` or `>`.
    Block,
}

/// A scalar with its place. The text is that after YAML's escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where, quotes included.
    pub span: Span,
}

/// A whole spec.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// One sentence: what this spec shows.
    pub about: Option<Scalar>,
    /// Texts that it rests on.
    pub refs: Vec<Scalar>,
    /// The lines of a catalogue that it shows.
    pub ids: Vec<Scalar>,
    /// Words to select by.
    pub tags: Vec<Scalar>,
    /// What the machine must offer.
    pub requires: Vec<Scalar>,
    /// The deadline of each step.
    pub timeout: Option<Scalar>,
    /// Variables with their values.
    pub vars: Vec<(Scalar, Scalar)>,
    /// Those of them that differ from one machine to the next, so that traces show their names.
    pub varying: Vec<Scalar>,
    /// Variables with the values of each case.
    pub matrix: Vec<(Scalar, Vec<Scalar>)>,
    /// `each` or `shared`.
    pub snapshot: Option<Scalar>,
    /// Variables that hold reserved ports.
    pub ports: Vec<Scalar>,
    /// What is written before the first step.
    pub files: Vec<File>,
    /// The network that it runs in.
    pub network: Option<Network>,
    /// Whether the segments on it are part of the trace.
    pub wire: Option<Scalar>,
    /// How `sockspec stress` may perturb it.
    pub perturb: Perturb,
    /// The steps.
    pub steps: Vec<Step>,
    /// Part of the file could not be read, and a diagnostic says so. Names may be missing, so what
    /// is undefined, unused or unmatched in the rest is not certain to be a mistake.
    pub incomplete: bool,
}

/// A file that is written before the first step.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name in the temporary folder; that of a folder ends in `/`.
    pub name: Scalar,
    /// What is in it.
    pub content: FileContent,
    /// Its permissions.
    pub mode: Option<Scalar>,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub enum FileContent {
    /// A text.
    Text(Scalar),
    /// Bytes in Base64.
    Base64(Scalar),
    /// It is an empty folder.
    Folder,
}

/// The network that a spec runs in.
#[derive(Debug, Clone)]
pub enum Network {
    /// `host`, `isolated`, or a variable that is one of them.
    Word(Scalar),
    /// An isolated one, with what it has.
    Map(Topology),
}

/// What an isolated network has.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// Addresses of the loopback device.
    pub addresses: Vec<Scalar>,
    /// Hosts with their addresses.
    pub hosts: Vec<(Scalar, Vec<Scalar>)>,
    /// Destinations with the kinds of their routes.
    pub routes: Vec<(Scalar, Scalar)>,
    /// Part of it could not be read, and a diagnostic says so: hosts may be missing.
    pub incomplete: bool,
}

/// A step with its place: from its key to the end of its value.
#[derive(Debug, Clone)]
pub struct Step {
    /// The place.
    pub span: Span,
    /// What to do.
    pub kind: StepKind,
    /// A diagnostic about this step has been given: its effect on names counts, but anything else
    /// found in it would be a consequence of the same mistake.
    pub faulty: bool,
}

/// What a step is.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// A verb of an endpoint.
    Call(Box<Call>),
    /// Lanes that run at once.
    Parallel {
        /// The lanes, in the order of the file.
        lanes: Vec<Lane>,
        /// The deadline of the whole block.
        within: Option<Scalar>,
    },
    /// A meeting point of lanes.
    Barrier {
        /// Its name.
        name: Scalar,
        /// The deadline of the meeting.
        within: Option<Scalar>,
    },
    /// Steps that run again and again.
    Repeat {
        /// How often.
        times: Times,
        /// The name of the counter, or of the row.
        name: Option<Scalar>,
        /// An expression that ends it early.
        until: Option<Scalar>,
        /// Whether the number of iterations is of no interest.
        vary: Option<Scalar>,
        /// The deadline of the whole block.
        within: Option<Scalar>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Variables with the expressions that compute them.
    Let(Vec<(Scalar, Scalar)>),
    /// An expression that must be true.
    Assert(Scalar),
    /// Steps that are tried again until they all do as written.
    Retry {
        /// For how long at most; as long as a step may take, where none is written.
        time: Option<Scalar>,
        /// The program that is ready when they do.
        ready: Option<Scalar>,
        /// The steps.
        steps: Vec<Step>,
    },
    /// The steps of another file.
    Include(Box<Include>),
    /// Hosts with what becomes of their links.
    Link(Vec<(Scalar, Scalar)>),
    /// A sleep.
    Pause(Scalar),
    /// A step that could not be read at all. It may do anything to what its words name: create
    /// it, use it, close it.
    Broken {
        /// Every scalar in it, keys included.
        words: Vec<Scalar>,
    },
}

/// How often the steps of a `repeat` run.
#[derive(Debug, Clone)]
pub enum Times {
    /// So many times.
    Count(Scalar),
    /// Once for each row of a table, all of which have the same columns.
    Rows(Vec<Row>),
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The place.
    pub span: Span,
    /// The columns with their values.
    pub values: Vec<(Scalar, Scalar)>,
}

/// The steps of another file, where they are included.
#[derive(Debug, Clone)]
pub struct Include {
    /// The file's name, relative to the file that this stands in.
    pub file: Scalar,
    /// Names that the file sees, with their values or endpoints.
    pub with: Vec<(Scalar, Scalar)>,
    /// The deadline of all its steps.
    pub within: Option<Scalar>,
    /// What is in the file; `None` where it could not be read.
    pub contents: Option<Contents>,
}

/// What is in a file that is included.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The folder of the file.
    pub folder: PathBuf,
    /// The file's name without its extension.
    pub stem: String,
    /// Values for names that `with` leaves out.
    pub vars: Vec<(Scalar, Scalar)>,
    /// The names that it hands back, each with the name that it has outside.
    pub out: Vec<(Scalar, Scalar)>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Part of the file could not be read, and a diagnostic says so.
    pub incomplete: bool,
}

/// A lane of a `parallel`.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name.
    pub name: Scalar,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A verb of an endpoint, with its modifiers.
#[derive(Debug, Clone)]
pub struct Call {
    /// The endpoint; may hold `${i}`.
    pub endpoint: Scalar,
    /// The verb with what it takes.
    pub verb: Verb,
    /// The place of the verb's word.
    pub verb_span: Span,
    /// The host that a new socket is created on.
    pub host: Option<Scalar>,
    /// This step's deadline.
    pub within: Option<Scalar>,
    /// It must not complete earlier than this.
    pub after: Option<Scalar>,
    /// `true`: as a blocking call.
    pub blocking: Option<Scalar>,
    /// `true`: one call, and what it says.
    pub nonblocking: Option<Scalar>,
    /// The errors that it may or must give.
    pub fails: Option<Fails>,
}

/// The errors that a step may give.
#[derive(Debug, Clone)]
pub enum Fails {
    /// One, or a list of allowed outcomes, `none` among them where success is allowed.
    Any(Vec<Scalar>),
    /// By platform.
    ByPlatform(Vec<(Scalar, Vec<Scalar>)>),
}

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

/// A payload or a pattern, with its place and what stands beside it.
#[derive(Debug, Clone)]
pub struct Form {
    /// The place.
    pub span: Span,
    /// Which form.
    pub kind: FormKind,
    /// `match`: a regular expression for the whole of what is taken.
    pub matching: Option<Scalar>,
    /// `as`: a variable to keep it in.
    pub capture: Option<Scalar>,
    /// `vary: true`.
    pub vary: Option<Scalar>,
    /// `max`: how much it may hold in memory.
    pub max: Option<Scalar>,
}

/// The forms of payloads and patterns. The decoder lets those that are patterns only stand in
/// patterns only.
#[derive(Debug, Clone)]
pub enum FormKind {
    /// A text.
    Text(Scalar),
    /// `hex`; `..` is any byte in a pattern.
    Hex(Scalar),
    /// `base64`
    Base64(Scalar),
    /// `file`, relative to the spec.
    File(Scalar),
    /// `fill` with `size`.
    Fill {
        /// The bytes that are repeated.
        fill: Scalar,
        /// How many in all.
        size: Scalar,
    },
    /// `random` with `seed`.
    Random {
        /// How many.
        size: Scalar,
        /// The seed, 0 if none.
        seed: Option<Scalar>,
    },
    /// `u8` … `u64le`.
    Number {
        /// The word for width and byte order.
        width: Scalar,
        /// A number, or `any` in a pattern.
        value: Scalar,
        /// Bits that count; a pattern only.
        mask: Option<Scalar>,
        /// What these bits must be; a pattern only.
        is: Option<Scalar>,
    },
    /// `size` with `of`.
    Sized {
        /// The word for the kind of length.
        kind: Scalar,
        /// What follows it.
        of: Box<Form>,
        /// Added to the length.
        plus: Option<Scalar>,
        /// A flag in the length.
        or: Option<Scalar>,
        /// Zero bytes up to a multiple of this.
        pad: Option<Scalar>,
    },
    /// One after the other.
    List(Vec<Form>),
    /// `bytes`: so many. A pattern only, as all below.
    Bytes(Scalar),
    /// `until`: up to and including a delimiter.
    Until(Box<Form>),
    /// `until: {match: …}`.
    UntilMatch(Scalar),
    /// `rest`, up to the end; with the ends that are allowed.
    Rest {
        /// `eof` and `reset`; empty where none is written.
        end: Vec<Scalar>,
    },
    /// `one_of`
    OneOf(Vec<Form>),
    /// `any_order`
    AnyOrder(Vec<Form>),
    /// `until_last` with `each`.
    UntilLast {
        /// The one that ends it, tried first.
        last: Box<Form>,
        /// The one that is taken again and again.
        each: Box<Form>,
    },
}
