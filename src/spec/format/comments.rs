//! Comments at the ends of lines: those that stood beneath each other do so afterwards.

use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

/// A line that is written: what begins with it may go on over further ones.
#[derive(Debug)]
pub(super) struct Line {
    /// Whether an empty line stands before it.
    pub(super) blank: bool,
    pub(super) code: String,
    pub(super) comment: Option<Comment>,
    /// Whether these are the lines of a block text, which end as they end.
    pub(super) is_block: bool,
}

/// A comment at the end of a line.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) text: String,
    /// The column in which it stood.
    pub(super) column: usize,
    /// The blanks before it.
    pub(super) gap: usize,
}

impl Line {
    fn width(&self) -> usize {
        self.code.rsplit('\n').next().unwrap_or_default().width()
    }
}

/// The lines as a text.
pub(super) fn write(lines: Vec<Line>) -> String {
    let columns = columns(&lines);
    let mut out = String::new();
    for (line, column) in lines.into_iter().zip(columns) {
        if line.blank {
            out.push('\n');
        }
        let width = line.width();
        out.push_str(&line.code);
        if let Some(comment) = line.comment {
            out.extend(std::iter::repeat_n(' ', column.saturating_sub(width).max(1)));
            out.push_str(&comment.text);
        }
        if !line.is_block || !out.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// The column for the comment of each line. Those of a paragraph that stood in one column stay together, as
/// far from the longest of their lines as they were.
fn columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = vec![0; lines.len()];
    let mut begin = 0;
    for end in 1..=lines.len() {
        if end < lines.len() && !lines[end].blank {
            continue;
        }
        let paragraph = &lines[begin..end];
        // For each column in which comments stood: the longest line before one, and the smallest gap.
        let mut together: HashMap<usize, (usize, usize)> = HashMap::new();
        for (line, comment) in paragraph.iter().filter_map(|line| Some((line, line.comment.as_ref()?))) {
            let (width, gap) = together.entry(comment.column).or_insert((0, usize::MAX));
            (*width, *gap) = (line.width().max(*width), comment.gap.clamp(1, *gap));
        }
        for (at, line) in paragraph.iter().enumerate() {
            let found = line.comment.as_ref().and_then(|comment| together.get(&comment.column));
            columns[begin + at] = found.map_or(0, |(width, gap)| width + gap);
        }
        begin = end;
    }
    columns
}
