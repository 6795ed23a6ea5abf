//! How a trace differs from another one, as lines: each event with its sign, one that became another
//! one beside it, and round them what is the same.

use std::borrow::Cow;

use similar::{ChangeTag, DiffOp, TextDiff};

use super::paint::{ADDED, QUIET, REMOVED};
use crate::review::{Comparison, Row, RowKind};

/// How many lines that are the same stand round those that differ in one event.
const CONTEXT: usize = 2;
/// How many lines are shown of a long event that is the same.
const HEAD: usize = 3;

/// What a line of a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Same,
    Removed,
    Added,
    /// It was here, and is elsewhere now.
    MovedAway,
    /// It is here, and was elsewhere.
    MovedHere,
    /// Something that is the same is left out here.
    Gap,
}

impl Sign {
    /// What stands before the line.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Same | Self::Gap => "  ",
            Self::Removed => "- ",
            Self::Added => "+ ",
            Self::MovedAway => "< ",
            Self::MovedHere => "> ",
        }
    }

    pub(super) fn color(self) -> anstyle::Style {
        match self {
            Self::Same => anstyle::Style::new(),
            Self::Removed | Self::MovedAway => REMOVED,
            Self::Added | Self::MovedHere => ADDED,
            Self::Gap => QUIET,
        }
    }
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'c> {
    pub(super) sign: Sign,
    pub(super) text: Cow<'c, str>,
    /// The event of the new trace that it is the first line of, by its line there.
    pub(super) event: Option<u32>,
}

/// The events that differ, and round them so many that do not.
pub(super) fn lines(comparison: &Comparison, context: usize) -> Vec<Line<'_>> {
    let mut out = Lines::default();
    let is_near = near(&comparison.rows, context);
    for (at, row) in comparison.rows.iter().enumerate() {
        if is_near[at] {
            out.row(row);
        } else if at == 0 || is_near[at - 1] {
            out.push(Sign::Gap, "…", None);
        }
    }
    out.0
}

/// Which rows are shown.
fn near(rows: &[Row], context: usize) -> Vec<bool> {
    let mut is_near = vec![false; rows.len()];
    for at in (0..rows.len()).filter(|at| rows[*at].kind.is_change()) {
        is_near[at.saturating_sub(context)..(at + context + 1).min(rows.len())].fill(true);
    }
    // To leave out a single one would save nothing.
    let alone = |at: &usize| {
        let is_shown = |at: Option<usize>| at.and_then(|at| is_near.get(at)).is_none_or(|near| *near);
        !is_near[*at] && is_shown(at.checked_sub(1)) && is_shown(Some(at + 1))
    };
    let alone: Vec<usize> = (0..rows.len()).filter(alone).collect();
    for at in alone {
        is_near[at] = true;
    }
    is_near
}

#[derive(Default)]
struct Lines<'c>(Vec<Line<'c>>);

impl<'c> Lines<'c> {
    fn push(&mut self, sign: Sign, text: impl Into<Cow<'c, str>>, event: Option<u32>) {
        self.0.push(Line { sign, text: text.into(), event });
    }

    fn row(&mut self, row: &'c Row) {
        match (row.kind, &row.old, &row.new) {
            (RowKind::Changed | RowKind::Renamed, Some(old), Some(new)) if old.text != new.text => {
                self.changed(&old.text, &new.text, new.line);
            }
            (RowKind::Removed, Some(old), _) => self.event(Sign::Removed, &old.text, None),
            (RowKind::MovedAway, Some(old), _) => self.event(Sign::MovedAway, &old.text, None),
            (RowKind::MovedHere, _, Some(new)) => self.event(Sign::MovedHere, &new.text, Some(new.line)),
            (RowKind::Added, _, Some(new)) => self.event(Sign::Added, &new.text, Some(new.line)),
            (_, _, Some(new)) => self.same(&new.text, Some(new.line)),
            (_, Some(old), None) => self.same(&old.text, None),
            (_, None, None) => {}
        }
    }

    fn event(&mut self, sign: Sign, text: &'c str, mut event: Option<u32>) {
        for line in text.lines() {
            self.push(sign, line, event.take());
        }
    }

    /// An event that is the same: of long bytes the first lines tell which it is.
    fn same(&mut self, text: &'c str, mut event: Option<u32>) {
        let count = text.lines().count();
        // To leave out a single line would save nothing.
        let shown = if count > HEAD + 1 { HEAD } else { count };
        for line in text.lines().take(shown) {
            self.push(Sign::Same, line, event.take());
        }
        if shown < count {
            self.push(Sign::Gap, format!("          … {} more lines", count - shown), None);
        }
    }

