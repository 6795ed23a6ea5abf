//! Patterns: which bytes a receive takes, and what they must be.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::plan::Number;
use crate::plan::pattern::{DEFAULT_MAX, End, Form as Shape, Pattern};
use crate::source::Span;
use crate::spec::ast::{Form, FormKind, Scalar};

use super::Builder;
use super::payload::Parts;
use super::scope::Type;

impl<'a> Builder<'a> {
    /// A pattern with what stands beside it.
    pub(super) fn pattern(&mut self, form: &'a Form) -> Option<Pattern> {
        let shape = self.shape(form);
        let matching = self.optional(form.matching.as_ref(), Self::matching);
        let vary = self.flag(form.vary.as_ref());
        let max = self.optional(form.max.as_ref(), Self::plain_size);
        let kind = if matches!(form.kind, FormKind::Number { .. }) { Type::Number } else { Type::Bytes };
        let capture = self.optional(form.capture.as_ref(), |builder, name| {
            let outside = builder.scope.outside.variable(&name.text).into_owned();
            builder.capture(Cow::Borrowed(&name.text), kind, name.span).then_some(outside)
        });
        let (shape, matching, vary, max, capture) = (shape?, matching?, vary?, max?, capture?);
        let max = max.unwrap_or(DEFAULT_MAX);
        Some(Pattern { span: form.span, form: shape, matching, capture, vary, max })
    }

    fn shape(&mut self, form: &'a Form) -> Option<Shape> {
        match &form.kind {
            FormKind::List(forms) => self.sequence(forms),
            FormKind::Hex(scalar) => {
                let bytes = self.hex(scalar, true)?;
                if bytes.iter().any(Option::is_none) {
                    return Some(Shape::Hex(bytes.into()));
                }
                let mut parts = Parts::default();
                parts.bytes(&bytes.into_iter().flatten().collect::<Vec<u8>>());
                Some(Shape::Exactly(parts.finish(form.span)))
            }
            FormKind::Number { width, value, mask, is } if value.text == "any" || mask.is_some() || is.is_some() => {
                self.any_number(width, value, mask.as_ref(), is.as_ref())
            }
            FormKind::Sized { kind, of, plus, or, pad } if !is_exact(of) => {
                let size = self.sized(kind, plus.as_ref(), or.as_ref(), pad.as_ref());
                let of = self.pattern(of);
                Some(Shape::Sized { size: size?, of: Box::new(of?) })
            }
            FormKind::Bytes(size) => self.size(size).map(Shape::Bytes),
            FormKind::Until(delimiter) => self.until(delimiter),
            FormKind::UntilMatch(expression) => self.until_match(expression).map(Shape::UntilMatch),
            FormKind::Rest { end } => self.rest(end),
            FormKind::OneOf(forms) => self.all(forms, "one_of", form.span).map(Shape::OneOf),
            FormKind::AnyOrder(forms) => self.all(forms, "any_order", form.span).map(Shape::AnyOrder),
            FormKind::UntilLast { last, each } => {
                let (last, each) = (self.pattern(last), self.pattern(each));
                Some(Shape::UntilLast { last: Box::new(last?), each: Box::new(each?) })
            }
            _ => {
                let mut parts = Parts::default();
                self.add_kind(form, &mut parts).map(|()| Shape::Exactly(parts.finish(form.span)))
            }
        }
    }

    /// Nothing comes after the end.
    fn check_after_rest(&mut self, forms: &[Form]) -> bool {
        let Some(at) = forms.iter().position(|form| matches!(form.kind, FormKind::Rest { .. })) else { return true };
        let Some(after) = forms.get(at + 1) else { return true };
        self.report(
            Diagnostic::error("after-rest", after.span, "nothing can come after `rest`, which takes all up to the end")
                .related(forms[at].span, "this takes the rest")
                .help("put `rest` last, or say how far it goes: `{bytes: 12}`, `{until: \"\\r\\n\"}`"),
        );
        false
    }

    /// One after the other; neighbours that are exact bytes are one.
    fn sequence(&mut self, forms: &'a [Form]) -> Option<Shape> {
        let mut patterns: Vec<Pattern> = Vec::with_capacity(forms.len());
        let mut sound = self.check_after_rest(forms);
        let mut rest = forms;
        while let Some((form, others)) = rest.split_first() {
            if !is_exact(form) {
                match self.pattern(form) {
                    Some(pattern) => patterns.push(pattern),
                    None => sound = false,
                }
                rest = others;
                continue;
            }
            let exact = rest.iter().take_while(|form| is_exact(form)).count();
            let (run, others) = rest.split_at(exact);
            let mut parts = Parts::default();
            for form in run {
                parts.place(form.span);
                sound &= self.add(form, &mut parts);
            }
            let span = run.last().map_or(form.span, |last| form.span.to(last.span));
            patterns.push(plain(Shape::Exactly(parts.finish(span)), span));
            rest = others;
        }
        if !sound {
            return None;
        }
        match patterns.pop() {
            Some(Pattern { form: Shape::Exactly(payload), .. }) if patterns.is_empty() => Some(Shape::Exactly(payload)),
            Some(last) => {
                patterns.push(last);
                Some(Shape::Sequence(patterns))
            }
            None => Some(Shape::Sequence(patterns)),
        }
    }

