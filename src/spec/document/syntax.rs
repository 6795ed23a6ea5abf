//! What is not YAML, in the words of somebody who writes specs: nearly always a text that has to
//! be quoted, a bracket or a quote that is not closed, or the indentation.

use granit_parser::ErrorKind;

use super::super::words;
use super::builder::{Frame, too_deep};
use super::place::Place;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The finding for the parser's error at `at`, inside of the collections that are open there.
pub(super) fn explain(kind: &ErrorKind, at: usize, text: &str, open: &[Frame<'_>]) -> Diagnostic {
    let at = text.floor_char_boundary(at);
    let place = Place { text, at };
    if let Some(name) = place.name_without_colon() {
        return missing_colon(place.slice(name), name);
    }
    match kind {
        ErrorKind::RecursionLimitExceeded => too_deep(place.character()),
        ErrorKind::DirectiveDisallowed => error(place.word(), "YAML directives are not supported".to_owned())
            .help("remove it; a text that begins with `%` is quoted"),
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => place.tab(),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => place.unclosed_quote(),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => place.after_quote('"'),
        ErrorKind::InvalidTrailingSingleQuotedScalar => place.after_quote('\''),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => place.escape(),
        ErrorKind::MisplacedFlowCollectionEnd => place.closes_nothing(),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            error(place.character(), format!("`{open}` is closed by `{close}`"))
                .help("close what is open in reverse order, or quote the text that the bracket belongs to")
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => place.unclosed_bracket(open),
        ErrorKind::BlockEntryInFlowCollection => place.entry_in_brackets(open),
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::FlowMappingValueAdjacentCollection
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator
        | ErrorKind::ExpectedNodeContent => place.in_brackets(open),
        ErrorKind::MappingValueNotAllowed | ErrorKind::SimpleKeyExpected => place.colon(),
        ErrorKind::UnexpectedCharacter { character } => place.character_not_allowed(*character),
        ErrorKind::MissingAnchorOrAliasName => place.quote_it(place.flow_text()),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidQuotedScalarIndent => place.indentation(),
        other => error(place.word(), format!("this is not YAML: {other}")).help("quote it where it is text"),
    }
}

/// The finding about a second document, which begins at this place.
pub(super) fn second_document(span: Span, text: &str) -> Diagnostic {
    let word = Place { text, at: span.start as usize }.word();
    Diagnostic::error("second-document", word, "a second document begins here")
        .help("a file holds one spec: move this one to a file of its own")
}

fn error(span: Span, message: String) -> Diagnostic {
    Diagnostic::error("yaml-syntax", span, message)
}

impl Place<'_> {
    /// "Quote it", with how.
    fn quote_it(self, span: Span) -> Diagnostic {
        let text = self.slice(span);
        let cause = match text {
            ":" => "ends a key in YAML",
            text if text.contains("${") => "has braces, which YAML takes for a map",
            text if text.contains(['{', '}']) => "has a brace, which YAML takes for a map",
            text if text.contains(['[', ']']) => "has a bracket, which YAML takes for a list",
            text if text.contains(": ") || text.ends_with(':') => "has a colon, which YAML takes for the end of a key",
            text if text.starts_with("- ") => "begins with a dash, which YAML takes for an entry of a list",
            text if text.starts_with(['*', '&', '!', '|', '>', '%', '@', '`', '?']) => {
                "begins with a character that has a meaning in YAML"
            }
            _ => "is not what YAML expects here",
        };
        error(span, format!("`{text}` {cause}")).label("quote it").help(format!("quote it: {}", quoted(text)))
    }

    fn tab(self) -> Diagnostic {
        // The parser names the tab, or the text that it interrupts, which may begin lines before.
        let before = self.line().0.find('\t').map(|at| self.line_start() + at);
        let tab = before.or_else(|| self.text[self.at..].find('\t').map(|at| self.at + at));
        let place = Place { at: tab.unwrap_or(self.at), ..self };
        error(place.character(), "a tab: YAML indents with spaces".to_owned())
            .help("replace the tab by spaces; in a text, write `\\t` in double quotes")
    }

    fn unclosed_quote(self) -> Diagnostic {
        let span = self.character();
        error(span, format!("the quote `{}` is not closed", self.slice(span)))
            .label("this quote")
            .help("close it on the same line")
    }

    /// A text in quotes was closed, and more follows.
    fn after_quote(self, quote: char) -> Diagnostic {
        let opened = self.opening_quote(quote);
        if let Some(opened) = opened.filter(|opened| self.text[*opened..self.at].contains('\n')) {
            return Place { at: opened, ..self }.unclosed_quote();
        }
        let span = self.flow_word();
        let word = self.slice(span);
        let name = word.split(':').next().unwrap_or_default();
        if is_known(name) {
            return missing_comma(name, self.at);
        }
        let diagnostic = error(span, format!("`{word}` stands after the end of a quoted text"));
        diagnostic.help(match quote {
            '"' => "write a comma before it; inside of double quotes, `\\\"` is a quote",
            _ => "write a comma before it; inside of single quotes, `''` is an apostrophe",
        })
    }

    /// An escape that YAML does not have, in the text in double quotes that begins at the place.
    fn escape(self) -> Diagnostic {
        let mut rest = self.text[self.at..].char_indices().skip(1);
        while let Some((index, character)) = rest.next() {
            if character != '\\' {
                continue;
            }
            let Some((_, escape)) = rest.next() else { break };
            let digits = match escape {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ if is_escape(escape) => 0,
                _ => return self.unknown_escape(index, 1 + escape.len_utf8()),
            };
            let after = &self.text.as_bytes()[self.at + index + 2..];
            let hex = after.iter().take(digits).take_while(|byte| byte.is_ascii_hexdigit()).count();
            if hex < digits {
                let span = Span::new(self.at + index, self.at + index + 2 + hex);
                return error(span, format!("`{}` needs {digits} hexadecimal digits", self.slice(span)));
            }
        }
        error(self.character(), "this text has an escape that is no character".to_owned())
    }

    fn unknown_escape(self, index: usize, length: usize) -> Diagnostic {
        let span = Span::new(self.at + index, self.at + index + length);
        let escape = self.slice(span);
        error(span, format!("`{escape}` is no escape of a text in double quotes"))
            .help("write a regular expression in single quotes: there a backslash is a backslash")
            .help(format!("in double quotes, a backslash is written `\\{escape}`"))
    }

    fn closes_nothing(self) -> Diagnostic {
        let span = self.character();
        error(span, format!("`{}` closes nothing", self.slice(span)))
            .help("remove it, or quote the text that it belongs to")
    }

    fn unclosed_bracket(self, open: &[Frame<'_>]) -> Diagnostic {
        let bracket = self.open_bracket(open).unwrap_or(self);
        // `{send: a #b}`: the comment has swallowed what closes it.
        let (_, line) = bracket.line();
        if let Some(comment) = line.find(" #") {
            let at = bracket.at + comment + 1;
            return error(
                Span::new(at, bracket.line_end()),
                "`#` begins a comment, and so nothing closes this line's brackets".to_owned(),
            )
            .related(bracket.character(), "opened here")
            .help("quote the text that the `#` belongs to");
        }
        let span = bracket.character();
        let (open, close) = if self.slice(span) == "[" { ('[', ']') } else { ('{', '}') };
        error(span, format!("`{open}` is not closed")).label("this bracket").help(format!("close it with `{close}`"))
    }

    /// A dash inside of brackets: an entry of the list around them, or a text.
    fn entry_in_brackets(self, open: &[Frame<'_>]) -> Diagnostic {
        let (before, _) = self.line();
        if before.trim().is_empty() {
            return self.unclosed_bracket(open);
        }
        self.quote_it(self.flow_text())
    }

    /// Something in brackets that cannot stand there.
    fn in_brackets(self, open: &[Frame<'_>]) -> Diagnostic {
        if self
            .open_bracket(open)
            .is_some_and(|bracket| bracket.line_end() < self.at && self.indent() <= bracket.indent())
        {
            return self.unclosed_bracket(open);
        }
        let (before, after) = self.line();
        // `{connect: a within: 1s}`, `{send: [a] within: 1s}`
        let name_before = before.rsplit([' ', ',', '{', '[']).next().unwrap_or_default();
        let name_after = after.split([':', ' ', ',', '}', ']']).next().unwrap_or_default();
        for (name, start) in [(name_before, self.at - name_before.len()), (name_after, self.at)] {
            let comma = self.text[..start].trim_end().ends_with([',', '{', '[', ':']);
            if is_known(name) && !comma {
                return missing_comma(name, start);
            }
        }
        self.quote_it(self.flow_text())
    }

    /// A colon where no key can be: in a plain text, or after a line that is indented otherwise.
    fn colon(self) -> Diagnostic {
        let (before, _) = self.line();
        if let Some(key) = before.find(": ") {
            let start = self.line_start() + key + 2;
            let value = Self { at: start, ..self }.rest_of_line();
            let written = self.slice(value).trim_start();
            if written.split_once(": ").is_some_and(|(word, _)| words::verb(word).is_some()) {
                return error(value, format!("`{written}` is a map on one line, which needs braces"))
                    .help(format!("write `{{{written}}}`"));
            }
            let blank = self.slice(value).len() - self.slice(value).trim_start().len();
            return self.quote_it(Span::new(value.start as usize + blank, value.end as usize));
        }
        self.indentation()
    }

    /// A line whose indentation is that of no line above.
    fn indentation(self) -> Diagnostic {
        let (before, after) = self.line();
        let indent = before.trim_start_matches([' ', '\t']).trim_start_matches("- ");
        if !indent.trim().is_empty() && !after.starts_with(':') {
            let span = self.rest_of_line();
            return error(span, format!("`{}` stands after the end of the value", self.slice(span)))
                .help("put it inside of the braces, or quote the whole text");
        }
        let start = self.line_start() + (before.len() - before.trim_start().len());
        let line = Self { at: start, ..self }.rest_of_line();
        error(line, "the indentation of this line fits no line above".to_owned())
            .help("begin the entries of a list, and the keys of a map, in the same column; indent what belongs to a key deeper than it")
    }

    fn character_not_allowed(self, character: char) -> Diagnostic {
        if character.is_control() {
            let message = format!("the character U+{:04X} is not allowed in YAML", character as u32);
            let at = self.text[self.at..].find(character).map_or(self.at, |at| self.at + at);
            return error(Place { at, ..self }.character(), message)
                .help("write it as an escape in double quotes, or as `{hex: …}`");
        }
        self.quote_it(self.flow_text())
    }
}

/// The finding about a name that a brace follows where a colon should.
pub(in crate::spec) fn missing_colon(name: &str, span: Span) -> Diagnostic {
    error(span, format!("a colon is missing after `{name}`")).help(format!("write `- {name}: {{…}}`"))
}

fn missing_comma(name: &str, start: usize) -> Diagnostic {
    error(Span::new(start, start + name.len()), format!("a comma is missing before `{name}`"))
        .help(format!("write `, {name}`"))
}

/// Whether this is a word of the language that can stand beside another.
fn is_known(name: &str) -> bool {
    words::owners(name).next().is_some()
        || words::verb(name).is_some()
        || words::find(words::COMPANIONS, name).is_some()
}

fn is_escape(character: char) -> bool {
    matches!(
        character,
        '0' | 'a'
            | 'b'
            | 't'
            | '\t'
            | 'n'
            | 'v'
            | 'f'
            | 'r'
            | 'e'
            | ' '
            | '"'
            | '/'
            | '\\'
            | 'N'
            | '_'
            | 'L'
            | 'P'
            | '\n'
            | '\r'
    )
}

/// The text as a scalar in quotes.
pub(in crate::spec) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}
