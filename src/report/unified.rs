//! How a file differs from what it should be, as `diff -u` shows it and `patch` reads it.

use similar::{ChangeTag, TextDiff};

use super::paint::{ADDED, Page, QUIET, REMOVED, STRONG};
use crate::diagnostic::Style;

/// The difference between two texts of a file.
pub fn diff(name: &str, old: &str, new: &str, style: Style) -> String {
    let mut page = Page::new(style.color);
    for (sign, style) in [("---", STRONG), ("+++", STRONG)] {
        page.paint(style, &format!("{sign} {name}"));
        page.push("\n");
    }
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        page.paint(QUIET, &hunk.header().to_string());
        page.push("\n");
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", REMOVED),
                ChangeTag::Insert => ("+", ADDED),
                ChangeTag::Equal => (" ", anstyle::Style::new()),
            };
            let line = change.value().strip_suffix('\n').unwrap_or(change.value());
            page.paint(style, &format!("{sign}{line}"));
            page.push(if change.missing_newline() { "\n\\ No newline at end of file\n" } else { "\n" });
        }
    }
    page.finish()
}
