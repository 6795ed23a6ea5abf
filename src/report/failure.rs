//! A step that did otherwise than written, drawn on its line of the spec.

use std::time::Duration;

use super::difference::{self, labelled};
use super::paint::{MARK, Page, QUIET, STRONG};
use super::{rows, why};
use crate::diagnostic::full;
use crate::diagnostic::{Diagnostic, Style};
use crate::model::bytes::is_mostly_unprintable;
use crate::model::duration;
use crate::source::{SourceFile, Span};
use crate::trace::Trace;
use crate::trace::record::{Bytes, Failure, Printed, Record};

/// How many lines of the trace are shown.
const TRACE_LINES: usize = 20;
/// How many rows of what a program has printed are shown, the last ones.
const PRINTED_ROWS: usize = 20;
/// How many rows of unread bytes are shown.
const UNREAD_ROWS: usize = 3;

/// Draws a failure: the step or the part of it that is wrong, what was expected and what came, what was still unread, and the
/// trace up to there, whose text is `trace`. The text ends in a line feed.
pub fn draw(file: &SourceFile, failure: &Failure, trace: &str, style: Style) -> String {
    let mut page = Page::new(style.color);
    draw_placed(&mut page, file, failure, style);
    draw_below(&mut page, failure, None, trace, style);
    page.finish()
}

fn draw_placed(page: &mut Page, file: &SourceFile, failure: &Failure, style: Style) {
    page.push(&full::draw(file, &placed(file, failure), style));
}

/// The failure at the part of the step that is wrong. The step itself is shown, too, where that is
/// on another line.
fn placed(file: &SourceFile, failure: &Failure) -> Diagnostic {
    let step = Span { start: failure.start, end: failure.end };
    let part = failure.part.map(|part| Span { start: part.start, end: part.end });
    let at = |span| Diagnostic::error("", span, failure.message.as_str()).label(failure.label.as_str());
    match part {
        Some(part) if file.named(part.start) == file.named(step.start) => at(part),
        Some(part) => at(part).related(step, "in this step"),
        None => at(step),
    }
}

/// Draws the failure of a run, if there is one, and says why it came about, where the record shows that.
/// Without the file, the step is not shown.
pub fn draw_record(file: Option<&SourceFile>, record: &Record, style: Style) -> Option<String> {
    let failure = record.failure.as_ref()?;
    // What is open is no part of what led here; unread bytes are told apart.
    let trace = Trace { end: Vec::new(), ..Trace::from_record(record) }.to_text();
    let mut page = Page::new(style.color);
    match file {
        Some(file) => draw_placed(&mut page, file, failure, style),
        None => draw_message(&mut page, failure, style),
    }
    draw_below(&mut page, failure, why(record).as_deref(), &trace, style);
    Some(page.finish())
}

fn draw_message(page: &mut Page, failure: &Failure, style: Style) {
    page.paint(super::paint::BAD, "error");
    page.paint(STRONG, &format!(": {}", full::plain(&failure.message)));
    page.end_line();
    if !failure.label.is_empty() && !failure.message.contains(&failure.label) {
        sentence(page, "note", &failure.label, style);
    }
}

fn draw_below(page: &mut Page, failure: &Failure, why: Option<&str>, trace: &str, style: Style) {
    if let Some(difference) = &failure.difference {
        page.end_line();
        difference::draw(page, difference, style);
    }
    let unread: Vec<_> = failure.unread.iter().filter(|(_, bytes)| !bytes.0.is_empty()).collect();
    let told = why.is_some() || failure.deadline.is_some() || !failure.notes.is_empty() || !failure.help.is_empty();
    if told || !unread.is_empty() || !failure.printed.is_empty() {
        page.end_line();
    }
    for (name, bytes) in unread {
        draw_unread(page, name, bytes, style);
    }
    failure.printed.iter().for_each(|printed| draw_printed(page, printed, style));
    if let Some(deadline) = failure.deadline {
        let passed = rounded(Duration::from_micros(deadline));
        let is_said = failure.message.contains("the deadline passed");
        let told =
            if is_said { format!("the deadline was {passed}") } else { format!("the deadline of {passed} has passed") };
        sentence(page, "note", &told, style);
    }
    if let Some(why) = why {
        sentence(page, "why", why, style);
    }
    failure.notes.iter().for_each(|note| sentence(page, "note", note, style));
    failure.help.iter().for_each(|help| sentence(page, "help", help, style));
    draw_trace(page, trace);
}

