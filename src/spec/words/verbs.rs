//! The verbs, with the modifiers that each may have.

use super::{Value, Word, word};
use crate::model::triple::{DOMAINS, PROTOCOLS, TYPES};

/// A verb.
#[derive(Debug, Clone, Copy)]
pub struct VerbWord {
    /// The word, with what it takes.
    pub word: Word,
    /// The modifiers that are its own.
    pub modifiers: &'static [Word],
    /// Whether it can create a socket, and so takes [`HOST`].
    pub creates: bool,
    /// Whether it can block, and so takes the modifiers in [`WAITING`].
    pub blocks: bool,
    /// Whether it can fail, and so takes [`FAILS`].
    pub fails: bool,
}

impl VerbWord {
    /// Every modifier that it may have.
    pub fn modifiers(&self) -> impl Iterator<Item = &'static Word> + Clone + use<> {
        let own: &'static [Word] = self.modifiers;
        let host: &'static [Word] = if self.creates { std::slice::from_ref(&HOST) } else { &[] };
        let waiting: &'static [Word] = if self.blocks { WAITING } else { &[] };
        let fails: &'static [Word] = if self.fails { std::slice::from_ref(&FAILS) } else { &[] };
        own.iter().chain(host).chain(waiting).chain(fails)
    }

    /// The modifier of that name, where the verb may have it.
    pub fn modifier(&self, name: &str) -> Option<&'static Word> {
        self.modifiers().find(|modifier| modifier.name == name)
    }

    /// Whether it may be written bare: `close`.
    pub fn is_bare(&self) -> bool {
        matches!(self.word.value, Value::Nothing | Value::AddressOrNothing)
    }
}

/// The verb of that name.
pub fn verb(name: &str) -> Option<&'static VerbWord> {
    VERBS.iter().find(|verb| verb.word.name == name)
}

/// The verbs that have a modifier of that name.
pub fn owners(modifier: &str) -> impl Iterator<Item = &'static str> {
    VERBS.iter().filter(move |verb| verb.modifier(modifier).is_some()).map(|verb| verb.word.name)
}

/// The modifier of every verb that can create a socket.
pub const HOST: Word = word("host", Value::Host, "The host that a new socket is created on.");

/// The modifiers of every verb that can block.
pub const WAITING: &[Word] = &[
    word("within", Value::Duration, "This step's deadline."),
    word("after", Value::Duration, "It must not complete earlier than this after it began."),
    word("blocking", Value::Flag, "Makes a blocking call, for the socket's own timeouts."),
    word("nonblocking", Value::Flag, "Makes one call that does not wait, and takes what it says."),
];

/// The modifier of every verb that can fail.
pub const FAILS: Word = word("fails", Value::Errors, "The errors that it must give; `none` allows success.");

/// The words that stand beside the pattern of `recv` and `read`, for that pattern.
const PATTERN: [Word; 5] =
    [super::forms::MATCH, super::forms::AS, super::forms::VARY, super::forms::MAX, super::forms::END];

const NOTIFY: Word = word("notify", Value::Flag, "Whether TLS sends close_notify first; `true` if not given.");

const fn at_once(word: Word, modifiers: &'static [Word]) -> VerbWord {
    VerbWord { word, modifiers, creates: false, blocks: false, fails: true }
}

const fn blocking(word: Word, modifiers: &'static [Word]) -> VerbWord {
    VerbWord { word, modifiers, creates: false, blocks: true, fails: true }
}

/// A verb that creates its endpoint where it is new.
const fn creating(verb: VerbWord) -> VerbWord {
    VerbWord { creates: true, ..verb }
}

