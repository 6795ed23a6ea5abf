//! Whether two texts say the same.

use super::super::document::{self, Entry, Kind, Node};
use super::tokens::{self, Tokens};

/// Whether both have the same tree, however it is written, and the same comments.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let read = |text| {
        let mut found = Vec::new();
        let document = document::read(text, &mut found);
        (document.root, document.incomplete, found.len())
    };
    let ((one_root, one_lost, one_found), (other_root, other_lost, other_found)) = (read(one), read(other));
    let same = match (&one_root, &other_root) {
        (None, None) => true,
        (Some(one), Some(other)) => same_node(one, other),
        _ => false,
    };
    same && (one_lost, one_found) == (other_lost, other_found) && comments(one) == comments(other)
}

fn same_node(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar(one, style), Kind::Scalar(other, other_style)) => one == other && style == other_style,
        (Kind::Sequence(one), Kind::Sequence(other)) => all(one, other, same_node),
        (Kind::Mapping(one), Kind::Mapping(other)) => all(one, other, same_entry),
        _ => false,
    }
}

fn same_entry(one: &Entry<'_>, other: &Entry<'_>) -> bool {
    one.key.text == other.key.text && one.key.style == other.key.style && same_node(&one.value, &other.value)
}

fn all<T>(one: &[T], other: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

/// The comments, in their order.
fn comments(text: &str) -> Option<Vec<&str>> {
    let tokens = Tokens::of(text)?.tokens;
    let comments = tokens.into_iter().filter(|token| token.kind == tokens::Kind::Comment);
    Some(comments.map(|comment| text[comment.place].trim_end()).collect())
}
