//! Bytes that are sent or received in more or in fewer pieces than before, and are the same.

use super::align::{Pair, verb};
use super::finding::{Finding, Weight};
use super::phrase::{self, who};
use crate::trace::event::{Event, What};
use crate::trace::read::Node;
use crate::trace::shown::Shown;

/// A piece: its node, and its bytes.
type Piece<'n> = (&'n Node, &'n Event, &'n [u8]);

/// What is told of pieces, and the lines of those that it is told of, in the old and in the new trace.
pub(super) struct Regrouped {
    pub(super) finding: Finding,
    pub(super) old: Vec<u32>,
    pub(super) new: Vec<u32>,
}

/// All bytes that are in other pieces now, among the pairs of two lists of events.
pub(super) fn find(pairs: &[Pair<'_>]) -> Vec<Regrouped> {
    let differs = |old: &Node, new: &Node| match (old.event(), new.event()) {
        (Some(old), Some(new)) => old.what != new.what,
        _ => false,
    };
    let mut old: Vec<Piece<'_>> = Vec::new();
    let mut new: Vec<Piece<'_>> = Vec::new();
    for pair in pairs {
        if pair.0.zip(pair.1).is_none_or(|(old, new)| differs(old, new)) {
            old.extend(pair.0.and_then(piece));
            new.extend(pair.1.and_then(piece));
        }
    }
    let mut found = Vec::new();
    for one in &old {
        if let Some(pieces) = pieces_of(one, &new) {
            found.push(told(one, &pieces, true));
        }
    }
    for one in &new {
        if let Some(pieces) = pieces_of(one, &old) {
            found.push(told(one, &pieces, false));
        }
    }
    found
}

fn piece(node: &Node) -> Option<Piece<'_>> {
    let event = node.event()?;
    match &event.what {
        What::Data { bytes, .. } if event.fails.is_empty() => match bytes.as_slice() {
            [Shown::Bytes(bytes)] if !bytes.is_empty() => Some((node, event, bytes)),
            _ => None,
        },
        _ => None,
    }
}

/// Pieces one after the other that are together what one is.
fn pieces_of<'n>(whole: &Piece<'n>, pieces: &[Piece<'n>]) -> Option<Vec<Piece<'n>>> {
    let is_like = |event: &Event| event.endpoint == whole.1.endpoint && verb(event) == verb(whole.1);
    let own: Vec<Piece<'n>> = pieces.iter().filter(|(_, event, _)| is_like(event)).copied().collect();
    (0..own.len()).find_map(|start| {
        let (mut left, mut taken) = (whole.2, 0);
        for (_, _, bytes) in &own[start..] {
            match left.strip_prefix(*bytes) {
                Some(rest) => (left, taken) = (rest, taken + 1),
                None => break,
            }
            if left.is_empty() {
                break;
            }
        }
        (left.is_empty() && taken > 1).then(|| own[start..start + taken].to_vec())
    })
}

fn told(whole: &Piece<'_>, pieces: &[Piece<'_>], is_split: bool) -> Regrouped {
    let (node, event, bytes) = whole;
    let noun = verb(event);
    let (does, _) = phrase::verbs(noun);
    let noun = if noun == "recv" { "receive" } else { noun };
    let count = pieces.len();
    let how = if is_split {
        format!("in {count} {noun}s where it was one")
    } else {
        format!("in one {noun} where it was {count}")
    };
    let lines: Vec<u32> = pieces.iter().map(|(node, ..)| node.line).collect();
    let (old, new) = if is_split { (vec![node.line], lines) } else { (lines, vec![node.line]) };
    let text = format!("now {does} {} {how}", phrase::text(bytes));
    let finding = Finding::does(Weight::Bytes, &who(event), text).at(old[0], new[0]);
    Regrouped { finding, old, new }
}
