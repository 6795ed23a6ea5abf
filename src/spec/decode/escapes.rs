//! Escapes that do not give what their writer meant: YAML reads a text before anybody else does.

use super::{Decoder, Scalar};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::spec::ast::Style;

impl Decoder<'_> {
    /// Warns about escapes in a text that is sent or compared.
    pub(super) fn check_escapes(&mut self, text: &Scalar) {
        let raw = self.source.slice(text.span);
        if !raw.contains('\\') {
            return;
        }
        let (start, double) = (text.span.start as usize, text.style == Style::Double);
        let found = escapes(raw)
            .find(|(at, escape)| if double { is_two_bytes(&raw[*at..]) } else { matches!(escape, 'r' | 'n') });
        let Some((at, _)) = found else { return };
        if double {
            let span = Span::new(start + at, start + at + 4);
            let escape = self.source.slice(span).to_owned();
            self.warn(
                Diagnostic::warning(
                    "escape-is-two-bytes",
                    span,
                    format!("`{escape}` is a character, which is two bytes in UTF-8"),
                )
                .help(format!("write `{{hex: \"{}\"}}` for the byte", &escape[2..])),
            );
        } else {
            let span = Span::new(start + at, start + at + 2);
            let escape = self.source.slice(span).to_owned();
            self.warn(
                Diagnostic::warning("escape-is-text", span, format!("`{escape}` stays a backslash and a letter here"))
                    .help("write the text in double quotes for the control character"),
            );
        }
    }

    /// Warns about a regular expression in double quotes where YAML took a backslash away.
    pub(super) fn check_regex(&mut self, regex: &Scalar) {
        let raw = self.source.slice(regex.span);
        if regex.style != Style::Double || !raw.contains('\\') {
            return;
        }
        let Some((at, escape)) = escapes(raw).find(|(_, escape)| "bave0fNLP_".contains(*escape)) else { return };
        let start = regex.span.start as usize + at;
        let span = Span::new(start, start + 1 + escape.len_utf8());
        self.warn(
            Diagnostic::warning(
                "escape-in-regex",
                span,
                format!("YAML reads `\\{escape}` before the regular expression does"),
            )
            .help("write the expression in single quotes: there a backslash is a backslash"),
        );
    }
}

/// Each backslash that begins an escape, with its offset and the character after it.
fn escapes(raw: &str) -> impl Iterator<Item = (usize, char)> {
    let mut characters = raw.char_indices();
    std::iter::from_fn(move || {
        let (at, _) = characters.find(|(_, character)| *character == '\\')?;
        characters.next().map(|(_, escape)| (at, escape))
    })
}

/// Whether an escape is one of `\x80` to `\xff`.
fn is_two_bytes(escape: &str) -> bool {
    let digits = escape.strip_prefix("\\x").and_then(|digits| digits.get(..2));
    digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).is_some_and(|byte| byte >= 0x80)
}
