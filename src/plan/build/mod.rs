//! A `Spec` and a case to a `Plan`: every word understood, every static variable replaced.
//!
//! `Builder` goes once through the steps. What concerns single words is found here; what
//! concerns the order of steps is found on the finished plan, in `analysis`.

mod attribute;
mod call;
mod compute;
mod condition;
mod fails;
mod files;
mod include;
pub(super) mod later;
mod link;
mod literal;
mod names;
mod option;
pub(crate) mod pattern;
pub(crate) mod payload;
mod place;
mod ports;
mod program;
mod receive;
mod regex;
mod repeat;
mod scope;
mod step;
mod target;
mod text;
mod tls;
mod topology;
mod words;

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::value::Value;
use crate::source::{SourceFile, Span};
use crate::spec::ast::{Scalar, Spec, Step};

use super::analysis;
use super::analysis::lanes::Recorder;
use super::case::{Case, cases};
use super::given::Settings;
use super::{Plan, constant, expression};
use scope::{Content, Scope};
use topology::Joined;

/// The deadline of a step, unless the spec says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many errors, and how many warnings, one case may have.
const MOST_FINDINGS: usize = 100;

/// How many findings the cases of a spec may have together before no more of them are looked at.
const MOST_IN_CASES: usize = 10 * MOST_FINDINGS;

/// The plan of one case. Every finding goes into `diagnostics`, which may hold those of the decoder
/// already; there is no plan when an error is among them.
pub fn build(
    spec: &Spec,
    source: &SourceFile,
    base: &str,
    case: &Case,
    settings: &Settings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Plan> {
    let mut builder = Builder::new(spec, source, settings);
    builder.declare(case, settings);
    builder.join_network();
    let wire = builder.wire();
    let files = builder.files();
    let steps = builder.steps(&spec.steps);
    let tmp = builder.uses_folder();
    builder.report_unused();
    let Builder { scope, mut found, incomplete, faulty, constants, network, prefixes, .. } = builder;
    let doubts = analysis::Doubts { names: scope.into_doubtful(), steps: faulty, incomplete };
    analysis::check(&steps, network.certain_hosts(), source, &doubts, &mut found);
    let ports: Vec<String> = spec.ports.iter().map(|name| name.text.clone()).collect();
    analysis::readiness::check(&steps, &ports, &files, &mut found);
    if !found.is_empty() {
        include::tell_of_second_places(&mut found, source);
        include::call_as_written(&mut found, &prefixes, source);
        found.sort_by_key(|finding| finding.span.start);
        diagnostics.append(&mut first_of_each(found));
    }
    let wrong = diagnostics.iter().any(|finding| finding.severity == Severity::Error);
    (!wrong).then(|| Plan {
        test: case.test_name(base),
        about: spec.about.as_ref().map(|about| about.text.clone()).unwrap_or_default(),
        constants,
        ports,
        files,
        tmp,
        // Nothing leaves a network of the spec's own.
        allow_net: settings.allow_net || network.topology.is_some(),
        topology: network.topology,
        wire,
        perturb: spec.perturb,
        steps,
    })
}

/// The first errors and the first warnings: whoever has more has made one mistake many times.
fn first_of_each(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let (mut errors, mut warnings) = (0, 0);
    found.retain(|finding| {
        let count = if finding.severity == Severity::Error { &mut errors } else { &mut warnings };
        *count += 1;
        *count <= MOST_FINDINGS
    });
    found
}

/// All findings of all cases, in the order of the file, each place once. One that holds for some
/// cases only says for which.
pub fn check(spec: &Spec, source: &SourceFile, base: &str, settings: &Settings) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let cases = cases(spec, settings, &mut findings);
    let mut per_case: Vec<(String, Vec<Diagnostic>)> = Vec::with_capacity(cases.len());
    let mut total = 0;
    for case in cases {
        let mut found = Vec::new();
        build(spec, source, base, &case, settings, &mut found);
        total += found.len();
        per_case.push((case.label, found));
        if total > MOST_IN_CASES {
            break;
        }
    }
    findings.extend(merge(&per_case));
    findings.sort_by_key(|finding| finding.span.start);
    findings
}

/// The findings of several cases as those of one spec: each place once. What does not hold for all
/// cases alike says for which.
pub fn merge(per_case: &[(String, Vec<Diagnostic>)]) -> Vec<Diagnostic> {
    merge_of(per_case, "case")
}

