//! Single words: durations, numbers, sizes, booleans, names and words of a fixed list.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::name::{is_name, is_reserved, nearest};
use crate::model::{duration, size};
use crate::plan::Number;
use crate::plan::constant;
use crate::plan::template::{Piece, Template};
use crate::source::Span;
use crate::spec::ast::Scalar;

use super::Builder;
use super::text::Text;

impl Builder<'_> {
    /// What stands after a word that may be left out: none where it is, and nothing at all where a
    /// finding was reported.
    #[expect(clippy::option_option, reason = "left out and wrong are different things")]
    pub(super) fn optional<'s, T>(
        &mut self,
        scalar: Option<&'s Scalar>,
        read: impl FnOnce(&mut Self, &'s Scalar) -> Option<T>,
    ) -> Option<Option<T>> {
        match scalar {
            Some(scalar) => read(self, scalar).map(Some),
            None => Some(None),
        }
    }

    /// A duration with its unit.
    pub(super) fn duration(&mut self, scalar: &Scalar) -> Option<Duration> {
        let word = self.word(scalar)?;
        let parsed = duration::parse(&word.text);
        if parsed.is_none() {
            let text = &word.text;
            let finding = Diagnostic::error("bad-duration", scalar.span, format!("`{text}` is not a duration"));
            let finding = if constant::number(text).is_some_and(|number| number >= 0) || text.parse::<f64>().is_ok() {
                finding
                    .label("the unit is missing")
                    .help(format!("write `{text}ms` or `{text}s`: the units are us, ms, s, m and h"))
            } else {
                finding.help("write a number and a unit, such as `500ms`: the units are us, ms, s, m and h")
            };
            self.report(finding);
        }
        parsed
    }

    /// A deadline, which the command line may stretch.
    pub(super) fn deadline(&mut self, scalar: &Scalar) -> Option<Duration> {
        let deadline = self.duration(scalar)?;
        Some(self.stretched(deadline))
    }

    /// `true` or `false`; `false` where nothing is written.
    pub(super) fn flag(&mut self, scalar: Option<&Scalar>) -> Option<bool> {
        let Some(scalar) = scalar else { return Some(false) };
        let word = self.word(scalar)?;
        match word.text.as_ref() {
            "true" => Some(true),
            "false" => Some(false),
            text => {
                let message = format!("`{text}` is neither `true` nor `false`");
                let write = if matches!(text.to_ascii_lowercase().as_str(), "no" | "off" | "n" | "0" | "false") {
                    "write `false`"
                } else {
                    "write `true`, or leave it out"
                };
                self.report(Diagnostic::error("bad-boolean", scalar.span, message).help(write));
                None
            }
        }
    }

    /// A plain number that is known before the spec runs.
    pub(super) fn plain_number(&mut self, scalar: &Scalar, most: u64) -> Option<u64> {
        let word = self.word(scalar)?;
        self.number_in(&word.text, scalar.span, most)
    }

    /// A number, also one that a variable holds at run time.
    pub(super) fn number(&mut self, scalar: &Scalar, most: u64) -> Option<Number> {
        match self.text(scalar)? {
            Text::Known(text) => self.number_in(&text, scalar.span, most).map(Number::Known),
            Text::Open(template) => match template.known() {
                Some(text) => self.number_in(&text, scalar.span, most).map(|number| hidden(number, &template)),
                None => Some(Number::Computed(template)),
            },
        }
    }

    fn number_in(&mut self, text: &str, span: Span, most: u64) -> Option<u64> {
        let Some(number) = constant::number(text) else {
            let finding = Diagnostic::error("bad-number", span, format!("`{text}` is not a number"))
                .help("write a plain decimal number or one like 0x1f");
            self.report(finding);
            return None;
        };
        let fits = u64::try_from(number).ok().filter(|number| *number <= most);
        if fits.is_none() {
            let message = format!("`{text}` is out of range");
            self.report(Diagnostic::error("out-of-range", span, message).help(format!("it can be 0 to {most}")));
        }
        fits
    }

    /// A number of bytes, `64KiB`, which must be known before the spec runs.
    pub(super) fn plain_size(&mut self, scalar: &Scalar) -> Option<u64> {
        let word = self.word(scalar)?;
        self.size_of(&word.text, scalar.span)
    }

    /// A number of bytes, also one that a variable holds at run time.
    pub(super) fn size(&mut self, scalar: &Scalar) -> Option<Number> {
        match self.text(scalar)? {
            Text::Known(text) => self.size_of(&text, scalar.span).map(Number::Known),
            Text::Open(template) => match template.known() {
                Some(text) => self.size_of(&text, scalar.span).map(|size| hidden(size, &template)),
                None => Some(Number::Computed(template)),
            },
        }
    }

    fn size_of(&mut self, text: &str, span: Span) -> Option<u64> {
        let size = size::parse_size(text);
        if size.is_none() {
            self.report(
                Diagnostic::error("bad-size", span, format!("`{text}` is not a number of bytes"))
                    .help("write a plain number, or one with B, KiB, MiB or GiB, such as `64KiB`"),
            );
        }
        size
    }

    /// A name that the spec gives to something.
    pub(super) fn new_name<'t>(&mut self, scalar: &'t Scalar) -> Option<&'t str> {
        self.check_name(&scalar.text, scalar.span).then_some(scalar.text.as_str())
    }

    /// Whether it is a name that the language does not keep for itself.
    pub(super) fn check_name(&mut self, name: &str, span: Span) -> bool {
        if !self.check_label(name, span) {
            return false;
        }
        if is_reserved(name) {
            self.report(
                Diagnostic::error("reserved-name", span, format!("`{name}` is a word of the language"))
                    .help(format!("take another name, such as `{name}1`")),
            );
            return false;
        }
        true
    }

    /// Whether it has the form of a name. Lanes and barriers stand where no word of the language
    /// could, so all names are free for them.
    pub(super) fn check_label(&mut self, name: &str, span: Span) -> bool {
        if !is_name(name) {
            self.report(
                Diagnostic::error("bad-name", span, format!("`{name}` is not a name"))
                    .help("a name begins with a letter or `_`, then letters, digits, `_` and `-`"),
            );
        }
        is_name(name)
    }

    /// An unknown word of a fixed list.
    pub(super) fn unknown<'w>(
        &mut self,
        what: &str,
        word: &str,
        span: Span,
        known: impl Iterator<Item = &'w str> + Clone,
        code: &'static str,
    ) {
        let finding = Diagnostic::error(code, span, format!("unknown {what} `{word}`"));
        self.report(if let Some(near) = nearest(word, known.clone()) {
            finding.help(format!("did you mean `{near}`?"))
        } else {
            let all: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            finding.help(format!("known are {}", all.join(", ")))
        });
    }
}

/// A number that is known but must not be shown.
fn hidden(number: u64, template: &Template) -> Number {
    let name = match template.pieces.as_slice() {
        [Piece::Hidden { name, .. }] => name.clone(),
        _ => template.shown(),
    };
    let pieces = vec![Piece::Hidden { text: number.to_string(), name }];
    Number::Computed(Template { pieces, span: template.span })
}
