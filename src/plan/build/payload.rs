//! Payloads: bytes that are sent, and bytes that a pattern wants exactly.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::plan::Number;
use crate::plan::payload::{Part, Payload, Place, Size, SizeKind, Width};
use crate::plan::template::{Piece, Template};
use crate::source::Span;
use crate::spec::ast::{Form, FormKind, Scalar};

use super::Builder;
use super::text::Text;

/// To multiples of so much a length can be padded.
const MOST_PADDING: u64 = 1 << 20;

/// Collects parts; neighbouring bytes are one.
#[derive(Default)]
pub(super) struct Parts {
    done: Vec<Part>,
    bytes: Vec<u8>,
    places: Vec<Place>,
}

impl Parts {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next form of a list begins here.
    pub(super) fn place(&mut self, span: Span) {
        self.places.push(Place { part: self.done.len(), byte: self.bytes.len() as u64, span });
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.done.push(part);
    }

    /// A text with holes; one that is known after all is its bytes.
    fn template(&mut self, template: Template) {
        let known = |piece: &Piece| match piece {
            Piece::Literal(text) => Some(text.clone().into_bytes()),
            Piece::Bytes(bytes) => Some(bytes.clone()),
            Piece::Hidden { .. } | Piece::Variable { .. } => None,
        };
        match template.pieces.iter().map(known).collect::<Option<Vec<Vec<u8>>>>() {
            Some(pieces) => self.bytes(&pieces.concat()),
            None => self.push(Part::Template(template)),
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.done.push(Part::Bytes(Arc::from(self.bytes.as_slice())));
            self.bytes.clear();
        }
    }

    pub(super) fn finish(mut self, span: Span) -> Payload {
        self.flush();
        Payload { parts: self.done, span, places: self.places.into() }
    }
}

