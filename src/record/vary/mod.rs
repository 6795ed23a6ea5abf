//! What varies: several recordings of the same message become one pattern that takes all of them, and
//! as little else as it can.

mod binary;
mod choice;
mod class;
mod message;
mod order;
mod shape;
mod statistics;
#[cfg(test)]
mod tests;
mod text;
mod width;

use std::ops::Range;

use super::framing::Prefix;

pub(super) use class::Class;
pub(super) use message::{Known, Message, generalise};
pub(super) use text::{said, tokens_in};

/// A part of a message: bytes that were the same each time, or that were not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where it stands in what was recorded first.
    pub(super) at: Range<usize>,
    /// What stood there each time, in the order of the recordings.
    pub(super) values: Vec<Vec<u8>>,
    /// Whether it varies.
    pub(super) varies: bool,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// Up to and including the first of these bytes.
    Until {
        /// What it ends with.
        end: Vec<u8>,
        /// What stands between the value and that, always.
        tail: Vec<u8>,
        /// What came before that.
        value: Value,
    },
    /// So many bytes.
    Bytes {
        /// How many.
        count: Count,
        /// What they were.
        value: Value,
    },
    /// A text of as many bytes as the number says that was taken under this count.
    Text {
        /// The number.
        told: usize,
        /// What the text consists of: bytes, and values between them.
        of: Vec<Piece>,
    },
    /// A length of so many bytes, and what it counts.
    Sized {
        /// How the length is written.
        prefix: Prefix,
        /// What it counts.
        of: Vec<Part>,
    },
    /// These, in whatever order.
    AnyOrder(Vec<Vec<Part>>),
    /// All up to the end.
    Rest(Value),
    /// What one call gives: there is nothing to tell where it ends.
    Piece(Value),
    /// A value that was captured before.
    Use(usize),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// It is always so.
    Literal(Vec<u8>),
    /// It varies.
    Value(Value),
}

/// A value that varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Where it stood in what was recorded first.
    pub(super) at: Range<usize>,
    /// What it was each time.
    pub(super) seen: Vec<Vec<u8>>,
    /// What all of them are.
    pub(super) class: Class,
    /// The capture that it is, by its index.
    pub(super) capture: Option<usize>,
    /// The number that it is for a later part to be counted by.
    pub(super) counts: Option<usize>,
}

/// How many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// So many.
    Of(usize),
    /// As many as the number says that was taken under this count.
    Told(usize),
}
