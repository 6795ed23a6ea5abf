//! Which event of a trace is which of another one.
//!
//! Events are paired, not lines: an event that others were put before is the same event still, and
//! one that sees something else now is changed, not replaced.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::trace::event::{Event, What};
use crate::trace::read::{Node, NodeKind};

/// How many pairs are weighed against each other; for longer traces only what is equal is paired,
/// and what lies between.
const CELLS: usize = 1 << 20;
/// The weight of two that are equal. It is more than that of two pairs that are not, so that what has
/// only changed its place is not told as if it had become something else.
const EQUAL: u32 = 2000;

/// A pair, or one that has no other.
pub(super) type Pair<'n> = (Option<&'n Node>, Option<&'n Node>);

/// The pairs, in an order that is that of both; what is gone stands before what is new.
pub(super) fn align<'n>(old: &'n [Node], new: &'n [Node]) -> Vec<Pair<'n>> {
    let (old_keys, new_keys): (Vec<String>, Vec<String>) =
        (old.iter().map(key).collect(), new.iter().map(key).collect());
    let before = old_keys.iter().zip(&new_keys).take_while(|(one, other)| one == other).count();
    let rest = old.len().min(new.len()) - before;
    let after = old_keys.iter().rev().zip(new_keys.iter().rev()).take(rest).take_while(|(one, other)| one == other);
    let after = after.count();
    let inner = before..old.len() - after;
    let other = before..new.len() - after;
    let mut pairs: Vec<Pair<'n>> = Vec::with_capacity(old.len().max(new.len()));
    pairs.extend(old[..before].iter().zip(new).map(both));
    let keys = (&old_keys[inner.clone()], &new_keys[other.clone()]);
    middle(&old[inner.clone()], &new[other.clone()], keys, &mut pairs);
    pairs.extend(old[inner.end..].iter().zip(&new[other.end..]).map(both));
    pairs
}

fn both<'n>((old, new): (&'n Node, &'n Node)) -> Pair<'n> {
    (Some(old), Some(new))
}

fn middle<'n>(old: &'n [Node], new: &'n [Node], keys: (&[String], &[String]), pairs: &mut Vec<Pair<'n>>) {
    if old.len().saturating_mul(new.len()) <= CELLS {
        return weighed(old, new, keys, pairs);
    }
    for op in capture_diff_slices(Algorithm::Myers, keys.0, keys.1) {
        let (was, is) = (op.old_range(), op.new_range());
        match op {
            DiffOp::Equal { .. } => pairs.extend(old[was].iter().zip(&new[is]).map(both)),
            _ if was.len().saturating_mul(is.len()) <= CELLS => {
                let keys = (&keys.0[was.clone()], &keys.1[is.clone()]);
                weighed(&old[was], &new[is], keys, pairs);
            }
            _ => {
                pairs.extend(old[was].iter().map(|node| (Some(node), None)));
                pairs.extend(new[is].iter().map(|node| (None, Some(node))));
            }
        }
    }
}

/// The pairs whose weights are the largest together.
fn weighed<'n>(old: &'n [Node], new: &'n [Node], keys: (&[String], &[String]), pairs: &mut Vec<Pair<'n>>) {
    let width = new.len() + 1;
    let weight = |at: usize, other: usize| {
        if keys.0[at] == keys.1[other] { EQUAL } else { likeness(&old[at], &new[other]) }
    };
    // The best that can be had of what begins at these two.
    let mut best = vec![0_u32; (old.len() + 1) * width];
    for at in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            let apart = best[(at + 1) * width + other].max(best[at * width + other + 1]);
            let together = match weight(at, other) {
                0 => 0,
                weight => weight + best[(at + 1) * width + other + 1],
            };
            best[at * width + other] = apart.max(together);
        }
    }
    let (mut at, mut other) = (0, 0);
    while at < old.len() && other < new.len() {
        let weight = weight(at, other);
        let here = best[at * width + other];
        if weight > 0 && here == weight + best[(at + 1) * width + other + 1] {
            pairs.push((Some(&old[at]), Some(&new[other])));
            (at, other) = (at + 1, other + 1);
        } else if here == best[(at + 1) * width + other] {
            pairs.push((Some(&old[at]), None));
            at += 1;
        } else {
            pairs.push((None, Some(&new[other])));
            other += 1;
        }
    }
    pairs.extend(old[at..].iter().map(|node| (Some(node), None)));
    pairs.extend(new[other..].iter().map(|node| (None, Some(node))));
}

