//! Chooses for each value that varies how it is framed: by what follows it, by its length, by a number
//! before it, or by the end.

use super::{Class, Count, Part, Prefix, Segment, Value};

/// The longest text that ends a value.
const LONGEST_END: usize = 16;

/// Up to so many bytes are read as one.
const READABLE: usize = 1024;

/// A piece of a message on its way to a pattern.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// What was the same each time, or varied.
    Segment(Segment),
    /// A number by which a later piece is counted.
    Number { number: usize, segment: Segment },
    /// What is counted: as a whole, or text in which some of it varies.
    Counted { by: usize, of: Vec<Segment> },
    /// A body in chunks that varies.
    Chunks(Segment),
    /// A length, and what it counts.
    Sized { prefix: Prefix, of: Vec<Piece> },
    /// These in any order.
    AnyOrder(Vec<Vec<Piece>>),
}

/// What comes behind the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The end of the stream, of the datagram, or of what a length counts.
    Nothing,
    /// More, but not at once.
    More,
}

/// What a segment says again, or is kept as.
type Lookup<'l> = &'l dyn Fn(&Segment) -> Option<usize>;

/// The patterns of messages that follow each other.
pub(super) fn parts(messages: &[Vec<Piece>], after: After, uses: Lookup<'_>, captures: Lookup<'_>) -> Vec<Vec<Part>> {
    let lens: Vec<usize> = messages.iter().map(Vec::len).collect();
    let mut chooser = Chooser { pieces: messages.concat(), skip: 0, after, uses, captures };
    let mut at = 0;
    let mut all = Vec::with_capacity(lens.len());
    for len in lens {
        let parts = (at..at + len).flat_map(|index| chooser.part(index)).collect();
        all.push(literals_joined(parts));
        at += len;
    }
    all.retain(|parts: &Vec<Part>| !parts.is_empty());
    all
}

struct Chooser<'c> {
    pieces: Vec<Piece>,
    /// How many bytes of the next literal are taken by the value before it.
    skip: usize,
    after: After,
    uses: Lookup<'c>,
    captures: Lookup<'c>,
}

