//! The record of a run: every event with what the canonical trace leaves out, such as times, real
//! addresses and the pieces in which bytes arrived. Written as JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::scene::Scene;

/// One run of one test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The form of this file; 1.
    pub version: u32,
    /// The test's name, e.g. `tcp/echo[net=tcp6]`.
    pub test: String,
    /// The events, in the order of the spec.
    pub entries: Vec<Entry>,
    /// What was still open at the end, in order of creation.
    pub end: Vec<Open>,
    /// The step that did otherwise than written, where one did.
    pub failure: Option<Failure>,
}

/// The form of record that this program writes and reads.
pub const VERSION: u32 = 1;

/// Why a text is not a record that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// It is one of another version.
    Version(u64),
    /// It is malformed; what is wrong, with its place.
    Malformed(String),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(found) => write!(
                f,
                "the record has version {found}, and this program reads version {VERSION}: \
                 run the spec again with `--record` to have a new one"
            ),
            Self::Malformed(why) => write!(f, "not a record: {why}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// The record as JSON, made to be read; it ends in a line feed.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self)
            .unwrap_or_else(|error| unreachable!("a record has no maps and no foreign types: {error}"));
        json.push('\n');
        json
    }

    /// Reads what [`Record::to_json`] wrote.
    pub fn from_json(json: &str) -> Result<Self, RecordError> {
        // The version first, on its own: the rest of another version may look different.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let malformed = |error: serde_json::Error| RecordError::Malformed(error.to_string());
        let head: Head = serde_json::from_str(json).map_err(malformed)?;
        if head.version != u64::from(VERSION) {
            return Err(RecordError::Version(head.version));
        }
        serde_json::from_str(json).map_err(malformed)
    }
}

/// An event, or a block of them.
#[expect(clippy::large_enum_variant, reason = "nearly every entry is an event, so a box would only cost")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// One event.
    Event(Happened),
    /// Lanes that ran at once, in the order of the spec.
    Parallel(Vec<Lane>),
    /// Iterations, in order; those that gave the same events may already be one group.
    Repeat(Vec<Group>),
    /// The events of the try that held, or of the last that failed.
    Retry(Vec<Entry>),
}

/// A lane of a `parallel`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its events.
    pub entries: Vec<Entry>,
}

/// Neighbouring iterations of a `repeat` with the same events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// How many iterations.
    pub count: u64,
    /// Whether the spec says that their number varies and is of no interest.
    #[serde(default, skip_serializing_if = "is_false")]
    pub varies: bool,
    /// The events of one of them (of the first, where times differ).
    pub entries: Vec<Entry>,
}

/// An event with what was observed beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// The step's line, from 1; 0 where the line is not known.
    pub line: u32,
    /// The file that the step is in, where that is not the spec but a file that it includes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The how-manieth step of the run it was that began, from 0.
    #[serde(default)]
    pub order: u64,
    /// When the step began, in microseconds since the test began.
    pub began: u64,
    /// How long it took, in microseconds.
    pub took: u64,
    /// The event.
    pub event: Event,
    /// What the kernel was free to choose.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// What is true of one run only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The pieces in which bytes were taken by the kernel or from it, in bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<u64>,
    /// The socket's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The address of the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Bytes from outside of the spec, from a program for example, that a close left unread.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// The error that came, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<String>,
    /// Anything else worth a line, e.g. `the effect had not arrived after 50ms`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Record {
    /// What came from outside of the spec and nobody received: the endpoint, and how many bytes.
    pub fn left_unread(&self) -> Vec<(&str, u64)> {
        let mut left = Vec::new();
        collect_left(&self.entries, &mut left);
        left.extend(self.end.iter().map(|open| (open.name.as_str(), open.left)));
        left.retain(|(_, bytes)| *bytes > 0);
        left
    }
}