/// A duration as people write it; what is left of a block's deadline is rounded.
fn rounded(time: Duration) -> String {
    match time.as_micros() {
        micros if micros < 1000 || micros % 1000 == 0 => duration::show(time),
        _ => format!("{:.1}ms", time.as_secs_f64() * 1000.0),
    }
}

fn draw_unread(page: &mut Page, name: &str, bytes: &Bytes, style: Style) {
    let Bytes(bytes) = bytes;
    let count = bytes.len();
    let unit = if count == 1 { "byte" } else { "bytes" };
    // A record keeps the first KiB only.
    let more = if count >= 1024 { " or more" } else { "" };
    page.push("  ");
    page.paint(STRONG, "unread");
    page.push(&format!("    at {name}: {count} {unit}{more}"));
    page.end_line();
    let columns = style.width.saturating_sub(12).max(20);
    let mut rows =
        if is_mostly_unprintable(bytes) { rows::hex(bytes, None, columns) } else { rows::text(bytes, None, columns) };
    if rows.len() > UNREAD_ROWS + 1 {
        let left_out = rows.len() - UNREAD_ROWS;
        rows.truncate(UNREAD_ROWS);
        rows.push(rows::Row::plain(format!("… {left_out} more rows")));
    }
    labelled(page, "", &rows);
}

/// The last lines that a program has printed.
fn draw_printed(page: &mut Page, printed: &Printed, style: Style) {
    let Bytes(bytes) = &printed.bytes;
    let errors = if printed.stderr { " on its error output" } else { "" };
    page.push("  ");
    page.paint(STRONG, "printed");
    page.push(&format!("   by {}{errors}:", printed.by));
    page.end_line();
    let columns = style.width.saturating_sub(12).max(20);
    let rows = if is_mostly_unprintable(bytes) { rows::hex(bytes, None, columns) } else { rows::lines(bytes) };
    labelled(page, "", &rows[rows.len().saturating_sub(PRINTED_ROWS)..]);
}

/// A sentence as rustc has it below a snippet, folded.
fn sentence(page: &mut Page, kind: &str, text: &str, style: Style) {
    let before = "  = : ".len() + kind.len();
    let folded = full::fold(&full::plain(text), style.width.saturating_sub(before).max(20));
    for (at, line) in folded.lines().enumerate() {
        if at == 0 {
            page.push("  ");
            page.paint(MARK, "=");
            page.push(" ");
            page.paint(STRONG, kind);
            page.push(": ");
        } else {
            page.blanks(before);
        }
        page.push(line);
        page.end_line();
    }
}

fn draw_trace(page: &mut Page, trace: &str) {
    page.end_line();
    let lines: Vec<&str> = trace.lines().collect();
    if lines.is_empty() {
        page.push("  no step before this one has left a line in the trace");
        page.end_line();
        return;
    }
    page.push("  the trace up to here:");
    page.end_line();
    // To leave out a single line would save nothing.
    let left_out = if lines.len() > TRACE_LINES + 1 { lines.len() - TRACE_LINES } else { 0 };
    if left_out > 0 {
        page.blanks(4);
        page.paint(QUIET, &format!("… {left_out} more lines"));
        page.end_line();
    }
    for line in &lines[left_out..] {
        page.blanks(4);
        page.push(line);
        page.end_line();
    }
}
