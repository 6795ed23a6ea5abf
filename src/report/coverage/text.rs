//! For a terminal.

use anstyle::Style;

use super::{standing, summary};
use crate::diagnostic::full::fold;
use crate::report::paint::{BAD, ODD, Page, QUIET, STRONG};
use crate::spec::catalogue::Line;
use crate::suite::coverage::Coverage;

/// Longer lines are hard to read, however wide a terminal is.
const WIDEST: usize = 100;

/// The catalogue, each line with its specs. It ends with the counts.
pub fn text(coverage: &Coverage, style: crate::diagnostic::Style) -> String {
    let mut page = Page::new(style.color);
    let ids = coverage.catalogue.lines().map(|line| line.id.text.chars().count()).max().unwrap_or_default();
    let layout = Layout { indent: ids + 4, columns: style.width.clamp(ids + 34, WIDEST.max(ids + 34)) };
    for section in &coverage.catalogue.sections {
        page.paint(STRONG, &section.title);
        page.end_line();
        for line in &section.lines {
            draw(&mut page, coverage, line, &layout);
        }
        page.end_line();
    }
    page.push(&summary(coverage));
    page.end_line();
    page.finish()
}

/// Where the text of a line begins, and where it ends.
struct Layout {
    indent: usize,
    columns: usize,
}

fn draw(page: &mut Page, coverage: &Coverage, line: &Line, layout: &Layout) {
    let id = &line.id.text;
    page.blanks(layout.indent - 2 - id.chars().count());
    page.paint(STRONG, id);
    page.push("  ");
    folded(page, Style::new(), &line.text, layout, true);
    for note in &line.notes {
        let text = format!("{}: {} ({})", note.platform, note.text, standing(note));
        folded(page, QUIET, &text, layout, false);
    }
    let mut specs = coverage.specs_of(line).peekable();
    match (&line.not_shown, specs.peek()) {
        (Some((reason, _)), _) => folded(page, ODD, &format!("not shown: {reason}"), layout, false),
        (None, None) => folded(page, BAD, "no spec shows it", layout, false),
        (None, Some(_)) => {}
    }
    for spec in specs {
        // A name cannot be folded, but it can begin further left.
        let room = layout.columns.saturating_sub(spec.name.chars().count());
        page.blanks((layout.indent + 2).min(room.max(2)));
        page.push(&spec.name);
        page.end_line();
    }
}

/// A text under the text of its line; or that text itself, whose line has begun.
fn folded(page: &mut Page, style: Style, text: &str, layout: &Layout, has_begun: bool) {
    for (row, part) in fold(text, layout.columns - layout.indent).lines().enumerate() {
        page.blanks(if has_begun && row == 0 { 0 } else { layout.indent });
        page.paint(style, part);
        page.end_line();
    }
}
