//! Which step of a spec each event of a trace's text is from: a text has no lines of the spec, so the
//! steps of the plan and the events are laid side by side.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::plan::{Action, Plan, Step};
use crate::source::SourceFile;
use crate::trace::event::{Event, What};
use crate::trace::read::{Node, NodeKind, TraceText};

/// The place of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLine {
    /// Its line, from 1.
    pub line: u32,
    /// The file that it is in, where that is not the spec but a file that it includes.
    pub file: Option<String>,
}

/// The places of the steps, by the first line of each event in the trace's text. An event that no step
/// can have left, of a trace that is older than the spec, has none.
pub fn lines(plan: &Plan, source: &SourceFile, trace: &TraceText) -> BTreeMap<u32, StepLine> {
    let mut found = Found { source, lines: BTreeMap::new() };
    found.match_up(&plan.steps, &trace.nodes);
    found.lines
}

/// What leaves a line in a trace, or a block of them.
enum Trail<'p> {
    /// An event.
    Event(&'p Step),
    /// Lanes, each with its name.
    Lanes(Vec<(&'p str, &'p [Step])>),
    /// Iterations of neighbouring blocks: so many of these steps, or any number of them.
    Repeats(Vec<(u64, &'p [Step])>),
    /// A retry.
    Retry(&'p [Step]),
}

struct Found<'s> {
    source: &'s SourceFile,
    lines: BTreeMap<u32, StepLine>,
}

impl Found<'_> {
    fn match_up(&mut self, steps: &[Step], nodes: &[Node]) {
        let mut trails = Vec::new();
        push_trails(steps, &mut trails);
        let nodes = gathered(nodes);
        let steps: Vec<&str> = trails.iter().map(|(key, _)| key.as_str()).collect();
        let events: Vec<String> = nodes.iter().map(|nodes| key(nodes[0])).collect();
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        for op in capture_diff_slices(Algorithm::Myers, &steps, &events) {
            if let DiffOp::Equal { old_index, new_index, len } = op {
                for at in 0..len {
                    self.pair(&trails[old_index + at].1, &nodes[new_index + at]);
                }
            }
        }
    }

    fn pair(&mut self, trail: &Trail<'_>, nodes: &[&Node]) {
        match trail {
            Trail::Event(step) => {
                let at = step.span.start;
                let file = self.source.included_name(at).map(str::to_owned);
                self.lines.insert(nodes[0].line, StepLine { line: self.source.line(at), file });
            }
            Trail::Lanes(lanes) => {
                for node in nodes[0].inner() {
                    let NodeKind::Lane(name, inner) = &node.kind else { continue };
                    if let Some((_, steps)) = lanes.iter().find(|(lane, _)| lane == name) {
                        self.match_up(steps, inner);
                    }
                }
            }
            Trail::Repeats(repeats) => self.iterations(repeats, nodes),
            Trail::Retry(steps) => self.match_up(steps, nodes[0].inner()),
        }
    }

    /// Iterations that are alike are one in a trace; those of a table have steps of their own.
    fn iterations(&mut self, repeats: &[(u64, &[Step])], nodes: &[&Node]) {
        let mut begun = 0;
        for node in nodes {
            let NodeKind::Repeat(count, inner) = &node.kind else { continue };
            let mut before = 0;
            let is_it = |(times, _): &&(u64, &[Step])| {
                before += times;
                begun < before
            };
            if let Some((_, steps)) = repeats.iter().find(is_it).or(repeats.last()) {
                self.match_up(steps, inner);
            }
            begun += count.unwrap_or(1);
        }
    }
}

/// What the steps leave in a trace, each with its key. Files that are included are part of the whole.
fn push_trails<'p>(steps: &'p [Step], trails: &mut Vec<(String, Trail<'p>)>) {
    for step in steps {
        match &step.action {
            Action::Call(call) => trails.push((event_key(&call.endpoint.shown(), &call.words), Trail::Event(step))),
            Action::Link { words, .. } => trails.push((event_key("link", words), Trail::Event(step))),
            Action::Include { steps, .. } => push_trails(steps, trails),
            Action::Parallel { lanes, .. } => {
                let lanes = lanes.iter().map(|lane| (lane.name.as_str(), lane.steps.as_slice())).collect();
                trails.push(("parallel".to_owned(), Trail::Lanes(lanes)));
            }
            Action::Retry { steps, .. } => trails.push(("retry".to_owned(), Trail::Retry(steps))),
            Action::Repeat { count, steps, .. } => push_repeats(trails, [(*count, steps.as_slice())]),
            Action::Table { rows, .. } => push_repeats(trails, rows.iter().map(|row| (1, row.steps.as_slice()))),
            Action::Barrier { .. } | Action::Let(_) | Action::Assert(_) | Action::Pause(_) => {}
        }
    }
}

/// Appends iterations: a trace does not tell neighbouring blocks of them apart.
fn push_repeats<'p>(trails: &mut Vec<(String, Trail<'p>)>, more: impl IntoIterator<Item = (u64, &'p [Step])>) {
    let more: Vec<_> = more.into_iter().filter(|(_, steps)| leaves_something(steps)).collect();
    if more.is_empty() {
        return;
    }
    match trails.last_mut() {
        Some((_, Trail::Repeats(repeats))) => repeats.extend(more),
        _ => trails.push(("repeat".to_owned(), Trail::Repeats(more))),
    }
}

fn leaves_something(steps: &[Step]) -> bool {
    let mut trails = Vec::new();
    push_trails(steps, &mut trails);
    !trails.is_empty()
}

/// The nodes, neighbouring iterations together.
fn gathered(nodes: &[Node]) -> Vec<Vec<&Node>> {
    let is_repeat = |node: &Node| matches!(node.kind, NodeKind::Repeat(..));
    let mut gathered: Vec<Vec<&Node>> = Vec::new();
    for node in nodes {
        match gathered.last_mut() {
            Some(last) if is_repeat(node) && is_repeat(last[0]) => last.push(node),
            _ => gathered.push(vec![node]),
        }
    }
    gathered
}

fn key(node: &Node) -> String {
    match &node.kind {
        NodeKind::Event(Event { endpoint, what: What::Words(words) | What::Data { verb: words, .. }, .. }) => {
            event_key(endpoint, words)
        }
        NodeKind::Parallel(_) => "parallel".to_owned(),
        NodeKind::Repeat(..) => "repeat".to_owned(),
        NodeKind::Retry(_) => "retry".to_owned(),
        // No step leaves these.
        NodeKind::Lane(..) | NodeKind::End(_) | NodeKind::Unknown(_) => "\n".to_owned(),
    }
}

/// Who, and the verb.
fn event_key(endpoint: &str, words: &str) -> String {
    let verb = words.split(' ').next().unwrap_or_default();
    format!("{endpoint} {verb}")
}
