//! A diagnostic drawn on its source line, in the style of rustc.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::local::{Local, local};
use super::place;
use super::render::{Style, one_line};
use super::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// Draws a diagnostic.
pub(crate) fn draw(file: &SourceFile, diagnostic: &Diagnostic, style: Style) -> String {
    let Local { file, diagnostic, notes } = local(file, diagnostic);
    let diagnostic = diagnostic.as_ref();
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let lines = Lines::of(file, diagnostic);
    let title = plain(&diagnostic.message);
    let mut title = level.primary_title(title);
    if !diagnostic.code.is_empty() {
        title = title.id(diagnostic.code);
    }
    // A label that does not fit beside its underline is told below.
    let fits = columns_with_label(file, diagnostic, style.width) <= style.width;
    let beside = if fits { diagnostic.label.as_str() } else { "" };
    // Unless the title has said it already.
    let is_news = !fits && !diagnostic.label.is_empty() && !diagnostic.message.contains(&diagnostic.label);
    let below = is_news.then_some(&diagnostic.label);
    let mut snippet = Snippet::source(lines.text.as_ref())
        .line_start(lines.first)
        .path(plain(file.name()))
        .annotation(AnnotationKind::Primary.span(lines.range(file, diagnostic.span)).label(label(beside)));
    for related in &diagnostic.related {
        let range = lines.range(file, related.span);
        snippet = snippet.annotation(AnnotationKind::Context.span(range).label(label(&related.label)));
    }
    let mut group = Group::with_title(title).element(snippet);
    let columns = style.width.saturating_sub(gutter(file, diagnostic) + " = help: ".len()).max(20);
    if let Some(note) = below {
        group = group.element(Level::NOTE.message(fold(&plain(note), columns)));
    }
    for note in &notes {
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
pub(crate) fn plain(text: &str) -> String {
    normalize_untrusted_str(&without_c1(&one_line(text)))
}

/// The text with `·` for the control characters U+0080 to U+009F, which annotate-snippets leaves to
/// the terminal. It has as many bytes, so every place stays where it is.
fn without_c1(text: &str) -> Cow<'_, str> {
    const C1: RangeInclusive<char> = '\u{80}'..='\u{9f}';
    if text.contains(|c| C1.contains(&c)) {
        Cow::Owned(text.replace(|c| C1.contains(&c), "\u{b7}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// How wide the column of line numbers is, with the blank after it.
fn gutter(file: &SourceFile, diagnostic: &Diagnostic) -> usize {
    let places = diagnostic.related.iter().map(|related| related.span).chain([diagnostic.span]);
    let last = places.max().unwrap_or_default();
    place::location(file, last).line.to_string().len() + 1
}

/// The lines of a file that a diagnostic is about, and those between them. The whole of a long file
/// would be read again for each of its findings.
struct Lines<'f> {
    text: Cow<'f, str>,
    /// Where they begin in the file.
    start: usize,
    /// The number of the first of them.
    first: usize,
}

impl<'f> Lines<'f> {
    fn of(file: &'f SourceFile, diagnostic: &Diagnostic) -> Self {
        let text = file.text();
        let related = diagnostic.related.iter().map(|related| related.span);
        let all =
            related.map(|span| place::underlined(text, span)).fold(place::underlined(text, diagnostic.span), Span::to);
        let start = text[..all.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = text[all.end as usize..].find('\n').map_or(text.len(), |at| all.end as usize + at + 1);
        Self { text: without_c1(&text[start..end]), start, first: file.location(all.start).line }
    }

    /// The underlined part of a span as annotate-snippets wants it; it panics at what is not inside.
    fn range(&self, file: &SourceFile, span: Span) -> Range<usize> {
        let span = place::underlined(file.text(), span);
        span.start as usize - self.start..span.end as usize - self.start
    }
}

/// How many columns are needed to have the label beside its underline. A line that is too long is
/// cut round it, so there what is before it hardly counts.
fn columns_with_label(file: &SourceFile, diagnostic: &Diagnostic, width: usize) -> usize {
    const CUT: usize = 12;
    let span = place::underlined(file.text(), diagnostic.span);
    let before = place::location(file, span).column;
    let underlined = file.slice(span).chars().count();
    let after = file.text()[span.end as usize..].lines().next().unwrap_or_default().chars().count();
    let gutter = gutter(file, diagnostic) + "| ".len();
    let before = if gutter + before + underlined + after > width { before.min(CUT) } else { before };
    gutter + before + underlined + diagnostic.label.chars().count()
}

/// Folds a text at blanks, so that no line has more columns than these where it can be helped.
pub(crate) fn fold(text: &str, columns: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut used = 0;
    for word in words(text) {
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

/// The words of a text. Code, which stands between backticks, is one, since what is copied from two lines is another.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.split(move |character| {
        is_code ^= character == '`';
        character == ' ' && !is_code
    })
}