/// The verbs of an endpoint.
pub const VERBS: &[VerbWord] = &[
    creating(at_once(
        word("socket", Value::Network, "Creates an unbound socket."),
        &[
            word("domain", Value::Constant(DOMAINS), "Another family for socket(2), where that must fail."),
            word("type", Value::Constant(TYPES), "Another type for socket(2), where that must fail."),
            word("protocol", Value::Constant(PROTOCOLS), "Another protocol for socket(2), where that must fail."),
        ],
    )),
    creating(at_once(word("bind", Value::Address, "Binds; creates the socket where the endpoint is new."), &[])),
    creating(at_once(
        word("listen", Value::AddressOrNothing, "Listens, at an address or bare on a bound endpoint."),
        &[word("backlog", Value::Number, "The length of the queue.")],
    )),
    blocking(
        word("accept", Value::Endpoint, "Accepts; the step's endpoint is the new connection."),
        &[word("from", Value::Endpoint, "The client whose connection is taken.")],
    ),
    creating(blocking(
        word("connect", Value::Target, "Connects to an endpoint or an address."),
        &[word("from", Value::Address, "The address to bind to first.")],
    )),
    creating(at_once(
        word("pair", Value::Name, "Creates a socketpair; the name is that of its other end."),
        &[word("network", Value::Network, "Its network, `unix` if not given.")],
    )),
    at_once(word("dup", Value::Endpoint, "Makes one more descriptor of that endpoint's socket."), &[]),
    blocking(
        word("send", Value::Payload, "Sends all of the payload."),
        &[
            word("to", Value::Target, "Where to: an endpoint, an address, or `sender`."),
            word("urgent", Value::Flag, "Sends with MSG_OOB."),
            word("more", Value::Flag, "Sends with MSG_MORE."),
            word("pass", Value::Endpoints, "Endpoints whose descriptors go with it, over a Unix socket."),
            word(
                "raises",
                Value::OneOf(&["SIGPIPE", "none"]),
                "The signal that it must raise: sends without MSG_NOSIGNAL.",
            ),
            word(
                "nosignal",
                Value::Flag,
                "Beside `raises`: sends with MSG_NOSIGNAL, as where nothing is said of signals.",
            ),
        ],
    ),
    blocking(
        word("recv", Value::Pattern, "Receives what the pattern frames, and compares it."),
        &[
            word(
                "from",
                Value::Endpoint,
                "The endpoint whose datagram it must be, `none` where it has no address; of a program, `stderr`.",
            ),
            word("sender", Value::Name, "A new name for the sender's address."),
            word("peek", Value::Flag, "Receives with MSG_PEEK."),
            word("urgent", Value::Flag, "Receives with MSG_OOB."),
            word(
                "takes",
                Value::Names,
                "Names for the descriptors that come with it; each is an endpoint from then on.",
            ),
            word("ctrunc", Value::Flag, "There is room for no more descriptors than `takes` names, and more came."),
            word("to", Value::Destination, "Where the datagram was sent to."),
            word(
                "credentials",
                Value::Credentials,
                "Whose credentials came with it: a program's, or those of this process, `self`.",
            ),
            word("errqueue", Value::QueuedError, "Receives from the error queue; what it must tell."),
            PATTERN[0],
            PATTERN[1],
            PATTERN[2],
            PATTERN[3],
            PATTERN[4],
        ],
    ),
    blocking(
        word("read", Value::Size, "Makes one receive of at most so many bytes."),
        &[
            word("is", Value::Pattern, "What it must give."),
            word("truncated", Value::SizeOrFlag, "The datagram must have been cut; a number is what it had in full."),
            word("waitall", Value::Flag, "Receives with MSG_WAITALL: a blocking call that waits for the full size."),
            word("discard", Value::Flag, "Receives with MSG_TRUNC: TCP throws the bytes away, and copies none."),
            PATTERN[0],
            PATTERN[1],
            PATTERN[2],
            PATTERN[3],
            PATTERN[4],
        ],
    ),
    VerbWord {
        word: word("expect", Value::Expectation, "Waits for an end, a silence or readiness, or for attributes."),
        modifiers: &[
            word("for", Value::Duration, "How long the silence must last."),
            word(
                "status",
                Value::Statuses,
                "How the program must end: a number or a signal, or a list of which any will do.",
            ),
            word("from", Value::OneOf(&["stderr"]), "Of a program: its error output."),
        ],
        creates: false,
        blocks: true,
        fails: true,
    },
    at_once(
        word("shutdown", Value::OneOf(&["read", "write", "both"]), "Shuts down one direction, or both."),
        &[NOTIFY],
    ),
    blocking(word("close", Value::Nothing, "Closes."), &[NOTIFY]),
    at_once(word("reset", Value::Nothing, "Closes abortively."), &[]),
    at_once(
        word("disconnect", Value::Nothing, "Dissolves whom it is connected to, as connect(2) with AF_UNSPEC does."),
        &[],
    ),
    at_once(word("set", Value::Options, "Sets socket options."), &[]),
    creating(blocking(
        word("run", Value::Arguments, "Starts a program, which is an endpoint from then on."),
        &[
            word("env", Value::Values, "Variables of its environment, beside those of sockspec."),
            word("dir", Value::Text, "The folder that it starts in; the spec's temporary folder if not given."),
            word("ready", Value::Ready, "When the step completes: a line of output, or an address that accepts."),
            word(
                "pass",
                Value::Endpoints,
                "Endpoints whose sockets it gets, listeners above all, as systemd hands them over.",
            ),
        ],
    )),
    at_once(word("signal", Value::Signal, "Sends a signal to a program."), &[]),
    blocking(
        word("tls", Value::OneOf(&["server", "client"]), "Upgrades the connection to TLS where it stands."),
        &[
            word(
                "cert",
                Value::FileOrFlag,
                "The chain of certificates to show: a file, or `true` for one of the run's.",
            ),
            word("key", Value::Text, "The file with the key of `cert`."),
            word("sni", Value::Text, "The name of the server that a client asks for."),
            word("alpn", Value::TextOrTexts, "The protocols to offer or to take, the best first."),
            word(
                "verify",
                Value::FileOrFlag,
                "Whether the other side must show a certificate, and of which authority.",
            ),
            word("version", Value::TlsVersion, "The only version to speak."),
        ],
    ),
    blocking(
        word("open", Value::Text, "Opens a file to receive from; a path below `${tmp}`, or an absolute one."),
        &[],
    ),
];
