//! Compiled patterns, of which every value is known.

use std::sync::Arc;

use super::automaton::Automaton;
use super::defer::Deferred;
use crate::exec::payload::{PayloadBytes, padding};
use crate::model::value::Value;
use crate::plan::pattern::{End, Matching, Pattern};
use crate::plan::payload::{Place, Size, SizeKind, Width};
use crate::source::Span;
use crate::trace::shown::{Shown, total_size};

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands in the spec.
    pub(super) span: Span,
    pub(super) kind: Kind,
    /// What stands beside the form, if anything does.
    pub(super) cover: Option<Box<Cover>>,
    /// How many bytes may be held for it.
    pub(super) max: u64,
    /// Whether the spec says so itself: then it may not take more either, held or not.
    pub(super) limited: bool,
}

/// `match`, `as` and `vary`: it is they that the trace shows in place of the bytes.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) matching: Option<Matching>,
    pub(super) capture: Option<String>,
}

/// These bytes.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) bytes: PayloadBytes,
    /// How they are shown where not as they are.
    pub(super) shown: Option<Vec<Shown>>,
    /// Where the forms of a list begin that are compared as one.
    pub(super) places: Arc<[Place]>,
}

/// The forms.
#[derive(Debug)]
pub(super) enum Kind {
    Exactly(Exact),
    Hex(Arc<[Option<u8>]>),
    /// So many bytes; `known` if the spec says how many.
    Bytes {
        count: u64,
        known: bool,
    },
    Until(Vec<u8>),
    UntilMatch {
        source: String,
        automaton: Arc<Automaton>,
    },
    Rest(Vec<End>),
    Number {
        width: Width,
        mask: Option<(u64, u64)>,
    },
    Sized {
        size: Size,
        of: Box<Node>,
        varies: bool,
    },
    OneOf(Vec<Node>),
    AnyOrder(Vec<Node>),
    /// `last` and `each`; `plain` if what came is shown as it is.
    UntilLast {
        members: Box<[Node; 2]>,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Its values are those that a part before it keeps.
    Deferred(Box<Deferred>),
}

impl Exact {
    /// The form that the byte at this offset belongs to, and the offset of its first byte.
    pub(super) fn form_at(&self, offset: u64) -> Option<(Span, u64)> {
        let after = self.places.partition_point(|place| place.byte <= offset);
        let place = self.places.get(after.checked_sub(1)?)?;
        Some((place.span, place.byte))
    }
}

impl Cover {
    pub(super) fn of(pattern: &Pattern) -> Option<Box<Self>> {
        let covered = pattern.vary || pattern.capture.is_some() || pattern.matching.is_some();
        covered.then(|| Box::new(Self { matching: pattern.matching.clone(), capture: pattern.capture.clone() }))
    }

    /// Whether the bytes are needed.
    pub(super) fn holds(&self) -> bool {
        self.matching.is_some() || self.capture.is_some()
    }
}

impl Node {
    /// How many bytes it takes, where that never varies.
    pub(super) fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::Exactly(exact) => exact.shown.as_ref().map_or(Some(exact.bytes.len()), |shown| total_size(shown)),
            Kind::Hex(bytes) => Some(bytes.len() as u64),
            Kind::Bytes { count, known } => known.then_some(*count),
            Kind::Number { width, .. } => Some(u64::from(width.bytes)),
            Kind::Sized { size, of, .. } => {
                let SizeKind::Fixed(width) = size.kind else { return None };
                let content = of.size()?;
                content.checked_add(u64::from(width.bytes))?.checked_add(padding(*size, content))
            }
            Kind::OneOf(nodes) => {
                let mut sizes = nodes.iter().map(Node::size);
                let first = sizes.next()??;
                sizes.all(|size| size == Some(first)).then_some(first)
            }
            Kind::AnyOrder(nodes) | Kind::Sequence(nodes) => {
                nodes.iter().try_fold(0_u64, |sum, node| sum.checked_add(node.size()?))
            }
            Kind::Deferred(deferred) => deferred.outline()?.size(),
            Kind::Until(_) | Kind::UntilMatch { .. } | Kind::Rest(_) | Kind::UntilLast { .. } => None,
        }
    }

    /// Whether it has no parts.
    pub(super) fn is_leaf(&self) -> bool {
        match &self.kind {
            Kind::Exactly(..)
            | Kind::Hex(_)
            | Kind::Bytes { .. }
            | Kind::Until(_)
            | Kind::UntilMatch { .. }
            | Kind::Rest(_)
            | Kind::Number { .. } => true,
            Kind::Sized { .. }
            | Kind::OneOf(_)
            | Kind::AnyOrder(_)
            | Kind::UntilLast { .. }
            | Kind::Sequence(_)
            | Kind::Deferred(_) => false,
        }
    }
}

/// The value of what was taken.
pub(super) fn value_of(kind: &Kind, taken: Vec<u8>) -> Value {
    match kind {
        Kind::Number { width, .. } => Value::Number(i128::from(width.decode(&taken))),
        _ => Value::Bytes(taken),
    }
}
