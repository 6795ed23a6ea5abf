//! A `Spec` and a case to a `Plan`: every word understood, every static variable replaced.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;
use crate::spec::ast::Spec;

use super::case::{Case, Settings, cases};
use super::Plan;

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
    let plan = Plan {
        test: case.test_name(base),
        about: spec.about.as_ref().map(|about| about.text.clone()).unwrap_or_default(),
        folder: source.path().parent().map_or_else(PathBuf::new, PathBuf::from),
        allow_net: settings.allow_net,
        steps: Vec::new(),
    };
    let wrong = diagnostics.iter().any(|finding| finding.severity == Severity::Error);
    (!wrong).then_some(plan)
}

/// All findings of all cases, each place once.
pub fn check(spec: &Spec, source: &SourceFile, base: &str, settings: &Settings) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for case in cases(spec, settings, &mut findings) {
        build(spec, source, base, &case, settings, &mut findings);
    }
    findings
}
