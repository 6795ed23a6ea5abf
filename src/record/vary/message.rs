//! One pattern for all variants of what was heard in a step.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::SystemTime;

use regex::bytes::Regex;

use super::choice::{After, Piece, parts};
use super::{Part, Segment, binary, text};
use crate::record::framing::{Atom, Codec, Kind, is_text};

/// A body that varies is taken as a whole from this size on: nobody reads what in it stayed the same.
const LONG: usize = 1024;
/// From so many numbers on that vary, lines are a page of statistics, and other numbers will vary, too.
const STATISTICS: usize = 3;

/// What was heard in a step, several times.
#[derive(Debug, Clone)]
pub(in crate::record) struct Message<'m> {
    /// How it is framed.
    pub(in crate::record) codec: &'m Codec,
    /// How many messages came before it.
    pub(in crate::record) before: usize,
    /// What was heard, as recorded and then in each run.
    pub(in crate::record) variants: Vec<&'m [u8]>,
    /// The places in what was recorded that vary in any case, each with its capture if it is one.
    pub(in crate::record) captured: Vec<(usize, Range<usize>)>,
    /// The values that each capture had, as recorded and then in each run.
    pub(in crate::record) known: Vec<(usize, Vec<Vec<u8>>)>,
    /// When it was recorded.
    pub(in crate::record) now: SystemTime,
    /// The minute of the hour in which it was recorded.
    pub(in crate::record) minute: Option<u8>,
    /// Whether the stream ends with it, or it is a whole datagram.
    pub(in crate::record) is_last: bool,
}

/// The patterns of the messages that were heard, one after the other.
pub(in crate::record) fn generalise(message: &Message<'_>) -> Vec<Vec<Part>> {
    let mut pieces = message.pieces(false);
    if numbers_that_vary(&pieces) >= STATISTICS {
        pieces = message.pieces(true);
    }
    let after = if message.is_last { After::Nothing } else { After::More };
    parts(&pieces, after, &|segment| message.use_of(segment), &|segment| message.capture_of(segment))
}

impl Message<'_> {
    /// The pieces of each of the messages. In a page of statistics all numbers vary.
    fn pieces(&self, is_statistics: bool) -> Vec<Vec<Piece>> {
        let cuts: Vec<Vec<usize>> =
            self.variants.iter().map(|variant| self.codec.ends(variant, self.before, true)).collect();
        let frames = cuts[0].len();
        if frames == 0 || cuts.iter().any(|ends| ends.len() != frames) {
            let each = self.variants.iter().map(|variant| 0..variant.len()).collect();
            return vec![Frame { message: self, each, is_statistics }.plain(0)];
        }
        let mut number = 0;
        let frame = |frame: usize| {
            let start = |variant: usize| frame.checked_sub(1).map_or(0, |before| cuts[variant][before]);
            let each = (0..cuts.len()).map(|variant| start(variant)..cuts[variant][frame]).collect();
            Frame { message: self, each, is_statistics }.pieces(&mut number)
        };
        (0..frames).map(frame).collect()
    }

    /// The capture that a segment says again.
    fn use_of(&self, segment: &Segment) -> Option<usize> {
        self.known.iter().find(|(_, values)| *values == segment.values).map(|(capture, _)| *capture)
    }

    /// The capture that is made there.
    fn capture_of(&self, segment: &Segment) -> Option<usize> {
        self.captured.iter().find(|(_, at)| *at == segment.at).map(|(capture, _)| *capture)
    }
}

/// One message of those that were heard, in each variant.
struct Frame<'f> {
    message: &'f Message<'f>,
    each: Vec<Range<usize>>,
    is_statistics: bool,
}

