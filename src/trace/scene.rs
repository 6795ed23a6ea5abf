//! What the runner saw on both sides when a step failed, which no event tells: who was at the other
//! end, what waited unread, what other lanes were in. A report says from it why the step failed.

use serde::{Deserialize, Serialize};

/// Both sides of a step that failed, at that moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The step as a trace would have told it: `connect server`, `recv`, `eof`.
    pub step: String,
    /// What it was allowed to fail with: `ECONNREFUSED`, `none`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails: Vec<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Came>,
    /// The address that the step names, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether that is the address of a group, or of all hosts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub group: bool,
    /// The route of the spec's network that refuses it: `192.0.2.0/24 unreachable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How many bytes it was to send, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The step's endpoint; of an `accept` the listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<End>,
    /// The other end of its connection; where nobody has accepted it yet, the listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<End>,
    /// The endpoints, open or closed, that have the address that the step names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub there: Vec<End>,
    /// The steps that other lanes were in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<UnderWay>,
}

/// What came where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Came {
    /// An error, by name.
    Errno(String),
    /// The end of the stream.
    End,
    /// Nothing, up to the deadline.
    Nothing,
    /// Success.
    Success,
    /// An attribute has another value: its name and the value.
    Value(String, String),
}

impl Came {
    /// A reset.
    pub fn reset() -> Self {
        Self::Errno("ECONNRESET".to_owned())
    }
}

/// A socket, as it was when a step failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its endpoint, with counters as `<i>`.
    pub name: String,
    /// Its endpoint as steps outside of the loop that created it call it, where that is another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its network: `tcp`.
    pub network: String,
    /// The host that it is on, where its network has hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What it is.
    pub role: Role,
    /// Whether it is open.
    pub open: bool,
    /// Whether a program has it, too, or others have descriptors of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shared: bool,
    /// Bytes of a stream that the kernel has taken from it.
    #[serde(default)]
    pub sent: u64,
    /// Bytes of a stream that were received from it.
    #[serde(default)]
    pub received: u64,
    /// Bytes that wait to be received.
    #[serde(default)]
    pub unread: u64,
    /// Bytes that the other side has not acknowledged.
    #[serde(default)]
    pub unsent: u64,
    /// Datagrams that were dropped for want of room.
    #[serde(default)]
    pub dropped: u32,
    /// Its TCP state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Its own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The address of the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Of a TCP listener: how many connections wait, and its backlog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<(u32, u32)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a socket is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It neither listens nor is connected.
    #[default]
    Plain,
    /// It listens.
    Listener,
    /// It is an end of a connection.
    Connected,
    /// It is a program's input and output.
    Program,
    /// It is no socket: a file, or the name of a sender.
    Other,
}

/// A step that had begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    /// Its endpoint, with counters as `<i>`.
    pub endpoint: String,
    /// As a trace tells it: `recv`.
    pub step: String,
    /// Its line, from 1.
    pub line: u32,
    /// The file that it is in, where that is not the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}
