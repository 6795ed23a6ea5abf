//! Where the lines go down, and the names above them.

use super::canvas::Canvas;
use super::{Page, QUIET, STRONG};
use crate::report::diagram::width::{cut, width};
use crate::report::diagram::{Column, Diagram};

/// The widest that lines are apart where their names do not stand side by side.
const WIDE: usize = 6;
/// The narrowest: an arrow's head must fit between.
const NARROW: usize = 2;
/// How many columns the labels need to say anything.
const LABEL: usize = 24;
/// What is free between the last line and the labels.
const MARGIN: usize = 4;

/// Where the lines are.
#[derive(Debug)]
pub(super) struct Places {
    /// The column of the terminal for each.
    pub(super) at: Vec<usize>,
    /// Where the labels begin.
    pub(super) width: usize,
    /// Whether the names stand side by side, and not each on a line of its own.
    is_flat: bool,
}

impl Places {
    /// Places for lines on a terminal of so many columns; `None` where there are too many of them.
    /// Names that side by side would take more than half stand one below the other.
    pub(super) fn of(columns: &[Column], gutter: usize, most: usize) -> Option<Self> {
        let names: Vec<usize> = columns.iter().map(|column| width(&column.name).max(1)).collect();
        let flat: usize = gutter + names.iter().map(|name| name + 2).sum::<usize>();
        if 2 * flat <= most {
            let mut left = gutter;
            let mut at = Vec::with_capacity(names.len());
            for name in &names {
                at.push(left + (name - 1) / 2);
                left += name + 2;
            }
            let last = at.last().map_or(gutter, |last| last + MARGIN);
            return Some(Self { at, width: last.max(left), is_flat: true });
        }
        let room = most.checked_sub(gutter + MARGIN + LABEL)?;
        let count = columns.len().max(1);
        // The labels are what is read, so they have the larger part.
        let apart = (2 * most / 5 / count).clamp(NARROW, WIDE);
        (apart * count <= room).then(|| {
            let at: Vec<usize> = (0..columns.len()).map(|column| gutter + column * apart).collect();
            let width = at.last().map_or(gutter, |last| last + MARGIN);
            Self { at, width, is_flat: false }
        })
    }
}

pub(super) fn draw(page: &mut Page, diagram: &Diagram, places: &Places, most: usize) {
    let columns = &diagram.columns;
    if places.is_flat {
        let mut canvas = Canvas::new(0);
        for (column, at) in columns.iter().zip(&places.at) {
            canvas.write(at - (width(&column.name).max(1) - 1) / 2, &column.name, STRONG);
        }
        canvas.draw(page);
        page.end_line();
        return;
    }
    for (at, column) in columns.iter().enumerate() {
        let mut canvas = Canvas::new(0);
        for before in &places.at[..at] {
            canvas.write(*before, "│", QUIET);
        }
        let left = places.at[at];
        canvas.write(left, &cut(&column.name, most.saturating_sub(left)), STRONG);
        canvas.draw(page);
        page.end_line();
    }
}
