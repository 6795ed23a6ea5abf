//! What differs, before it is a sentence.

use super::payload::Told;
use crate::trace::shown::Shown;

/// What comes first among what differs, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Whether a call succeeds, and with what it fails.
    Outcome,
    /// What an endpoint sees: data, the end, a reset; how a program ends; what stays unread.
    Seen,
    /// The bytes.
    Bytes,
    /// Steps that are new or gone.
    Steps,
    /// The order.
    Order,
    /// What an endpoint does otherwise: options, addresses, blocks.
    Words,
    /// What crossed the wire, which follows from all else.
    Wire,
    /// What is open at the end.
    End,
    /// Names only.
    Names,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    /// The first line of the event in the old trace.
    pub(super) old: Option<u32>,
    /// The first line of the event in the new trace.
    pub(super) new: Option<u32>,
    /// Which one of how many events it is that were the same, where it was not the only one.
    pub(super) which: Option<(usize, usize)>,
    pub(super) said: Said,
}

/// What is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Who, and what that one does: several may do the same.
    Does { who: String, what: String },
    /// Bytes that differ: what one end sends, the other one receives.
    Bytes { who: String, verb: String, told: Told, bytes: Vec<Shown> },
    /// An event that was not there.
    Added { who: String, does: String },
    /// An event that is gone.
    Removed { who: String, does: String },
    /// What is not looked at any more.
    Unchecked(String),
    /// A sentence.
    Plain(String),
}

impl Finding {
    pub(super) fn new(weight: Weight, said: Said) -> Self {
        Self { weight, old: None, new: None, which: None, said }
    }

    pub(super) fn does(weight: Weight, who: &str, what: impl Into<String>) -> Self {
        Self::new(weight, Said::Does { who: who.to_owned(), what: what.into() })
    }

    pub(super) fn plain(weight: Weight, text: impl Into<String>) -> Self {
        Self::new(weight, Said::Plain(text.into()))
    }

    pub(super) fn at(self, old: u32, new: u32) -> Self {
        Self { old: Some(old), new: Some(new), ..self }
    }
}