impl Frame<'_> {
    fn bytes(&self, variant: usize) -> &[u8] {
        &self.message.variants[variant][self.each[variant].clone()]
    }

    fn pieces(&self, number: &mut usize) -> Vec<Piece> {
        let codec = self.message.codec;
        let all: Vec<Vec<Atom>> = (0..self.each.len()).map(|variant| codec.atoms(self.bytes(variant))).collect();
        let is_same = all.iter().all(|atoms| atoms.len() == all[0].len() && kinds(atoms).eq(kinds(&all[0])));
        if !is_same {
            return match all[0].first().map(|atom| &atom.kind) {
                Some(Kind::Size(prefix)) => {
                    let of = self.plain(prefix.before + prefix.width);
                    vec![Piece::Sized { prefix: *prefix, of }]
                }
                _ => self.plain(0),
            };
        }
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < all[0].len() {
            at += self.atom(&all, at, number, &mut pieces);
        }
        pieces
    }

    /// Adds the pieces of an atom, and those that belong to it; says how many atoms that were.
    fn atom(&self, all: &[Vec<Atom>], at: usize, number: &mut usize, pieces: &mut Vec<Piece>) -> usize {
        let ranges = ranges(all, at);
        match &all[0][at].kind {
            Kind::Size(prefix) if lengths_differ(&self.each) => {
                let of = (at + 1..all[0].len()).flat_map(|later| self.same_or_not(&self::ranges(all, later))).collect();
                pieces.push(Piece::Sized { prefix: *prefix, of });
                all[0].len() - at
            }
            Kind::Counts { digits, ahead, .. } if self.counts_vary(&self::ranges(all, at + ahead)) => {
                *number += 1;
                pieces.extend(self.counting(&ranges, digits, *number));
                pieces.extend((at + 1..at + ahead).flat_map(|between| self.same_or_not(&self::ranges(all, between))));
                pieces.push(Piece::Counted { by: *number, of: self.whole(&self::ranges(all, at + ahead)) });
                ahead + 1
            }
            Kind::Chunks if self.differs(&ranges) => {
                pieces.push(Piece::Chunks(self.whole(&ranges)));
                1
            }
            Kind::Record { ttl } => {
                let count = all[0][at..].iter().take_while(|atom| matches!(atom.kind, Kind::Record { .. })).count();
                if let Some(records) = self.in_any_order(all, at, count) {
                    pieces.push(Piece::AnyOrder(records));
                    return count;
                }
                match ttl {
                    Some(ttl) => pieces.extend(self.around(&ranges, ttl)),
                    None => pieces.extend(self.same_or_not(&ranges)),
                }
                1
            }
            _ => {
                pieces.extend(self.same_or_not(&ranges));
                1
            }
        }
    }

    /// A record around its time to live, which varies.
    fn around(&self, ranges: &[Range<usize>], ttl: &Range<usize>) -> Vec<Piece> {
        let part = |from: usize, to: usize| -> Vec<Range<usize>> {
            ranges.iter().map(|at| at.start + from..(at.start + to).min(at.end)).collect()
        };
        let (from, to, end) =
            (ttl.start - ranges[0].start, ttl.end - ranges[0].start, ranges.iter().map(Range::len).max());
        let mut pieces = self.same_or_not(&part(0, from));
        pieces.push(Piece::Segment(Segment { varies: true, ..self.whole(&part(from, to)) }));
        pieces.extend(self.same_or_not(&part(to, end.unwrap_or(to))));
        pieces
    }

    /// Records that do not always come in the same order, each as a pattern. `None` where they do, or where
    /// they are not the same records.
    fn in_any_order(&self, all: &[Vec<Atom>], at: usize, count: usize) -> Option<Vec<Vec<Piece>>> {
        let records = |variant: usize| -> Vec<Vec<u8>> {
            all[variant][at..at + count].iter().map(|atom| self.without_ttl(variant, atom)).collect()
        };
        let sorted = |variant: usize| {
            let mut records = records(variant);
            records.sort_unstable();
            records
        };
        let others = 1..all.len();
        if others.clone().all(|other| records(other) == records(0))
            || others.clone().any(|other| sorted(other) != sorted(0))
        {
            return None;
        }
        let pattern = |atom: &Atom| {
            let only = Frame { message: self.message, each: vec![self.each[0].clone()], is_statistics: false };
            let range = [atom.at.clone()];
            match &atom.kind {
                Kind::Record { ttl: Some(ttl) } => only.around(&range, ttl),
                _ => vec![Piece::Segment(only.whole(&range))],
            }
        };
        Some(all[0][at..at + count].iter().map(pattern).collect())
    }

    /// A record with zeros for a time to live that counts down.
    fn without_ttl(&self, variant: usize, record: &Atom) -> Vec<u8> {
        let mut bytes = self.bytes(variant)[record.at.clone()].to_vec();
        if let Kind::Record { ttl: Some(ttl) } = &record.kind {
            bytes[ttl.start - record.at.start..ttl.end - record.at.start].fill(0);
        }
        bytes
    }

    /// Whether what is counted has another length each time, or may have: a number that varies.
    fn counts_vary(&self, bodies: &[Range<usize>]) -> bool {
        let is_number = |(variant, at): (usize, &Range<usize>)| {
            let body = &self.bytes(variant)[at.clone()];
            !body.is_empty() && body.iter().all(u8::is_ascii_digit)
        };
        lengths_differ(bodies) || self.differs(bodies) && bodies.iter().enumerate().all(is_number)
    }

    fn differs(&self, ranges: &[Range<usize>]) -> bool {
        let first = &self.bytes(0)[ranges[0].clone()];
        ranges.iter().enumerate().any(|(variant, at)| &self.bytes(variant)[at.clone()] != first)
    }

    /// The whole frame from a place on, whatever it is made of.
    fn plain(&self, from: usize) -> Vec<Piece> {
        let ranges: Vec<Range<usize>> = self.each.iter().map(|at| from.min(at.len())..at.len()).collect();
        self.same_or_not(&ranges)
    }

    fn same_or_not(&self, ranges: &[Range<usize>]) -> Vec<Piece> {
        self.segments(ranges).into_iter().map(Piece::Segment).collect()
    }

    /// Everything there as one value.
    fn whole(&self, ranges: &[Range<usize>]) -> Segment {
        let values: Vec<&[u8]> =
            ranges.iter().enumerate().map(|(variant, at)| &self.bytes(variant)[at.clone()]).collect();
        let segment = text::whole(&values, self.differs(ranges));
        self.placed(segment, ranges[0].start)
    }

    /// What stays there and what varies.
    fn segments(&self, ranges: &[Range<usize>]) -> Vec<Segment> {
        let values: Vec<&[u8]> =
            ranges.iter().enumerate().map(|(variant, at)| &self.bytes(variant)[at.clone()]).collect();
        let start = self.each[0].start + ranges[0].start;
        let end = self.each[0].start + ranges[0].end;
        let inside = |at: &Range<usize>| at.start < end && start < at.end;
        let forced: Vec<Range<usize>> = self
            .message
            .captured
            .iter()
            .filter(|(_, at)| inside(at))
            .map(|(_, at)| at.start.max(start) - start..at.end.min(end) - start)
            .collect();
        if forced.is_empty() && values.len() > 1 && values[0].len() > LONG && self.differs(ranges) {
            return vec![self.whole(ranges)];
        }
        let segments = if values.iter().all(|value| is_text(value)) {
            let numbers = if self.is_statistics { numbers(values[0]) } else { Vec::new() };
            text::segments(&values, &[forced, numbers].concat(), self.message.minute)
        } else {
            binary::segments(&values, &forced, self.message.now)
        };
        segments.into_iter().map(|segment| self.placed(segment, ranges[0].start)).collect()
    }

    /// The line with the number that counts what follows.
    fn counting(&self, ranges: &[Range<usize>], digits: &Range<usize>, number: usize) -> Vec<Piece> {
        let offset = digits.start - ranges[0].start;
        let numbers: Vec<Range<usize>> = ranges
            .iter()
            .enumerate()
            .map(|(variant, at)| {
                let start = at.start + offset;
                let line = &self.bytes(variant)[start..at.end];
                start..start + line.iter().take_while(|byte| byte.is_ascii_digit()).count()
            })
            .collect();
        let before: Vec<Range<usize>> = ranges.iter().map(|at| at.start..at.start + offset).collect();
        let after: Vec<Range<usize>> = ranges.iter().zip(&numbers).map(|(at, number)| number.end..at.end).collect();
        let mut pieces = self.same_or_not(&before);
        pieces.push(Piece::Number { number, segment: Segment { varies: true, ..self.whole(&numbers) } });
        pieces.extend(self.same_or_not(&after));
        pieces
    }

    /// The segment, with its place in all that was recorded of the step.
    fn placed(&self, segment: Segment, start: usize) -> Segment {
        let start = self.each[0].start + start;
        Segment { at: segment.at.start + start..segment.at.end + start, ..segment }
    }
}

