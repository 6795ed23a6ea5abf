//! Which changes are the same, so that they can be decided together.

use super::{Cell, Comparison, RowKind};

/// One side of all rows that differ, as it stands in the trace, but for how far to the right.
type Change<'c> = (RowKind, Option<&'c str>, Option<&'c str>);

impl Comparison {
    /// Whether the same has changed in another test: all of it, since sentences shorten what is long.
    /// Of two traces that are the same on both sides, new ones for instance, whether they are the same.
    pub fn is_like(&self, other: &Self) -> bool {
        if self.is_same() || other.is_same() {
            return self.is_same() && other.is_same() && self.new == other.new;
        }
        let texts = |of: &'_ Self| of.sentences.iter().map(|sentence| sentence.text.clone()).collect::<Vec<_>>();
        texts(self) == texts(other) && self.changes() == other.changes()
    }

    /// What differs, as it stands in the traces. Where only a name does, the sentence tells all.
    fn changes(&self) -> Vec<Change<'_>> {
        fn text(cell: Option<&Cell>) -> Option<&str> {
            cell.map(|cell| cell.text.trim_start())
        }
        let rows = self.rows.iter().filter(|row| row.kind.is_change() && row.kind != RowKind::Renamed);
        rows.map(|row| (row.kind, text(row.old.as_ref()), text(row.new.as_ref()))).collect()
    }
}

/// How many of some comparisons are like one: what `all 3 alike` counts.
pub fn alike<'c>(one: &Comparison, all: impl IntoIterator<Item = &'c Comparison>) -> usize {
    all.into_iter().filter(|other| one.is_like(other)).count()
}
