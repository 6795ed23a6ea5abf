//! Texts with `${name}` in them.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::name::{is_name, nearest};
use crate::model::value::Value;
use crate::plan::template::{Part, Piece, Template};
use crate::source::Span;
use crate::spec::ast::Scalar;

use super::Builder;
use super::scope::Content;

/// Why a text that is no step cannot use what steps give.
const BEFORE_STEPS: &str =
    "files are written before the first step, when `vars`, `matrix`, `ports` and `tmp` alone have values";

/// A text after its static variables were replaced.
#[derive(Debug)]
pub(super) enum Text<'t> {
    /// All of it is known, and may be shown.
    Known(Cow<'t, str>),
    /// Some of it is known at run time only, or must not be shown.
    Open(Template),
}

/// A text that is known before the spec runs.
#[derive(Debug)]
pub(super) struct Word<'t> {
    /// The text.
    pub text: Cow<'t, str>,
    shown: Option<String>,
}

impl Word<'_> {
    /// How a trace shows it.
    pub(super) fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.text)
    }
}

impl Text<'_> {
    /// How a trace shows it.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Known(text) => Cow::Borrowed(text),
            Self::Open(template) => Cow::Owned(template.shown()),
        }
    }
}

impl Builder<'_> {
    /// The text with its static variables replaced; none where a finding was reported.
    pub(super) fn text<'t>(&mut self, scalar: &'t Scalar) -> Option<Text<'t>> {
        if !scalar.text.contains("${") {
            return Some(Text::Known(Cow::Borrowed(&scalar.text)));
        }
        let pieces = self.pieces(scalar)?;
        let open = pieces.iter().any(|piece| !matches!(piece, Piece::Literal(_)));
        let template = Template { pieces, span: scalar.span };
        match template.known() {
            Some(text) if !open => Some(Text::Known(Cow::Owned(text))),
            _ => Some(Text::Open(template)),
        }
    }

    /// The text, which must be known before the spec runs.
    pub(super) fn word<'t>(&mut self, scalar: &'t Scalar) -> Option<Word<'t>> {
        const PLAIN: &str = "here stands a plain value, one of `vars` or `matrix`, or what `let` computed of these";
        self.word_or(scalar, PLAIN)
    }

    /// The text, which must be known before the spec runs; `help` is the way out where it is not.
    pub(super) fn word_or<'t>(&mut self, scalar: &'t Scalar, help: &str) -> Option<Word<'t>> {
        match self.text(scalar)? {
            Text::Known(text) => Some(Word { text, shown: None }),
            Text::Open(template) => {
                if let Some(text) = template.known() {
                    return Some(Word { text: Cow::Owned(text), shown: Some(template.shown()) });
                }
                let hole = template.pieces.iter().find(|piece| matches!(piece, Piece::Variable { .. }));
                let message = match hole.map(Piece::shown) {
                    Some(name) => format!("`${{{}}}` is not known before the spec runs", name.trim_matches(['<', '>'])),
                    None => format!("`{}` is no text: it holds bytes that are not UTF-8", scalar.text),
                };
                self.report(Diagnostic::error("not-constant", scalar.span, message).help(help));
                None
            }
        }
    }

    fn pieces(&mut self, scalar: &Scalar) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = scalar.text.as_str();
        let mut nth = 0;
        let mut sound = true;
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                literal.push_str(before);
                literal.push_str("${");
                rest = after;
                nth += 1;
                continue;
            }
            literal.push_str(before);
            let Some(length) = after.find('}') else {
                let span = self.place_of(scalar, nth, 0);
                self.report(
                    Diagnostic::error("malformed-variable", span, "`${` has no closing `}`")
                        .help("write `${name}` for a variable, or `$${` for the two characters themselves"),
                );
                return None;
            };
            let inner = &after[..length];
            let span = self.place_of(scalar, nth, length + 1);
            match self.variable(inner, span) {
                Some(Piece::Literal(text)) => literal.push_str(&text),
                Some(piece) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece);
                }
                None => sound = false,
            }
            rest = &after[length + 1..];
            nth += 1;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        sound.then_some(pieces)
    }

    /// The place of the `nth` `${` of a scalar, with so many bytes after it.
    fn place_of(&self, scalar: &Scalar, nth: usize, after: usize) -> Span {
        let raw = self.source.slice(scalar.span);
        let Some((at, _)) = raw.match_indices("${").nth(nth) else { return scalar.span };
        let start = scalar.span.start as usize + at;
        Span::new(start, start + 2 + after)
    }

    /// What stands for the variable of a `${…}`.
    fn variable(&mut self, inner: &str, span: Span) -> Option<Piece> {
        let (name, part) = match inner.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (inner, None),
        };
        if !is_name(name) {
            self.report(
                Diagnostic::error("malformed-variable", span, format!("`{inner}` is not the name of a variable"))
                    .help("write `${name}` or `${endpoint.port}`, without blanks; expressions cannot stand here"),
            );
            return None;
        }
        match part {
            Some(part) => self.endpoint_part(name, part, span),
            None => self.value_of(name, span),
        }
    }

    /// What stands for a value that is known.
    fn known_piece(value: &Value, hidden: bool, name: String) -> Piece {
        match (String::from_utf8(value.to_bytes()), hidden) {
            (Ok(text), false) => Piece::Literal(text),
            (Ok(text), true) => Piece::Hidden { text, name },
            (Err(error), false) => Piece::Bytes(error.into_bytes()),
            (Err(_), true) => Piece::Variable { name, part: None },
        }
    }

    pub(super) fn value_of(&mut self, name: &str, span: Span) -> Option<Piece> {
        if let Some(cells) = self.scope.row(name) {
            let first = cells.first().map_or("COLUMN", |cell| &cell.name);
            let finding = Diagnostic::error("row-alone", span, format!("`{name}` is a whole row"))
                .help(format!("write one of its columns: `${{{name}.{first}}}`"));
            self.report(finding);
            return None;
        }
        let outside = self.scope.outside.variable(name).into_owned();
        let Some(variable) = self.scope.variable_mut(name) else {
            return self.unset(name, span);
        };
        variable.used = true;
        let elsewhere = matches!(variable.content, Content::Elsewhere);
        let piece = match &variable.content {
            Content::Known { value, hidden } => Self::known_piece(value, *hidden, outside),
            Content::Counter | Content::Computed(_) | Content::Given(_) | Content::Row(_) | Content::Elsewhere => {
                Piece::Variable { name: outside, part: None }
            }
        };
        if elsewhere {
            self.lanes.used_variable(&self.scope.outside.variable(name), span);
        }
        Some(piece)
    }

    fn unset(&mut self, name: &str, span: Span) -> Option<Piece> {
        let piece = Piece::Variable { name: name.to_owned(), part: None };
        if self.is_doubtful(name) {
            return Some(piece);
        }
        let finding = Diagnostic::error("unset-variable", span, format!("the variable `{name}` is not set"));
        let names = self.scope.variables().iter().map(|variable| variable.name.as_ref());
        let finding = if self.scope.endpoint(name).is_some() {
            finding.help(format!("`{name}` is an endpoint: write `${{{name}.port}}`, `.host` or `.path`"))
        } else if let Some(later) = self.captured_later(name) {
            finding.related(later, "set here, later").help(if self.before_steps {
                BEFORE_STEPS
            } else {
                "a variable can be used after the step that sets it"
            })
        } else if let Some(near) = nearest(name, names) {
            finding.help(format!("write `${{{near}}}`"))
        } else if self.scope.outside.is_of_spec() {
            finding.help(format!("set `{name}` in `vars`, or write `$${{` for a literal `${{`"))
        } else {
            finding.help(format!("give `{name}` by `with` where this file is included, or set it in its `vars`"))
        };
        self.report(finding);
        // Once is enough: the other uses are the same mistake.
        self.scope.doubt(name.to_owned());
        None
    }

    /// A column of a row, which must be there.
    fn cell(&mut self, row: &str, column: &str, span: Span) -> Option<Piece> {
        if let Some(cell) = self.scope.cell(row, column) {
            return Some(Self::known_piece(&cell.value, cell.hidden, format!("{row}.{column}")));
        }
        let columns = self.scope.row(row)?.iter().map(|cell| cell.name.as_str());
        let finding = Diagnostic::error("unknown-column", span, format!("the rows have no column `{column}`"));
        let finding = match nearest(column, columns.clone()) {
            Some(near) => finding.help(format!("write `${{{row}.{near}}}`")),
            None => finding.help(format!("the columns are {}", columns.collect::<Vec<_>>().join(", "))),
        };
        self.report(finding);
        None
    }

    /// The name outside of an endpoint whose part is named.
    pub(super) fn endpoint_outside(&mut self, name: &str, span: Span) -> Option<String> {
        let outside = self.scope.outside.endpoint(Template::literal(name, span));
        let known = outside.known();
        if known.is_none() {
            let message = format!("`{name}` stands for `{}` here, whose parts have no name", outside.shown());
            self.report(
                Diagnostic::error("computed-name", span, message)
                    .help("give what is needed of it by `with`, such as its port"),
            );
        }
        known
    }

    /// A part of an endpoint, or a column of a row.
    pub(super) fn endpoint_part(&mut self, name: &str, part: &str, span: Span) -> Option<Piece> {
        if self.scope.row(name).is_some() {
            return self.cell(name, part, span);
        }
        let known = match part {
            "port" => Part::Port,
            "host" => Part::Host,
            "path" => Part::Path,
            // The row of a table that was reported.
            _ if self.scope.endpoint(name).is_none() && self.is_doubtful(name) => {
                return Some(Piece::Variable { name: name.to_owned(), part: None });
            }
            _ if self.scope.endpoint(name).is_none() && self.scope.variable(name).is_none() => {
                let message = format!("`{name}` is neither an endpoint nor a row here");
                self.report(
                    Diagnostic::error("unknown-endpoint", span, message)
                        .help("the row of a table is known in the steps of its `repeat` only"),
                );
                return None;
            }
            _ => {
                let message = format!("an endpoint has no part `{part}`");
                let near = nearest(part, ["port", "host", "path"]).unwrap_or("port");
                self.report(
                    Diagnostic::error("unknown-part", span, message)
                        .help(format!("write `${{{name}.{near}}}`: the parts are `port`, `host` and `path`")),
                );
                return None;
            }
        };
        if self.scope.endpoint(name).is_some() || self.is_doubtful(name) {
            let outside = self.endpoint_outside(name, span)?;
            self.lanes.used_endpoint(&outside, span);
            return Some(Piece::Variable { name: outside, part: Some(known) });
        }
        let finding = if self.scope.variable(name).is_some() {
            Diagnostic::error("not-an-endpoint", span, format!("`{name}` is a variable, not an endpoint"))
                .help(format!("write `${{{name}}}`: only endpoints have parts"))
        } else if let Some(later) = self.created_later(name) {
            Diagnostic::error("not-created", span, format!("`{name}` is used before it is created"))
                .related(later, "created here, later")
                .help(if self.before_steps {
                    BEFORE_STEPS.to_owned()
                } else {
                    format!("move the step that creates `{name}` before this one")
                })
        } else {
            let message = format!("there is no endpoint `{name}`");
            let finding = Diagnostic::error("unknown-endpoint", span, message);
            match nearest(name, self.scope.endpoints()) {
                Some(near) => finding.help(format!("write `${{{near}.{part}}}`")),
                None => finding.help("only an endpoint that an earlier step has created has parts"),
            }
        };
        self.report(finding);
        None
    }

    /// A value of `vars`: where it is a text, earlier variables may stand in it.
    pub(super) fn constant(&mut self, scalar: &Scalar, value: Value) -> Option<(Value, bool)> {
        match value {
            Value::Text(text) if text.contains("${") => {
                let word = self.word(scalar)?;
                let hidden = word.shown.is_some();
                Some((Value::Text(word.text.into_owned()), hidden))
            }
            value => Some((value, false)),
        }
    }
}
