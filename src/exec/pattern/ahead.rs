//! How many bytes a pattern takes whatever they are, so that they need not be looked at first.

use super::choice::Choice;
use super::node::{Kind, Node};
use super::state::{Form, State};

/// Bytes that are taken whatever they are, if the pattern fits at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    pub(super) bytes: u64,
    /// Whether the pattern ends after them.
    pub(super) whole: bool,
}

impl Ahead {
    const UNKNOWN: Self = Self { bytes: 0, whole: false };

    fn whole(bytes: u64) -> Self {
        Self { bytes, whole: true }
    }

    /// These, and then those that follow.
    fn then(self, next: impl FnOnce() -> Self) -> Self {
        if !self.whole {
            return self;
        }
        let next = next();
        Self { bytes: self.bytes.saturating_add(next.bytes), whole: next.whole }
    }
}

impl Node {
    /// The bytes ahead of a state, or of the pattern's beginning.
    pub(super) fn ahead(&self, state: Option<&State>) -> Ahead {
        let done = state.map_or(0, |state| state.settled - state.start);
        let form = state.map(|state| &state.form);
        match (&self.kind, form) {
            (Kind::Exactly(exact), _) => Ahead::whole(exact.bytes.len() - done),
            (Kind::Hex(bytes), _) => Ahead::whole(bytes.len() as u64 - done),
            (Kind::Bytes { count, .. }, _) => Ahead::whole(count - done),
            (Kind::Number { width, .. }, _) => Ahead::whole(u64::from(width.bytes) - done),
            (Kind::Rest(_), _) => Ahead { bytes: u64::MAX, whole: false },
            (Kind::Sized { size, of, .. }, form) => match form {
                Some(Form::Sized(frame)) => frame.ahead(*size, of, state.map_or(0, |state| state.settled)),
                _ => size.kind.width().map_or(Ahead::UNKNOWN, |bytes| Ahead { bytes, whole: false }),
            },
            (Kind::OneOf(nodes), Some(Form::OneOf(choice))) => choice.ahead(nodes),
            (Kind::OneOf(nodes), _) => Choice::new(nodes.len()).ahead(nodes),
            (Kind::AnyOrder(nodes), Some(Form::AnyOrder(any))) => any.choice.ahead(nodes).open(),
            (Kind::AnyOrder(nodes), _) => Choice::new(nodes.len()).ahead(nodes).open(),
            (Kind::UntilLast { members, .. }, Some(Form::UntilLast(until))) => {
                until.choice.ahead(members.as_slice()).open()
            }
            (Kind::UntilLast { members, .. }, _) => Choice::new(2).ahead(members.as_slice()).open(),
            (Kind::Sequence(nodes), Some(Form::Sequence(index, part))) => {
                let first = part.as_ref().map_or(Ahead::whole(0), |part| nodes[*index].ahead(Some(part)));
                let rest = &nodes[(index + usize::from(part.is_some())).min(nodes.len())..];
                rest.iter().fold(first, |ahead, node| ahead.then(|| node.ahead(None)))
            }
            (Kind::Sequence(nodes), _) => {
                nodes.iter().fold(Ahead::whole(0), |ahead, node| ahead.then(|| node.ahead(None)))
            }
            (Kind::Deferred(_), Some(Form::Deferred(Some(begun)))) => begun.0.ahead(Some(&begun.1)),
            (Kind::Until(_) | Kind::UntilMatch { .. } | Kind::Deferred(_), _) => Ahead::UNKNOWN,
        }
    }
}

impl Ahead {
    /// More may follow.
    fn open(self) -> Self {
        Self { whole: false, ..self }
    }
}

impl Choice {
    /// What every alternative takes. One that fits already takes no more.
    fn ahead(&self, nodes: &[Node]) -> Ahead {
        let each =
            self.alive().map(|(node, state, done)| self.further(if done { None } else { Some(&nodes[node]) }, state));
        each.reduce(|a, b| Ahead { bytes: a.bytes.min(b.bytes), whole: a.whole && b.whole && a.bytes == b.bytes })
            .unwrap_or(Ahead::UNKNOWN)
    }

    /// What an alternative takes beyond what all have settled; without its node, if it is done.
    fn further(&self, node: Option<&Node>, state: Option<&State>) -> Ahead {
        let ahead = node.map_or(Ahead::whole(0), |node| node.ahead(state));
        let settled = self.alive().filter_map(|(_, state, _)| state).map(|state| state.settled).min();
        match (state, settled) {
            (Some(state), Some(settled)) => {
                Ahead { bytes: ahead.bytes.saturating_add(state.settled - settled), ..ahead }
            }
            _ => ahead,
        }
    }
}
