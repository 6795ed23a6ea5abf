//! The words of the language, each with what stands after it and a line on what it means. The
//! decoder, the JSON Schema and the messages read this one list.
//!
//! Only the shape is here. What a text must be (an errno, an option, an address) is known to
//! `plan`, since `${name}` may stand for it.

mod catalogue;
mod files;
mod forms;
mod networks;
mod programs;
mod receive;
mod variables;
mod verbs;

pub use catalogue::{CATALOGUE, LINE, NOTE, SECTION};
pub use files::FILE_KEYS;
pub use forms::{COMPANIONS, FORMS, FormWord, WIDTHS, form};
pub use networks::{LINK_STATES, NETWORK_KEYS, NETWORKS, ROUTES};
pub use programs::READY;
pub use receive::{ERRQUEUE, ORIGINS};
pub use variables::VARIABLE_KEYS;
pub use verbs::{FAILS, HOST, VERBS, VerbWord, WAITING, owners, verb};

use crate::model::triple::Constant;

/// What stands after a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the word stands alone, or is written `WORD: true`.
    Nothing,
    /// `true` or `false`.
    Flag,
    /// `true` alone.
    True,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A text, or a list of texts.
    TextOrTexts,
    /// A line of a catalogue, or a list of lines.
    Ids,
    /// The sections of a catalogue.
    Sections,
    /// The lines of a section, by their ids.
    Lines,
    /// What is different on other platforms.
    Notes,
    /// `true`, `false` or a file.
    FileOrFlag,
    /// A version of TLS.
    TlsVersion,
    /// A map of what was agreed for TLS.
    Agreed,
    /// A map of names to values.
    Values,
    /// A map of names to values, or to maps that say more of them.
    Variables,
    /// A map of names to lists of values.
    Matrix,
    /// A duration with its unit.
    Duration,
    /// A plain decimal or 0x number.
    Number,
    /// A number of bytes, `64KiB`.
    Size,
    /// `true`, `false` or a number of bytes.
    SizeOrFlag,
    /// A name that it gives.
    Name,
    /// A list of names that it gives.
    Names,
    /// A map of names of files to what is in them.
    Files,
    /// The permissions of a file.
    Mode,
    /// The name of an endpoint.
    Endpoint,
    /// A list of endpoints.
    Endpoints,
    /// An address.
    Address,
    /// An address, or nothing.
    AddressOrNothing,
    /// An endpoint or an address.
    Target,
    /// An endpoint, or an IP address.
    Destination,
    /// Whose credentials come.
    Credentials,
    /// A map of what a socket's error queue tells of an error.
    QueuedError,
    /// A network.
    Network,
    /// One of these constants, or a number.
    Constant(&'static [Constant]),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, or a list of them.
    SomeOf(&'static [&'static str]),
    /// An error by its errno name.
    Errno,
    /// Errors: one, a list, or by platform.
    Errors,
    /// Options with their values.
    Options,
    /// Conditions, or a map of attributes.
    Expectation,
    /// A payload.
    Payload,
    /// A pattern.
    Pattern,
    /// A list of patterns.
    Patterns,
    /// A pattern or, where it is one, the number `any`.
    NumberOrAny,
    /// A payload, or `{match: REGEX}`.
    Delimiter,
    /// A regular expression.
    Regex,
    /// An expression.
    Expression,
    /// A map of names to expressions.
    Expressions,
    /// A map of perturbations that a spec does not stand.
    Perturb,
    /// The network of a spec: a word, or a map of what it has.
    Topology,
    /// A list of IP addresses.
    Addresses,
    /// A map of hosts to their IP addresses.
    Hosts,
    /// A map of destinations to the kinds of their routes.
    Routes,
    /// The name of a host.
    Host,
    /// A map of hosts to the states of their links.
    Links,
    /// A program's name and its arguments.
    Arguments,
    /// When a program is ready.
    Ready,
    /// The name of a signal.
    Signal,
    /// How a program may end: numbers and signals.
    Statuses,
    /// A number of iterations, or a list of rows.
    Times,
    /// A list of steps.
    Steps,
    /// A map of lanes to their steps.
    Lanes,
}