impl Chooser<'_> {
    fn part(&mut self, index: usize) -> Vec<Part> {
        match self.pieces[index].clone() {
            Piece::Segment(segment) if !segment.varies => {
                let skip = std::mem::take(&mut self.skip);
                vec![Part::Literal(segment.values[0][skip..].to_vec())]
            }
            Piece::Segment(segment) => self.varying(index, segment, None),
            Piece::Number { number, segment } => self.varying(index, segment, Some(number)),
            Piece::Counted { by, of } => vec![self.counted(by, of)],
            Piece::Chunks(segment) => {
                let value = Value { class: Class::Any, ..value(segment, None) };
                vec![Part::Until { end: b"0\r\n\r\n".to_vec(), tail: Vec::new(), value }]
            }
            Piece::Sized { prefix, of } => {
                let of = parts(&[of], After::Nothing, self.uses, self.captures).concat();
                vec![Part::Sized { prefix, of }]
            }
            Piece::AnyOrder(records) => {
                let record = |record| parts(&[record], After::Nothing, self.uses, self.captures).concat();
                vec![Part::AnyOrder(records.into_iter().map(record).collect())]
            }
        }
    }

    fn counted(&self, told: usize, mut of: Vec<Segment>) -> Part {
        let value = |segment: Segment| Value { capture: (self.captures)(&segment), ..value(segment, None) };
        if let [_] = of[..] {
            return Part::Bytes { count: Count::Told(told), value: value(of.remove(0)) };
        }
        let piece = |segment: Segment| {
            if segment.varies {
                super::Piece::Value(value(segment))
            } else {
                super::Piece::Literal(segment.values[0].clone())
            }
        };
        Part::Text { told, of: of.into_iter().map(piece).collect() }
    }

    fn varying(&mut self, index: usize, segment: Segment, counts: Option<usize>) -> Vec<Part> {
        let capture = (self.captures)(&segment);
        if capture.is_none()
            && counts.is_none()
            && let Some(capture) = (self.uses)(&segment)
        {
            return vec![Part::Use(capture)];
        }
        let lens: Vec<usize> = segment.values.iter().map(Vec::len).collect();
        let is_fixed = lens.iter().all(|len| *len == lens[0]);
        let is_text = segment
            .values
            .iter()
            .all(|value| std::str::from_utf8(value).is_ok_and(|text| !text.contains(char::is_control)));
        let end = if is_text || !is_fixed { self.end(index, &segment) } else { None };
        let is_final = self.pieces[index + 1..].iter().all(Piece::is_empty);
        let value = Value { capture, ..value(segment, counts) };
        if let Some((tail, end)) = end {
            self.skip = tail.len() + end.len();
            return vec![Part::Until { end, tail, value }];
        }
        if is_final && self.after == After::Nothing && !is_fixed {
            return vec![Part::Rest(value)];
        }
        if is_fixed {
            return if lens[0] == 0 { Vec::new() } else { vec![Part::Bytes { count: Count::Of(lens[0]), value }] };
        }
        vec![Part::Piece(value)]
    }

    /// What a value is followed by up to where it is framed, and what it is framed by: the shortest
    /// beginning of what follows that is found in none of the values. Where that would cut a word in two,
    /// the end of the line is what everybody sees.
    fn end(&self, index: usize, segment: &Segment) -> Option<(Vec<u8>, Vec<u8>)> {
        let Some(Piece::Segment(next)) = self.pieces.get(index + 1) else { return None };
        if next.varies {
            return None;
        }
        let follows = &next.values[0];
        let class = Class::of(&segment.values);
        let least = if follows.starts_with(b"\r\n") { 2 } else { 1 };
        let is_framed = |tail: &[u8], end: &[u8]| {
            segment.values.iter().all(|value| {
                let text = [value.as_slice(), tail, end].concat();
                memchr::memmem::find(&text, end) == Some(value.len() + tail.len())
            })
        };
        // Behind several lines, a whole line is the end, `.` or `END`.
        if segment.values.iter().any(|value| value.contains(&b'\n')) {
            let line_end = follows.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let line = memchr::memchr(b'\n', &follows[line_end..]).map(|at| line_end + at + 1);
            if let Some(end) =
                line.map(|line| &follows[..line]).filter(|end| end.len() <= LONGEST_END && is_framed(b"", end))
            {
                return Some((Vec::new(), end.to_vec()));
            }
        }
        let runs_on = follows.first().is_some_and(|first| is_of(&class, *first));
        let shortest = (least..=follows.len().min(LONGEST_END)).find(|len| is_framed(&[], &follows[..*len]));
        let is_word = |at: usize| follows.get(at).is_some_and(u8::is_ascii_alphanumeric);
        if let Some(len) = shortest.filter(|len| !runs_on && (*len == 1 || !(is_word(len - 1) && is_word(*len)))) {
            return Some((Vec::new(), follows[..len].to_vec()));
        }
        let line = memchr::memchr(b'\n', follows)?;
        let start = if follows[..line].ends_with(b"\r") { line - 1 } else { line };
        let (tail, end) = (&follows[..start], &follows[start..=line]);
        if std::str::from_utf8(tail).is_ok() && is_framed(tail, end) {
            return Some((tail.to_vec(), end.to_vec()));
        }
        shortest.map(|len| (Vec::new(), follows[..len].to_vec()))
    }
}

fn value(segment: Segment, counts: Option<usize>) -> Value {
    let class = Class::of(&segment.values);
    Value { at: segment.at, seen: segment.values, class, capture: None, counts }
}

impl Piece {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Segment(segment) if segment.values.iter().all(Vec::is_empty))
    }
}

/// Whether a byte may be one more of a value of this class.
fn is_of(class: &Class, byte: u8) -> bool {
    let mark = |marks: &[u8]| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    match class.expression() {
        Some(expression) if expression.starts_with(r"[\w-") => mark(b"_-"),
        Some(expression) if expression.starts_with(r"[\w+") => mark(b"_-+/="),
        Some(expression) if expression.starts_with(r"\d") || expression.starts_with(r"-?\d") => byte.is_ascii_digit(),
        Some(expression) if expression.starts_with(r"[\d.]") => byte.is_ascii_digit() || byte == b'.',
        Some(expression) if expression.starts_with(r"\w") || expression.starts_with("[0-9") => {
            byte.is_ascii_alphanumeric() || byte == b'_'
        }
        _ => false,
    }
}

/// Literals that follow each other are one, as long as somebody reads them; empty ones are none.
fn literals_joined(parts: Vec<Part>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (all.last_mut(), part) {
            (_, Part::Literal(bytes)) if bytes.is_empty() => {}
            (Some(Part::Literal(before)), Part::Literal(bytes)) if before.len() + bytes.len() <= READABLE => {
                before.extend(bytes);
            }
            (_, part) => all.push(part),
        }
    }
    all
}
