//! A diagram on a terminal: thin lines on the left, what happened on the right, one line a step.

mod canvas;
mod header;
mod list;

use anstyle::Style as Color;

use super::flat::{Flat, Line, depth, flat};
use super::width::{cut, width};
use super::{Diagram, Kind, Mark, OfStep, Shape, Step};
use crate::diagnostic::Style;
use crate::report::paint::{ADDED, BAD, MARK, ODD, Page, QUIET, REMOVED, STRONG};
use canvas::Canvas;
use header::Places;

/// How many lines a label may take.
const LINES: usize = 3;
/// How many the message of a failure may take.
const FAILURE_LINES: usize = 8;

/// Diagrams one below the other.
pub fn text(diagrams: &[Diagram], style: Style) -> String {
    let mut page = Page::new(style.color);
    for (at, diagram) in diagrams.iter().enumerate() {
        if at > 0 {
            page.end_line();
        }
        page.paint(STRONG, &cut(&diagram.title(), style.width));
        page.end_line();
        page.end_line();
        let Drawn { head, lines, .. } = drawn(diagram, None, style);
        for line in head.iter().chain(&lines) {
            page.push(line);
            page.push("\n");
        }
    }
    page.finish()
}

/// A diagram line by line, for whoever scrolls it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// The names above the lines that go down.
    pub head: Vec<String>,
    /// All that happened.
    pub lines: Vec<String>,
    /// The first line that is marked.
    pub first: Option<usize>,
}

/// Draws one; where steps may be marked, with a margin for their signs.
pub(in crate::report) fn drawn(diagram: &Diagram, mark: Option<&OfStep<'_, Mark>>, style: Style) -> Drawn {
    const MARGIN: usize = 2;
    let margin = if mark.is_some() { MARGIN } else { 0 };
    let most = style.width.saturating_sub(margin);
    let places = Places::of(&diagram.columns, 2 * depth(&diagram.rows), most);
    let indented = |line: &str| format!("{}{line}", " ".repeat(if line.is_empty() { 0 } else { margin }));
    let mut drawn = Drawn::default();
    if let Some(places) = &places {
        let mut page = Page::new(style.color);
        header::draw(&mut page, diagram, places, most);
        drawn.head = page.finish().lines().map(indented).collect();
    }
    for line in flat(diagram) {
        let mut page = Page::new(style.color);
        match &places {
            Some(places) => draw(&mut page, &line, places, most),
            None => list::draw(&mut page, diagram, &line, most),
        }
        let mark = if let Line::Step(step) = &line.line { mark.and_then(|mark| mark(step)) } else { None };
        drawn.first = drawn.first.or(mark.map(|_| drawn.lines.len()));
        for (at, text) in page.finish().lines().enumerate() {
            drawn.lines.push(match mark.filter(|_| at == 0) {
                None => indented(text),
                Some(mark) => {
                    let mut page = Page::new(style.color);
                    // Its own sign here is that of differences.
                    let sign = if mark == Mark::Removed { "-" } else { mark.sign() };
                    page.paint(sign_color(mark), sign);
                    page.push(" ");
                    page.push(text);
                    page.finish()
                }
            });
        }
    }
    drawn
}

fn sign_color(mark: Mark) -> Color {
    match mark {
        Mark::Changed => ODD,
        Mark::Added | Mark::MovedHere => ADDED,
        Mark::Removed | Mark::MovedAway => REMOVED,
    }
}

fn draw(page: &mut Page, line: &Flat<'_>, places: &Places, most: usize) {
    let canvas = match &line.line {
        Line::Step(step) => step_line(line, step, places),
        Line::Begin(title) => block_line(line, "╭ ", title, places),
        Line::Next(title) => block_line(line, "├ ", title, places),
        Line::End => block_line(line, "╰ ", "", places),
    };
    canvas.draw(page);
    if let Line::Step(step) = &line.line {
        label(page, line, step, places, most);
    }
    page.end_line();
}

/// The lines that go down, with the bars of the blocks at their left.
fn lifelines(alive: &[bool], depth: usize, places: &Places) -> Canvas {
    let mut canvas = Canvas::new(places.width);
    for level in 0..depth {
        canvas.put(2 * level, '│', STRONG);
    }
    for (column, _) in alive.iter().enumerate().filter(|(_, alive)| **alive) {
        canvas.put(places.at[column], '│', QUIET);
    }
    canvas
}

