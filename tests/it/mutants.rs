//! The bundled specs, each a little wrong: a step left out, an expectation changed, two closes exchanged.
//! A spec that passes all the same asserts nothing, so nearly every mutant must fail, by a step and
//! without its snapshot: a snapshot would catch anything.
//!
//! A step that only looks (`expect`, or a call that `fails`) is changed, never left out: what nobody
//! asks for nobody misses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;
use sockspec::source::{SourceFile, Span};
use sockspec::spec;
use sockspec::spec::ast::{Call, Expectation, Fails, Form, FormKind, Scalar, Step, StepKind, Verb, Wanted};

use crate::project::Project;
use crate::schema::yaml_files;

/// Specs of real servers are left out: each mutant would start one.
const LEFT_OUT: [&str; 2] = ["servers/", "programs/"];

/// A spec that has been changed.
struct Mutant {
    kind: &'static str,
    what: String,
    text: String,
}

/// A spec whose mutants are made.
struct Subject<'t> {
    text: &'t str,
    mutants: Vec<Mutant>,
}

impl<'t> Subject<'t> {
    fn of(text: &'t str, steps: &[Step]) -> Vec<Mutant> {
        let mut subject = Self { text, mutants: Vec::new() };
        subject.list(steps);
        subject.mutants
    }

    fn add(&mut self, kind: &'static str, what: &str, text: String) {
        self.mutants.push(Mutant { kind, what: what.to_owned(), text });
    }

    fn slice(&self, span: Span) -> &'t str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// The lines of a step that has them to itself.
    fn lines(&self, span: Span) -> Option<std::ops::Range<usize>> {
        let (start, end) = (span.start as usize, span.end as usize);
        let from = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at + 1);
        let after = self.text[end..to].trim();
        let is_alone = self.text[from..start].trim() == "-" && (after.is_empty() || after.starts_with('#'));
        is_alone.then_some(from..to)
    }

    fn list(&mut self, steps: &[Step]) {
        let mut before: Option<&Step> = None;
        for step in steps {
            match &step.kind {
                StepKind::Call(call) => {
                    self.left_out(step, call);
                    self.changed(call);
                    if is_close(&call.verb)
                        && let Some(other) = before.replace(step)
                    {
                        self.exchanged(other, step);
                    }
                }
                StepKind::Parallel { lanes, .. } => lanes.iter().for_each(|lane| self.list(&lane.steps)),
                StepKind::Repeat { steps, .. } | StepKind::Retry { steps, .. } => self.list(steps),
                _ => {}
            }
        }
    }

    fn left_out(&mut self, step: &Step, call: &Call) {
        let looks = matches!(call.verb, Verb::Expect { .. }) || call.fails.is_some();
        let Some(lines) = self.lines(step.span).filter(|_| !looks) else { return };
        let text = [&self.text[..lines.start], &self.text[lines.end..]].concat();
        self.add("left out", self.slice(step.span), text);
    }

    fn exchanged(&mut self, one: &Step, other: &Step) {
        let (first, second) = (self.slice(one.span), self.slice(other.span));
        if first == second {
            return;
        }
        let (at, to) =
            (one.span.start as usize..one.span.end as usize, other.span.start as usize..other.span.end as usize);
        let text = [&self.text[..at.start], second, &self.text[at.end..to.start], first, &self.text[to.end..]].concat();
        self.add("exchanged", &format!("{first} and {second}"), text);
    }

    /// Puts another text into a place.
    fn instead(&mut self, span: Span, new: &str) {
        let text = [&self.text[..span.start as usize], new, &self.text[span.end as usize..]].concat();
        let line = self.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let what = text[line..].lines().next().unwrap_or_default().trim().to_owned();
        self.add("changed", &what, text);
    }

    /// What must come beside the bytes, or be told of them.
    fn changed_beside(&mut self, call: &Call) {
        let values = match &call.verb {
            Verb::Recv { beside, .. } => {
                let error = beside.errqueue.as_ref();
                let told = error.map(|error| [Some(&error.errno), error.kind.as_ref(), error.code.as_ref()]);
                told.into_iter().flatten().chain([beside.to.as_ref()]).flatten().collect()
            }
            Verb::Read { truncated: Some(truncated), .. } => vec![truncated],
            _ => Vec::new(),
        };
        for value in values.into_iter().filter(|_| call.fails.is_none()) {
            let address =
                value.text.parse::<IpAddr>().ok().map(|ip| if ip.is_ipv6() { "\"::99\"" } else { "127.0.0.99" });
            if let Some(new) = address.map(str::to_owned).or_else(|| other_value(value)) {
                self.instead(value.span, &new);
            }
        }
    }

    fn changed(&mut self, call: &Call) {
        self.changed_beside(call);
        match &call.verb {
            // What fails is not received, so its bytes are not expected.
            Verb::Recv { pattern, .. } | Verb::Read { is: Some(pattern), .. } if call.fails.is_none() => {
                self.other_bytes(pattern);
            }
            Verb::Expect { what: Expectation::Any(conditions), .. } => {
                for condition in conditions {
                    match condition.text.as_str() {
                        "eof" => self.instead(condition.span, "reset"),
                        "reset" => self.instead(condition.span, "eof"),
                        _ => {}
                    }
                }
            }
            Verb::Expect { what: Expectation::Attributes(attributes), .. } => {
                for (_, wanted) in attributes {
                    if let Wanted::Any(values) = wanted
                        && let [value] = values.as_slice()
                        && let Some(new) = other_value(value)
                    {
                        self.instead(value.span, &new);
                    }
                }
            }
            _ => {}
        }
        if let Some(Fails::Any(errors)) = &call.fails
            && let [error] = errors.as_slice()
        {
            self.instead(error.span, if error.text == "EINVAL" { "EPIPE" } else { "EINVAL" });
        }
    }

    /// Another letter in a text.
    fn other_bytes(&mut self, pattern: &Form) {
        match &pattern.kind {
            FormKind::Text(text) => {
                let written = self.slice(text.span);
                let is_letter =
                    |(at, byte): &(usize, u8)| byte.is_ascii_alphanumeric() && !written[..*at].ends_with('\\');
                let found = written.bytes().enumerate().rfind(is_letter);
                if let Some((at, byte)) = found.filter(|_| !written.contains("${")) {
                    let start = text.span.start as usize + at;
                    self.instead(Span::new(start, start + 1), if byte == b'x' { "y" } else { "x" });
                }
            }
            FormKind::List(parts) => parts.iter().for_each(|part| self.other_bytes(part)),
            _ => {}
        }
    }
}

