//! A place in a text that is no YAML, and what stands there: the word, the rest of the line, the text between
//! brackets as its writer meant it.

use super::builder::Frame;
use crate::model::name::is_name;
use crate::source::Span;

/// A text with the place of the parser's error in it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Place<'a> {
    pub(super) fn slice(self, span: Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    pub(super) fn line_start(self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |at| at + 1)
    }

    pub(super) fn line_end(self) -> usize {
        let rest = &self.text[self.at..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        self.at + line.trim_end_matches('\r').len()
    }

    /// The line that holds the place, up to it and from it.
    pub(super) fn line(self) -> (&'a str, &'a str) {
        (&self.text[self.line_start()..self.at], &self.text[self.at..self.line_end()])
    }

    /// How far the line is indented that holds the place.
    pub(super) fn indent(self) -> usize {
        let line = &self.text[self.line_start()..self.line_end()];
        line.len() - line.trim_start_matches(' ').len()
    }

    pub(super) fn character(self) -> Span {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        Span::new(self.at, self.at + length)
    }

    /// The word at the place.
    pub(super) fn word(self) -> Span {
        let (_, rest) = self.line();
        let end = rest.find([' ', '\t']).filter(|end| *end > 0).unwrap_or(rest.len());
        Span::new(self.at, self.at + end)
    }

    /// The endpoint in `- client {send: x}`, if that is what the line holds.
    pub(super) fn name_without_colon(self) -> Option<Span> {
        let line = &self.text[self.line_start()..self.line_end()];
        let step = line.trim_start().strip_prefix("- ")?.trim_start();
        let (name, rest) = step.split_once(' ')?;
        let start = self.line_start() + line.len() - step.len();
        (is_name(name) && rest.trim_start().starts_with('{')).then(|| Span::new(start, start + name.len()))
    }

    /// What stands from the place to the end of the line, without a comment.
    pub(super) fn rest_of_line(self) -> Span {
        let (_, rest) = self.line();
        let in_quotes = |at: usize| rest[..at].bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        let comment = rest.match_indices(" #").map(|(at, _)| at).find(|at| !in_quotes(*at));
        Span::new(self.at, self.at + rest[..comment.unwrap_or(rest.len())].trim_end().len())
    }

    /// The text at the place as its writer meant it: between the commas and brackets of the flow
    /// collection around it, its own pairs of brackets included.
    pub(super) fn flow_text(self) -> Span {
        let (before, after) = self.line();
        let mut start = 0;
        let mut depth = 0;
        for (index, character) in before.char_indices().rev() {
            match character {
                '}' | ']' => depth += 1,
                '{' | '[' if depth > 0 => depth -= 1,
                '{' | '[' | ',' if depth == 0 => {
                    start = index + 1;
                    break;
                }
                ' ' if depth == 0 && (before[..index].ends_with(':') || before[..index].trim_start() == "-") => {
                    start = index;
                    break;
                }
                _ => {}
            }
        }
        let mut end = after.len();
        depth = 0;
        for (index, character) in after.char_indices() {
            match character {
                '{' | '[' => depth += 1,
                '}' | ']' if depth > 0 => depth -= 1,
                '}' | ']' | ',' if depth == 0 => {
                    end = index;
                    break;
                }
                '#' if after[..index].ends_with(' ') => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        let line = self.line_start();
        let found = &self.text[line + start..self.at + end];
        let start = line + start + (found.len() - found.trim_start().len());
        Span::new(start, start + found.trim().len())
    }

    /// The word at the place, up to what ends a text in a flow collection.
    pub(super) fn flow_word(self) -> Span {
        let word = self.word();
        let end = self.slice(word).find([',', '}', ']']).filter(|end| *end > 0);
        Span::new(self.at, end.map_or(word.end as usize, |end| self.at + end))
    }

    /// Where the quoted text begins that ended before the place.
    pub(super) fn opening_quote(self, quote: char) -> Option<usize> {
        let before = self.text[..self.at].trim_end();
        let inner = before.strip_suffix(quote)?;
        let opening = inner.char_indices().rev().filter(|(_, character)| *character == quote);
        opening
            .map(|(index, _)| index)
            .find(|index| inner[..*index].ends_with([' ', '[', '{', ',', '\n']) || *index == 0)
    }

    /// The place where the innermost collection in brackets begins.
    pub(super) fn open_bracket(self, open: &[Frame<'_>]) -> Option<Self> {
        let frame = open.iter().rev().find(|frame| frame.flow)?;
        Some(Self { at: frame.start, ..self })
    }
}