    /// One event that became another one.
    fn changed(&mut self, old: &'c str, new: &'c str, event: u32) {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let mut event = Some(event);
        let diff = TextDiff::from_slices(&old, &new);
        let mut next = 0;
        for group in &diff.grouped_ops(CONTEXT) {
            let begins = group.first().map_or(0, |op| op.new_range().start);
            if begins > next {
                if next == 0 {
                    self.push(Sign::Same, new[0], event.take());
                }
                if begins > usize::from(next == 0) {
                    self.push(Sign::Gap, "          …", None);
                }
            }
            for (sign, text) in group.iter().flat_map(|op| parts(op, &old, &new)) {
                let event = if sign == Sign::Removed { None } else { event.take() };
                self.push(sign, text, event);
            }
            next = group.last().map_or(next, |op| op.new_range().end);
        }
        if next < new.len() && next > 0 {
            self.push(Sign::Gap, "          …", None);
        }
    }
}

/// The lines of one operation. What was and what is stand in pairs where they are alike, so that it is
/// seen what in them differs.
fn parts<'t>(op: &DiffOp, old: &[&'t str], new: &[&'t str]) -> Vec<(Sign, &'t str)> {
    let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
    if let DiffOp::Equal { .. } = op {
        return new.iter().map(|text| (Sign::Same, *text)).collect();
    }
    let (removed, added) = (old.iter().map(|text| (Sign::Removed, *text)), new.iter().map(|text| (Sign::Added, *text)));
    if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_alike(old, new)) {
        return removed.zip(added).flat_map(|(old, new)| [old, new]).collect();
    }
    removed.chain(added).collect()
}

/// Whether at least half of two lines is the same.
fn is_alike(one: &str, other: &str) -> bool {
    let diff = TextDiff::from_chars(one.trim_start(), other.trim_start());
    let same = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Equal).count();
    2 * same >= one.trim_start().chars().count().max(other.trim_start().chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::compare;

    fn drawn(old: &str, new: &str) -> String {
        let comparison = compare(old, new);
        let lines = lines(&comparison, 2);
        lines.iter().flat_map(|line| [line.sign.mark(), &line.text, "\n"]).collect()
    }

    fn trace(words: &[&str], last: &str) -> String {
        let send = |word: &&str| format!("client    send {} \"{word}\"\n", word.len());
        words.iter().map(send).collect::<String>() + last
    }

    #[test]
    fn what_was_stands_beside_what_is() {
        let old = trace(&["cmd 0", "cmd 1", "cmd 2"], "client    close\nend\n");
        let new = trace(&["CMD 0", "CMD 1", "CMD 2"], "client    close\nend\n");
        assert_eq!(
            drawn(&old, &new),
            "- client    send 5 \"cmd 0\"\n+ client    send 5 \"CMD 0\"\n- client    send 5 \"cmd 1\"\n+ client    send 5 \"CMD 1\"\n- client    send 5 \"cmd 2\"\n+ client    send 5 \"CMD 2\"\n  client    close\n  end\n"
        );
    }

    #[test]
    fn lines_of_one_event_stand_in_pairs_where_they_are_alike() {
        let page = |words: &[&str]| {
            let lines: String = words.iter().flat_map(|word| ["          | ", word, "\\r\\n\n"]).collect();
            format!("client    send 40\n{lines}client    close\n")
        };
        let marks = |old: &[&str], new: &[&str]| {
            drawn(&page(old), &page(new)).lines().map(|line| &line[..1]).fold(String::new(), |all, mark| all + mark)
        };
        assert_eq!(marks(&["Host: a", "Date: 1"], &["Host: b", "Date: 2"]), " -+-+ ");
        assert_eq!(marks(&["Host: a", "Date: 1"], &["xyz", "12345"]), " --++ ");
        let long: Vec<String> = (0..9).map(|at| format!("line {at}")).collect();
        let mut old: Vec<&str> = long.iter().map(String::as_str).collect();
        let new = old.clone();
        old[6] = "LINE 6";
        assert_eq!(
            drawn(&page(&old), &page(&new)),
            "  client    send 40\n            …\n            | line 4\\r\\n\n            | line 5\\r\\n\n-           | LINE 6\\r\\n\n+           | line 6\\r\\n\n            | line 7\\r\\n\n            | line 8\\r\\n\n  client    close\n"
        );
    }

    #[test]
    fn what_is_far_from_what_differs_is_left_out() {
        let words: Vec<String> = (0..9).map(|at| format!("w{at}")).collect();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let old = trace(&words, "client    close\n");
        words[4] = "other";
        let marks: String = drawn(&old, &trace(&words, "client    close\n"))
            .lines()
            .map(|line| line.chars().take(3).collect::<String>())
            .collect();
        assert_eq!(marks, "  …  c  c- c+ c  c  c  …");
    }

    #[test]
    fn what_only_stands_elsewhere_has_signs_of_its_own() {
        let drawn = drawn(
            "a         close\nb         eof\nb         close\n",
            "b         eof\nb         close\na         close\n",
        );
        assert_eq!(drawn, "< a         close\n  b         eof\n  b         close\n> a         close\n");
    }
}
