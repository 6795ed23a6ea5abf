//! A diagram as SVG that stands alone: no fonts, no scripts, nothing that is fetched. It is light
//! or dark as the reader's system is.

mod layout;

use std::fmt::Write as _;

use maud::{Markup, PreEscaped};

use super::super::markup::escaped;
use super::flat::{Flat, Line, flat};
use super::width::width;
use super::{Diagram, Kind, Mark, OfStep, Role, Shape, Step};
use layout::{HEAD, Layout, TOP};

/// How much room the signs of marks take.
const MARGIN: u32 = 14;

/// The colours and sizes, for light and for dark. A page with several diagrams needs them once.
pub(in crate::report) const STYLE: &str = include_str!("style.css");

/// A diagram in a file of its own.
pub fn svg(diagram: &Diagram) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    push(&mut out, diagram, Some(STYLE), Additions::default());
    out
}

/// What a page adds to a diagram.
#[derive(Clone, Copy, Default)]
pub(in crate::report) struct Additions<'a> {
    /// Where a step leads.
    pub(in crate::report) link: Option<&'a OfStep<'a, String>>,
    /// How a step is marked.
    pub(in crate::report) mark: Option<&'a OfStep<'a, Mark>>,
}

/// The element for a page that has the style.
pub(in crate::report) fn embedded(diagram: &Diagram, additions: Additions<'_>) -> Markup {
    let mut out = String::new();
    push(&mut out, diagram, None, additions);
    PreEscaped(out)
}

/// Appends the element, with its style where it is not in a page that has it.
fn push(out: &mut String, diagram: &Diagram, style: Option<&str>, additions: Additions<'_>) {
    let lines = flat(diagram);
    let layout = Layout::of(diagram, &lines, if additions.mark.is_some() { MARGIN } else { 0 });
    let (wide, high) = (layout.width, layout.height());
    let title = escaped(&diagram.title());
    // What is inside of a picture cannot be reached.
    let role = if additions.link.is_some() { "group" } else { "img" };
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sockspec\" role=\"{role}\" aria-label=\"{title}\" \
         width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\">"
    );
    let _ = writeln!(out, "<title>{title}</title>");
    if let Some(style) = style {
        let _ = writeln!(out, "<style>\n{style}</style>");
        let _ = writeln!(out, "<rect class=\"page\" width=\"{wide}\" height=\"{high}\"/>");
    }
    let mut draw = Draw { out, diagram, layout: &layout, additions };
    draw.blocks(&lines);
    draw.marks(&lines);
    draw.lifelines(&lines);
    draw.names(lines.len());
    for (row, line) in lines.iter().enumerate() {
        draw.line(row, line);
    }
    out.push_str("</svg>\n");
}

struct Draw<'d> {
    out: &'d mut String,
    diagram: &'d Diagram,
    layout: &'d Layout,
    additions: Additions<'d>,
}

