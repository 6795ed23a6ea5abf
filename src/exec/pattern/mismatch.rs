//! Why bytes are not as a pattern says.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use regex::bytes::Regex;

use super::automaton::{self, Walk};
use super::describe::count;
use super::node::Node;
use super::view::{Boundary, View};
use crate::source::Span;
use crate::trace::record::{Bytes, Difference};

/// How many bytes on either side of the first wrong one are shown.
pub(super) const AROUND: u64 = 512;

/// How many of the bytes before the part that does not fit are shown.
const BEFORE: u64 = 16;

/// A mismatch as a report shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The expected bytes, where the pattern says them, from the same place as `got`.
    pub(crate) expected: Option<Vec<u8>>,
    /// What was expected, in words.
    pub(crate) expected_words: Option<String>,
    /// What came, from the beginning of the part that does not fit, cut to what can be shown.
    pub(crate) got: Vec<u8>,
    /// The first byte of `got` that is wrong; `got.len()` where one is missing.
    pub(crate) at: u64,
    /// How many bytes of the pattern came before the first of `got`.
    pub(crate) skipped: u64,
    /// The part of the pattern that does not fit, and how many bytes of the pattern came before it.
    pub(crate) part: Option<(Span, u64)>,
    /// A few of the bytes that were taken before the first of `got`.
    pub(crate) before: Vec<u8>,
    /// What ended the bytes, where they are as they should be as far as they go.
    pub(crate) end: Option<Boundary>,
    /// One line.
    pub(crate) message: String,
}

impl Mismatch {
    /// Whether bytes are missing, not wrong.
    pub(crate) fn is_short(&self) -> bool {
        self.at >= self.got.len() as u64
    }

    /// Whether nothing came at all.
    pub(crate) fn is_nothing(&self) -> bool {
        self.skipped == 0 && self.got.is_empty()
    }

    /// Where it begins, counted from the first byte of the step: `from byte 21 on`, and in a part that
    /// begins later `from byte 21 on, byte 1 of this part`.
    pub(crate) fn place(&self) -> String {
        let at = self.skipped + self.at;
        let of_part = match self.part {
            Some((_, start)) if start > 0 => format!(", byte {} of this part", at.saturating_sub(start) + 1),
            _ => String::new(),
        };
        format!("from byte {} on{of_part}", at + 1)
    }
}

impl From<Mismatch> for Difference {
    fn from(mismatch: Mismatch) -> Self {
        Self {
            expected: mismatch.expected.map(Bytes),
            expected_words: mismatch.expected_words,
            before: Bytes(mismatch.before),
            got: Bytes(mismatch.got),
            at: mismatch.at,
        }
    }
}

/// A mismatch while it is not known whether it matters: an alternative may fit.
#[derive(Debug)]
pub(super) struct Misfit(Box<Details>);

/// What there is to say about it. Positions are counted from the pattern's first byte.
#[derive(Debug)]
pub(super) struct Details {
    /// The first byte that is wrong, or the first that is missing.
    pub(super) at: u64,
    /// Where what is shown of the bytes begins.
    pub(super) from: u64,
    /// How far the bytes had to be seen to know it.
    pub(super) seen: u64,
    /// The expected bytes from `from` on.
    pub(super) expected: Option<Vec<u8>>,
    /// What was expected, in words.
    pub(super) words: Option<String>,
    /// The part that it is of, and where that began.
    pub(super) part: Option<(Span, u64)>,
    /// One line.
    pub(super) message: String,
    /// What ended the bytes, where they are as they should be as far as they go.
    pub(super) end: Option<Boundary>,
    /// The bytes that an expression does not match, while it is not known from which on.
    unmatched: Option<Unmatched>,
}

/// Bytes that an expression does not match.
#[derive(Debug)]
struct Unmatched {
    regex: Arc<Regex>,
    bytes: Vec<u8>,
    /// Whether it had been seen as soon as nothing could mend it, had they come one by one.
    at_once: bool,
}

