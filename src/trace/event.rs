//! Events: one step of a spec, as the trace tells it.

use serde::{Deserialize, Serialize};

use super::shown::Shown;

/// One event: who, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The endpoint's name as the spec writes it: the counter of a `repeat` is `<i>`.
    pub endpoint: String,
    /// What it did or saw.
    pub what: What,
    /// What the step was allowed to fail with, in the order of the spec: `ECONNREFUSED`, `none`.
    /// Empty where the step must succeed.
    pub fails: Vec<String>,
    /// The segments that the step caused, in the order in which they crossed the wire; empty unless
    /// the spec asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wire: Vec<Segment>,
}

/// What crossed the wire: a segment, or several neighbours that are one to a trace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// Who sent it: the endpoint that is bound to its source, or the address.
    pub from: String,
    /// Whom it was sent to, likewise.
    pub to: String,
    /// What it was: `SYN`, `SYN ACK`, `DATA 7`, `FIN`, `RST`, `UDP 5`, `ICMP port unreachable`.
    pub what: String,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A line of words, already canonical: `listen tcp`, `set TCP_NODELAY=true`, `eof`.
    Words(String),
    /// Bytes that were sent or received.
    Data {
        /// `send`, `recv`, or `read 2`. After a verb with a number of its own, the text form does
        /// not count the bytes.
        verb: String,
        /// The bytes, part by part.
        bytes: Vec<Shown>,
        /// Words after the bytes: `to server`, `from client`, `peek`, `truncated`, `more`, `urgent`.
        suffix: Vec<String>,
    },
}