impl Draw<'_> {
    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "{element}");
    }

    /// The frames of blocks, below everything else.
    fn blocks(&mut self, lines: &[Flat<'_>]) {
        let mut begun = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            match &line.line {
                Line::Begin(_) => begun.push(row),
                Line::End => {
                    let Some(first) = begun.pop() else { continue };
                    let inset = 6 * (line.depth as u32);
                    let (top, bottom) = (self.layout.top(first) + 2, self.layout.top(row) + 8);
                    let wide = self.layout.width.saturating_sub(2 * inset);
                    self.element(format_args!(
                        "<rect class=\"block\" x=\"{inset}\" y=\"{top}\" width=\"{wide}\" height=\"{}\" rx=\"6\"/>",
                        bottom - top
                    ));
                }
                _ => {}
            }
        }
    }

    /// Bands behind the rows that are marked, each with a sign beside it.
    fn marks(&mut self, lines: &[Flat<'_>]) {
        let Some(mark) = self.additions.mark else { return };
        for (row, line) in lines.iter().enumerate() {
            let Line::Step(step) = &line.line else { continue };
            let Some(mark) = mark(step) else { continue };
            let (class, sign) = (color(mark), mark.sign());
            let (top, wide) = (self.layout.top(row), self.layout.width);
            let (high, y) = (self.layout.top(row + 1) - top, self.layout.middle(row) + 4);
            self.element(format_args!(
                "<rect class=\"mark {class}\" x=\"0\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"/>\
                 <text class=\"sign {class}\" x=\"4\" y=\"{y}\">{sign}</text>"
            ));
        }
    }

    fn names(&mut self, rows: usize) {
        for (at, column) in self.diagram.columns.iter().enumerate() {
            let (x, name) = (self.layout.x[at], escaped(&column.name));
            let class = match column.role {
                Role::Endpoint => "endpoint",
                Role::Program => "program",
                Role::Outside => "outside",
            };
            let wide = Layout::name_width(width(&column.name));
            let left = x - wide / 2;
            self.element(format_args!(
                "<g class=\"name {class}\"><rect x=\"{left}\" y=\"8\" width=\"{wide}\" height=\"{HEAD}\" rx=\"5\"/>\
                 <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{name}</text></g>",
                8 + HEAD / 2 + 4
            ));
            // The name again where the beginning is out of sight.
            if rows > 24 {
                let y = self.layout.height() - 8;
                self.element(format_args!(
                    "<text class=\"again\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>"
                ));
            }
        }
    }

    /// The lines that go down, from where they begin to where they end.
    fn lifelines(&mut self, lines: &[Flat<'_>]) {
        for column in 0..self.diagram.columns.len() {
            let mut begun = lines.first().is_none_or(|line| line.before[column]).then_some(TOP);
            for (row, line) in lines.iter().enumerate() {
                let y = self.layout.middle(row);
                // Lanes begin where the block began, so a line may be there that was not above.
                let is_there = line.before[column] || line.after[column];
                match begun {
                    None if is_there => begun = Some(if line.before[column] { self.layout.top(row) } else { y }),
                    Some(from) if !is_there => {
                        self.lifeline(column, from, self.layout.top(row));
                        begun = None;
                    }
                    _ => {}
                }
                if let Some(from) = begun.filter(|_| line.before[column] && !line.after[column]) {
                    self.lifeline(column, from, y);
                    begun = None;
                }
            }
            if let Some(from) = begun {
                self.lifeline(column, from, self.layout.bottom());
            }
        }
    }

    fn lifeline(&mut self, column: usize, from: u32, to: u32) {
        let x = self.layout.x[column];
        self.element(format_args!("<line class=\"life\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\"/>"));
    }

    fn line(&mut self, row: usize, line: &Flat<'_>) {
        let y = self.layout.middle(row);
        let inset = 6 * (line.depth as u32);
        match &line.line {
            Line::Step(step) => self.step(step, y),
            Line::Begin(title) => self.block_title(inset, y, title),
            Line::Next(title) => {
                let right = self.layout.width - inset;
                let top = self.layout.top(row) + if title.is_empty() { 6 } else { 2 };
                self.element(format_args!(
                    "<line class=\"part\" x1=\"{inset}\" y1=\"{top}\" x2=\"{right}\" y2=\"{top}\"/>"
                ));
                self.block_title(inset, y, title);
            }
            Line::End => {}
        }
    }

    fn block_title(&mut self, inset: u32, y: u32, title: &str) {
        let (x, y) = (inset + 8, y + 5);
        self.element(format_args!("<text class=\"title\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(title)));
    }

    /// An arrow or a mark, with all that there is to say in what a pointer that rests on it shows.
    fn step(&mut self, step: &Step, y: u32) {
        let link = self.additions.link.and_then(|link| link(step));
        let mark = self.additions.mark.and_then(|mark| mark(step));
        if let Some(link) = &link {
            self.element(format_args!("<a href=\"{}\">", escaped(link)));
        }
        let open = if is_open(step) { " open" } else { "" };
        let marked = mark.map_or_else(String::new, |mark| format!(" marked-{}", color(mark)));
        self.element(format_args!("<g class=\"{}{open}{marked}\">", class(step.kind)));
        let word = mark.map_or_else(String::new, |mark| format!("{}: ", mark.word()));
        let is_run = self.additions.mark.is_none();
        self.element(format_args!("<title>{word}{}</title>", escaped(&hint(step, is_run))));
        match step.shape {
            Shape::Across => {
                let (x, y) = (self.layout.left, y + 4);
                self.element(format_args!("<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(&step.label)));
            }
            Shape::At(column) => self.mark(step, self.layout.x[column], y),
            Shape::Arrow { from, to } => self.arrow(step, from, to, y),
        }
        for column in &step.opens {
            let x = self.layout.x[*column];
            self.element(format_args!("<circle class=\"opens\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"));
        }
        for column in &step.closes {
            let x = self.layout.x[*column];
            self.cross(x, y);
        }
        self.out.push_str(if link.is_some() { "</g></a>\n" } else { "</g>\n" });
    }

    fn mark(&mut self, step: &Step, x: u32, y: u32) {
        match step.kind {
            Kind::Refused | Kind::Failure => self.cross(x, y),
            Kind::Note => self.element(format_args!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/>")),
            _ if step.opens.is_empty() && step.closes.is_empty() => {
                self.element(format_args!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"));
            }
            _ => {}
        }
        let (x, y) = (x + 10, y + 4);
        self.element(format_args!("<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(&step.label)));
    }

    fn cross(&mut self, x: u32, y: u32) {
        let (left, right, top, bottom) = (x - 4, x + 4, y - 4, y + 4);
        self.element(format_args!(
            "<path class=\"cross\" d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\"/>"
        ));
    }

    /// Where one end is not known, the arrow is short.
    fn arrow(&mut self, step: &Step, from: Option<usize>, to: Option<usize>, y: u32) {
        let place = |column: Option<usize>| column.map(|column| self.layout.x[column]);
        let (from, to, is_half) = match (place(from), place(to)) {
            (Some(from), Some(to)) => (from, to, false),
            (Some(from), None) => (from, from + 36, true),
            (None, Some(to)) => (to + 36, to, true),
            (None, None) => return,
        };
        let is_right = from < to;
        let tip = if is_right { to - 1 } else { to + 1 };
        self.element(format_args!("<line class=\"shaft\" x1=\"{from}\" y1=\"{y}\" x2=\"{tip}\" y2=\"{y}\"/>"));
        match step.kind {
            Kind::Both => {}
            Kind::Refused => self.cross(if is_right { to - 8 } else { to + 8 }, y),
            _ => {
                let back = if is_right { tip - 9 } else { tip + 9 };
                let (top, bottom) = (y - 4, y + 4);
                self.element(format_args!("<path class=\"head\" d=\"M{back} {top}L{tip} {y}L{back} {bottom}\"/>"));
            }
        }
        let text = escaped(&step.label);
        if is_half {
            let (x, y) = (from.max(to) + 8, y + 4);
            self.element(format_args!("<text x=\"{x}\" y=\"{y}\">{text}</text>"));
        } else {
            let (x, y) = (u32::midpoint(from, to), y - 6);
            self.element(format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>"));
        }
    }
}

/// The class of what is marked, which gives it its colour.
fn color(mark: Mark) -> &'static str {
    match mark {
        Mark::Changed => "changed",
        Mark::Added | Mark::MovedHere => "added",
        Mark::Removed | Mark::MovedAway => "removed",
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "message",
        Kind::Received => "received",
        Kind::Connection => "connection",
        Kind::Both => "both",
        Kind::Segment => "segment",
        Kind::Opened => "opened",
        Kind::End => "end",
        Kind::Reset => "reset",
        Kind::Refused => "refused",
        Kind::Note => "note",
        Kind::Failure => "failure",
    }
}

/// Whether nobody has received it so far.
fn is_open(step: &Step) -> bool {
    matches!(step.kind, Kind::Message | Kind::End | Kind::Reset) && step.received.is_none()
}

/// What there is to say of a step beside its label; its lines, where they are those of the spec.
fn hint(step: &Step, has_lines: bool) -> String {
    let mut hint = step.detail.clone().unwrap_or_else(|| step.label.clone());
    if !has_lines {
        return hint;
    }
    let file = step.file.as_ref().map_or_else(String::new, |file| format!("{file}, "));
    if step.line > 0 {
        let _ = write!(hint, "\n{file}line {}", step.line);
    }
    if let Some(line) = step.received.filter(|line| *line != step.line) {
        let _ = write!(hint, ", received in line {line}");
    }
    hint
}