fn block_line(line: &Flat<'_>, corner: &str, title: &str, places: &Places) -> Canvas {
    let mut canvas = lifelines(&line.after, line.depth - 1, places);
    let left = 2 * (line.depth - 1);
    canvas.write(left, corner, STRONG);
    if !title.is_empty() {
        canvas.write(left + 2, title, STRONG);
        canvas.put(left + 2 + width(title), ' ', Color::new());
    }
    canvas
}

fn step_line(line: &Flat<'_>, step: &Step, places: &Places) -> Canvas {
    let there: Vec<bool> = line.before.iter().zip(&line.after).map(|(before, after)| *before || *after).collect();
    let mut canvas = lifelines(&there, line.depth, places);
    let color = color(step.kind);
    match step.shape {
        Shape::Across => {}
        Shape::At(column) => canvas.put(places.at[column], mark(step), color),
        Shape::Arrow { from, to } => arrow(&mut canvas, step, [from, to], places, color),
    }
    // Where a line begins with what went wrong, that is what has to be seen.
    if mark(step) == '✗' && matches!(step.shape, Shape::At(_)) {
        return canvas;
    }
    for (columns, glyph) in [(&step.opens, '○'), (&step.closes, '✕')] {
        for column in columns {
            canvas.put(places.at[*column], glyph, color);
        }
    }
    canvas
}

fn arrow(canvas: &mut Canvas, step: &Step, ends: [Option<usize>; 2], places: &Places, color: Color) {
    let [right, left] = heads(step);
    match ends.map(|end| end.map(|column| places.at[column])) {
        [Some(from), Some(to)] if from < to => {
            canvas.put(from, '├', color);
            canvas.line(from + 1..to, shaft(step.kind), color);
            if let Some(right) = right {
                canvas.put(to - 1, right, color);
            }
        }
        [Some(from), Some(to)] => {
            canvas.put(from, '┤', color);
            canvas.line(to + 1..from, shaft(step.kind), color);
            if let Some(left) = left {
                canvas.put(to + 1, left, color);
            }
        }
        // Half an arrow: nobody knows where the other half is.
        [Some(from), None] => {
            canvas.put(from, '├', color);
            canvas.put(from + 1, right.unwrap_or('╌'), color);
        }
        [None, Some(to)] => canvas.put(to + 1, left.unwrap_or('╌'), color),
        [None, None] => {}
    }
}

/// The heads to the right and to the left: hollow where nobody has received it so far.
fn heads(step: &Step) -> [Option<char>; 2] {
    match step.kind {
        Kind::Both => [None; 2],
        Kind::Refused => [Some('✗'); 2],
        Kind::Message | Kind::End | Kind::Reset if step.received.is_none() => [Some('▷'), Some('◁')],
        _ => [Some('▶'), Some('◀')],
    }
}

fn shaft(kind: Kind) -> char {
    match kind {
        Kind::Connection | Kind::End => '╌',
        Kind::Reset => '━',
        Kind::Both => '═',
        _ => '─',
    }
}

fn mark(step: &Step) -> char {
    match step.kind {
        Kind::Opened => '○',
        Kind::Refused | Kind::Failure => '✗',
        Kind::Note => '·',
        _ => '●',
    }
}

fn color(kind: Kind) -> Color {
    match kind {
        Kind::Message | Kind::Received => MARK,
        Kind::Connection | Kind::Opened | Kind::Both => ADDED,
        Kind::End => ODD,
        Kind::Reset | Kind::Refused => REMOVED,
        Kind::Failure => BAD,
        Kind::Segment | Kind::Note => Color::new(),
    }
}

/// What stands at the right, on several lines where it takes them.
fn label(page: &mut Page, line: &Flat<'_>, step: &Step, places: &Places, most: usize) {
    let is_failure = step.kind == Kind::Failure;
    let lines = if is_failure { FAILURE_LINES } else { LINES };
    for (at, words) in wrapped(&step.label, most.saturating_sub(places.width), lines).into_iter().enumerate() {
        if at > 0 {
            page.end_line();
            lifelines(&line.after, line.depth, places).draw(page);
        }
        if is_failure { page.paint(BAD, &words) } else { page.push(&words) }
    }
}

/// A text on lines of so many columns, broken at blanks where that is possible.
fn wrapped(text: &str, most: usize, count: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last] = cut(word, most);
        } else if width(&lines[last]) + 1 + width(word) <= most {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else if lines.len() == count {
            lines[last].push('…');
            lines[last] = cut(&lines[last], most);
            break;
        } else {
            lines.push(cut(word, most));
        }
    }
    lines
}