/// What two nodes have in common that are equal, with all that is in them.
pub(super) fn key(node: &Node) -> String {
    let mut key = node.head().trim_start_matches(' ').to_owned();
    for inner in node.inner() {
        key.push('\n');
        key.push_str(&self::key(inner));
    }
    key
}

/// How much one may be the other, changed; 0 where it cannot.
fn likeness(old: &Node, new: &Node) -> u32 {
    use NodeKind as Kind;
    match (&old.kind, &new.kind) {
        (Kind::Event(old), Kind::Event(new)) => events(old, new),
        (Kind::Lane(one, _), Kind::Lane(other, _)) => 300 * u32::from(one == other) + inside(old, new),
        (Kind::Parallel(_), Kind::Parallel(_))
        | (Kind::Repeat(..), Kind::Repeat(..))
        | (Kind::Retry(_), Kind::Retry(_)) => 200 + inside(old, new),
        (Kind::End(_), Kind::End(_)) => EQUAL,
        (Kind::Unknown(_), Kind::Unknown(_)) => 100,
        _ => 0,
    }
}

/// How much of two blocks is the same, up to 600.
fn inside(old: &Node, new: &Node) -> u32 {
    fn firsts(node: &Node) -> Vec<(&str, &str)> {
        let own = node.event().map(|event| (event.endpoint.as_str(), verb(event)));
        own.into_iter().chain(node.inner().iter().flat_map(firsts)).collect()
    }
    let (old, mut new) = (firsts(old), firsts(new));
    let most = old.len().max(new.len()).max(1);
    let mut common = 0;
    for event in old {
        if let Some(at) = new.iter().position(|other| *other == event) {
            new.swap_remove(at);
            common += 1;
        }
    }
    (600 * common / most) as u32
}

fn events(old: &Event, new: &Event) -> u32 {
    let (one, other) = (verb(old), verb(new));
    let same_what = old.what == new.what;
    if old.endpoint == new.endpoint {
        return match (one == other, related(one, other)) {
            (true, _) => 600 + common(&old.what, &new.what),
            (false, 0) => 0,
            (false, related) => related + common(&old.what, &new.what) / 4,
        };
    }
    match (&old.what, same_what) {
        // To close is what every endpoint does.
        (What::Data { .. }, true) => 300,
        (What::Words(words), true) if words.contains(' ') => 200,
        _ => 0,
    }
}

/// The word that says what kind of event it is.
pub(super) fn verb(event: &Event) -> &str {
    match &event.what {
        What::Data { verb, .. } => verb.split(' ').next().unwrap_or_default(),
        What::Words(words) => words.split(' ').next().unwrap_or_default(),
    }
}

/// Whether it says what an endpoint saw, not what it did.
pub(super) fn is_seen(verb: &str) -> bool {
    matches!(
        verb,
        "recv"
            | "read"
            | "print"
            | "print-end"
            | "quiet"
            | "eof"
            | "truncated"
            | "silence"
            | "readable"
            | "writable"
            | "exit"
            | "expect"
    ) || verb.starts_with('[')
}

/// Events of two kinds that may stand in each other's place.
fn related(one: &str, other: &str) -> u32 {
    let ends = |verb: &str| matches!(verb, "close" | "reset" | "shutdown");
    let begins =
        |verb: &str| matches!(verb, "socket" | "bind" | "listen" | "connect" | "accept" | "pair" | "dup" | "run");
    match (is_seen(one), is_seen(other)) {
        (true, true) => 450,
        _ if ends(one) && ends(other) => 450,
        _ if begins(one) && begins(other) => 250,
        _ => 0,
    }
}

/// How much two events tell the same, up to 300.
fn common(old: &What, new: &What) -> u32 {
    let (old, new) = (format!("{old:?}"), format!("{new:?}"));
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let before = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let rest = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    (300 * (before + after) / old.len().max(new.len()).max(1)) as u32
}
