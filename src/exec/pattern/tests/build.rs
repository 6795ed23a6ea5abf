//! Patterns for tests, in few words.

use std::sync::Arc;

use crate::plan::Number;
use crate::plan::pattern::{DEFAULT_MAX, End, Form, Matching, Pattern};
use crate::plan::payload::{Part, Payload, Size, SizeKind, Width};
use crate::plan::template::{Piece, Template};
use crate::source::Span;

pub(crate) fn pattern(form: Form) -> Pattern {
    Pattern { span: Span::default(), form, matching: None, capture: None, vary: false, max: DEFAULT_MAX }
}

pub(crate) fn payload(parts: Vec<Part>) -> Payload {
    Payload { parts, span: Span::default(), places: Arc::default() }
}

pub(crate) fn variable(name: &str) -> Template {
    Template { pieces: vec![Piece::Variable { name: name.into(), part: None }], span: Span::default() }
}

pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Pattern {
    exactly(vec![Part::Bytes(bytes.as_ref().into())])
}

pub(crate) fn exactly(parts: Vec<Part>) -> Pattern {
    pattern(Form::Exactly(payload(parts)))
}

pub(crate) fn hex(bytes: &[Option<u8>]) -> Pattern {
    pattern(Form::Hex(bytes.into()))
}

pub(crate) fn bytes(count: u64) -> Pattern {
    pattern(Form::Bytes(Number::Known(count)))
}

pub(crate) fn bytes_of(name: &str) -> Pattern {
    pattern(Form::Bytes(Number::Computed(variable(name))))
}

pub(crate) fn until(delimiter: impl AsRef<[u8]>) -> Pattern {
    pattern(Form::Until(payload(vec![Part::Bytes(delimiter.as_ref().into())])))
}

pub(crate) fn until_match(source: &str) -> Pattern {
    pattern(Form::UntilMatch(source.into()))
}

pub(crate) fn rest() -> Pattern {
    rest_to(&[])
}

pub(crate) fn rest_to(ends: &[End]) -> Pattern {
    pattern(Form::Rest(ends.to_vec()))
}

pub(crate) fn number(width: &str, mask: Option<(u64, u64)>) -> Pattern {
    pattern(Form::Number { width: Width::parse(width).unwrap(), mask })
}

pub(crate) fn size(kind: &str) -> Size {
    Size { kind: SizeKind::parse(kind).unwrap(), plus: 0, or: 0, pad: 0 }
}

pub(crate) fn sized(size: Size, of: Pattern) -> Pattern {
    pattern(Form::Sized { size, of: Box::new(of) })
}

pub(crate) fn one_of(patterns: Vec<Pattern>) -> Pattern {
    pattern(Form::OneOf(patterns))
}

pub(crate) fn any_order(patterns: Vec<Pattern>) -> Pattern {
    pattern(Form::AnyOrder(patterns))
}

pub(crate) fn until_last(last: Pattern, each: Pattern) -> Pattern {
    pattern(Form::UntilLast { last: Box::new(last), each: Box::new(each) })
}

pub(crate) fn list(patterns: Vec<Pattern>) -> Pattern {
    pattern(Form::Sequence(patterns))
}

impl Pattern {
    /// At a place of the spec.
    pub(crate) fn placed(mut self, start: usize) -> Self {
        self.span = Span::new(start, start + 1);
        self
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.capture = Some(name.into());
        self
    }

    pub(crate) fn varying(mut self) -> Self {
        self.vary = true;
        self
    }

    pub(crate) fn at_most(mut self, max: u64) -> Self {
        self.max = max;
        self
    }

    pub(crate) fn matching(mut self, source: &str) -> Self {
        let anchored = format!(r"\A(?:{source})\z");
        let regex = regex::bytes::RegexBuilder::new(&anchored).unicode(false).build().unwrap();
        let group = |name: &str| (name.to_owned(), name.to_owned());
        let groups = regex.capture_names().flatten().map(group).collect();
        self.matching = Some(Matching { groups, source: source.into(), regex: Arc::new(regex) });
        self
    }
}
