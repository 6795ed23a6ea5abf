//! What a review shows of one trace that waits: what has changed in words, then event by event, with
//! the steps of the spec beside them.

use similar::{ChangeTag, TextDiff};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::paint::{ADDED, MARK, Page, QUIET, REMOVED, STRONG};
use crate::diagnostic::Style;
use crate::review::{Comparison, Row, RowKind};
use crate::trace::TraceText;

/// How many events that are the same stand round those that are not.
const CONTEXT: usize = 2;
/// The first column that the spec's line may stand in, where there is room for it.
const BESIDE: usize = 44;
/// How many columns of the spec's line must be seen for it to stand beside the event.
const SEEN: usize = 24;

/// The line of a spec that a step is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepText {
    /// Where: `12`, or `login.yaml:3` in a file that is included.
    pub place: String,
    /// The line, without the blanks round it.
    pub text: String,
}

/// The sentences, each wrapped.
pub fn sentences(sentences: &[String], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for sentence in sentences {
        for (at, part) in words(sentence, style.width.saturating_sub(2)).iter().enumerate() {
            let mark = if at == 0 { "• " } else { "  " };
            lines.push(painted(style, STRONG, &format!("{mark}{part}")));
        }
    }
    lines
}

/// The events that differ, those round them, and what the spec says there.
pub fn difference(comparison: &Comparison, step: impl Fn(u32) -> Option<StepText>, style: Style) -> Vec<String> {
    let rows = &comparison.rows;
    let changes: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].kind.is_change()).collect();
    let is_near = |at: usize| changes.iter().any(|change| change.abs_diff(at) <= CONTEXT);
    let mut page = Lines { style, lines: Vec::new() };
    let mut was_near = true;
    for (at, row) in rows.iter().enumerate() {
        if is_near(at) {
            page.row(row, row.new.as_ref().and_then(|cell| step(cell.line)));
        } else if was_near {
            page.push(QUIET, "  ", "…", None);
        }
        was_near = is_near(at);
    }
    page.lines
}

/// A whole trace, with what the spec says.
pub fn whole(trace: &TraceText, step: impl Fn(u32) -> Option<StepText>, style: Style) -> Vec<String> {
    fn walk(nodes: &[crate::trace::read::Node], page: &mut Lines, step: &impl Fn(u32) -> Option<StepText>) {
        for node in nodes {
            let head = node.head();
            for (at, line) in head.lines().enumerate() {
                let step = if at == 0 { step(node.line) } else { None };
                page.push(anstyle::Style::new(), "  ", line, step);
            }
            walk(node.inner(), page, step);
        }
    }
    let mut page = Lines { style, lines: Vec::new() };
    walk(&trace.nodes, &mut page, &step);
    page.lines
}

/// Lines that are as wide as there is room.
struct Lines {
    style: Style,
    lines: Vec<String>,
}

impl Lines {
    fn row(&mut self, row: &Row, step: Option<StepText>) {
        match (row.kind, &row.old, &row.new) {
            (RowKind::Changed | RowKind::Renamed, Some(old), Some(new)) => self.changed(&old.text, &new.text, step),
            (RowKind::Removed, Some(old), _) => self.event(REMOVED, "- ", &old.text, step),
            (RowKind::MovedAway, Some(old), _) => self.event(REMOVED, "< ", &old.text, step),
            (RowKind::MovedHere, _, Some(new)) => self.event(ADDED, "> ", &new.text, step),
            (RowKind::Added, _, Some(new)) => self.event(ADDED, "+ ", &new.text, step),
            (_, old, new) => {
                let text = new.as_ref().or(old.as_ref()).map(|cell| cell.text.as_str()).unwrap_or_default();
                self.same(text, step);
            }
        }
    }

    fn event(&mut self, color: anstyle::Style, mark: &str, text: &str, mut step: Option<StepText>) {
        for line in text.lines() {
            self.push(color, mark, line, step.take());
        }
    }

    /// An event that is the same: of long bytes the first lines tell which it is.
    fn same(&mut self, text: &str, mut step: Option<StepText>) {
        const LINES: usize = 3;
        let count = text.lines().count();
        let shown = if count > LINES + 1 { LINES } else { count };
        for line in text.lines().take(shown) {
            self.push(anstyle::Style::new(), "  ", line, step.take());
        }
        if shown < count {
            self.push(QUIET, "  ", &format!("          … {} more lines", count - shown), None);
        }
    }

