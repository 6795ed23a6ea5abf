//! Bytes that are sent or received in more or in fewer pieces than before, and are the same.

use std::collections::HashSet;

use super::align::{Pair, verb};
use super::covers::expression;
use super::finding::{Finding, Weight};
use super::phrase::{self, who};
use crate::trace::event::{Event, What};
use crate::trace::read::Node;
use crate::trace::shown::Shown;

/// How many pieces one may be in.
const PIECES: usize = 64;
/// How many bytes pieces may have together.
const BYTES: usize = 1 << 16;
/// How many pieces are named.
const NAMED: usize = 3;

/// A piece.
#[derive(Debug, Clone, Copy)]
struct Piece<'n> {
    node: &'n Node,
    event: &'n Event,
    parts: &'n [Shown],
    /// Which one of its endpoint it is, of all that are sent or received likewise.
    at: usize,
}

impl<'n> Piece<'n> {
    /// Its bytes, where they are known.
    fn bytes(&self) -> Option<&'n [u8]> {
        match self.parts {
            [Shown::Bytes(bytes)] if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    fn is_like(&self, other: &Event) -> bool {
        self.event.endpoint == other.endpoint && verb(self.event) == verb(other)
    }
}

/// What is told of pieces, and the lines of those that it is told of, in the old and in the new trace.
pub(super) struct Regrouped {
    pub(super) finding: Finding,
    pub(super) old: Vec<u32>,
    pub(super) new: Vec<u32>,
}

/// All bytes that are in other pieces now, among the pairs of two lists of events.
pub(super) fn find(pairs: &[Pair<'_>]) -> Vec<Regrouped> {
    let mut sides: [Vec<Piece<'_>>; 2] = [Vec::new(), Vec::new()];
    let mut differing: [HashSet<u32>; 2] = [HashSet::new(), HashSet::new()];
    for (old, new) in pairs {
        let is_same = match (old.and_then(Node::event), new.and_then(Node::event)) {
            (Some(old), Some(new)) => old.what == new.what,
            _ => false,
        };
        for (at, node) in [old, new].into_iter().enumerate() {
            if let Some(piece) = node.and_then(|node| piece(node, &sides[at])) {
                sides[at].push(piece);
                if !is_same {
                    differing[at].insert(piece.node.line);
                }
            }
        }
    }
    for (side, differing) in sides.iter_mut().zip(&differing) {
        side.retain(|piece| differing.contains(&piece.node.line));
    }
    let [old, new] = sides;
    let split = old.iter().filter_map(|one| Some(told(one, &pieces_of(one, &new)?, true)));
    let joined = new.iter().filter_map(|one| Some(told(one, &pieces_of(one, &old)?, false)));
    split.chain(joined).collect()
}

/// What is sent or received there, unless that fails. `before` are those before it.
fn piece<'n>(node: &'n Node, before: &[Piece<'n>]) -> Option<Piece<'n>> {
    let event = node.event().filter(|event| event.fails.is_empty())?;
    let What::Data { bytes, .. } = &event.what else { return None };
    let at = before.iter().filter(|piece| piece.is_like(event)).count();
    Some(Piece { node, event, parts: bytes, at })
}

/// Pieces one after the other that are together what one is, or that its pattern takes together.
fn pieces_of<'n>(whole: &Piece<'n>, pieces: &[Piece<'n>]) -> Option<Vec<Piece<'n>>> {
    let own: Vec<(Piece<'n>, &[u8])> = pieces
        .iter()
        .filter(|piece| piece.is_like(whole.event))
        .filter_map(|piece| Some((*piece, piece.bytes()?)))
        .collect();
    if own.len() < 2 {
        return None;
    }
    let pattern = if whole.bytes().is_some() { None } else { Some(expression(whole.parts)?) };
    let is_whole = |all: &[u8]| match &pattern {
        Some(pattern) => pattern.is_match(all),
        None => whole.bytes() == Some(all),
    };
    (0..own.len()).find_map(|start| {
        let (mut all, mut fitting) = (Vec::new(), 0);
        for (count, (piece, bytes)) in own[start..].iter().take(PIECES).enumerate() {
            if piece.at != own[start].0.at + count || all.len() > BYTES {
                break;
            }
            all.extend_from_slice(bytes);
            if is_whole(&all) {
                fitting = count + 1;
            }
        }
        (fitting > 1).then(|| own[start..start + fitting].iter().map(|(piece, _)| *piece).collect())
    })
}

fn told(whole: &Piece<'_>, pieces: &[Piece<'_>], is_split: bool) -> Regrouped {
    let event = whole.event;
    let noun = verb(event);
    let (does, did) = phrase::verbs(noun);
    let noun = match noun {
        "recv" | "print" => "receive",
        "input" => "send",
        noun => noun,
    };
    let count = pieces.len();
    let lines: Vec<u32> = pieces.iter().map(|piece| piece.node.line).collect();
    let one = vec![whole.node.line];
    let (old, new) = if is_split { (one, lines) } else { (lines, one) };
    let all = phrase::shown(whole.parts);
    let text = match (whole.bytes().is_some(), is_split) {
        (true, true) => format!("now {does} {all} in {count} {noun}s where it was one"),
        (true, false) => format!("now {does} {all} in one {noun} where it was {count}"),
        (false, true) => format!("now {does} {} in {count} {noun}s where it {did} {all} in one", each(pieces)),
        (false, false) => format!("now {does} {all} in one {noun} where it {did} {} in {count}", each(pieces)),
    };
    let finding = Finding::does(Weight::Bytes, &who(event), text).at(old[0], new[0]);
    Regrouped { finding, old, new }
}

/// The first few of the pieces.
fn each(pieces: &[Piece<'_>]) -> String {
    let shown: Vec<String> = pieces.iter().map(|piece| phrase::shown(piece.parts)).collect();
    super::fields::listed(&shown, NAMED)
}
