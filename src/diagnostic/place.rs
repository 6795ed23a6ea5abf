//! Places as they are shown: whatever a span says, it is brought into the file first.

use crate::source::{Location, SourceFile, Span};

/// The span in the file, on whole characters. What begins after the last line break is moved to
/// the end of the last line, since there is no line to show after it.
pub(super) fn in_file(text: &str, span: Span) -> Span {
    let start = text.floor_char_boundary(span.start as usize);
    let start = if start == text.len() { end_of_last_line(text) } else { start };
    let end = text.floor_char_boundary(span.end as usize).max(start);
    Span::new(start, end)
}

fn end_of_last_line(text: &str) -> usize {
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    text.len()
}

/// The part of a span that is underlined: on its first line. An empty one is widened to the
/// character that stands there.
pub(super) fn underlined(text: &str, span: Span) -> Span {
    let span = in_file(text, span);
    let (start, end) = (span.start as usize, span.end as usize);
    let line = text[start..].lines().next().unwrap_or_default();
    let on_line = &line[..line.len().min(end - start)];
    let width = match on_line.trim_end().len() {
        0 => line.chars().next().map_or(0, char::len_utf8),
        width => width,
    };
    Span::new(start, start + width)
}

/// Line and column of the first byte of a span.
pub(super) fn location(file: &SourceFile, span: Span) -> Location {
    file.location(in_file(file.text(), span).start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, start: usize, end: usize) -> (u32, u32) {
        let span = underlined(text, Span::new(start, end));
        (span.start, span.end)
    }

    #[test]
    fn spans_are_brought_into_the_file() {
        assert_eq!(cut("", 0, 0), (0, 0));
        assert_eq!(cut("", 7, 9), (0, 0));
        assert_eq!(cut("a", 1, 1), (1, 1));
        assert_eq!(cut("a\r\n", 3, 3), (1, 1));
        assert_eq!(cut("a\n\n", 2, 2), (2, 2), "an empty line is a line");
        assert_eq!(cut("a\n\n", 3, 3), (2, 2));
        assert_eq!(cut("日本", 1, 2), (0, 3), "half a character is a whole one");
    }

    #[test]
    fn only_the_first_line_is_underlined() {
        assert_eq!(cut("a: |  \r\n  b\n", 0, 11), (0, 4));
        assert_eq!(cut("ab cd", 0, 3), (0, 2));
    }
}
