//! The words of programs: what tells that one is ready.

use super::{Value, Word, word};

/// What tells that a program is ready.
pub const READY: &[Word] = &[
    word("stdout", Value::Regex, "A line of its output that matches."),
    word("stderr", Value::Regex, "A line of its error output that matches."),
    word("steps", Value::Steps, "Steps that are tried again until they all do as written."),
];
