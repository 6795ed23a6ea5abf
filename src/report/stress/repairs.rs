//! What would mend a test, as changes of its spec.

use similar::{ChangeTag, TextDiff};

use super::orders::tried;
use super::{Options, sentence};
use crate::diagnostic::full::plain;
use crate::report::paint::{ADDED, Page, QUIET, REMOVED};
use crate::stress::{Missing, Repair, Stressed};

/// Each change, with what it was tried with.
pub(super) fn draw(page: &mut Page, stressed: &Stressed, missing: &Missing, options: &Options<'_>) {
    let own = std::fs::read_to_string(&stressed.path).unwrap_or_default();
    for (nth, repair) in missing.repairs.iter().enumerate() {
        let which = if nth == 0 { "to mend it: " } else { "or: " };
        sentence(page, &format!("{which}{}", words(repair)), options);
        draw_change(page, &own, &repair.text);
        sentence(page, &format!("tried: {}", proof(repair)), options);
        page.end_line();
    }
    if missing.repairs.is_empty() {
        let text = "nothing that was tried makes it go one way: order the two by a `barrier`, let the second wait for \
                    what the first does (`expect`), or allow both outcomes";
        sentence(page, text, options);
        page.end_line();
    }
}

/// What to do; a change that follows another one has the lines of what that one gives.
fn words(repair: &Repair) -> String {
    repair.words.join("; then, in what that gives, ")
}

/// With what a repair was tried.
fn proof(repair: &Repair) -> String {
    let runs = format!("{} perturbed runs", repair.runs);
    match repair.orders {
        0 => format!("{runs} go one way, and pass"),
        orders => format!("{} and {runs} go one way, and pass", tried(orders, repair.all, repair.about)),
    }
}

/// The lines that change, with the numbers that they have in the spec as it is.
fn draw_change(page: &mut Page, own: &str, changed: &str) {
    let diff = TextDiff::from_lines(own, changed);
    let width = own.lines().count().to_string().len();
    for (nth, hunk) in diff.grouped_ops(1).iter().enumerate() {
        if nth > 0 {
            page.paint(QUIET, "  ...");
            page.end_line();
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', anstyle::Style::new()),
                ChangeTag::Insert => ('+', ADDED),
                ChangeTag::Delete => ('-', REMOVED),
            };
            let number = change.old_index().map_or_else(String::new, |number| (number + 1).to_string());
            page.push("  ");
            page.paint(QUIET, &format!("{number:>width$} "));
            page.paint(style, format!("{sign} {}", plain(change.value().trim_end())).trim_end());
            page.end_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_numbers_of_the_spec_as_it_is() {
        let own = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let changed = own.replace("c\n", "c\nnew\n").replace("i\n", "other\n");
        let mut page = Page::new(false);
        draw_change(&mut page, own, &changed);
        let drawn = "   3   c\n     + new\n   4   d\n  ...\n   8   h\n   9 - i\n     + other\n  10   j\n";
        assert_eq!(page.finish(), drawn);
    }

    #[test]
    fn a_repair_says_with_what_it_was_tried() {
        let words = vec!["do this".to_owned(), "do that".to_owned()];
        let mut repair = Repair { words, text: String::new(), orders: 0, all: false, about: 34_650, runs: 40 };
        assert_eq!(super::words(&repair), "do this; then, in what that gives, do that");
        assert_eq!(proof(&repair), "40 perturbed runs go one way, and pass");
        repair.orders = 201;
        assert_eq!(proof(&repair), "a sample of 201 of about 35,000 orders and 40 perturbed runs go one way, and pass");
        (repair.orders, repair.all) = (2, true);
        assert_eq!(proof(&repair), "both orders and 40 perturbed runs go one way, and pass");
    }
}