    /// One event that became another one, line by line.
    fn changed(&mut self, old: &str, new: &str, mut step: Option<StepText>) {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let diff = TextDiff::from_slices(&old, &new);
        let groups = diff.grouped_ops(CONTEXT);
        let mut next = 0;
        for group in &groups {
            let begins = group.first().map_or(0, |op| op.new_range().start);
            if begins > next {
                if next == 0 {
                    self.push(anstyle::Style::new(), "  ", new[0], step.take());
                }
                self.push(QUIET, "  ", "          …", None);
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (color, mark) = match change.tag() {
                    ChangeTag::Equal => (anstyle::Style::new(), "  "),
                    ChangeTag::Delete => (REMOVED, "- "),
                    ChangeTag::Insert => (ADDED, "+ "),
                };
                let step = if change.tag() == ChangeTag::Delete { None } else { step.take() };
                self.push(color, mark, change.value(), step);
            }
            next = group.last().map_or(next, |op| op.new_range().end);
        }
        if next < new.len() && next > 0 {
            self.push(QUIET, "  ", "          …", None);
        }
    }

    /// A line of a trace, wrapped where it is too long, with the spec's line beside it or below it.
    fn push(&mut self, color: anstyle::Style, mark: &str, text: &str, step: Option<StepText>) {
        let room = self.style.width.saturating_sub(2);
        for part in pieces(text, room) {
            self.lines.push(painted(self.style, color, &format!("{mark}{part}")));
        }
        let Some(StepText { place, text: said }) = step else { return };
        let own = 2 + text.width();
        let at = BESIDE.min(self.style.width.saturating_sub(SEEN + 2)).max(own + 2);
        let said = format!("{place:>4} │ {said}");
        if own <= room
            && at + SEEN <= self.style.width
            && let Some(line) = self.lines.last_mut()
        {
            line.push_str(&" ".repeat(at - own));
            line.push_str(&painted(self.style, QUIET, &cut(&said, self.style.width - at)));
        } else {
            let said = cut(&format!("          {said}"), self.style.width);
            self.lines.push(painted(self.style, QUIET, &said));
        }
    }
}

/// The first line of a page: which it is of how many, what it is, and what was decided.
pub fn heading(counter: &str, state: &str, name: &str, decided: &str, style: Style) -> String {
    let mut page = Page::new(style.color);
    let left = format!("{counter}  {state:<7}  ");
    let room = style.width.saturating_sub(left.width() + decided.width() + usize::from(!decided.is_empty()));
    let name = cut(name, room);
    page.paint(MARK, &left);
    page.paint(STRONG, &name);
    if !decided.is_empty() {
        page.blanks((room - name.width()) + 1);
        page.paint(QUIET, decided);
    }
    page.finish()
}

/// Words in lines of at most so many columns.
pub fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.width());
        if last > 0 && last + 1 + word.width() > width {
            lines.push(String::new());
        }
        for (at, piece) in pieces(word, width).into_iter().enumerate() {
            if at > 0 {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&piece);
            }
        }
    }
    lines
}

/// A quiet line, cut to what there is room for.
pub fn quiet(text: &str, style: Style) -> String {
    painted(style, QUIET, &cut(text, style.width))
}

/// A line that is to be seen, cut to what there is room for.
pub fn strong(text: &str, style: Style) -> String {
    painted(style, STRONG, &cut(text, style.width))
}

fn painted(style: Style, color: anstyle::Style, text: &str) -> String {
    let mut page = Page::new(style.color && color != anstyle::Style::new());
    page.paint(color, text);
    page.finish()
}

/// A text in pieces of at most so many columns.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let (mut pieces, mut left) = (vec![String::new()], width);
    for c in text.chars() {
        let takes = c.width().unwrap_or(0);
        if takes > left && takes <= width {
            pieces.push(String::new());
            left = width;
        }
        left = left.saturating_sub(takes);
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// A text, cut to so many columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let first = pieces(text, width.saturating_sub(1)).into_iter().next().unwrap_or_default();
    if width == 0 { String::new() } else { first + "…" }
}
