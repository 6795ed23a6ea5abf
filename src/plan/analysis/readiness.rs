//! Programs that are told a port, and connected to before anything says that they listen: what starts at once, and
//! listens a moment later, is refused now and then, or always.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::plan::file::{Content, File};
use crate::plan::program::Run;
use crate::plan::template::{Piece, Template};
use crate::plan::walk::inner;
use crate::plan::{Action, Call, Step, Target, Verb};
use crate::source::Span;

/// A program of which nothing is known but that it was started.
#[derive(Debug, Clone)]
struct Started {
    name: String,
    ports: BTreeSet<String>,
    place: Span,
}

/// Finds them.
pub(in crate::plan) fn check(steps: &[Step], ports: &[String], files: &[File], found: &mut Vec<Diagnostic>) {
    if ports.is_empty() {
        return;
    }
    let in_files: Vec<&str> = files
        .iter()
        .filter_map(|file| match &file.content {
            Content::Text(template) => Some(variables(template)),
            _ => None,
        })
        .flatten()
        .collect();
    let mut search = Search { ports, in_files, others: BTreeSet::new(), found };
    search.note_others(steps);
    search.steps(steps, &mut Vec::new());
}

struct Search<'a, 'f> {
    ports: &'a [String],
    /// The variables in files.
    in_files: Vec<&'a str>,
    /// Ports at which somebody else listens: an endpoint of the spec, or a program that says when.
    others: BTreeSet<&'a str>,
    found: &'f mut Vec<Diagnostic>,
}

impl<'a> Search<'a, '_> {
    /// Notes the ports at which endpoints of the spec listen, or programs that say when they do.
    fn note_others(&mut self, steps: &'a [Step]) {
        for step in steps {
            match &step.action {
                Action::Call(call) => match &call.verb {
                    Verb::Bind { .. } | Verb::Listen { .. } => {
                        self.others.extend(
                            self.ports
                                .iter()
                                .filter(|port| call.words.contains(&format!("<{port}>")))
                                .map(String::as_str),
                        );
                    }
                    Verb::Run(run) if run.ready.is_some() => {
                        let told: Vec<&str> = self.told(run).collect();
                        self.others.extend(told);
                    }
                    _ => {}
                },
                _ => inner(step).into_iter().for_each(|steps| self.note_others(steps)),
            }
        }
    }

    /// Follows the steps. `waiting` are the programs that were started, and of which nothing more is known.
    fn steps(&mut self, steps: &'a [Step], waiting: &mut Vec<Started>) {
        for step in steps {
            match &step.action {
                Action::Call(call) => self.call(call, waiting),
                Action::Parallel { lanes, .. } => {
                    for lane in lanes {
                        self.steps(&lane.steps, &mut waiting.clone());
                    }
                    waiting.clear();
                }
                // Whatever they wait for, it takes its time.
                Action::Pause(_) | Action::Retry { .. } | Action::Include { .. } => waiting.clear(),
                _ => inner(step).into_iter().for_each(|steps| self.steps(steps, waiting)),
            }
        }
    }

    fn call(&mut self, call: &Call, waiting: &mut Vec<Started>) {
        let name = call.endpoint.shown();
        match &call.verb {
            Verb::Run(run) if run.ready.is_none() => {
                let told = self.told(run).filter(|port| !self.others.contains(port)).map(str::to_owned);
                let ports: BTreeSet<String> = told.collect();
                if !ports.is_empty() {
                    waiting.push(Started { name, ports, place: call.endpoint.span.to(call.verb_span) });
                }
            }
            Verb::Connect { to: Target::Computed(target), .. } if call.fails.is_empty() => {
                self.connect(target, waiting);
            }
            Verb::Send { .. } | Verb::Signal(_) => {}
            // What it prints, or its end, tells about it.
            _ => waiting.retain(|started| started.name != name),
        }
    }

    fn connect(&mut self, target: &Template, waiting: &mut Vec<Started>) {
        let is_datagram = matches!(target.pieces.first(), Some(Piece::Literal(text)) if text.starts_with("udp"));
        let reached: Vec<&str> = variables(target).collect();
        let is_meant = |started: &Started| reached.iter().any(|port| started.ports.contains(*port));
        let Some(at) = waiting.iter().position(is_meant).filter(|_| !is_datagram) else { return };
        let Started { name, place, .. } = waiting.remove(at);
        let address: String = target
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Variable { name, part: None } => format!("${{{name}}}"),
                other => other.shown(),
            })
            .collect();
        let message = format!("`{name}` may not listen yet: nothing says when it is ready");
        self.found.push(
            Diagnostic::warning("not-ready", target.span, message).related(place, "it is started here").help(format!(
                "say it beside its `run`: `ready: \"{address}\"`, or a line that it prints, `ready: {{stdout: REGEX}}`"
            )),
        );
    }

    /// The ports that a program is told: by its arguments, its environment or in files.
    fn told<'s>(&'s self, run: &'s Run) -> impl Iterator<Item = &'a str> + use<'s, 'a> {
        let templates = run.arguments.iter().chain(run.env.iter().map(|(_, value)| value));
        let own = templates.flat_map(variables);
        let named: Vec<&str> = own.chain(self.in_files.iter().copied()).collect();
        self.ports.iter().map(String::as_str).filter(move |port| named.contains(port))
    }
}

/// The variables in a text.
fn variables(template: &Template) -> impl Iterator<Item = &str> {
    template.pieces.iter().filter_map(|piece| match piece {
        Piece::Variable { name, part: None } => Some(name.as_str()),
        _ => None,
    })
}
