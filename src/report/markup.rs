//! Text in XML and HTML.

/// The text, with what has a meaning in XML escaped, and without what it cannot have.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_forbidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Markup without the characters that it cannot have, escaped or not.
pub(super) fn visible(markup: String) -> String {
    if markup.chars().any(is_forbidden) {
        markup.chars().map(|c| if is_forbidden(c) { '\u{fffd}' } else { c }).collect()
    } else {
        markup
    }
}

fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_markup() {
        assert_eq!(
            escaped("<a href='x'>\"&\u{1}\u{ffff}\n"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}\n"
        );
        assert_eq!(visible("<p>\u{0}\r</p>".to_owned()), "<p>\u{fffd}\u{fffd}</p>");
    }
}