impl Builder<'_> {
    /// A payload.
    pub(super) fn payload(&mut self, form: &Form) -> Option<Payload> {
        let mut parts = Parts::default();
        self.add(form, &mut parts).then(|| parts.finish(form.span))
    }

    /// Adds a form's parts; false where something in it was reported.
    pub(super) fn add(&mut self, form: &Form, parts: &mut Parts) -> bool {
        let beside = [("match", &form.matching), ("as", &form.capture), ("vary", &form.vary)];
        for (word, scalar) in beside {
            if let Some(scalar) = scalar {
                let message = format!("`{word}` stands beside patterns only, and this is a payload");
                self.report(Diagnostic::error("not-a-payload", scalar.span, message).help("leave it out"));
                return false;
            }
        }
        self.add_kind(form, parts).is_some()
    }

    /// Adds a form's parts, whatever stands beside it.
    pub(super) fn add_kind(&mut self, form: &Form, parts: &mut Parts) -> Option<()> {
        match &form.kind {
            FormKind::Text(scalar) => match self.text(scalar)? {
                Text::Known(text) => parts.bytes(text.as_bytes()),
                Text::Open(template) => parts.template(template),
            },
            FormKind::Hex(scalar) => {
                let bytes: Vec<u8> = self.hex(scalar, false)?.into_iter().flatten().collect();
                parts.bytes(&bytes);
            }
            FormKind::Base64(scalar) => parts.bytes(&self.base64(scalar)?),
            FormKind::File(scalar) => {
                let (name, bytes) = self.file(scalar)?;
                parts.push(Part::File { name, bytes });
            }
            FormKind::Fill { fill, size } => parts.push(self.fill(fill, size)?),
            FormKind::Random { size, seed } => {
                let seed = self.optional(seed.as_ref(), |builder, seed| builder.plain_number(seed, u64::MAX))?;
                parts.push(Part::Random { size: self.plain_size(size)?, seed: seed.unwrap_or(0) });
            }
            FormKind::Number { width, value, mask, is } => {
                if let Some(beside) = mask.as_ref().or(is.as_ref()) {
                    self.not_a_payload("`mask` and `is`", beside.span);
                    return None;
                }
                self.number_part(width, value, parts)?;
            }
            FormKind::Sized { kind, of, plus, or, pad } => {
                let size = self.sized(kind, plus.as_ref(), or.as_ref(), pad.as_ref())?;
                let of = self.payload(of)?;
                self.check_length(size, &of, kind)?;
                parts.push(Part::Sized { size, of: Box::new(of) });
            }
            FormKind::List(forms) => {
                let mut sound = true;
                for form in forms {
                    parts.place(form.span);
                    sound &= self.add(form, parts);
                }
                return sound.then_some(());
            }
            _ => {
                self.not_a_payload("this form", form.span);
                return None;
            }
        }
        Some(())
    }

    fn not_a_payload(&mut self, what: &str, span: Span) {
        self.report(
            Diagnostic::error("not-a-payload", span, format!("{what} can stand in a pattern only"))
                .help("write the bytes themselves: a text, `{hex: …}`, `{u16: 80}`"),
        );
    }

    fn fill(&mut self, fill: &Scalar, size: &Scalar) -> Option<Part> {
        let text = self.word(fill)?.text.into_owned();
        let size = self.plain_size(size)?;
        if text.is_empty() {
            self.report(
                Diagnostic::error("empty-fill", fill.span, "`fill` has nothing to repeat")
                    .help("write at least one character"),
            );
            return None;
        }
        Some(Part::Fill { fill: text.into_bytes().into(), size })
    }

    fn number_part(&mut self, width: &Scalar, value: &Scalar, parts: &mut Parts) -> Option<()> {
        let width = self.width(width)?;
        if value.text == "any" {
            self.not_a_payload("`any`", value.span);
            return None;
        }
        match self.number(value, width.most())? {
            Number::Known(number) => parts.bytes(&width.encode(number)?),
            value @ Number::Computed(_) => parts.push(Part::Number { width, value }),
        }
        Some(())
    }

    pub(super) fn width(&mut self, word: &Scalar) -> Option<Width> {
        let width = Width::parse(&word.text);
        if width.is_none() {
            self.unknown("width", &word.text, word.span, Width::NAMES.into_iter(), "unknown-width");
        }
        width
    }

    /// The layout of a length prefix.
    pub(super) fn sized(
        &mut self,
        kind: &Scalar,
        plus: Option<&Scalar>,
        or: Option<&Scalar>,
        pad: Option<&Scalar>,
    ) -> Option<Size> {
        let parsed = SizeKind::parse(&kind.text);
        if parsed.is_none() {
            let known = Width::NAMES.into_iter().chain(["varint", "ber"]);
            self.unknown("kind of length", &kind.text, kind.span, known, "unknown-width");
        }
        let plus = self.optional(plus, Self::offset);
        let most = match parsed {
            Some(SizeKind::Fixed(width)) => width.most(),
            _ => u64::from(u32::MAX),
        };
        let or = self.optional(or, |builder, or| builder.plain_number(or, most));
        let pad = self.optional(pad, |builder, pad| builder.plain_number(pad, MOST_PADDING));
        Some(Size { kind: parsed?, plus: plus?.unwrap_or(0), or: or?.unwrap_or(0), pad: pad?.unwrap_or(0) })
    }

    /// What is added to a length, which may be negative.
    fn offset(&mut self, scalar: &Scalar) -> Option<i64> {
        let word = self.word(scalar)?;
        let number = crate::plan::constant::number(&word.text).and_then(|number| i32::try_from(number).ok());
        if number.is_none() {
            let message = format!("`{}` is not a number that can be added to a length", word.text);
            self.report(Diagnostic::error("bad-number", scalar.span, message).help("write a plain number, such as 4"));
        }
        number.map(i64::from)
    }

    /// A length that is known must fit its prefix.
    fn check_length(&mut self, size: Size, of: &Payload, kind: &Scalar) -> Option<()> {
        let (SizeKind::Fixed(width), Some(length)) = (size.kind, known_size(of)) else { return Some(()) };
        let total = i128::from(length) + i128::from(size.plus);
        if (0..=i128::from(width.most())).contains(&total) {
            return Some(());
        }
        let message = format!("the length {total} does not fit in `{}`", kind.text);
        self.report(Diagnostic::error("out-of-range", kind.span, message).help("take a wider kind, such as `u32`"));
        None
    }
}

impl Width {
    /// The largest number that fits.
    pub(super) const fn most(self) -> u64 {
        u64::MAX >> (64 - self.bytes as u32 * 8)
    }
}

/// How many bytes the payload has, where that is known before the spec runs.
pub(crate) fn known_size(payload: &Payload) -> Option<u64> {
    payload.parts.iter().map(part_size).sum()
}

/// How many bytes the part has, where that is known before the spec runs.
pub(crate) fn part_size(part: &Part) -> Option<u64> {
    match part {
        Part::Bytes(bytes) | Part::File { bytes, .. } => Some(bytes.len() as u64),
        Part::Template(template) => template.pieces.iter().try_fold(0, |sum, piece| match piece {
            Piece::Literal(text) | Piece::Hidden { text, .. } => Some(sum + text.len() as u64),
            Piece::Bytes(bytes) => Some(sum + bytes.len() as u64),
            Piece::Variable { .. } => None,
        }),
        Part::Fill { size, .. } | Part::Random { size, .. } => Some(*size),
        Part::Number { width, .. } => Some(u64::from(width.bytes)),
        Part::Sized { size, of } => {
            let SizeKind::Fixed(width) = size.kind else { return None };
            let length = known_size(of)?;
            let padded = if size.pad > 1 { length.next_multiple_of(size.pad) } else { length };
            Some(u64::from(width.bytes) + padded)
        }
    }
}
