//! The lines of a trace, each with the place of the step that it comes from.

use super::canonical::{self, Entry as Canonical, Group as CanonicalGroup, Trace};
use super::record::{Entry, Group, Happened, Record};
use super::text::{STEP, push_blanks};

/// A line of a trace, or the lines of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The text, without the line feed at its end.
    pub text: String,
    /// The step's line in the spec, from 1; 0 where it comes from no step.
    pub line: u32,
    /// The file that the step is in, where that is not the spec but a file that it includes.
    pub file: Option<String>,
}

/// The text of a record's canonical trace, event by event.
pub fn placed(record: &Record) -> Vec<Placed> {
    let mut out = Vec::new();
    walk(&mut out, &record.entries, 0);
    let trace = Trace { entries: Vec::new(), end: Trace::from_record(record).end };
    let end = trace.to_text();
    if !end.is_empty() {
        out.push(head(end.trim_end_matches('\n').to_owned()));
    }
    out
}

fn walk(out: &mut Vec<Placed>, entries: &[Entry], indent: usize) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => out.push(event(happened, indent)),
            Entry::Parallel(lanes) => {
                out.push(head(indented("parallel", indent)));
                for lane in lanes {
                    out.push(head(indented(&lane.name, indent + STEP)));
                    walk(out, &lane.entries, indent + 2 * STEP);
                }
            }
            Entry::Repeat(groups) => repeat(out, groups, indent),
            Entry::Retry(held) => block(out, "retry", held, indent),
        }
    }
}

/// A block that leaves no line where it has no events.
fn block(out: &mut Vec<Placed>, word: &str, entries: &[Entry], indent: usize) {
    let before = out.len();
    out.push(head(indented(word, indent)));
    walk(out, entries, indent + STEP);
    if out.len() == before + 1 {
        out.pop();
    }
}

/// Iterations, those that are alike as one.
fn repeat(out: &mut Vec<Placed>, groups: &[Group], indent: usize) {
    let canonical = canonical::fold(groups);
    if canonical.iter().all(|group: &CanonicalGroup<'_>| group.entries.is_empty()) {
        return;
    }
    let mut groups = groups.iter().filter(|group| group.count > 0);
    for folded in &canonical {
        let Some(all) = folded.count else {
            out.push(head(indented("repeat ~", indent)));
            // Those before it were one with others.
            if let Some(group) = groups.find(|group| canonical::entries(&group.entries) == folded.entries) {
                walk(out, &group.entries, indent + STEP);
            }
            continue;
        };
        out.push(head(indented(&format!("repeat {all}"), indent)));
        // The first of those that are one.
        let mut count = 0;
        while count < all {
            let Some(group) = groups.next() else { return };
            if count == 0 {
                walk(out, &group.entries, indent + STEP);
            }
            count += group.count;
        }
    }
}

fn event(happened: &Happened, indent: usize) -> Placed {
    let entries = vec![Canonical::Event(canonical::event(&happened.event))];
    let text = Trace { entries, end: Vec::new() }.to_text();
    let lines: Vec<String> = text.lines().map(|line| indented(line, indent)).collect();
    Placed { text: lines.join("\n"), line: happened.line, file: happened.file.clone() }
}

fn head(text: String) -> Placed {
    Placed { text, line: 0, file: None }
}

fn indented(text: &str, indent: usize) -> String {
    let mut line = String::with_capacity(indent + text.len());
    push_blanks(&mut line, indent);
    line.push_str(text);
    line
}

#[cfg(test)]
mod tests {
    use super::super::event::{Event, What};
    use super::super::record::{Lane, Open, Unread, VERSION};
    use super::super::text_of;
    use super::*;

    fn happened(line: u32, endpoint: &str, words: &str) -> Entry {
        let what = What::Words(words.to_owned());
        let event = Event { endpoint: endpoint.to_owned(), what, fails: Vec::new(), wire: Vec::new() };
        Entry::Event(Happened {
            line,
            file: None,
            order: 0,
            began: 0,
            took: 0,
            event,
            facts: super::super::record::Facts::default(),
        })
    }

    #[test]
    fn the_lines_together_are_the_trace() {
        let group = |count, line, words| Group { count, varies: false, entries: vec![happened(line, "c", words)] };
        let lane = |name: &str, entries| Lane { name: name.to_owned(), entries };
        let record = Record {
            version: VERSION,
            test: "x".to_owned(),
            entries: vec![
                happened(2, "server", "listen tcp"),
                Entry::Parallel(vec![
                    lane("one", vec![happened(5, "a", "connect server")]),
                    lane(
                        "two",
                        vec![Entry::Repeat(vec![
                            group(2, 8, "close"),
                            group(1, 8, "close"),
                            group(0, 8, "eof"),
                            group(4, 8, "reset"),
                        ])],
                    ),
                ]),
                Entry::Retry(vec![Entry::Repeat(vec![Group { count: 3, varies: false, entries: Vec::new() }])]),
                Entry::Repeat(
                    [(7, "eof"), (8, "close"), (7, "eof"), (9, "reset")]
                        .into_iter()
                        .map(|(line, words)| Group { varies: true, ..group(2, line, words) })
                        .collect(),
                ),
                Entry::Retry(vec![happened(12, "a", "eof")]),
            ],
            end: vec![Open { name: "a".to_owned(), unread: Unread::Bytes(0), left: 0, varies: false }],
            failure: None,
        };
        let placed = placed(&record);
        let joined: Vec<&str> = placed.iter().map(|placed| placed.text.as_str()).collect();
        assert_eq!(joined.join("\n") + "\n", text_of(&record));
        let lines: Vec<u32> = placed.iter().map(|placed| placed.line).collect();
        assert_eq!(lines, [2, 0, 0, 5, 0, 0, 8, 0, 8, 0, 7, 0, 8, 0, 9, 0, 12, 0]);
    }
}
