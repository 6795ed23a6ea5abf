//! A diagram with more endpoints than there is room for: each line names who.

use super::{BAD, Page, STRONG, color, heads};
use crate::report::diagram::flat::{Flat, Line};
use crate::report::diagram::width::{cut, width};
use crate::report::diagram::{Diagram, Kind, Shape, Step};

pub(super) fn draw(page: &mut Page, diagram: &Diagram, line: &Flat<'_>, most: usize) {
    let inside = if matches!(line.line, Line::Step(_)) { line.depth } else { line.depth - 1 };
    let bars = "│ ".repeat(inside);
    page.paint(STRONG, &bars);
    let left = width(&bars);
    match &line.line {
        Line::Step(step) => draw_step(page, diagram, step, most.saturating_sub(left)),
        Line::Begin(title) => page.paint(STRONG, &cut(&format!("╭ {title}"), most.saturating_sub(left))),
        Line::Next(title) => page.paint(STRONG, &cut(&format!("├ {title}"), most.saturating_sub(left))),
        Line::End => page.paint(STRONG, "╰"),
    }
    page.end_line();
}

fn draw_step(page: &mut Page, diagram: &Diagram, step: &Step, most: usize) {
    let name = |column: Option<usize>| {
        let name = column.map_or("?", |column| diagram.columns[column].name.as_str());
        cut(name, most / 4)
    };
    let who = match step.shape {
        Shape::Across => String::new(),
        Shape::At(column) => format!("{}  ", name(Some(column))),
        Shape::Arrow { from, to } => {
            let head = heads(step)[0].unwrap_or('═');
            format!("{} ─{head} {}  ", name(from), name(to))
        }
    };
    page.paint(color(step.kind), &who);
    let label = cut(&step.label, most.saturating_sub(width(&who)));
    if step.kind == Kind::Failure { page.paint(BAD, &label) } else { page.push(&label) }
}
