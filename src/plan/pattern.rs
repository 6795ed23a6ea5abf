//! Patterns: which bytes a receive takes, and what they must be.

use std::sync::Arc;

use super::Number;
use super::payload::{Payload, Size, Width};
use crate::source::Span;

/// How much a pattern may hold in memory, unless `max` says otherwise.
pub const DEFAULT_MAX: u64 = 16 << 20;

/// A pattern with what stands beside it.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Where it stands in the spec.
    pub span: Span,
    /// The form.
    pub form: Form,
    /// The whole of what is taken must match this (for `until`, without the delimiter).
    pub matching: Option<Matching>,
    /// The variable that keeps what is taken.
    pub capture: Option<String>,
    /// It varies and is of no interest.
    pub vary: bool,
    /// How many bytes it may hold in memory.
    pub max: u64,
}

impl Pattern {
    /// The ends one of which it goes up to, whatever comes before.
    pub fn ends_at(&self) -> Option<&[End]> {
        match &self.form {
            Form::Rest(ends) if ends.is_empty() => Some(&[End::Eof]),
            Form::Rest(ends) => Some(ends),
            Form::Sequence(patterns) => patterns.last().and_then(Self::ends_at),
            _ => None,
        }
    }

    /// Whether it may go up to the end of the stream.
    pub fn takes_rest(&self) -> bool {
        match &self.form {
            Form::Rest(_) => true,
            Form::OneOf(patterns) | Form::AnyOrder(patterns) | Form::Sequence(patterns) => {
                patterns.iter().any(Self::takes_rest)
            }
            Form::UntilLast { last, each } => last.takes_rest() || each.takes_rest(),
            // The rest of a frame is no end of a stream.
            Form::Sized { .. }
            | Form::Exactly(_)
            | Form::Hex(_)
            | Form::Bytes(_)
            | Form::Until(_)
            | Form::UntilMatch(_)
            | Form::Number { .. } => false,
        }
    }
}

/// A regular expression on bytes, compiled when the plan was made.
#[derive(Debug, Clone)]
pub struct Matching {
    /// The named groups, each with the variable that keeps what it matches.
    pub groups: Vec<(String, String)>,
    /// As written.
    pub source: String,
    /// Anchored at both ends; `.` is any byte but LF.
    pub regex: Arc<regex::bytes::Regex>,
}

/// The forms of a pattern.
#[derive(Debug, Clone)]
pub enum Form {
    /// Exactly these bytes.
    Exactly(Payload),
    /// Exactly these bytes; `None` is any byte.
    Hex(Arc<[Option<u8>]>),
    /// So many bytes.
    Bytes(Number),
    /// Up to and including the first occurrence of the delimiter, which is not empty.
    Until(Payload),
    /// Up to the first byte at which a match of the expression ends; the pattern begins at `^`.
    UntilMatch(String),
    /// Up to the end of the stream, the datagram, or the frame around it. The ends that the
    /// stream may have; empty: as if `[eof]`.
    Rest(Vec<End>),
    /// A number of that width, any; with the bits that count and what they must be.
    Number {
        /// The layout.
        width: Width,
        /// Mask and value.
        mask: Option<(u64, u64)>,
    },
    /// A length, then a pattern that takes exactly so many bytes.
    Sized {
        /// The layout of the length.
        size: Size,
        /// The pattern.
        of: Box<Pattern>,
    },
    /// The first that fits, in written order.
    OneOf(Vec<Pattern>),
    /// All of these, in any order.
    AnyOrder(Vec<Pattern>),
    /// `each` again and again, up to and including `last`, which is tried first.
    UntilLast {
        /// The one that ends it.
        last: Box<Pattern>,
        /// The one before it.
        each: Box<Pattern>,
    },
    /// One after the other.
    Sequence(Vec<Pattern>),
}

/// How a stream can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In order: a receive of 0 bytes.
    Eof,
    /// ECONNRESET.
    Reset,
    /// The end of a connection with TLS, without close_notify.
    Truncated,
}

impl End {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
        }
    }
}
