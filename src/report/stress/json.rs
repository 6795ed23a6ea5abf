//! The same for machines.

use serde::Serialize;

use super::{Options, command};
use crate::report::terminal::shown_path;
use crate::stress::tally::{Trouble, Way};
use crate::stress::{Difference, Ended, Place, Stressed, Tally};
use crate::suite::Outcome;

/// One object of JSON.
#[derive(Serialize)]
struct Report<'a> {
    seed: u64,
    /// How many runs each test was to have.
    runs_each: u32,
    specs: u64,
    runs: u64,
    differ: u64,
    seconds: f64,
    timed_out: bool,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    spec: String,
    /// `same`, `differs`, `failed`, `ignored`, `invalid`, `could-not-run` or `not-run`.
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    runs: u32,
    /// The step at which the ways part.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    /// Only where there is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ways: Vec<JsonWay<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

#[derive(Serialize)]
struct Step {
    file: String,
    line: u32,
    text: String,
}

#[derive(Serialize)]
struct JsonWay<'a> {
    runs: u32,
    unperturbed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    trace: &'a str,
}

/// What came of all runs, as one line of JSON.
pub fn json(ended: &Ended, options: &Options<'_>) -> String {
    let totals = ended.totals();
    let report = Report {
        seed: options.seed,
        runs_each: options.runs,
        specs: totals.specs,
        runs: totals.runs,
        differ: totals.differ,
        seconds: ended.took.as_secs_f64(),
        timed_out: ended.timed_out,
        tests: ended.specs.iter().flat_map(|stressed| tests(stressed, options)).collect(),
    };
    serde_json::to_string(&report).unwrap_or_default() + "\n"
}

fn tests<'a>(stressed: &'a Stressed, options: &Options<'_>) -> Vec<Test<'a>> {
    let of_spec = stressed.invalid.iter().flat_map(|result| &result.tests).map(|test| {
        let (verdict, reason) = match &test.outcome {
            Outcome::Invalid(found) => ("invalid", found.first().map(|first| first.message.clone())),
            Outcome::CouldNotRun { reason } => ("could-not-run", Some(reason.clone())),
            _ => ("not-run", None),
        };
        Test { reason, ..empty(&test.name, stressed, verdict) }
    });
    of_spec.chain(stressed.tests.iter().map(|tally| test(stressed, tally, options))).collect()
}

fn empty<'a>(name: &'a str, stressed: &Stressed, verdict: &'static str) -> Test<'a> {
    let spec = shown_path(&stressed.path).into_owned();
    Test { name, spec, verdict, reason: None, runs: 0, step: None, ways: Vec::new(), command: None }
}

fn test<'a>(stressed: &Stressed, tally: &'a Tally, options: &Options<'_>) -> Test<'a> {
    let (verdict, reason) = match &tally.trouble {
        _ if tally.differs() => ("differs", None),
        Some(Trouble::Ignored(reason)) => ("ignored", Some(reason.clone())),
        Some(Trouble::CouldNotRun(reason)) => ("could-not-run", Some(reason.clone())),
        None if tally.fails() => ("failed", tally.ways.iter().find_map(failure).map(str::to_owned)),
        None if tally.ways.is_empty() => ("not-run", None),
        None => ("same", None),
    };
    let mut test = Test { reason, runs: tally.runs, ..empty(&tally.name, stressed, verdict) };
    if let (true, Some(usual), Some(other)) = (tally.differs(), tally.usual(), tally.other()) {
        let step = Difference::between(usual, other).step;
        let place = stressed.place_of(step.as_ref().map(|(line, file)| (*line, file.as_deref())));
        test.step = place.map(|Place { file, line, text }| Step { file, line, text });
        test.ways = tally.ways.iter().map(way).collect();
        test.command = other.seed.map(|seed| command(stressed, tally, seed, options));
    }
    test
}

fn way(way: &Way) -> JsonWay<'_> {
    JsonWay { runs: way.count, unperturbed: way.is_usual, seed: way.seed, failure: failure(way), trace: &way.trace }
}

fn failure(way: &Way) -> Option<&str> {
    way.record.failure.as_ref().map(|failure| failure.message.as_str())
}
