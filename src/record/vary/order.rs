//! Messages that do not always come in the same order.

use std::ops::Range;

/// So many messages come in any order, and not more: a pattern of more is read by nobody.
const MOST: usize = 64;

/// Where messages stand that come in another order each time, and for each of them, where it stands in each
/// variant. What varies within them does not make them others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shuffled {
    /// The messages, by their numbers.
    pub(super) at: Range<usize>,
    /// The ranges of each, as recorded and then in each variant.
    pub(super) each: Vec<Vec<Range<usize>>>,
}

/// Finds the messages that come in another order, if nothing else does.
pub(super) fn shuffled(variants: &[&[u8]], cuts: &[Vec<usize>]) -> Option<Shuffled> {
    let range = |variant: usize, nth: usize| {
        let start = nth.checked_sub(1).map_or(0, |before| cuts[variant][before]);
        start..cuts[variant][nth]
    };
    let name = |variant: usize, nth: usize| skeleton(&variants[variant][range(variant, nth)]);
    let names: Vec<Vec<Vec<u8>>> =
        (0..cuts.len()).map(|variant| (0..cuts[0].len()).map(|nth| name(variant, nth)).collect()).collect();
    let (recorded, others) = names.split_first()?;
    let differs = |nth: &usize| others.iter().any(|other| other[*nth] != recorded[*nth]);
    let from = (0..recorded.len()).find(differs)?;
    let to = (0..recorded.len()).rfind(differs)? + 1;
    if to - from > MOST {
        return None;
    }
    let mut each: Vec<Vec<Range<usize>>> = (from..to).map(|nth| vec![range(0, nth)]).collect();
    for (before, other) in others.iter().enumerate() {
        let mut left: Vec<usize> = (from..to).collect();
        for nth in from..to {
            let found = left.iter().position(|there| other[*there] == recorded[nth])?;
            each[nth - from].push(range(before + 1, left.remove(found)));
        }
    }
    Some(Shuffled { at: from..to, each })
}

/// A message without what may vary in it: each word with a digit in it is one digit.
fn skeleton(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    for word in message.chunk_by(|one, other| one.is_ascii_alphanumeric() == other.is_ascii_alphanumeric()) {
        if word.iter().any(u8::is_ascii_digit) { out.push(b'0') } else { out.extend_from_slice(word) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variants: &[&str]) -> Option<Shuffled> {
        let variants: Vec<&[u8]> = variants.iter().map(|variant| variant.as_bytes()).collect();
        let cuts: Vec<Vec<usize>> =
            variants.iter().map(|variant| memchr::memchr_iter(b'\n', variant).map(|at| at + 1).collect()).collect();
        shuffled(&variants, &cuts)
    }

    #[test]
    fn messages_are_found_wherever_they_stand() {
        let shuffled = found(&["go\nA 1\nB 2\nend\n", "go\nB 77\nA 4\nend\n"]);
        let each = vec![vec![3..7, 8..12], vec![7..11, 3..8]];
        assert_eq!(shuffled, Some(Shuffled { at: 1..3, each }));
    }

    #[test]
    fn what_is_in_order_or_something_else_is_not_shuffled() {
        assert_eq!(found(&["A\nB\n", "A\nB\n"]), None);
        assert_eq!(found(&["A 1\nB 2\n", "A 2\nB 1\n"]), None);
        assert_eq!(found(&["A\nB\n", "C\nA\n"]), None);
    }
}
