//! All snapshots of the bundled specs, each changed at some places: nothing that changes goes unsaid, and
//! no sentence says of both sides the same.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::compare;
use crate::trace::TraceText;

/// How many events of a trace are changed in each way.
const PLACES: usize = 2;

fn snapshots(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            snapshots(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            found.push(path);
        }
    }
}

/// A trace by its lines, with those of each event.
struct Subject {
    lines: Vec<String>,
    events: Vec<(usize, usize)>,
}

impl Subject {
    fn read(text: &str) -> Self {
        let trace = TraceText::read(text);
        let place = |line: u32, lines: u32| (line as usize - 1, line as usize - 1 + lines as usize);
        let events = trace.events().iter().map(|node| place(node.line, node.lines)).collect();
        Self { lines: text.lines().map(str::to_owned).collect(), events }
    }

    fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    fn with(&self, change: impl FnOnce(&mut Vec<String>)) -> String {
        let mut lines = self.lines.clone();
        change(&mut lines);
        lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// With the event gone, doubled, after the next one, and changed in all ways that can be.
    fn changed(&self, at: usize) -> Vec<(&'static str, String)> {
        let (start, end) = self.events[at];
        let mut all = vec![
            ("gone", self.with(|lines| drop(lines.drain(start..end)))),
            ("doubled", self.with(|lines| drop(lines.splice(end..end, lines[start..end].to_vec())))),
        ];
        if let Some((next, after)) =
            self.events.get(at + 1).filter(|(next, _)| *next == end && self.is_beside(start, *next))
        {
            let (one, other) = (self.lines[start..end].to_vec(), self.lines[*next..*after].to_vec());
            all.push(("swapped", self.with(|lines| drop(lines.splice(start..*after, [other, one].concat())))));
        }
        let words = [
            ("close", "reset"),
            ("eof", "expect reset"),
            ("shutdown write", "shutdown both"),
            ("listen tcp", "listen tcp6"),
            ("exit 0", "exit 7"),
            ("ECONNREFUSED", "ETIMEDOUT"),
            ("true", "false"),
            ("e", "E"),
            ("0", "8"),
        ];
        for (old, new) in words {
            let line = &self.lines[start];
            // Not in the name of the endpoint.
            let told = line.trim_start().find(' ').map_or(0, |name| line.len() - line.trim_start().len() + name);
            if let Some(place) = line[told..].rfind(old) {
                let mut line = line.clone();
                line.replace_range(told + place..told + place + old.len(), new);
                all.push((old, self.with(|lines| lines[start] = line)));
            }
        }
        let line = &self.lines[start];
        all.push(("fails", self.with(|lines| lines[start] = format!("{line} fails EINTR"))));
        all.push((
            "name",
            self.with(|lines| lines[start] = line.replacen(line.trim_start(), &format!("x{}", line.trim_start()), 1)),
        ));
        all
    }

    fn is_beside(&self, one: usize, other: usize) -> bool {
        let indent = |at: usize| self.lines[at].len() - self.lines[at].trim_start().len();
        indent(one) == indent(other)
    }
}

/// Whether only how it is written differs: a count that the bytes below it have anyway.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (TraceText::read(one), TraceText::read(other));
    let events = |trace: &TraceText| trace.events().iter().filter_map(|node| node.event()).cloned().collect::<Vec<_>>();
    events(&one) == events(&other)
}

/// Whether a sentence says that something is what it was.
fn says_the_same(sentence: &str) -> bool {
    let Some((before, was)) = sentence.split_once(" where it ") else { return false };
    let Some((_, is)) = before.split_once("now ") else { return false };
    let is = is.trim_start_matches("is ");
    let was = was.split(", and `").next().unwrap_or_default().trim_start_matches("was ");
    let (does, what) = is.split_once(' ').unwrap_or((is, ""));
    let (did, other) = was.split_once(' ').unwrap_or((was, ""));
    what == other && does.chars().next() == did.chars().next()
}

#[test]
fn whatever_changes_in_a_snapshot_is_said() {
    let mut paths = Vec::new();
    snapshots(&Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"), &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "the snapshots are there");
    let mut wrong = Vec::new();
    let mut count = 0;
    for (turn, path) in paths.iter().enumerate() {
        let file = fs::read_to_string(path).unwrap();
        let body = file.splitn(3, "---\n").nth(2).unwrap();
        let subject = Subject::read(body);
        let all = subject.events.len();
        // Other places in each snapshot, the same in each run.
        let places = (0..PLACES.min(all)).map(|at| (turn + at * all.div_ceil(PLACES)) % all);
        for (how, changed) in places.flat_map(|at| subject.changed(at)) {
            if is_same(&subject.text(), &changed) {
                continue;
            }
            count += 1;
            let said: Vec<String> =
                compare(&subject.text(), &changed).sentences.into_iter().map(|sentence| sentence.text).collect();
            if said.is_empty() || said.iter().any(|sentence| sentence.trim().is_empty() || says_the_same(sentence)) {
                let name = path.file_stem().unwrap_or_default().display();
                let place = subject.text().lines().zip(changed.lines()).position(|(one, other)| one != other);
                wrong.push(format!("{name} {how}, line {}: {said:?}", place.unwrap_or_default() + 1));
            }
        }
    }
    assert!(count > 1000, "only {count} changes");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