fn collect_left<'r>(entries: &'r [Entry], left: &mut Vec<(&'r str, u64)>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => left.push((&happened.event.endpoint, happened.facts.left)),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| collect_left(&lane.entries, left)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| collect_left(&group.entries, left)),
            Entry::Retry(entries) => collect_left(entries, left),
        }
    }
}

impl Facts {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An endpoint that the spec left open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Its name, with counters as `<i>`.
    pub name: String,
    /// Bytes from this spec's own endpoints that nobody received.
    pub unread: Unread,
    /// Bytes from outside of the spec that nobody received. How many have come by then is not for the spec to say,
    /// so no trace has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Whether it is one of many whose number varies, by the counter of such a `repeat` in its name.
    #[serde(default, skip_serializing_if = "is_false")]
    pub varies: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How much was left unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unread {
    /// So many bytes.
    Bytes(u64),
    /// As many as the kernel had room for, when a send failed half-way.
    Varies,
}

impl Unread {
    /// The words after what an endpoint did: ` unread 5`, ` unread ~`; none where nothing was left.
    pub fn words(self) -> String {
        match self {
            Self::Bytes(0) => String::new(),
            Self::Bytes(bytes) => format!(" unread {bytes}"),
            Self::Varies => " unread ~".to_owned(),
        }
    }
}

/// A step that did otherwise than written. A report draws it on its line of the spec.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The step's line, from 1; 0 where the line is not known.
    #[serde(default)]
    pub line: u32,
    /// The file that the step is in, where that is not the spec but a file that it includes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where that file is included, and where the one is that includes it, each as `file:line`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_from: Vec<String>,
    /// The endpoint of the step, with counters as `<i>`; of a step without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The place in the spec, in bytes. The places of files that it includes follow its own.
    pub start: u32,
    /// One past the place's last byte.
    pub end: u32,
    /// The part of the step that is wrong, where that is known: a part of a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// One line: what was wrong, e.g. `conn received something else than "ping"`.
    pub message: String,
    /// A few words for under the step's line, e.g. `reset, where the end was expected`.
    pub label: String,
    /// Expected bytes against those that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// What was waiting unread at endpoints, `(name, bytes)`; cut to the first KiB each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<(String, Bytes)>,
    /// What programs have printed last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub printed: Vec<Printed>,
    /// The deadline that passed, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// Sentences that explain, e.g. who waits at a barrier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to write instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// What was seen on both sides; of a step that is no verb there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<Box<Scene>>,
}

/// A part of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// The place in the spec, in bytes, as that of the step.
    pub start: u32,
    /// One past the place's last byte.
    pub end: u32,
}

/// What a program has printed last on one of its streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// The program's endpoint.
    pub by: String,
    /// Whether it is its error output.
    pub stderr: bool,
    /// The last lines.
    pub bytes: Bytes,
}

/// What was expected, and what came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What was expected: the bytes, where the pattern says them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Bytes>,
    /// What was expected, in words, where it is not bytes: `up to "\r\n"`, `~/[0-9]+/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_words: Option<String>,
    /// What came, from the beginning of this pattern, cut to what a report can show.
    pub got: Bytes,
    /// A few of the bytes that this pattern had taken before the first of `got`.
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    pub before: Bytes,
    /// The first byte of `got` that is not as expected (may be `got.len()`: too short).
    pub at: u64,
}

impl Difference {
    /// These bytes came where what the words say was expected.
    pub fn to_words(expected: impl Into<String>, got: &[u8]) -> Self {
        Self { expected_words: Some(expected.into()), got: Bytes(got.to_vec()), ..Self::default() }
    }
}

/// Bytes in a record, written as escaped text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "escaped")] pub Vec<u8>);

impl Bytes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Bytes as escaped text in JSON, so that a record can be read.
pub(crate) mod escaped {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::model::bytes::escape(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::model::bytes::unescape(&text).ok_or_else(|| D::Error::custom("a malformed escape"))
    }
}
