//! One pattern for all variants of what was heard in a step.

use std::ops::Range;
use std::time::SystemTime;

use super::choice::{After, Piece, parts};
use super::order::shuffled;
use super::shape::Shape;
use super::statistics::Moving;
use super::{Part, Segment, binary, text, width};
use crate::record::framing::{Atom, Codec, Kind, is_text};

/// A body that varies is taken as a whole from this size on: nobody reads what in it stayed the same.
const LONG: usize = 1024;
/// A text is not taken as a whole up to this size, whatever varies in it: somebody asked for it.
const READ: usize = 8 * 1024;
/// And up to this size, if only a few places of it vary.
const READABLE: usize = 16 * 1024;
const FEW: usize = 8;

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
    /// The captures that are known.
    pub(in crate::record) known: Vec<Known>,
    /// When it was recorded.
    pub(in crate::record) now: SystemTime,
    /// The minute of the hour in which it was recorded.
    pub(in crate::record) minute: Option<u8>,
    /// Whether the stream ends with it, or it is a whole datagram.
    pub(in crate::record) is_last: bool,
}

/// A capture that is known, and may be heard again.
#[derive(Debug, Clone)]
pub(in crate::record) struct Known {
    /// Its index.
    pub(in crate::record) capture: usize,
    /// From where on in what was recorded of the step it is known.
    pub(in crate::record) from: usize,
    /// Its values, as recorded and then in each run.
    pub(in crate::record) values: Vec<Vec<u8>>,
}

/// The patterns of the messages that were heard, one after the other.
pub(in crate::record) fn generalise(message: &Message<'_>) -> Vec<Vec<Part>> {
    let is_text = message.variants.iter().all(|variant| is_text(variant));
    let moving = if is_text { Moving::of(&message.variants) } else { None };
    let pieces = message.pieces(moving.as_ref());
    let after = if message.is_last { After::Nothing } else { After::More };
    parts(&pieces, after, &|segment| message.use_of(segment), &|segment| message.capture_of(segment))
}

impl Message<'_> {
    /// The pieces of each of the messages. In a page of statistics numbers vary that are called like these.
    fn pieces(&self, moving: Option<&Moving>) -> Vec<Vec<Piece>> {
        let cuts: Vec<Vec<usize>> =
            self.variants.iter().map(|variant| self.codec.ends(variant, self.before, true)).collect();
        let frames = cuts[0].len();
        if frames == 0 || cuts.iter().any(|ends| ends.len() != frames) {
            let each = self.variants.iter().map(|variant| 0..variant.len()).collect();
            return vec![Frame { message: self, each, moving }.plain(0)];
        }
        let mut number = 0;
        let mut pieces = |frames: Range<usize>| -> Vec<Vec<Piece>> {
            let frame = |frame: usize| {
                let start = |variant: usize| frame.checked_sub(1).map_or(0, |before| cuts[variant][before]);
                let each = (0..cuts.len()).map(|variant| start(variant)..cuts[variant][frame]).collect();
                Frame { message: self, each, moving }.pieces(&mut number)
            };
            frames.map(frame).collect()
        };
        let can_shuffle = self.captured.is_empty() && matches!(self.codec, Codec::Lines | Codec::Prefixed(..));
        let shuffled = if can_shuffle { shuffled(&self.variants, &cuts) } else { None };
        let Some(shuffled) = shuffled else { return pieces(0..frames) };
        let record = |each: Vec<Range<usize>>| Frame { message: self, each, moving: None }.plain(0);
        let records = shuffled.each.into_iter().map(record).collect();
        let mut all = pieces(0..shuffled.at.start);
        all.push(vec![Piece::AnyOrder(records)]);
        all.extend(pieces(shuffled.at.end..frames));
        all
    }

    /// The capture that a segment says again.
    fn use_of(&self, segment: &Segment) -> Option<usize> {
        let is_it = |known: &&Known| known.from <= segment.at.start && known.values == segment.values;
        self.known.iter().find(is_it).map(|known| known.capture)
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
    moving: Option<&'f Moving>,
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
            Kind::Counts { digits, ahead, .. } => {
                let Some(body) = self.counted(&self::ranges(all, at + ahead)) else {
                    pieces.extend(self.same_or_not(&ranges));
                    return 1;
                };
                let between = at + 1..at + ahead;
                let between = between.flat_map(|between| self.same_or_not(&self::ranges(all, between))).collect();
                self.body(&ranges, digits, between, body, number, pieces);
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
            let only = Frame { message: self.message, each: vec![self.each[0].clone()], moving: None };
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

    /// What is counted, if it has another length each time, or may have: numbers and words in it vary.
    fn counted(&self, ranges: &[Range<usize>]) -> Option<Vec<Segment>> {
        let body = self.segments(ranges);
        let grows = |segment: &Segment| segment.varies && !width::is_fixed(segment, self.message.now);
        (lengths_differ(ranges) || body.iter().any(grows)).then_some(body)
    }

    /// Adds the pieces of a body that is counted, with those before it: where what varies in it is framed by
    /// what follows, part by part; else as one value, which the number counts.
    fn body(
        &self,
        head: &[Range<usize>],
        digits: &Range<usize>,
        between: Vec<Piece>,
        body: Vec<Segment>,
        number: &mut usize,
        pieces: &mut Vec<Piece>,
    ) {
        let shape = Shape::of(&body, &|segment| self.message.use_of(segment).is_some());
        let told = if shape == Shape::Parts { None } else { Some(*number + 1) };
        pieces.extend(self.counting(head, digits, told));
        pieces.extend(between);
        let Some(told) = told else {
            pieces.extend(body.into_iter().map(Piece::Segment));
            return;
        };
        *number = told;
        let of = if shape == Shape::Line { body } else { vec![joined(body)] };
        pieces.push(Piece::Counted { by: told, of });
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
        let is_text = values.iter().all(|value| is_text(value));
        let is_long = forced.is_empty() && values.len() > 1 && values[0].len() > LONG && self.differs(ranges);
        let segments = if is_long && !(is_text && values[0].len() <= READABLE) {
            text::headed(&values)
        } else if is_text {
            let moving = self.moving.map_or_else(Vec::new, |moving| moving.values(values[0]));
            let segments = text::segments(&values, &[forced, moving].concat(), self.message.minute);
            let is_readable =
                values[0].len() <= READ || segments.iter().filter(|segment| segment.varies).count() <= FEW;
            if is_long && !is_readable { text::headed(&values) } else { segments }
        } else {
            binary::segments(&values, &forced, self.message.now)
        };
        segments.into_iter().map(|segment| self.placed(segment, ranges[0].start)).collect()
    }

    /// The line with the number that counts what follows, which is told under this number if it is asked for.
    fn counting(&self, ranges: &[Range<usize>], digits: &Range<usize>, told: Option<usize>) -> Vec<Piece> {
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
        let segment = Segment { varies: true, ..self.whole(&numbers) };
        pieces.push(match told {
            Some(number) => Piece::Number { number, segment },
            None => Piece::Segment(segment),
        });
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

/// One segment of all.
fn joined(segments: Vec<Segment>) -> Segment {
    let mut segments = segments.into_iter();
    let mut all = segments.next().unwrap_or_else(|| Segment { at: 0..0, values: Vec::new(), varies: true });
    for segment in segments {
        all.at.end = segment.at.end;
        all.values.iter_mut().zip(segment.values).for_each(|(value, more)| value.extend(more));
    }
    Segment { varies: true, ..all }
}
