//! What a review shows of one trace that waits: what has changed in words, then event by event, with
//! the steps of the spec beside them.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::compared::{Compared, Side};
use super::diagram::{self, Drawn};
use super::events::{self, Sign};
use super::paint::{MARK, Page, QUIET, STRONG};
use crate::diagnostic::Style;
use crate::review::Comparison;
use crate::trace::TraceText;

/// How many events that are the same stand round those that are not.
const CONTEXT: usize = 2;
/// The first column that the spec's line may stand in, where there is room for it.
const BESIDE: usize = 44;
/// How far what is continued stands to the right.
const HANGING: usize = 12;
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

/// The sentences, each wrapped; only those that fit on so many lines, and how many more there are.
pub fn sentences(sentences: &[String], most: usize, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        let parts = words(sentence, style.width.saturating_sub(2));
        let left = sentences.len() - at;
        // The line that says how many are left needs room, too.
        let has_room = lines.len() + parts.len() + usize::from(left > 1) <= most;
        if at > 0 && !has_room {
            lines.push(quiet(&format!("  and {left} more (m shows them)"), style));
            break;
        }
        for (at, part) in parts.iter().enumerate() {
            let mark = if at == 0 { "• " } else { "  " };
            lines.push(painted(style, STRONG, &format!("{mark}{part}")));
        }
    }
    lines
}

/// One of the two diagrams of a comparison, with what differs marked; of a trace that stands alone nothing
/// does.
pub fn diagram(comparison: &Comparison, is_new: bool, test: &str, style: Style) -> Drawn {
    /// How many characters the labels of arrows have, as elsewhere on a terminal.
    const LABEL: usize = 60;
    let side = if is_new { Side::New } else { Side::Old };
    let compared = Compared::of(comparison, side, test, LABEL);
    diagram::drawn(&compared.diagram, Some(&|step| compared.mark(step)), style)
}

/// The events that differ, those round them, and what the spec says there.
pub fn difference(comparison: &Comparison, step: impl Fn(u32) -> Option<StepText>, style: Style) -> Vec<String> {
    let mut page = Lines { style, lines: Vec::new() };
    for line in events::lines(comparison, CONTEXT) {
        page.push(line.sign, &line.text, line.event.and_then(&step));
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
                page.push(Sign::Same, line, step);
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
    /// A line of a trace, wrapped where it is too long, with the spec's line beside it or below it.
    fn push(&mut self, sign: Sign, text: &str, step: Option<StepText>) {
        let (mark, color) = (sign.mark(), sign.color());
        let room = self.style.width.saturating_sub(2);
        // What is continued hangs, so that it is no event of its own.
        let hanging = if room > 2 * HANGING { HANGING } else { 0 };
        let first = pieces(text, room).into_iter().next().unwrap_or_default();
        let rest = &text[first.len()..];
        self.lines.push(painted(self.style, color, &format!("{mark}{first}")));
        for part in pieces(rest, room - hanging).iter().filter(|part| !part.is_empty()) {
            self.lines.push(painted(self.style, color, &format!("{mark}{}{part}", " ".repeat(hanging))));
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
            // A corner, so that it is not taken for the next event.
            let said = cut(&format!("        ╰{said}"), self.style.width);
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
