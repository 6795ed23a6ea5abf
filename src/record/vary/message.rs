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
    let cuts: Vec<Vec<usize>> = message.variants.iter().map(|variant| message.codec.ends(variant, true)).collect();
    let frames = cuts[0].len();
    let mut number = 0;
    let mut pieces: Vec<Vec<Piece>> = Vec::new();
    if cuts.iter().all(|ends| ends.len() == frames) && frames > 0 {
        for frame in 0..frames {
            let at =
                |variant: usize| frame.checked_sub(1).map_or(0, |before| cuts[variant][before])..cuts[variant][frame];
            let each: Vec<Range<usize>> = (0..cuts.len()).map(at).collect();
            pieces.push(Frame { message, each }.pieces(&mut number));
        }
    } else {
        let each = message.variants.iter().map(|variant| 0..variant.len()).collect();
        pieces.push(Frame { message, each }.plain(Range { start: 0, end: usize::MAX }));
    }
    let after = if message.is_last { After::Nothing } else { After::More };
    parts(pieces, after, &|segment| message.use_of(segment), &|segment| message.capture_of(segment))
}

impl Message<'_> {
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
}

impl Frame<'_> {
    fn bytes(&self, variant: usize) -> &[u8] {
        &self.message.variants[variant][self.each[variant].clone()]
    }

    fn pieces(&self, number: &mut usize) -> Vec<Piece> {
        let codec = self.message.codec;
        let all: Vec<Vec<Atom>> = (0..self.each.len()).map(|variant| codec.atoms(self.bytes(variant))).collect();
        let same = all.iter().all(|atoms| atoms.len() == all[0].len() && kinds(atoms).eq(kinds(&all[0])));
        if !same {
            return match all[0].first().map(|atom| atom.kind.clone()) {
                Some(Kind::Size(prefix)) => {
                    let body = self.plain(prefix.before + prefix.width..usize::MAX);
                    vec![Piece::Sized { prefix, of: body }]
                }
                _ => self.plain(0..usize::MAX),
            };
        }
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < all[0].len() {
            let ranges: Vec<Range<usize>> = all.iter().map(|atoms| atoms[at].at.clone()).collect();
            match &all[0][at].kind {
                Kind::Size(prefix) if self.lengths_differ(&self.each) => {
                    let mut of = Vec::new();
                    for later in at + 1..all[0].len() {
                        of.extend(
                            self.segments(&all.iter().map(|atoms| atoms[later].at.clone()).collect::<Vec<_>>())
                                .into_iter()
                                .map(Piece::Segment),
                        );
                    }
                    pieces.push(Piece::Sized { prefix: *prefix, of });
                    return pieces;
                }
                Kind::Counts { digits, ahead, .. } => {
                    let bodies: Vec<Range<usize>> =
                        all.iter().map(|atoms| atoms[(at + ahead).min(atoms.len() - 1)].at.clone()).collect();
                    if self.lengths_differ(&bodies) {
                        *number += 1;
                        pieces.extend(self.counting(&ranges, digits, *number));
                        for between in at + 1..at + ahead {
                            pieces.extend(
                                self.segments(&all.iter().map(|atoms| atoms[between].at.clone()).collect::<Vec<_>>())
                                    .into_iter()
                                    .map(Piece::Segment),
                            );
                        }
                        pieces.push(Piece::Counted { by: *number, of: self.whole(&bodies) });
                        at += ahead + 1;
                        continue;
                    }
                    pieces.extend(self.segments(&ranges).into_iter().map(Piece::Segment));
                }
                Kind::Chunks if self.differs(&ranges) => pieces.push(Piece::Chunks(self.whole(&ranges))),
                Kind::Varies => pieces.push(Piece::Segment(Segment { varies: true, ..self.whole(&ranges) })),
                Kind::Record if self.differs(&ranges) => {
                    let count = all[0][at..].iter().take_while(|atom| atom.kind == Kind::Record).count();
                    let records = |variant: usize| {
                        let mut records: Vec<&[u8]> = all[variant][at..at + count]
                            .iter()
                            .map(|atom| &self.bytes(variant)[atom.at.clone()])
                            .collect();
                        records.sort_unstable();
                        records
                    };
                    if (1..all.len()).all(|variant| records(variant) == records(0)) {
                        let records = all[0][at..at + count].iter().map(|atom| self.bytes(0)[atom.at.clone()].to_vec());
                        pieces.push(Piece::AnyOrder(records.collect()));
                        at += count;
                        continue;
                    }
                    pieces.extend(self.segments(&ranges).into_iter().map(Piece::Segment));
                }
                _ => pieces.extend(self.segments(&ranges).into_iter().map(Piece::Segment)),
            }
            at += 1;
        }
        pieces
    }

    fn differs(&self, ranges: &[Range<usize>]) -> bool {
        let first = &self.bytes(0)[ranges[0].clone()];
        ranges.iter().enumerate().any(|(variant, at)| &self.bytes(variant)[at.clone()] != first)
    }

    fn lengths_differ(&self, ranges: &[Range<usize>]) -> bool {
        ranges.iter().any(|at| at.len() != ranges[0].len())
    }

    /// The whole frame from a place on, whatever it is made of.
    fn plain(&self, from: Range<usize>) -> Vec<Piece> {
        let ranges: Vec<Range<usize>> = self.each.iter().map(|at| from.start.min(at.len())..at.len()).collect();
        self.segments(&ranges).into_iter().map(Piece::Segment).collect()
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
            let segments = text::segments(&values, &forced, self.message.minute);
            match statistics(&values, &segments) {
                Some(numbers) => text::segments(&values, &[forced, numbers].concat(), self.message.minute),
                None => segments,
            }
        } else {
            binary::segments(&values, &forced, self.message.now)
        };
        segments.into_iter().map(|segment| self.placed(segment, ranges[0].start)).collect()
    }

    /// The line with the number that counts what follows.
    fn counting(&self, ranges: &[Range<usize>], digits: &Range<usize>, number: usize) -> Vec<Piece> {
        let offset = digits.start - ranges[0].start;
        let mut pieces: Vec<Piece> = Vec::new();
        let before: Vec<Range<usize>> = ranges.iter().map(|at| at.start..at.start + offset).collect();
        pieces.extend(self.segments(&before).into_iter().map(Piece::Segment));
        let len = |variant: usize, at: &Range<usize>| {
            self.bytes(variant)[at.start + offset..at.end].iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let numbers: Vec<Range<usize>> = ranges
            .iter()
            .enumerate()
            .map(|(variant, at)| at.start + offset..at.start + offset + len(variant, at))
            .collect();
        pieces.push(Piece::Number { number, segment: Segment { varies: true, ..self.whole(&numbers) } });
        let after: Vec<Range<usize>> = ranges.iter().zip(&numbers).map(|(at, number)| number.end..at.end).collect();
        pieces.extend(self.segments(&after).into_iter().map(Piece::Segment));
        pieces
    }

    /// The segment, with its place in all that was recorded of the step.
    fn placed(&self, segment: Segment, start: usize) -> Segment {
        let start = self.each[0].start + start;
        Segment { at: segment.at.start + start..segment.at.end + start, ..segment }
    }
}

fn kinds(atoms: &[Atom]) -> impl Iterator<Item = std::mem::Discriminant<Kind>> + '_ {
    atoms.iter().map(|atom| std::mem::discriminant(&atom.kind))
}

/// The numbers at the ends of lines, where so many numbers vary that the rest of them will, too.
fn statistics(values: &[&[u8]], segments: &[Segment]) -> Option<Vec<Range<usize>>> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)(?:[:= ]|\t) *(-?\d[\d.]*)%?\r?$").unwrap_or_else(|error| unreachable!("{error}"))
    });
    let is_number = |value: &Vec<u8>| value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let varying = segments.iter().filter(|segment| segment.varies && segment.values.iter().all(is_number)).count();
    if varying < STATISTICS {
        return None;
    }
    Some(NUMBERS.captures_iter(values[0]).filter_map(|found| Some(found.get(1)?.range())).collect())
}
