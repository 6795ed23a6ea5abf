//! Tests of the matcher.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod build;
mod forms;
mod places;
mod properties;

use super::*;
use crate::exec::values::{NoEndpoints, Values};

/// What feeding everything came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Result {
    /// It matched: how many bytes, how they are shown, what was kept, the end.
    Matched(u64, Vec<Shown>, Vec<(String, Value)>, Option<End>),
    /// It failed: where, and why.
    Failed(u64, String),
    /// It still waits, with so many bytes taken.
    Waiting(u64),
}

pub(super) fn values() -> Values {
    let values = Values::default();
    values.set("id", Value::Text("abc".into()));
    values.set("four", Value::Number(4));
    values.set("n", Value::Number(1));
    values.set("m", Value::Text("2".into()));
    values
}

pub(super) fn machine(pattern: &Pattern) -> Machine {
    try_machine(pattern).unwrap()
}

pub(super) fn try_machine(pattern: &Pattern) -> std::result::Result<Machine, String> {
    let values = values();
    Machine::new(pattern, Scope { values: &values, endpoints: &NoEndpoints })
}

/// Feeds the input as a kernel would that has received it in these pieces: what was not taken is
/// shown again.
pub(super) fn run(pattern: &Pattern, input: &[u8], pieces: &[usize], end: Option<Boundary>) -> Result {
    let mut machine = machine(pattern);
    let mut taken = 0;
    // A datagram arrives as a whole.
    let mut arrived = if end == Some(Boundary::Datagram) { input.len() } else { 0 };
    let mut pieces = pieces.iter().cycle();
    loop {
        let last = arrived == input.len();
        let fed = machine.feed(&input[taken..arrived], if last { end } else { None });
        assert!(fed.taken <= arrived - taken, "takes what it was not shown");
        taken += fed.taken;
        match fed.outcome {
            Outcome::Done => {
                let matched = machine.into_matched();
                assert_eq!(matched.size, taken as u64);
                return Result::Matched(matched.size, matched.shown, matched.captures, matched.end);
            }
            Outcome::Failed(mismatch) => {
                assert!(mismatch.at <= mismatch.got.len() as u64);
                return Result::Failed(mismatch.skipped + mismatch.at, mismatch.message);
            }
            Outcome::More if last => {
                assert!(end.is_none(), "waits beyond the end");
                let missing = machine.missing("the deadline passed", &input[taken..]);
                assert!(missing.message.starts_with("the deadline passed"), "{}", missing.message);
                return Result::Waiting(taken as u64);
            }
            Outcome::More => {}
        }
        arrived = (arrived + pieces.next().copied().unwrap_or(1).max(1)).min(input.len());
    }
}

/// Feeds the input as a whole and byte by byte, which must come to the same.
pub(super) fn both(pattern: &Pattern, input: &[u8], end: Option<Boundary>) -> Result {
    let whole = run(pattern, input, &[usize::MAX / 2], end);
    assert_eq!(run(pattern, input, &[1], end), whole, "byte by byte is another result");
    whole
}

#[track_caller]
pub(super) fn matched(pattern: &Pattern, input: &[u8]) -> (u64, Vec<Shown>, Vec<(String, Value)>) {
    match both(pattern, input, None) {
        Result::Matched(size, shown, captures, _) => (size, shown, captures),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn failed(pattern: &Pattern, input: &[u8], end: Option<Boundary>) -> (u64, String) {
    match both(pattern, input, end) {
        Result::Failed(at, message) => (at, message),
        other => panic!("{other:?}"),
    }
}
