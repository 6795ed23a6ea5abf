//! Pairs of traces, and what is said of them.

#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

mod cases;
mod mutations;

const BASE: &str = r#"server    listen tcp
client    connect server
conn      accept client
client    send 7 "request"
client    shutdown write
conn      recv 7 "request"
conn      eof
conn      send 8 "response"
conn      close
client    recv 8 "response"
client    eof
client    close
end       server open
"#;

/// The base with lines replaced: `(old, new)`; several lines in one with `\n`, none by an empty one.
fn changed(base: &str, edits: &[(&str, &str)]) -> String {
    let mut text = base.to_owned();
    for (old, new) in edits {
        let (old, new) = (format!("{old}\n"), if new.is_empty() { String::new() } else { format!("{new}\n") });
        assert!(text.contains(&old), "{old:?} is in {text}");
        text = text.replacen(&old, &new, 1);
    }
    text
}

fn said(old: &str, new: &str) -> Vec<String> {
    compare(old, new).sentences.iter().map(|sentence| sentence.text.clone()).collect()
}

#[test]
fn what_changed_is_said() {
    let edited = cases::EDITS.iter().map(|(edits, expected)| (BASE.to_owned(), changed(BASE, edits), *expected));
    let pairs = cases::pairs().map(|(old, new, expected)| ((*old).to_owned(), (*new).to_owned(), *expected));
    let wrong = edited.chain(pairs).filter_map(|(old, new, expected)| {
        let said = said(&old, &new);
        (said != expected).then(|| format!("from\n{old}\nto\n{new}\nsaid {said:?}\nnot  {expected:?}\n"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_renaming_is_one_sentence() {
    let renamed = BASE.replace("client  ", "cli     ").replace("accept client", "accept cli");
    assert_eq!(said(BASE, &renamed), ["endpoint `client` is called `cli` now"]);
    let both = renamed.replace("conn  ", "peer  ");
    assert_eq!(said(BASE, &both), ["endpoint `client` is called `cli` now", "endpoint `conn` is called `peer` now"]);
    let and_more = renamed.replace("cli       eof", "cli       expect reset");
    assert_eq!(
        said(BASE, &and_more),
        ["`cli` now sees a reset where it saw the end of the stream", "endpoint `client` is called `cli` now"]
    );
    let comparison = compare(BASE, &renamed);
    let kind_of = |line| {
        let is_it = |row: &&Row| row.new.as_ref().is_some_and(|cell| cell.line == line);
        comparison.rows.iter().find(is_it).map(|row| row.kind)
    };
    assert_eq!(kind_of(2), Some(RowKind::Renamed));
    assert_eq!(kind_of(1), Some(RowKind::Same));
}

#[test]
fn an_event_that_others_were_put_before_is_the_same_event() {
    let comparison = compare(BASE, &changed(BASE, &[("conn      eof", "conn      silence 20ms\nconn      eof")]));
    let changes: Vec<_> = comparison.rows.iter().filter(|row| row.kind.is_change()).collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].new.as_ref().unwrap().text, "conn      silence 20ms");
    assert_eq!(comparison.sentences[0].new, [7]);
}

#[test]
fn a_new_event_tells_the_line_of_its_step() {
    let new = changed(BASE, &[("conn      close", "conn      close\nclient    shutdown read")]);
    let comparison = compare(BASE, &new);
    let sentence = &comparison.sentences[0];
    assert_eq!(sentence.with_lines(|_| None), "new: `client` shuts down reading");
    let line_of = |line| (line == 10).then_some(17);
    assert_eq!(sentence.with_lines(line_of), "new step, line 17: `client` shuts down reading");
}

#[test]
fn many_new_events_are_counted() {
    let more = (0..30).fold(String::new(), |more, at| more + &format!("x{at:<8} close\n"));
    let said = said(BASE, &format!("{BASE}{more}"));
    assert_eq!(said.len(), 8, "{said:#?}");
    assert_eq!(said[7], "23 more events are new");
}

#[test]
fn how_lines_end_is_no_difference() {
    assert!(compare(BASE, &BASE.replace('\n', "\r\n")).is_same());
    assert!(compare(BASE, BASE.trim_end()).is_same());
    assert_eq!(said(BASE, ""), said(BASE, "\n"));
}

#[test]
fn what_is_written_in_another_way_only_is_not_told_as_a_difference() {
    let comparison = compare("a         close\n", "a   close\n");
    assert_eq!(comparison.sentences, []);
    assert!(!comparison.is_same());
}

/// A payload of which a sentence shows the length only, with another digest at the end.
fn long(digit: char) -> String {
    let digest = digit.to_string().repeat(64);
    format!("a         send 5000 \"GET /\"… sha256 {digest}\na         close\n")
}

#[test]
fn what_sentences_do_not_show_is_not_alike() {
    let of = |old: char, new: char| compare(&long(old), &long(new));
    let (one, same, other) = (of('0', '1'), of('0', '1'), of('2', '3'));
    assert_eq!(one.sentences[0].text, other.sentences[0].text, "the sentences alone do not tell them apart");
    assert!(one.is_like(&same));
    assert!(!one.is_like(&other));
    assert!(!one.is_like(&of('0', '2')));
    assert_eq!(alike(&one, [&one, &other, &same]), 2);
    let regex = |end: &str| format!("a         recv ~ ~/{}{end}/\n", "x".repeat(200));
    let (one, other) = (compare(&regex("A"), &regex("[AB]")), compare(&regex("A"), &regex(".")));
    assert!(!one.is_like(&other));
}

#[test]
fn the_same_change_of_other_tests_is_alike() {
    let is_changed = |before: &str| {
        let text = |end: &str| format!("{before}a         send 1 \"x\"\na         {end}\n");
        compare(&text("close"), &text("reset"))
    };
    assert!(is_changed("").is_like(&is_changed("b         listen tcp\n")));
}

#[test]
fn new_traces_are_alike_where_they_are_the_same() {
    let of = |text: &str| compare(text, text);
    assert!(of("a         close").is_like(&of("a         close")));
    assert!(!of("a         close").is_like(&of("a         reset")));
    assert!(!of("a         close").is_like(&compare("a         close", "a         reset")));
}

/// The lines of one side of all rows, in their order.
fn lines_of<'r>(rows: impl Iterator<Item = Option<&'r Cell>>) -> String {
    let mut cells: Vec<&Cell> = rows.flatten().collect();
    cells.sort_by_key(|cell| cell.line);
    cells.iter().flat_map(|cell| [cell.text.as_str(), "\n"]).collect()
}

/// Removes, doubles and moves some lines of the base.
fn shuffled(changes: &[(usize, usize, u8)]) -> String {
    let mut lines: Vec<&str> = BASE.lines().collect();
    for (from, to, how) in changes {
        let (from, to) = (from % lines.len(), to % lines.len());
        match how % 4 {
            0 if lines.len() > 1 => drop(lines.remove(from)),
            1 => lines.insert(to, lines[from]),
            2 => lines.swap(from, to),
            _ => lines.insert(to, "  odd  line"),
        }
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

proptest! {
    #[test]
    fn every_line_is_in_a_row(changes in vec((any::<usize>(), any::<usize>(), any::<u8>()), 0..9)) {
        let new = shuffled(&changes);
        let comparison = compare(BASE, &new);
        prop_assert_eq!(lines_of(comparison.rows.iter().map(|row| row.old.as_ref())), BASE);
        prop_assert_eq!(lines_of(comparison.rows.iter().map(|row| row.new.as_ref())), new.as_str());
        prop_assert_eq!(comparison.is_same(), BASE == new);
        prop_assert_eq!(comparison.sentences.is_empty(), comparison.is_same());
        let back = compare(&new, BASE);
        prop_assert_eq!(back.is_same(), comparison.is_same());
    }

    #[test]
    fn any_two_texts_can_be_compared(old: String, new: String) {
        compare(&old, &new);
    }
}
