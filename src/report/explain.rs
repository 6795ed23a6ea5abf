//! Topics as text and as JSON: what a word means, and the list of words.

use serde::Serialize;

use super::paint::{Page, QUIET, STRONG};
use crate::diagnostic::Style;
use crate::diagnostic::full::fold;
use crate::explain::{Block, Group, Sense, Topic};

/// Longer lines are hard to read, however wide a terminal is.
const WIDEST: usize = 100;

/// Everything about a topic.
pub fn topic(topic: &Topic, style: Style) -> String {
    let mut page = Page::new(style.color);
    let columns = style.width.clamp(30, WIDEST);
    page.paint(STRONG, &topic.name);
    page.push("  ");
    page.paint(QUIET, &kinds(topic));
    page.end_line();
    if !topic.title.is_empty() {
        folded(&mut page, &topic.title, "", "", columns);
    }
    if !topic.senses.is_empty() {
        page.end_line();
        topic.senses.iter().for_each(|sense| draw_sense(&mut page, sense, topic.senses.len(), columns));
    }
    for (at, block) in topic.text.iter().enumerate() {
        let is_item = |at: usize| matches!(topic.text.get(at), Some(Block::Item(_)));
        if at == 0 || !(is_item(at) && is_item(at - 1)) {
            page.end_line();
        }
        draw_block(&mut page, block, columns);
    }
    draw_below(&mut page, topic, columns);
    page.finish()
}

/// What kinds of words it is one of.
fn kinds(topic: &Topic) -> String {
    let kind = |group: &Group| match group {
        Group::Concept => "concept".to_owned(),
        Group::Error => topic.number.map_or_else(|| "error".to_owned(), |number| format!("error {number}")),
        Group::State => "state of TCP".to_owned(),
        Group::Trace => "word of traces".to_owned(),
        Group::Verdict => "verdict".to_owned(),
        Group::Verb => "step".to_owned(),
        Group::Expectation => "expectation".to_owned(),
        Group::Modifier => "modifier".to_owned(),
        Group::Form => "payloads and patterns".to_owned(),
        Group::Key => "key".to_owned(),
        Group::Option => "socket option".to_owned(),
        Group::Alert => "alert of TLS".to_owned(),
        Group::Finding => "finding of the checker".to_owned(),
    };
    topic.groups.iter().map(kind).collect::<Vec<_>>().join(", ")
}

/// What it means in one place of the language. Of several places each is named.
fn draw_sense(page: &mut Page, sense: &Sense, of: usize, columns: usize) {
    let place = if of > 1 { format!("{}: ", sense.place) } else { String::new() };
    folded(page, &format!("{place}{}", sense.doc), "", if of > 1 { "  " } else { "" }, columns);
    if !sense.beside.is_empty() {
        let indent = if of > 1 { "  " } else { "" };
        folded(page, &format!("Beside it: {}", sense.beside.join(", ")), indent, "           ", columns);
    }
}

fn draw_block(page: &mut Page, block: &Block, columns: usize) {
    match block {
        Block::Paragraph(text) => folded(page, text, "", "", columns),
        Block::Item(text) => folded(page, text, "- ", "  ", columns),
        Block::Code(code) => code.lines().for_each(|line| {
            page.push("    ");
            page.push(line);
            page.end_line();
        }),
    }
}

/// What it rests on, what shows it, and what is near it.
fn draw_below(page: &mut Page, topic: &Topic, columns: usize) {
    let list = [("References", topic.references.join("; ")), ("See also", topic.see_also.join(", "))];
    if !topic.specs.is_empty() {
        page.end_line();
        page.paint(STRONG, "Among the specs of sockspec's own suite that show it");
        page.end_line();
        for spec in &topic.specs {
            page.push("  ");
            page.push(spec);
            page.end_line();
        }
    }
    if list.iter().any(|(_, values)| !values.is_empty()) {
        page.end_line();
    }
    for (heading, values) in list.iter().filter(|(_, values)| !values.is_empty()) {
        page.paint(STRONG, &format!("{heading:<12}"));
        let lines = fold(values, columns.saturating_sub(12));
        for (at, line) in lines.lines().enumerate() {
            page.push(if at == 0 { "" } else { "            " });
            page.push(line);
            page.end_line();
        }
    }
}

/// A text, folded; the first line begins with one text, the others with another.
fn folded(page: &mut Page, text: &str, first: &str, next: &str, columns: usize) {
    for (at, line) in fold(text, columns - next.len().max(first.len())).lines().enumerate() {
        page.push(if at == 0 { first } else { next });
        page.push(line);
        page.end_line();
    }
}

/// Every topic by its name, in groups.
pub fn list(topics: &[Topic], style: Style) -> String {
    let mut page = Page::new(style.color);
    let columns = style.width.clamp(30, WIDEST);
    for group in Group::ALL {
        page.paint(STRONG, group.heading());
        page.end_line();
        let names = topics.iter().filter(|topic| topic.groups.contains(&group)).map(|topic| topic.name.as_str());
        folded(&mut page, &names.map(unbroken).collect::<Vec<_>>().join(", "), "  ", "  ", columns);
        page.end_line();
    }
    let how = "`sockspec explain WORD` tells what it means; an error's number will do, too.";
    folded(&mut page, how, "", "", columns);
    page.finish().replace(NO_BREAK, " ")
}

/// Stands for a blank that a line must not end at.
const NO_BREAK: &str = "\u{a0}";

fn unbroken(name: &str) -> String {
    name.replace(' ', NO_BREAK)
}

/// Topics as JSON: `{"topics": […]}`.
pub fn json(topics: &[&Topic]) -> String {
    #[derive(Serialize)]
    struct Document<'t> {
        topics: &'t [&'t Topic],
    }
    let document = Document { topics };
    let mut json = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| unreachable!("topics have no maps and no foreign types: {error}"));
    json.push('\n');
    json
}
