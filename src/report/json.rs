//! A run as one object of JSON, which `docs/reports.md` describes.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::run::RunReport;
use super::terminal::shown_path;
use super::told::{self, Place};
use super::why;
use crate::diagnostic::{Diagnostic, Format, Style, render};
use crate::model::bytes::escape;
use crate::review::compare;
use crate::source::SourceFile;
use crate::suite::{Change, Outcome, SpecResult, TestResult, Totals, Tries, Way};
use crate::trace::Trace;
use crate::trace::record::Record;

/// The form of the object.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Run<'a> {
    version: u32,
    sockspec: &'static str,
    /// RFC 3339, in UTC.
    began: String,
    took_ms: f64,
    interrupted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    totals: JsonTotals,
    tests: Vec<Test<'a>>,
    /// What the checker warns of, as `check --format json` has it.
    warnings: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct JsonTotals {
    tests: usize,
    passed: usize,
    failed: usize,
    changed: usize,
    new: usize,
    invalid: usize,
    ignored: usize,
    could_not_run: usize,
    flaky: usize,
    differs: usize,
    cancelled: usize,
    not_run: usize,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    spec: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    about: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ids: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Values::is_empty")]
    case: Values<'a>,
    verdict: &'static str,
    took_ms: f64,
    runs: u32,
    /// Where the verdict comes from.
    file: String,
    line: usize,
    column: usize,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// The snapshot that this run accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JsonFailure<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<JsonChange<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tries: Vec<JsonTry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ways: Vec<JsonWay<'a>>,
}

/// The variables of a case with their values, in the order of the matrix.
struct Values<'a>(&'a [(String, String)]);

#[derive(Serialize)]
struct JsonFailure<'a> {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'a str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<JsonDifference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<Unread<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<f64>,
    /// Why it came about, where the record shows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    notes: &'a [String],
    help: &'a [String],
    /// The trace up to there.
    trace: String,
    /// The file of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
}

/// What was expected, and what came, both escaped as in traces.
#[derive(Serialize)]
struct JsonDifference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_words: Option<&'a str>,
    got: String,
    /// The first byte of `got` that is not as expected.
    at: u64,
}

#[derive(Serialize)]
struct Unread<'a> {
    endpoint: &'a str,
    bytes: String,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    snapshot: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    /// The accepted trace; there is none where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<&'a str>,
    trace: &'a str,
    /// What has changed in words, the most important first.
    sentences: Vec<String>,
    /// The test with the same snapshot that gave another trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradicts: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonTry {
    verdict: &'static str,
    /// Which of `ways`, from 0.
    way: usize,
    took_ms: f64,
}

#[derive(Serialize)]
struct JsonWay<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JsonFailure<'a>>,
    trace: &'a str,
}

/// The run as one line of JSON.
pub fn run(report: &RunReport) -> String {
    let began = DateTime::<Utc>::from(report.began);
    let run = Run {
        version: VERSION,
        sockspec: env!("CARGO_PKG_VERSION"),
        began: began.to_rfc3339_opts(SecondsFormat::Millis, true),
        took_ms: millis(report.took),
        interrupted: report.is_interrupted,
        seed: report.seed,
        totals: totals(&report.totals),
        tests: report.tests().map(|(spec, test)| self::test(spec, test)).collect(),
        warnings: report.specs.iter().flat_map(|spec| diagnostics(spec.source.as_ref(), &spec.warnings)).collect(),
    };
    let json = serde_json::to_string(&run);
    json.unwrap_or_else(|error| unreachable!("texts and numbers are always JSON: {error}")) + "\n"
}

/// Milliseconds, to the microsecond.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn totals(totals: &Totals) -> JsonTotals {
    JsonTotals {
        tests: totals.all(),
        passed: totals.passed,
        failed: totals.failed,
        changed: totals.changed,
        new: totals.new,
        invalid: totals.invalid,
        ignored: totals.ignored,
        could_not_run: totals.could_not_run,
        flaky: totals.flaky,
        differs: totals.differs,
        cancelled: totals.cancelled,
        not_run: totals.not_run,
    }
}