/// A word with what stands after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// What stands after it.
    pub value: Value,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

const fn word(name: &'static str, value: Value, doc: &'static str) -> Word {
    Word { name, value, required: false, doc }
}

const fn required(name: &'static str, value: Value, doc: &'static str) -> Word {
    Word { name, value, required: true, doc }
}

/// The word of that name.
pub fn find<'w>(words: &'w [Word], name: &str) -> Option<&'w Word> {
    words.iter().find(|word| word.name == name)
}

/// The keys of a spec.
pub const TOP_LEVEL: &[Word] = &[
    required("about", Value::Text, "One sentence: what this spec shows."),
    word("refs", Value::Texts, "Texts it rests on: RFC sections, man pages, issue links."),
    word("id", Value::Ids, "The lines of a catalogue that it shows: a word or a number, or a list of them."),
    word("tags", Value::Texts, "Words to select by."),
    word("requires", Value::Texts, "What the machine must offer; else the test is ignored."),
    word("timeout", Value::Duration, "The deadline of each step, `5s` if not given."),
    word("vars", Value::Variables, "Variables with their values."),
    word("matrix", Value::Matrix, "Variables with lists of values; every combination is a test of its own."),
    word("snapshot", Value::OneOf(&["each", "shared"]), "A snapshot for each matrix case, or one for all."),
    word("ports", Value::Names, "Names of variables, each with a port number that is reserved for this test."),
    word("files", Value::Files, "Files that are written before the first step, into the test's own folder `${tmp}`."),
    word("network", Value::Topology, "The network that the spec runs in: the machine's, `host`, or one of its own."),
    word("wire", Value::Flag, "Whether the segments on an isolated network are part of the trace."),
    word("perturb", Value::Perturb, "Which perturbations of `sockspec stress` this spec does not stand, and why."),
    required("steps", Value::Steps, "The steps, in the order in which they happen."),
];

/// The perturbations of `sockspec stress`, and the reason why a spec does not stand one.
pub const PERTURB_KEYS: &[Word] = &[
    word("segments", Value::Flag, "Sends on streams are cut into pieces, or joined."),
    word("buffers", Value::Flag, "Sockets have small buffers."),
    word("schedule", Value::Flag, "Steps are delayed, and lanes run in another order."),
    word("load", Value::Flag, "Every core of the machine is busy."),
    word("why", Value::Text, "The reason."),
];

/// The keys of a file that is included.
pub const INCLUDED: &[Word] = &[
    word("about", Value::Text, "One sentence: what its steps do."),
    word("vars", Value::Values, "Values for names that `with` leaves out."),
    word("out", Value::Names, "The names that it hands back: variables and endpoints."),
    required("steps", Value::Steps, "The steps."),
];

/// What `requires` may list, apart from `command:NAME`.
pub const REQUIREMENTS: &[&str] = &["linux", "macos", "windows", "ipv6", "multicast", "netns", "root"];

/// A step that has no endpoint.
#[derive(Debug, Clone, Copy)]
pub struct StepWord {
    /// The word, which is the step's first key.
    pub word: Word,
    /// The keys that may stand beside it.
    pub beside: &'static [Word],
}

const BLOCK_WITHIN: Word = word("within", Value::Duration, "The deadline of the whole block.");

