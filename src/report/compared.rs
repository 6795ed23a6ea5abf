//! The diagrams of two traces that are compared: which steps are marked, and labels that show what
//! differs.

use std::collections::HashMap;

use super::diagram::{Diagram, Mark, Row as DiagramRow, Shape, Step, differing, shortened};
use crate::review::{Cell, Comparison, Row, RowKind};
use crate::trace::TraceText;
use crate::trace::read::NodeKind;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The trace that was accepted.
    Old,
    /// The trace that came.
    New,
}

/// One of the two diagrams.
#[derive(Debug)]
pub(super) struct Compared<'c> {
    pub(super) diagram: Diagram,
    /// The rows of the difference, by the line of this trace.
    rows: HashMap<u32, &'c Row>,
    side: Side,
    /// The line that tells what is open at the end.
    end: Option<u32>,
}

impl<'c> Compared<'c> {
    /// The diagram of one side, with labels of at most so many characters on its arrows.
    pub(super) fn of(comparison: &'c Comparison, side: Side, test: &str, most: usize) -> Self {
        let trace = match side {
            Side::Old => &comparison.old,
            Side::New => &comparison.new,
        };
        let line = |row: &Row| Some(cell(row, side)?.line);
        let rows = comparison.rows.iter().filter_map(|row| Some((line(row)?, row))).collect();
        // The lines of its steps are those of the trace.
        let diagram = Diagram::of(&trace.to_record(test, |line| line));
        let mut compared = Self { diagram, rows, side, end: end(trace) };
        let mut drawn = std::mem::take(&mut compared.diagram.rows);
        each_step(&mut drawn, &mut |step| compared.shorten(step, most));
        compared.diagram.rows = drawn;
        compared
    }

    /// The row of the difference that a step is in.
    pub(super) fn row(&self, step: &Step) -> Option<&'c Row> {
        let line = if step.is_end() { self.end? } else { step.line };
        self.rows.get(&line).copied()
    }

    /// How a step is marked. One that is drawn of several events, of which some are changed, is changed.
    pub(super) fn mark(&self, step: &Step) -> Option<Mark> {
        let received = step.received.filter(|line| *line != step.line).and_then(|line| self.rows.get(&line).copied());
        let mut marks: Vec<Option<Mark>> = [self.row(step), received].into_iter().flatten().map(mark).collect();
        marks.dedup();
        match marks.as_slice() {
            [] => None,
            [one] => *one,
            _ => Some(Mark::Changed),
        }
    }

    /// Shows of a long payload what differs; of one that is the same, the beginning.
    fn shorten(&self, step: &mut Step, most: usize) {
        let is_arrow = matches!(step.shape, Shape::Arrow { .. });
        let is_cut = step.label.contains('…');
        if !(is_cut || is_arrow && step.label.chars().count() > most) {
            return;
        }
        let texts = self.row(step).and_then(|row| Some((cell(row, self.side)?, cell(row, self.side.other())?)));
        let label = texts.and_then(|(own, other)| differing(&step.label, &own.text, &other.text, most));
        let label = label.or_else(|| is_arrow.then(|| shortened(&step.label, most)));
        let Some(label) = label else { return };
        let whole = std::mem::replace(&mut step.label, label);
        step.detail.get_or_insert(whole);
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

fn cell(row: &Row, side: Side) -> Option<&Cell> {
    match side {
        Side::Old => row.old.as_ref(),
        Side::New => row.new.as_ref(),
    }
}

fn end(trace: &TraceText) -> Option<u32> {
    trace.nodes.iter().find(|node| matches!(node.kind, NodeKind::End(_))).map(|node| node.line)
}

fn each_step(rows: &mut [DiagramRow], change: &mut impl FnMut(&mut Step)) {
    for row in rows {
        match row {
            DiagramRow::Step(step) => change(step),
            DiagramRow::Block(block) => block.parts.iter_mut().for_each(|part| each_step(&mut part.rows, change)),
        }
    }
}

fn mark(row: &Row) -> Option<Mark> {
    match row.kind {
        RowKind::Same => None,
        RowKind::Changed | RowKind::Renamed => Some(Mark::Changed),
        RowKind::Added => Some(Mark::Added),
        RowKind::Removed => Some(Mark::Removed),
        RowKind::MovedAway => Some(Mark::MovedAway),
        RowKind::MovedHere => Some(Mark::MovedHere),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::review::compare;

    const HEAD: &str = "server    listen tcp\nclient    connect server\nconn      accept client\n";

    fn marks(comparison: &Comparison, side: Side) -> String {
        let mut compared = Compared::of(comparison, side, "x", 40);
        let mut rows = std::mem::take(&mut compared.diagram.rows);
        let mut marks = String::new();
        each_step(&mut rows, &mut |step| marks.push_str(compared.mark(step).map_or(".", Mark::sign)));
        marks
    }

    fn labels(comparison: &Comparison, side: Side) -> Vec<String> {
        let mut labels = Vec::new();
        let mut rows = Compared::of(comparison, side, "x", 30).diagram.rows;
        each_step(&mut rows, &mut |step| labels.push(step.label.clone()));
        labels
    }

    #[test]
    fn what_differs_is_marked_on_both_sides() {
        let old = format!(
            "{HEAD}client    send 2 \"ab\"\nconn      recv 2 \"ab\"\nclient    close\nconn      eof\nend       server open, conn open\n"
        );
        let new = format!(
            "{HEAD}client    send 2 \"xb\"\nconn      recv 2 \"xb\"\nclient    reset\nend       server open, conn open unread 2\n"
        );
        let comparison = compare(&old, &new);
        assert_eq!(marks(&comparison, Side::Old), "...≠≠≠");
        assert_eq!(marks(&comparison, Side::New), "...≠≠≠");
    }

    #[test]
    fn what_stands_elsewhere_is_not_gone() {
        let old = format!("{HEAD}client    close\nconn      send 1 \"a\"\nconn      send 1 \"b\"\nend\n");
        let new = format!("{HEAD}conn      send 1 \"a\"\nconn      send 1 \"b\"\nclient    close\nend\n");
        let comparison = compare(&old, &new);
        assert_eq!(
            (marks(&comparison, Side::Old), marks(&comparison, Side::New)),
            ("...<..".to_owned(), ".....>".to_owned())
        );
    }

    #[test]
    fn a_label_shows_what_differs() {
        let page = |length: u32| {
            format!(
                "{HEAD}conn      send 60\n          | HTTP/1.1 200 OK\\r\\n\n          | Server: an-example/1.2.3\\r\\n\n          | Content-Length: {length}\\r\\n\n          | \\r\\n\nend\n"
            )
        };
        let comparison = compare(&page(3), &page(4));
        let [old, new] = [Side::Old, Side::New].map(|side| labels(&comparison, side).pop().unwrap());
        assert_eq!(old, "64 …\"Content-Length: 3\\r\\n\"…");
        assert_eq!(new, "64 …\"Content-Length: 4\\r\\n\"…");
        let same = compare(&page(3), &page(3));
        assert_eq!(labels(&same, Side::New).pop().unwrap(), "64 \"HTTP/1.1 200 OK\\r\\nServer…");
    }

    #[test]
    fn long_texts_are_cut_round_what_differs() {
        let page = |last: &str| format!("{HEAD}conn      send 61 \"{}{last}\"\nend\n", "x".repeat(60));
        let comparison = compare(&page("A"), &page("B"));
        assert_eq!(labels(&comparison, Side::New).pop().unwrap(), "61 …xxxxxxxxxxxB\"");
    }
}