/// The findings of several cases, or whatever else they are of.
fn merge_of(per_case: &[(String, Vec<Diagnostic>)], what: &str) -> Vec<Diagnostic> {
    let mut merged: Vec<Merged<'_>> = Vec::new();
    for (label, found) in per_case {
        for finding in found {
            let same = |known: &&mut Merged<'_>| (known.first.code, known.first.span) == (finding.code, finding.span);
            match merged.iter_mut().find(same) {
                Some(known) => {
                    known.cases += 1;
                    known.alike &= known.first.message == finding.message;
                }
                None => merged.push(Merged { first: finding.clone(), label, cases: 1, alike: true }),
            }
        }
    }
    merged.into_iter().map(|finding| finding.said(per_case.len(), what)).collect()
}

/// A finding that some cases have.
struct Merged<'l> {
    first: Diagnostic,
    /// The first case that has it.
    label: &'l str,
    cases: usize,
    /// Whether all of them have it in the same words.
    alike: bool,
}

impl Merged<'_> {
    /// The finding, of so many cases in all.
    fn said(self, all: usize, what: &str) -> Diagnostic {
        let Self { mut first, label, cases, alike } = self;
        let _ = match (cases, alike) {
            (cases, true) if cases >= all => return first,
            (1, _) => write!(first.message, " (in the {what} {label})"),
            (_, true) => write!(first.message, " (in {cases} of {all} {what}s, such as {label})"),
            (_, false) => write!(first.message, " (in the {what} {label}; others have it, too)"),
        };
        first
    }
}