/// Where an atom stands in each variant.
fn ranges(all: &[Vec<Atom>], at: usize) -> Vec<Range<usize>> {
    all.iter().map(|atoms| atoms[at.min(atoms.len() - 1)].at.clone()).collect()
}

fn lengths_differ(ranges: &[Range<usize>]) -> bool {
    ranges.iter().any(|at| at.len() != ranges[0].len())
}

fn kinds(atoms: &[Atom]) -> impl Iterator<Item = std::mem::Discriminant<Kind>> + '_ {
    atoms.iter().map(|atom| std::mem::discriminant(&atom.kind))
}

/// How many numbers vary.
fn numbers_that_vary(pieces: &[Vec<Piece>]) -> usize {
    let is_number = |value: &Vec<u8>| value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let varies = |piece: &&Piece| match piece {
        Piece::Segment(segment) => segment.varies && segment.values.iter().all(is_number),
        _ => false,
    };
    pieces.iter().flatten().filter(varies).count()
}

/// The numbers at the ends of lines.
fn numbers(text: &[u8]) -> Vec<Range<usize>> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)(?:[:= ]|\t) *(-?\d[\d.]*)%?\r?$").unwrap_or_else(|error| unreachable!("{error}"))
    });
    NUMBERS.captures_iter(text).filter_map(|found| Some(found.get(1)?.range())).collect()
}
