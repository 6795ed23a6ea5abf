//! A spec that was read and understood, as far as that goes.

use std::io;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::platform;
use crate::plan::{self, Case};
use crate::source::{SourceFile, Span};
use crate::spec::{
    self,
    ast::{Scalar, Spec},
};

use super::find::Found;
use super::outcome::Details;

/// A spec with its cases and what is wrong with it so far.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub source: SourceFile,
    /// What it says.
    pub spec: Spec,
    /// The cases of its matrix; one without a label where it has none.
    pub cases: Vec<Case>,
    /// What reading it and making its cases found.
    pub findings: Vec<Diagnostic>,
}

impl Loaded {
    /// Reads a spec.
    ///
    /// # Errors
    /// Where the file cannot be read. A file that is no spec is no error but has findings.
    pub fn read(found: &Found, settings: &plan::Settings) -> io::Result<Self> {
        Ok(Self::of(found, SourceFile::read(&found.path, found.path.to_string_lossy())?, settings))
    }

    /// Understands the text of a spec.
    pub(super) fn of(found: &Found, source: SourceFile, settings: &plan::Settings) -> Self {
        let spec::Parsed { spec, diagnostics: mut findings } = spec::parse(&source);
        if let Some(rival) = &found.rival {
            findings.push(same_name(rival));
        }
        let cases = plan::cases(&spec, settings, &mut findings);
        Self { source, spec, cases, findings }
    }

    /// Whether nothing of it can run.
    pub fn is_invalid(&self) -> bool {
        self.findings.iter().any(is_error)
    }

    /// Whether it could not be understood at all, so that nobody knows what it is about.
    pub(super) fn is_unknown(&self) -> bool {
        self.is_invalid() && self.spec.tags.is_empty() && self.spec.steps.is_empty()
    }

    /// What a case requires: the words of `requires`; Linux where it has something of it; namespaces where it has a network of its own;
    /// IPv6 where the matrix gives it a network of IPv6, so that the other cases run on a machine
    /// without; and the programs that it runs.
    pub fn requires<'a>(&'a self, case: &'a Case) -> impl Iterator<Item = &'a str> {
        let written = self.spec.requires.iter().map(|word| word.text.as_str());
        // Nobody asks for that where it is there.
        let is_of_linux = !platform::IS_LINUX && plan::needs_linux(&self.spec, case);
        let needed = [("linux", is_of_linux), ("netns", case.is_isolated()), ("ipv6", case.is_v6())];
        let needed = needed.into_iter().filter_map(|(word, needed)| needed.then_some(word));
        let known = written.clone();
        let implied = needed.chain(case.commands().iter().map(String::as_str));
        written.chain(implied.filter(move |word| !known.clone().any(|own| own == *word)))
    }

    /// The variables that may be given other values: those of `vars` and `matrix`.
    pub fn declared(&self) -> impl Iterator<Item = &str> {
        let vars = self.spec.vars.iter().map(|(name, _)| name);
        vars.chain(self.spec.matrix.iter().map(|(name, _)| name)).map(|name| name.text.as_str())
    }

    /// Whether all cases must give the same trace.
    pub fn is_shared(&self) -> bool {
        self.spec.snapshot.as_ref().is_some_and(|word| word.text == "shared")
    }

    /// What the spec says of itself.
    pub fn details(&self) -> Details {
        let texts = |scalars: &[Scalar]| scalars.iter().map(|scalar| scalar.text.clone()).collect();
        Details {
            about: self.spec.about.as_ref().map_or_else(String::new, |about| about.text.clone()),
            refs: texts(&self.spec.refs),
            ids: texts(&self.spec.ids),
            tags: texts(&self.spec.tags),
            requires: texts(&self.spec.requires),
            matrix: self.spec.matrix.iter().map(|(name, _)| name.text.clone()).collect(),
        }
    }

    /// The label of a case as [`Loaded::values`] has it, for those who outlive the spec.
    pub(super) fn owned_values(&self, case: &Case) -> Vec<(String, String)> {
        self.values(case).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// All findings of all cases, each once, in the order of their places.
    pub fn check(&self, name: &str, settings: &plan::Settings) -> Vec<Diagnostic> {
        let mut findings = self.findings.clone();
        findings.extend(plan::check(&self.spec, &self.source, name, settings));
        in_order(findings)
    }

    /// The label of a case as pairs of a name and a value.
    pub fn values<'a>(&'a self, case: &'a Case) -> Vec<(&'a str, &'a str)> {
        let mut names = self.spec.matrix.iter().map(|(name, _)| name.text.as_str()).peekable();
        let mut rest = case.label.as_str();
        let mut values = Vec::new();
        while let Some(name) = names.next() {
            rest = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(rest);
            let end = names.peek().and_then(|next| rest.find(&format!(",{next}="))).unwrap_or(rest.len());
            values.push((name, &rest[..end]));
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        values
    }
}

/// Whether a finding keeps the spec from running.
pub(super) fn is_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error
}

/// Each finding once, in the order of their places.
pub(super) fn in_order(mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| finding.span);
    let mut seen: Vec<Diagnostic> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !seen.contains(&finding) {
            seen.push(finding);
        }
    }
    seen
}

fn same_name(rival: &Path) -> Diagnostic {
    let message = format!("this file and `{}` have the same name, and so the same snapshot", rival.display());
    Diagnostic::error("same-name", Span::default(), message).help("rename one of them")
}
