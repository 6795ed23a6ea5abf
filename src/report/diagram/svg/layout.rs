//! Where everything is. Letters have one width, so that nothing has to be measured.

use crate::report::diagram::flat::{Flat, Line};
use crate::report::diagram::width::width;
use crate::report::diagram::{Diagram, Shape, Step};

/// How high a row is with its label over it, and with its label beside it.
const ARROW: u32 = 32;
const MARK: u32 = 24;
/// How high a row is in which nothing stands.
const EMPTY: u32 = 12;
/// How high the names at the top are.
pub(super) const HEAD: u32 = 24;
/// Where the lines begin.
pub(super) const TOP: u32 = 8 + HEAD;
/// How wide ten letters are.
const LETTERS: u32 = 73;
/// The narrowest that lines are apart.
const APART: u32 = 60;

/// The places of a diagram.
#[derive(Debug)]
pub(super) struct Layout {
    /// The line of each column.
    pub(super) x: Vec<u32>,
    /// Where each row begins, and the last one ends.
    y: Vec<u32>,
    /// Where text begins that belongs to no column.
    pub(super) left: u32,
    /// The width of all.
    pub(super) width: u32,
}

impl Layout {
    /// Lines are as far apart as the names above and the labels between ask for. `margin` is left free
    /// at the left.
    pub(super) fn of(diagram: &Diagram, lines: &[Flat<'_>], margin: u32) -> Self {
        let depth = lines.iter().map(|line| line.depth as u32).max().unwrap_or(0);
        let left = 12 + margin + 6 * depth;
        let mut layout = Self { x: Vec::with_capacity(diagram.columns.len()), y: rows(lines), left, width: 0 };
        let names: Vec<u32> = diagram.columns.iter().map(|column| Self::name_width(width(&column.name))).collect();
        let steps =
            || lines.iter().filter_map(|line| if let Line::Step(step) = &line.line { Some(*step) } else { None });
        for (at, name) in names.iter().enumerate() {
            let mut x = match layout.x.last() {
                Some(last) => last + (names[at - 1].div_ceil(2) + name.div_ceil(2) + 10).max(APART),
                None => left + name.div_ceil(2).max(16),
            };
            for step in steps() {
                if let Shape::Arrow { from: Some(from), to: Some(to) } = step.shape
                    && from.max(to) == at
                    && from != to
                {
                    x = x.max(layout.x[from.min(to)] + letters(&step.label) + 24);
                }
            }
            layout.x.push(x);
        }
        let rightmost = names.last().map_or(0, |name| layout.x.last().unwrap_or(&0) + name.div_ceil(2));
        let ends = steps().map(|step| layout.end_of(step));
        layout.width = ends.chain([rightmost, left + 200]).max().unwrap_or(0) + 16 + 6 * depth;
        layout
    }

    /// How far to the right a step goes.
    fn end_of(&self, step: &Step) -> u32 {
        match step.shape {
            Shape::Across => self.left + letters(&step.label),
            Shape::At(column) => self.x[column] + 10 + letters(&step.label),
            Shape::Arrow { from: Some(_), to: Some(_) } => 0,
            Shape::Arrow { from, to } => self.x[from.or(to).unwrap_or(0)] + 48 + letters(&step.label),
        }
    }

    /// Where a row begins.
    pub(super) fn top(&self, row: usize) -> u32 {
        self.y[row]
    }

    /// Where the line or the mark of a row is: an arrow's label stands above it.
    pub(super) fn middle(&self, row: usize) -> u32 {
        u32::midpoint(self.y[row], self.y[row + 1]) + if self.y[row + 1] - self.y[row] == ARROW { 6 } else { 0 }
    }

    /// Where the lines end.
    pub(super) fn bottom(&self) -> u32 {
        self.y.last().map_or(TOP, |y| y + 6)
    }

    /// The height of all.
    pub(super) fn height(&self) -> u32 {
        self.bottom() + 24
    }

    /// How wide the box of a name is.
    pub(super) fn name_width(letters: usize) -> u32 {
        (letters as u32 * LETTERS).div_ceil(10) + 16
    }
}

/// Where rows begin, and the last one ends.
fn rows(lines: &[Flat<'_>]) -> Vec<u32> {
    let mut y = TOP + 8;
    let mut rows = vec![y];
    for line in lines {
        y += match &line.line {
            Line::Step(Step { shape: Shape::Arrow { from: Some(_), to: Some(_) }, .. }) => ARROW,
            Line::Step(_) => MARK,
            Line::Begin(title) | Line::Next(title) if !title.is_empty() => MARK,
            _ => EMPTY,
        };
        rows.push(y);
    }
    rows
}

fn letters(text: &str) -> u32 {
    (width(text) as u32 * LETTERS).div_ceil(10)
}
