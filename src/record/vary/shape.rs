//! How a body is best written that some number counts.

use super::Segment;
use crate::record::framing::is_text;

/// The longest expression that anybody reads.
const EXPRESSION: usize = 160;

/// How a body is best written that some number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As one value: nothing of it stays, or nobody would read it.
    Whole,
    /// As an expression of one line.
    Line,
    /// Part by part: each that varies is followed by one that does not.
    Parts,
}

impl Shape {
    /// How that is, of a body some segments of which may say something captured again: an expression cannot.
    pub(super) fn of(body: &[Segment], says_again: &dyn Fn(&Segment) -> bool) -> Self {
        let varying = || body.iter().filter(|segment| segment.varies);
        let size = |segments: &mut dyn Iterator<Item = &Segment>| segments.map(|segment| segment.values[0].len()).sum();
        let (varies, all): (usize, usize) = (size(&mut varying()), size(&mut body.iter()));
        let is_text = body.iter().all(|segment| segment.values.iter().all(|value| is_text(value)));
        let has_lines = |segment: &Segment| segment.values.iter().any(|value| value.contains(&b'\n'));
        let stays = |segment: &Segment| !segment.varies && segment.values[0].iter().any(u8::is_ascii_alphanumeric);
        if !is_text || varying().any(has_lines) || !body.iter().any(stays) {
            return Self::Whole;
        }
        let lines: usize = body.iter().map(|segment| memchr::memchr_iter(b'\n', &segment.values[0]).count()).sum();
        let framed = |(at, segment): (usize, &Segment)| {
            !segment.varies || says_again(segment) || is_framed(segment, body.get(at + 1))
        };
        let says_any = varying().any(says_again);
        let is_framed = body.iter().enumerate().all(framed);
        match () {
            () if lines <= 1 && all - varies <= EXPRESSION && !(says_any && is_framed) => Self::Line,
            () if is_framed => Self::Parts,
            () => Self::Whole,
        }
    }
}

/// Whether what stays behind a segment that varies tells where that ends.
fn is_framed(segment: &Segment, next: Option<&Segment>) -> bool {
    const LONGEST_END: usize = 16;
    let Some(next) = next.filter(|next| !next.varies) else { return false };
    let follows = &next.values[0];
    (1..=follows.len().min(LONGEST_END)).any(|len| {
        let end = &follows[..len];
        let ends = |value: &Vec<u8>| memchr::memmem::find(&[value, end].concat(), end) == Some(value.len());
        segment.values.iter().all(ends)
    })
}
