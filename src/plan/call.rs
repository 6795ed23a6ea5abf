//! A call: a verb of an endpoint, with its deadline and the errors that it may give.

use std::time::Duration;

use crate::model::alert::Fault;
use crate::source::Span;

use super::Verb;
use super::template::Template;

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
    /// Whether `fails` is a map by platform that says nothing of this one.
    pub fails_elsewhere: bool,
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