    fn all(&mut self, forms: &'a [Form], word: &str, span: Span) -> Option<Vec<Pattern>> {
        if forms.is_empty() {
            self.report(
                Diagnostic::error("empty-pattern", span, format!("`{word}` has no patterns"))
                    .help("write at least two patterns in its list"),
            );
            return None;
        }
        let patterns: Vec<Option<Pattern>> = forms.iter().map(|form| self.pattern(form)).collect();
        patterns.into_iter().collect()
    }

    fn until(&mut self, delimiter: &'a Form) -> Option<Shape> {
        let payload = self.payload(delimiter)?;
        if super::payload::known_size(&payload) == Some(0) {
            self.report(
                Diagnostic::error("empty-delimiter", delimiter.span, "the delimiter of `until` is empty")
                    .help("write the bytes at which it ends, or `{rest: true}` for all that comes"),
            );
            return None;
        }
        Some(Shape::Until(payload))
    }

    fn rest(&mut self, end: &[Scalar]) -> Option<Shape> {
        let mut ends = Vec::with_capacity(end.len());
        for scalar in end {
            let word = self.word(scalar)?;
            match word.text.as_ref() {
                "eof" => ends.push(End::Eof),
                "reset" => ends.push(End::Reset),
                "truncated" => ends.push(End::Truncated),
                text => {
                    let known = ["eof", "reset", "truncated"].into_iter();
                    self.unknown("end", text, scalar.span, known, "unknown-end");
                    return None;
                }
            }
        }
        Some(Shape::Rest(ends))
    }

    /// A number of which any value will do, or some bits of it.
    fn any_number(
        &mut self,
        width: &Scalar,
        value: &Scalar,
        mask: Option<&Scalar>,
        is: Option<&Scalar>,
    ) -> Option<Shape> {
        let width = self.width(width)?;
        if value.text != "any" {
            let message = format!("`mask` and `is` check bits of any number, and `{}` is one number", value.text);
            let help = "write `any` for the number, or leave `mask` and `is` out";
            self.report(Diagnostic::error("mask-without-any", value.span, message).help(help));
            return None;
        }
        let (mask, is) = match (mask, is) {
            (None, None) => return Some(Shape::Number { width, mask: None }),
            (Some(mask), Some(is)) => (mask, is),
            (Some(one), None) | (None, Some(one)) => {
                let (has, lacks) = if mask.is_some() { ("mask", "is") } else { ("is", "mask") };
                let message = format!("`{has}` stands without `{lacks}`");
                let help = "write both: `mask` says which bits count, `is` what they must be";
                self.report(Diagnostic::error("half-mask", one.span, message).help(help));
                return None;
            }
        };
        let bits = (self.plain_number(mask, width.most())?, self.plain_number(is, width.most())?);
        if bits.1 & !bits.0 != 0 {
            let message = format!("`is: {}` has bits that `mask: {}` leaves out", is.text, mask.text);
            let help = "the number is compared after the mask: it can never be this";
            self.report(Diagnostic::error("out-of-mask", is.span, message).help(help));
            return None;
        }
        Some(Shape::Number { width, mask: Some(bits) })
    }
}

/// Whether the form is nothing but bytes that must come exactly so.
fn is_exact(form: &Form) -> bool {
    let bare = form.matching.is_none() && form.capture.is_none() && form.vary.is_none() && form.max.is_none();
    bare && match &form.kind {
        FormKind::Text(_)
        | FormKind::Base64(_)
        | FormKind::File(_)
        | FormKind::Fill { .. }
        | FormKind::Random { .. } => true,
        FormKind::Hex(scalar) => !scalar.text.contains(".."),
        FormKind::Number { value, mask, is, .. } => value.text != "any" && mask.is_none() && is.is_none(),
        FormKind::Sized { of, .. } => is_exact(of),
        FormKind::List(forms) => forms.iter().all(is_exact),
        _ => false,
    }
}

/// A pattern with nothing beside it.
fn plain(form: Shape, span: Span) -> Pattern {
    Pattern { span, form, matching: None, capture: None, vary: false, max: DEFAULT_MAX }
}

/// How many bytes the number is, where that is known.
pub(crate) fn known(number: &Number) -> Option<u64> {
    match number {
        Number::Known(number) => Some(*number),
        Number::Computed(_) => None,
    }
}