/// The steps that have no endpoint.
pub const STEPS: &[StepWord] = &[
    StepWord { word: word("parallel", Value::Lanes, "Lanes of steps that run at once."), beside: &[BLOCK_WITHIN] },
    StepWord {
        word: word("barrier", Value::Name, "In a lane: waits until every lane that names this barrier is there."),
        beside: &[word("within", Value::Duration, "The deadline of the meeting.")],
    },
    StepWord {
        word: word("repeat", Value::Times, "Runs the steps so many times, or once for each row of a table."),
        beside: &[
            required("steps", Value::Steps, "The steps that run again and again."),
            word("as", Value::Name, "The name of the counter, which begins at 0, or of the row."),
            word("until", Value::Expression, "Ends after the first iteration in which this is true."),
            word("vary", Value::Flag, "How often that is differs from run to run and is of no interest."),
            BLOCK_WITHIN,
        ],
    },
    StepWord { word: word("link", Value::Links, "Changes the links between hosts and the others."), beside: &[] },
    StepWord { word: word("pause", Value::Duration, "Sleeps."), beside: &[] },
    StepWord {
        word: word("retry", Value::Duration, "Runs the steps again until they all do as written, for so long at most."),
        beside: &[required("steps", Value::Steps, "The steps that are tried again.")],
    },
    StepWord { word: word("let", Value::Expressions, "Computes variables, one after the other."), beside: &[] },
    StepWord { word: word("assert", Value::Expression, "An expression that must be true."), beside: &[] },
    StepWord {
        word: word("include", Value::Text, "Runs the steps of another file, which is relative to this one."),
        beside: &[
            word("with", Value::Values, "The values and endpoints that the file sees."),
            word("out", Value::Values, "Other names for what the file hands back."),
            BLOCK_WITHIN,
        ],
    },
];

/// Words that others have for `pause`.
const PAUSES: [&str; 5] = ["pause", "sleep", "wait", "delay", "usleep"];

/// Whether the word means a pause, here or elsewhere.
pub fn is_pause(word: &str) -> bool {
    PAUSES.iter().any(|pause| word.eq_ignore_ascii_case(pause))
}

/// The step without endpoint that begins with this word.
pub fn step(name: &str) -> Option<&'static StepWord> {
    STEPS.iter().find(|step| step.word.name == name)
}

/// What `expect` can wait for. `truncated` belongs to TLS, `exit` to programs.
pub const CONDITIONS: &[Word] = &[
    word("eof", Value::Nothing, "The stream ends here."),
    word("reset", Value::Nothing, "The next receive gives ECONNRESET."),
    word("silence", Value::Nothing, "Nothing arrives for so long, not even the end."),
    word("readable", Value::Nothing, "A receive would not block."),
    word("writable", Value::Nothing, "A send would not block."),
    word("truncated", Value::Nothing, "The connection ends without TLS's close_notify."),
    word("exit", Value::Nothing, "The program ends."),
];

/// The attributes that `expect` can wait for, apart from the socket options.
pub const ATTRIBUTES: &[Word] = &[
    word("state", Value::Text, "The TCP state, by its name in RFC 9293."),
    word("local", Value::Target, "The socket's own address."),
    word("peer", Value::Target, "The address of the other side."),
    word("unread", Value::Number, "Bytes waiting to be received."),
    word("unsent", Value::Number, "Bytes that the other side has not acknowledged."),
    word("queue", Value::Number, "Connections waiting at a listener."),
    word("backlog", Value::Number, "How many connections a listener of TCP lets wait."),
    word("poll", Value::Text, "What poll(2) returns: all of these events and no others."),
    word("SIOCATMARK", Value::Flag, "Whether the byte that is received next stands behind the urgent mark."),
    word("O_NONBLOCK", Value::Flag, "Whether accept(2) gave a connection that does not block."),
    word("tls", Value::Agreed, "What was agreed for TLS."),
];

/// What can be asked of what was agreed for TLS.
pub const AGREED: &[Word] = &[
    word("version", Value::TlsVersion, "The version."),
    word("alpn", Value::Text, "The protocol, by ALPN; `none` where there is none."),
    word("sni", Value::Text, "The name that the client asked for, as its server sees it; `none` where there is none."),
];