fn test<'a>(spec: &'a SpecResult, test: &'a TestResult) -> Test<'a> {
    let Place { file, start, .. } = told::place(spec, test);
    let (tries, ways) = match &test.outcome {
        Outcome::Flaky(found) | Outcome::Differs(found) => (tries(found), ways(spec, found)),
        _ => (Vec::new(), Vec::new()),
    };
    Test {
        name: &test.name,
        spec: shown_path(&spec.path).into_owned(),
        about: spec.details.as_ref().map_or("", |details| &details.about),
        ids: spec.details.as_ref().map_or(&[], |details| &details.ids),
        tags: spec.details.as_ref().map_or(&[], |details| &details.tags),
        case: Values(&test.values),
        verdict: test.outcome.verdict(),
        took_ms: millis(test.took),
        runs: test.runs,
        file,
        line: start.line,
        column: start.column,
        reason: told::sentence(&test.outcome),
        accepted: match &test.outcome {
            Outcome::Passed { accepted } => accepted.as_deref().map(|path| shown_path(path).into_owned()),
            _ => None,
        },
        failure: failure(spec, &test.outcome),
        change: match &test.outcome {
            Outcome::Changed(found) | Outcome::New(found) => Some(change(found, test.record())),
            _ => None,
        },
        diagnostics: match &test.outcome {
            Outcome::Invalid(found) => diagnostics(spec.source.as_ref(), found),
            _ => Vec::new(),
        },
        tries,
        ways,
    }
}

fn tries(tries: &Tries) -> Vec<JsonTry> {
    let json = |run: &crate::suite::Try| JsonTry {
        verdict: tries.ways[run.way].outcome.verdict(),
        way: run.way,
        took_ms: millis(run.took),
    };
    tries.runs.iter().map(json).collect()
}

fn ways<'a>(spec: &'a SpecResult, tries: &'a Tries) -> Vec<JsonWay<'a>> {
    let json = |way: &'a Way| JsonWay {
        verdict: way.outcome.verdict(),
        reason: told::sentence(&way.outcome),
        failure: failure(spec, &way.outcome),
        trace: &way.trace,
    };
    tries.ways.iter().map(json).collect()
}

fn failure<'a>(spec: &SpecResult, outcome: &'a Outcome) -> Option<JsonFailure<'a>> {
    let Outcome::Failed { record, written } = outcome else { return None };
    let failure = record.failure.as_ref()?;
    let Place { file, start, end } = told::of_failure(spec, failure);
    let end = end.unwrap_or(start);
    Some(JsonFailure {
        file,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: &failure.message,
        label: &failure.label,
        endpoint: failure.endpoint.as_deref(),
        difference: failure.difference.as_ref().map(|difference| JsonDifference {
            expected: difference.expected.as_ref().map(|bytes| escape(&bytes.0)),
            expected_words: difference.expected_words.as_deref(),
            got: escape(&difference.got.0),
            at: difference.at,
        }),
        unread: failure.unread.iter().map(|(endpoint, bytes)| Unread { endpoint, bytes: escape(&bytes.0) }).collect(),
        deadline_ms: failure.deadline.map(|micros| millis(Duration::from_micros(micros))),
        why: why(record),
        notes: &failure.notes,
        help: &failure.help,
        trace: led_here(record),
        record: written.as_deref().map(|path| shown_path(path).into_owned()),
    })
}

/// The trace of a run that failed, up to there.
fn led_here(record: &Record) -> String {
    Trace { end: Vec::new(), ..Trace::from_record(record) }.to_text()
}

fn change<'a>(change: &'a Change, record: Option<&Record>) -> JsonChange<'a> {
    JsonChange {
        snapshot: shown_path(&change.snapshot).into_owned(),
        pending: change.pending.as_deref().map(|path| shown_path(path).into_owned()),
        accepted: Some(change.accepted.as_str()).filter(|accepted| !accepted.is_empty()),
        trace: &change.trace,
        sentences: sentences(change, record),
        contradicts: change.contradicts.as_ref().map(|first| first.test.as_str()),
    }
}

/// What `sockspec pending` says of it, too; or how it differs from what the test gave that has its snapshot.
fn sentences(change: &Change, record: Option<&Record>) -> Vec<String> {
    let other = change.contradicts.as_ref().map_or(&change.accepted, |first| &first.trace);
    if other.is_empty() {
        return Vec::new();
    }
    let lines = record.map(told::lines_of_events).unwrap_or_default();
    let sentences = compare(other, &change.trace).sentences;
    sentences.iter().map(|sentence| sentence.with_lines(|event| lines.get(&event).copied())).collect()
}

fn diagnostics(source: Option<&SourceFile>, found: &[Diagnostic]) -> Vec<serde_json::Value> {
    let Some(source) = source else { return Vec::new() };
    let json = |diagnostic| serde_json::from_str(&render(source, diagnostic, Format::Json, Style::default()));
    found.iter().filter_map(|diagnostic| json(diagnostic).ok()).collect()
}

impl Values<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
