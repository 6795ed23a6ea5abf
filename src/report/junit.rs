//! A run as JUnit's XML, as GitLab, Jenkins and others read it: a suite for each folder of specs.

use chrono::{DateTime, Utc};
use quick_junit::{
    FlakyOrRerun, NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString,
};

use super::run::RunReport;
use super::told::{self, Kind};
use crate::diagnostic::{Format, Style, render};
use crate::suite::{Outcome, SpecResult, TestResult, Tries};

/// The run as XML.
pub fn run(report: &RunReport) -> String {
    let mut root = Report::new("sockspec");
    root.set_timestamp(DateTime::<Utc>::from(report.began)).set_time(report.took);
    root.add_test_suites(suites(report));
    root.to_string().unwrap_or_else(|error| unreachable!("names and texts have been made fit for XML: {error}"))
}

/// The suites, in the order of their first specs.
fn suites(report: &RunReport) -> Vec<TestSuite> {
    let mut suites: Vec<TestSuite> = Vec::new();
    for spec in &report.specs {
        let folder = folder(spec);
        let known = suites.iter().position(|suite| suite.name.as_str() == folder.as_str());
        let at = known.unwrap_or_else(|| {
            suites.push(suite(report, folder));
            suites.len() - 1
        });
        for test in &spec.tests {
            let suite = &mut suites[at];
            suite.time = Some(suite.time.unwrap_or_default() + test.took);
            suite.add_test_case(case(report, spec, test));
        }
        warn(&mut suites[at], spec);
    }
    suites
}

/// The checker's warnings stand where tests have their error output.
fn warn(suite: &mut TestSuite, spec: &SpecResult) {
    let Some(source) = spec.source.as_ref().filter(|_| !spec.warnings.is_empty()) else { return };
    let warnings: String =
        spec.warnings.iter().map(|warning| render(source, warning, Format::Short, Style::default())).collect();
    if let Some(case) = suite.test_cases.iter_mut().rev().nth(spec.tests.len().saturating_sub(1)) {
        case.system_err = Some(fit(&warnings));
    }
}

fn suite(report: &RunReport, name: XmlString) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.set_timestamp(DateTime::<Utc>::from(report.began));
    if report.is_interrupted {
        suite.add_property(Property::new("interrupted", "true"));
    }
    if let Some(seed) = report.seed {
        suite.add_property(Property::new("shuffle", seed.to_string()));
    }
    suite
}

/// The folder that is in the names of a spec's tests: `tcp/close`; `specs` at the top.
fn folder(spec: &SpecResult) -> XmlString {
    let name = spec_name(spec);
    fit(name.rsplit_once('/').map_or("specs", |(folder, _)| folder))
}

fn spec_name(spec: &SpecResult) -> &str {
    let name = spec.tests.first().map_or("", |test| test.name.as_str());
    name.split_once('[').map_or(name, |(spec, _)| spec)
}

fn case(report: &RunReport, spec: &SpecResult, test: &TestResult) -> TestCase {
    let mut case = TestCase::new(fit(&test.name), status(report, spec, test));
    // Jenkins takes what is before the last point for a package.
    case.set_classname(fit(&spec_name(spec).replace('/', "."))).set_time(test.took);
    let place = told::place(spec, test);
    case.extra.insert("file".into(), fit(&place.file));
    case.extra.insert("line".into(), place.start.line.to_string().into());
    let tags = spec.details.iter().flat_map(|details| &details.tags).map(|tag| property("tag", tag));
    case.properties.extend(tags.chain(test.values.iter().map(|(name, value)| property(name, value))));
    case
}

fn property(name: &str, value: &str) -> Property {
    Property::new(fit(name), fit(value))
}

fn status(report: &RunReport, spec: &SpecResult, test: &TestResult) -> TestCaseStatus {
    let kind = match report.kind(test) {
        Kind::Passed => {
            let mut status = TestCaseStatus::success();
            if let Outcome::Flaky(tries) = &test.outcome {
                status.add_reruns(reruns(spec, tries));
            }
            return status;
        }
        Kind::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(test.outcome.verdict()).set_message(fit(&told::sentence(&test.outcome)));
            return status;
        }
        Kind::Failed => NonSuccessKind::Failure,
        Kind::Broken => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(test.outcome.verdict()).set_message(fit(&told::sentence(&test.outcome)));
    status.set_description(fit(&told::text(spec, test)));
    match &test.outcome {
        Outcome::Flaky(tries) => {
            status.set_rerun_kind(FlakyOrRerun::Flaky).add_reruns(reruns(spec, tries));
        }
        Outcome::Differs(tries) => drop(status.add_reruns(reruns(spec, tries))),
        _ => {}
    }
    status
}

/// The runs of a test that did not pass.
fn reruns(spec: &SpecResult, tries: &Tries) -> Vec<TestRerun> {
    let mut reruns = Vec::new();
    for (run, number) in tries.runs.iter().zip(1..) {
        let way = &tries.ways[run.way];
        let kind = match told::kind(&way.outcome) {
            Kind::Passed | Kind::Skipped => continue,
            Kind::Failed => NonSuccessKind::Failure,
            Kind::Broken => NonSuccessKind::Error,
        };
        let mut rerun = TestRerun::new(kind);
        rerun.set_time(run.took).set_type(way.outcome.verdict());
        rerun.set_message(fit(&format!("run {number}: {}", told::sentence(&way.outcome))));
        rerun.set_description(fit(&super::tries::text(spec, way)));
        reruns.push(rerun);
    }
    reruns
}

/// A text without what XML cannot have, not even escaped.
fn fit(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}
