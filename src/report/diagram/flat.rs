//! A diagram line by line, with the columns that have a line there.

use super::{Block, BlockKind, Diagram, Row, Step};

/// What a line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line<'d> {
    /// A step.
    Step(&'d Step),
    /// A block begins, with its first part; its title.
    Begin(String),
    /// The next part of the block begins; its title.
    Next(String),
    /// The block ends.
    End,
}

/// A line of a diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flat<'d> {
    /// In how many blocks it is.
    pub(super) depth: usize,
    /// What it shows.
    pub(super) line: Line<'d>,
    /// The columns that are there before it.
    pub(super) before: Vec<bool>,
    /// The columns that are there after it.
    pub(super) after: Vec<bool>,
}

/// All lines. What no step opens is there from the beginning.
pub(super) fn flat(diagram: &Diagram) -> Vec<Flat<'_>> {
    let mut alive = vec![true; diagram.columns.len()];
    opened(&diagram.rows, &mut |column| alive[column] = false);
    let mut walk = Walk { alive, depth: 0, lines: Vec::new() };
    walk.rows(&diagram.rows);
    walk.lines
}

/// How deep blocks stand in blocks.
pub(super) fn depth(rows: &[Row]) -> usize {
    let of = |row: &Row| match row {
        Row::Step(_) => 0,
        Row::Block(block) => 1 + block.parts.iter().map(|part| depth(&part.rows)).max().unwrap_or(0),
    };
    rows.iter().map(of).max().unwrap_or(0)
}

fn opened(rows: &[Row], see: &mut impl FnMut(usize)) {
    for row in rows {
        match row {
            Row::Step(step) => step.opens.iter().for_each(|column| see(*column)),
            Row::Block(block) => block.parts.iter().for_each(|part| opened(&part.rows, see)),
        }
    }
}

struct Walk<'d> {
    alive: Vec<bool>,
    depth: usize,
    lines: Vec<Flat<'d>>,
}

impl<'d> Walk<'d> {
    fn rows(&mut self, rows: &'d [Row]) {
        for row in rows {
            match row {
                Row::Step(step) => self.step(step),
                Row::Block(block) => self.block(block),
            }
        }
    }

    fn step(&mut self, step: &'d Step) {
        let before = self.alive.clone();
        step.opens.iter().for_each(|column| self.alive[*column] = true);
        step.closes.iter().for_each(|column| self.alive[*column] = false);
        self.lines.push(Flat { depth: self.depth, line: Line::Step(step), before, after: self.alive.clone() });
    }

    fn push(&mut self, line: Line<'d>) {
        self.lines.push(Flat { depth: self.depth, line, before: self.alive.clone(), after: self.alive.clone() });
    }

    /// Lanes begin with what was there before the block, since none is before the other.
    fn block(&mut self, block: &'d Block) {
        self.depth += 1;
        let begun = self.alive.clone();
        let mut ended: Vec<Vec<bool>> = Vec::new();
        for (at, part) in block.parts.iter().enumerate() {
            if block.kind == BlockKind::Parallel {
                self.alive.clone_from(&begun);
            }
            let title = title(block.kind, &part.title, at);
            self.push(if at == 0 { Line::Begin(title) } else { Line::Next(title) });
            self.rows(&part.rows);
            ended.push(self.alive.clone());
        }
        if block.kind == BlockKind::Parallel {
            self.alive = begun.iter().enumerate().map(|(at, was)| together(*was, &ended, at)).collect();
        }
        self.push(Line::End);
        self.depth -= 1;
    }
}

/// Whether a column is there after lanes of which one may have opened or closed it.
fn together(was: bool, ended: &[Vec<bool>], column: usize) -> bool {
    let changed = ended.iter().any(|alive| alive[column] != was);
    was != changed
}

fn title(kind: BlockKind, title: &str, at: usize) -> String {
    match kind {
        BlockKind::Parallel if at == 0 => format!("parallel: {title}"),
        // Rows of a table are one after the other, each once.
        BlockKind::Repeat if title == "× 1" => if at == 0 { "repeat" } else { "" }.to_owned(),
        BlockKind::Repeat if at == 0 => format!("repeat {title}"),
        BlockKind::Retry => "retry".to_owned(),
        BlockKind::Parallel | BlockKind::Repeat => title.to_owned(),
    }
}
