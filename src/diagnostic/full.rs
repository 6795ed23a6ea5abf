//! A diagnostic drawn on its source line, in the style of rustc.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::render::{Style, one_line};
use super::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// Draws a diagnostic, with sentences of explanation before its help.
pub(crate) fn draw(file: &SourceFile, diagnostic: &Diagnostic, notes: &[String], style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let text = file.text();
    let title = plain(&diagnostic.message);
    let mut title = level.primary_title(title);
    if !diagnostic.code.is_empty() {
        title = title.id(diagnostic.code);
    }
    let mut snippet = Snippet::source(text)
        .path(plain(file.name()))
        .annotation(AnnotationKind::Primary.span(visible(text, diagnostic.span)).label(label(&diagnostic.label)));
    for related in &diagnostic.related {
        snippet = snippet
            .annotation(AnnotationKind::Context.span(visible(text, related.span)).label(label(&related.label)));
    }
    let mut group = Group::with_title(title).element(snippet);
    let columns = style.width.saturating_sub(gutter(file, diagnostic) + "= help: ".len()).max(20);
    for note in notes {
        group = group.element(Level::NOTE.message(fold(&plain(note), columns)));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(fold(&plain(help), columns)));
    }
    let renderer = if style.color { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    let mut out = renderer.term_width(style.width.max(40)).render(&[group]);
    out.push('\n');
    out
}

fn label(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| plain(text))
}

/// A text of one line without control characters, whatever somebody has put into it.
fn plain(text: &str) -> String {
    normalize_untrusted_str(&one_line(text))
}

/// How wide the column of line numbers is, with the blank after it.
fn gutter(file: &SourceFile, diagnostic: &Diagnostic) -> usize {
    let places = diagnostic.related.iter().map(|related| related.span).chain([diagnostic.span]);
    let last = places.map(|span| span.start).max().unwrap_or_default();
    file.location(last).line.to_string().len() + 1
}

/// The part of a span that is drawn: inside the file, on whole characters, on one line. An empty
/// one is widened to the character that stands there.
fn visible(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let line = text[start..].lines().next().unwrap_or_default();
    let end = text.floor_char_boundary(span.end as usize).max(start);
    let on_line = &line[..line.len().min(end - start)];
    let width = match on_line.trim_end().len() {
        0 => line.chars().next().map_or(0, char::len_utf8),
        width => width,
    };
    start..start + width
}

/// Folds a text at blanks, so that no line has more columns than these where it can be helped.
pub(crate) fn fold(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > columns {
            out.push('\n');
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out
}