/// Makes a plan of one case, step by step.
#[expect(clippy::struct_excessive_bools, reason = "each says something else about the spec")]
struct Builder<'a> {
    spec: &'a Spec,
    source: &'a SourceFile,
    folder: PathBuf,
    allow_net: bool,
    network: Joined,
    timeout_factor: f64,
    timeout: Duration,
    /// Whether all cases share a snapshot, so that values of the matrix must not be shown.
    shared: bool,
    incomplete: bool,
    /// Whether what is read now is there before the first step.
    before_steps: bool,
    /// Whether a file uses the path of the temporary folder.
    folder_in_files: bool,
    scope: Scope<'a>,
    lanes: Recorder,
    /// The values of the variables that are declared.
    constants: Vec<(String, Value)>,
    /// The names that `let` has set.
    computed: Vec<&'a Scalar>,
    /// The steps of the file that is looked at.
    steps_here: &'a [Step],
    /// What the names of included files begin with outside of them, and where they are included.
    prefixes: Vec<(Span, String)>,
    /// How many iterations of hashes may still be made for what is known before the spec runs.
    iterations: Cell<u64>,
    /// How many steps were built, those of tables for each row.
    built: usize,
    /// The places of steps with mistakes.
    faulty: Vec<Span>,
    /// The regular expressions that were compiled.
    compiled: HashMap<String, ::regex::bytes::Regex>,
    /// How much the compiled expressions may still take, in bytes.
    expressions: usize,
    found: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(spec: &'a Spec, source: &'a SourceFile, settings: &Settings) -> Self {
        Self {
            spec,
            source,
            folder: source.path().parent().map_or_else(PathBuf::new, PathBuf::from),
            allow_net: settings.allow_net,
            network: Joined::default(),
            timeout_factor: settings.timeout_factor,
            timeout: DEFAULT_TIMEOUT,
            shared: spec.snapshot.as_ref().is_some_and(|word| word.text == "shared"),
            incomplete: spec.incomplete,
            before_steps: false,
            folder_in_files: false,
            scope: Scope::default(),
            lanes: Recorder::default(),
            constants: Vec::new(),
            computed: Vec::new(),
            steps_here: &spec.steps,
            prefixes: Vec::new(),
            iterations: Cell::new(expression::MOST_ITERATIONS),
            built: 0,
            faulty: Vec::new(),
            compiled: HashMap::new(),
            expressions: regex::MOST_TOGETHER,
            found: Vec::new(),
        }
    }

    fn report(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// Whether what concerns this name cannot be judged, because of a mistake elsewhere.
    fn is_doubtful(&self, name: &str) -> bool {
        self.incomplete || self.scope.is_doubtful(name)
    }

    fn stretched(&self, deadline: Duration) -> Duration {
        if (self.timeout_factor - 1.0).abs() < f64::EPSILON {
            return deadline;
        }
        Duration::try_from_secs_f64(deadline.as_secs_f64() * self.timeout_factor).unwrap_or(Duration::MAX)
    }

    /// The variables of the case: `--var` before `matrix` before `vars`.
    fn declare(&mut self, case: &Case, settings: &Settings) {
        let spec = self.spec;
        self.declare_ports();
        for ((name, _), value) in spec.matrix.iter().zip(&case.values) {
            if self.new_name(name).is_none() {
                self.scope.doubt(&name.text);
            } else if !self.is_a_port(name) {
                let content = Content::Known { value: value.clone(), hidden: self.shared };
                self.scope.declare(&name.text, name.span, content);
            }
        }
        for (name, written) in &spec.vars {
            if self.new_name(name).is_none() {
                self.scope.doubt(&name.text);
                continue;
            }
            if self.is_a_port(name) {
                continue;
            }
            if let Some(variable) = self.scope.variable_mut(&name.text) {
                // The matrix has it too, and wins.
                variable.used = true;
                continue;
            }
            let (value, hidden) = self.var(name, written, settings);
            self.scope.declare(&name.text, name.span, Content::Known { value, hidden });
        }
        self.constants = self.scope.constants();
        // The timeout may be one of these variables.
        self.timeout = match &spec.timeout {
            Some(timeout) => self.deadline(timeout).unwrap_or(DEFAULT_TIMEOUT),
            None => self.stretched(DEFAULT_TIMEOUT),
        };
    }

    fn var(&mut self, name: &'a Scalar, written: &Scalar, settings: &Settings) -> (Value, bool) {
        let declared = match constant::read(written) {
            Ok(value) => self.constant(written, value),
            Err(finding) => {
                self.report(*finding);
                None
            }
        };
        let varies = self.spec.varying.iter().any(|varying| varying.text == name.text);
        let declared = declared.map(|(value, hidden)| (value, hidden || varies));
        let Some((declared, hidden)) = declared else {
            self.scope.doubt(&name.text);
            return (Value::Text(written.text.clone()), false);
        };
        if let Some(finding) = settings.unset(name) {
            self.report(finding);
        }
        let given = settings.given(&name.text);
        match given.map(|given| (constant::replaced(name, Some(&declared), given), given.is_hidden() || varies)) {
            Some((Ok(value), hidden)) => (value, hidden),
            Some((Err(finding), _)) => {
                self.report(*finding);
                (declared, hidden)
            }
            None => (declared, hidden),
        }
    }

    /// Variables of `vars`, `matrix`, `ports` and `let` that nothing uses.
    fn report_unused(&mut self) {
        if self.incomplete || self.scope.variables().iter().all(|variable| variable.used) {
            return;
        }
        let mut unused: Vec<(&str, &Scalar)> = Vec::new();
        for (kind, name) in self.declared() {
            let variable = self.scope.variable(&name.text);
            let known = unused.iter().any(|(_, known)| known.text == name.text);
            if variable.is_some_and(|variable| !variable.used) && !known && !self.scope.is_doubtful(&name.text) {
                unused.push((kind, name));
            }
        }
        for (kind, name) in unused {
            let message = format!("the variable `{}` of `{kind}` is never used", name.text);
            let help = self.use_of(name);
            self.report(Diagnostic::error("unused-variable", name.span, message).help(help));
        }
    }

    /// How a variable that is never used is used. A dollar before it makes it a literal.
    fn use_of(&self, name: &Scalar) -> String {
        let (variable, literal) = (format!("${{{}}}", name.text), format!("$${{{}}}", name.text));
        let mut lines = self.source.part(name.span.start).file.text().lines().enumerate();
        match lines.find(|(_, line)| line.contains(&literal) && !line.trim_start().starts_with('#')) {
            None => format!("write `{variable}` where its value belongs, or leave it out"),
            Some((line, _)) => format!(
                "`{literal}` in line {} stands for the text `{variable}`: for a dollar and then the value write \
                 `[\"$\", \"{variable}\"]`, or `${{dollar}}{variable}` with `vars: {{dollar: \"$\"}}`",
                line + 1
            ),
        }
    }

    fn declared(&self) -> impl Iterator<Item = (&'static str, &'a Scalar)> {
        let spec = self.spec;
        let matrix = spec.matrix.iter().map(|(name, _)| ("matrix", name));
        let vars = spec.vars.iter().map(|(name, _)| ("vars", name));
        let ports = spec.ports.iter().map(|name| ("ports", name));
        let computed = self.computed.iter().map(|name| ("let", *name));
        matrix.chain(vars).chain(ports).chain(computed)
    }

    fn captured_later(&self, name: &str) -> Option<Span> {
        later::captured(self.steps_here, name)
    }

    fn created_later(&self, name: &str) -> Option<Span> {
        later::created(self.steps_here, name)
    }
}