impl Deref for Misfit {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Misfit {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl Misfit {
    /// A part that began at `start` is wrong from `at` on.
    pub(super) fn new(start: u64, at: u64, words: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            at,
            from: start.max(at.saturating_sub(AROUND)),
            seen: at,
            expected: None,
            words: Some(words.into()),
            part: None,
            message: message.into(),
            end: None,
            unmatched: None,
        }))
    }

    /// It is of the part that stands there and began at `start`, or of one in it.
    pub(super) fn within(mut self, span: Span, start: u64) -> Self {
        self.part.get_or_insert((span, start));
        self
    }

    /// It is only that the bytes end there.
    pub(super) fn ended(mut self, end: Option<Boundary>) -> Self {
        self.end = end;
        self
    }

    /// It took all bytes up to `seen` to know it.
    pub(super) fn seen(mut self, seen: u64) -> Self {
        self.seen = seen;
        self
    }

    /// An expression does not match all these bytes. From which byte on they do not fit is found
    /// out when it matters: of most alternatives that are given up nobody asks.
    pub(super) fn unmatched(mut self, regex: &Arc<Regex>, bytes: Vec<u8>, at_once: bool) -> Self {
        self.unmatched = Some(Unmatched { regex: Arc::clone(regex), bytes, at_once });
        self
    }

    /// Finds out what was put off.
    pub(super) fn refine(&mut self) {
        let Some(Unmatched { regex, bytes, at_once }) = self.unmatched.take() else { return };
        let whole = automaton::whole(&regex);
        let dead = whole.and_then(|whole| Walk::new(&whole).dies(&whole, &bytes));
        let start = self.at;
        // Where every beginning could still match, it is what is missing at the end.
        self.at = start + dead.unwrap_or(bytes.len()) as u64;
        self.from = start.max(self.at.saturating_sub(AROUND));
        if dead.is_some() && at_once {
            self.seen = self.at + 1;
        }
    }

    /// A datagram goes on after the pattern.
    pub(super) fn too_long(node: &Node, end: u64, what: &str, more: usize) -> Self {
        let message = format!("the {what} has {} more than the pattern takes", count(more as u64, "byte"));
        Self::new(0, end, format!("{}, and the end of the {what}", node.describe()), message).within(node.span, 0)
    }

    /// With the bytes that came.
    pub(super) fn seen_in(mut self, recent: &Recent, view: View<'_>) -> Mismatch {
        self.refine();
        let misfit = *self.0;
        let from = misfit.from.max(recent.start(view.base)).min(view.limit());
        let got = recent.copy(from, misfit.at.saturating_add(AROUND).min(view.limit()), view);
        let cut = (from - misfit.from.min(from)) as usize;
        // Bytes of the part itself tell nothing where they are cut.
        let is_whole = misfit.part.is_none_or(|(_, start)| from <= start);
        let before = if is_whole { from.saturating_sub(BEFORE).max(recent.start(view.base)) } else { from };
        Mismatch {
            expected: misfit.expected.map(|expected| expected.get(cut..).unwrap_or_default().to_vec()),
            expected_words: misfit.words,
            at: (misfit.at.saturating_sub(from)).min(got.len() as u64),
            before: recent.copy(before, from, view),
            part: misfit.part,
            got,
            skipped: from,
            end: misfit.end,
            message: misfit.message,
        }
    }
}

/// The last bytes that were taken, for the sake of messages.
#[derive(Debug, Default)]
pub(super) struct Recent {
    bytes: Vec<u8>,
}

impl Recent {
    const KEPT: usize = 2 * AROUND as usize;

    /// Bytes that are taken now.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(Self::KEPT)..];
        // A few times as much is kept as is needed, so that single bytes do not move it each time.
        if self.bytes.len() + bytes.len() > 4 * Self::KEPT {
            let needless = self.bytes.len().saturating_sub(Self::KEPT - bytes.len());
            self.bytes.drain(..needless);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The position of the first byte that is kept, where `taken` are taken.
    fn start(&self, taken: u64) -> u64 {
        taken - self.bytes.len() as u64
    }

    /// The bytes `from..to`, of those that are kept and those that are seen.
    fn copy(&self, from: u64, to: u64, view: View<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        if from < view.base {
            let start = (from - self.start(view.base)) as usize;
            let end = (to.min(view.base) - self.start(view.base)) as usize;
            bytes.extend_from_slice(self.bytes.get(start..end).unwrap_or_default());
        }
        if to > view.base {
            bytes.extend_from_slice(view.slice(from.max(view.base), to.max(from)));
        }
        bytes
    }
}
