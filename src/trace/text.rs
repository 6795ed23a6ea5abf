//! The text form of a trace: one event, one line.
//!
//! A line depends on its own event only, so that a difference names the event. No two events that
//! differ are written alike, and nothing that matters is at a place where a comparison forgives
//! it: no line ends in a blank, and no line break is anything else than the end of a line.

use std::fmt;

use super::canonical::{Entry, Group, Lane, Trace};
use super::event::{Event, Segment, What};
use super::payload;
use super::record::{Open, Record};
use crate::model::bytes;

/// The column at which what an endpoint did begins; a longer name is followed by one blank.
pub(super) const COLUMN: usize = 10;
/// How far the lanes of a block, and the events of a lane, stand to the right.
pub(super) const STEP: usize = 2;

/// The text of a record's canonical trace.
pub fn text_of(record: &Record) -> String {
    Trace::from_record(record).to_text()
}

impl Trace<'_> {
    /// The text form. Every line ends in a line feed; a trace without events is empty.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(64 * (self.entries.len() + 1));
        push_entries(&mut out, &self.entries, 0);
        push_end(&mut out, self.end.iter().copied());
        out
    }
}

impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

fn push_entries(out: &mut String, entries: &[Entry<'_>], indent: usize) {
    for entry in entries {
        match entry {
            Entry::Event(event) => push_event(out, event, indent),
            Entry::Parallel(lanes) => push_parallel(out, lanes, indent),
            Entry::Repeat(groups) => groups.iter().for_each(|group| push_group(out, group, indent)),
            Entry::Retry(held) => {
                push_blanks(out, indent);
                out.push_str("retry\n");
                push_entries(out, held, indent + STEP);
            }
        }
    }
}

fn push_parallel(out: &mut String, lanes: &[Lane<'_>], indent: usize) {
    push_blanks(out, indent);
    out.push_str("parallel\n");
    for lane in lanes {
        push_blanks(out, indent + STEP);
        out.push_str(lane.name);
        out.push('\n');
        push_entries(out, &lane.entries, indent + 2 * STEP);
    }
}

fn push_group(out: &mut String, group: &Group<'_>, indent: usize) {
    push_blanks(out, indent);
    out.push_str("repeat ");
    push_count(out, group.count);
    out.push('\n');
    push_entries(out, &group.entries, indent + STEP);
}

/// A number, or `~` where it varies.
fn push_count(out: &mut String, count: Option<u64>) {
    match count {
        Some(count) => push_number(out, count),
        None => out.push('~'),
    }
}

pub(super) fn push_event(out: &mut String, event: &Event, indent: usize) {
    push_blanks(out, indent);
    push_name(out, &event.endpoint);
    match &event.what {
        What::Words(words) => {
            push_words(out, words);
            push_fails(out, &event.fails);
            out.push('\n');
        }
        What::Data { verb, bytes, suffix } => {
            let form = payload::push_head(out, verb, bytes);
            for word in suffix {
                out.push(' ');
                push_words(out, word);
            }
            push_fails(out, &event.fails);
            out.push('\n');
            payload::push_lines(out, bytes, form, indent + COLUMN);
        }
    }
    event.wire.iter().for_each(|segment| push_segment(out, segment, indent));
}

fn push_segment(out: &mut String, segment: &Segment, indent: usize) {
    push_blanks(out, indent + STEP);
    out.push_str("wire");
    push_blanks(out, COLUMN - STEP - "wire".len());
    push_words(out, &segment.from);
    out.push_str(" > ");
    push_words(out, &segment.to);
    out.push_str("  ");
    push_words(out, &segment.what);
    out.push('\n');
}

fn push_fails(out: &mut String, fails: &[String]) {
    match fails {
        [] => {}
        [one] => {
            out.push_str(" fails ");
            out.push_str(one);
        }
        many => {
            out.push_str(" fails ");
            payload::push_list(out, many, |out, name| out.push_str(name));
        }
    }
}

pub(super) fn push_end<'o>(out: &mut String, end: impl ExactSizeIterator<Item = (Option<u64>, &'o Open)>) {
    if end.len() == 0 {
        return;
    }
    push_name(out, "end");
    for (at, (count, open)) in end.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if count != Some(1) {
            push_count(out, count);
            out.push(' ');
        }
        out.push_str(&open.name);
        out.push_str(" open");
        out.push_str(&open.unread.words());
    }
    out.push('\n');
}

fn push_name(out: &mut String, name: &str) {
    out.push_str(name);
    push_blanks(out, COLUMN.saturating_sub(name.len()).max(1));
}

/// Words are one line already, unless an option's text or the like brings a line break with it.
fn push_words(out: &mut String, words: &str) {
    if words.bytes().any(|byte| byte.is_ascii_control()) {
        bytes::escape_into(out, words.as_bytes());
    } else {
        out.push_str(words);
    }
}

pub(super) fn push_blanks(out: &mut String, mut count: usize) {
    const BLANKS: &str = "                                ";
    while count > BLANKS.len() {
        out.push_str(BLANKS);
        count -= BLANKS.len();
    }
    out.push_str(&BLANKS[..count]);
}

pub(super) fn push_number(out: &mut String, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}