fn is_close(verb: &Verb) -> bool {
    matches!(verb, Verb::Close { .. } | Verb::Reset | Verb::Shutdown { .. })
}

fn other_value(value: &Scalar) -> Option<String> {
    let text = value.text.as_str();
    Some(match text {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "ESTABLISHED" => "CLOSED".to_owned(),
        _ if sockspec::model::state::TcpState::parse(text).is_some() => "ESTABLISHED".to_owned(),
        _ if sockspec::model::errno::Errno::parse(text).is_some() => {
            if text == "EINVAL" { "EPIPE" } else { "EINVAL" }.to_owned()
        }
        _ => (text.parse::<u32>().ok()? + 1).to_string(),
    })
}

/// What is written for a test: the file, and what was done to it.
fn write_all(project: &Project) -> BTreeMap<String, (String, Mutant)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut all = BTreeMap::new();
    for path in yaml_files("specs") {
        let name = path.strip_prefix(&root).unwrap().with_extension("").to_string_lossy().into_owned();
        if LEFT_OUT.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let source = SourceFile::read(&path, name.as_str()).unwrap();
        for (nth, mutant) in Subject::of(source.text(), &spec::parse(&source).spec.steps).into_iter().enumerate() {
            let name_of_it = format!("{name}-{nth}");
            project.write(&format!("specs/{name_of_it}.yaml"), &mutant.text);
            all.insert(name_of_it, (name.clone(), mutant));
        }
    }
    for included in crate::schema::included_files("specs") {
        let to = project.path("specs").join(included.strip_prefix(&root).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(included, to).unwrap();
    }
    all
}

#[test]
fn nearly_every_mutant_fails_without_its_snapshot() {
    let project = Project::new(&[]);
    let mutants = write_all(&project);
    // Some are no specs any more: what has become of each is in the report.
    project.run(&["run", "--update", "no", "--timeout-factor", "0.1", "--report", "json=report.json"]).exits(2);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(project.path("report.json")).unwrap()).unwrap();
    // How the cases of each have ended: those that did not run tell nothing.
    let mut fails: BTreeMap<&str, bool> = BTreeMap::new();
    for test in report["tests"].as_array().unwrap() {
        let name = test["name"].as_str().unwrap().split('[').next().unwrap();
        let verdict = test["verdict"].as_str().unwrap();
        if !["invalid", "ignored"].contains(&verdict) {
            *fails.entry(name).or_default() |= verdict == "failed";
        }
    }
    let mut survivors = String::new();
    let mut caught = 0_u32;
    for (name, failed) in &fails {
        let (spec, mutant) = &mutants[*name];
        if *failed {
            caught += 1;
        } else {
            let _ = writeln!(survivors, "{spec}: {}: {}", mutant.kind, mutant.what);
        }
    }
    assert!(fails.len() > 1500, "only {} mutants were run", fails.len());
    let share = 100.0 * f64::from(caught) / f64::from(u32::try_from(fails.len()).unwrap());
    assert!(share >= 95.0, "{caught} of {} mutants are caught, {share:.1} %. These are not:\n{survivors}", fails.len());
}
