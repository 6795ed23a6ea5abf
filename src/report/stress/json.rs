//! The same for machines.

use serde::Serialize;

use super::missing::because;
use super::{Options, command};
use crate::report::terminal::shown_path;
use crate::stress::difference::first_lines;
use crate::stress::tally::{Trouble, Way};
use crate::stress::{Difference, Ended, Missing, Place, Repair, Side, Stressed, Tally};
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
    /// Only where it has lanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<JsonOrders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<JsonMissing<'a>>,
    /// What makes it, where no ordering is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// The orders of the lanes' steps that were tried.
#[derive(Serialize)]
struct JsonOrders {
    tried: u32,
    all: bool,
    /// About how many there are, where not all were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<u64>,
    /// Whether what is sent was cut in two parts.
    split: bool,
    ways: u64,
}

/// Two steps that nothing orders.
#[derive(Serialize)]
struct JsonMissing<'a> {
    first: JsonSide<'a>,
    second: JsonSide<'a>,
    repairs: Vec<JsonRepair<'a>>,
}

#[derive(Serialize)]
struct JsonSide<'a> {
    file: String,
    line: u32,
    lane: &'a str,
    text: &'a str,
    second_part: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u32>,
    /// The first event that is otherwise, where this step comes first.
    then: String,
}

#[derive(Serialize)]
struct JsonRepair<'a> {
    words: &'a [String],
    /// The whole spec with the change.
    spec: &'a str,
    orders: u32,
    all_orders: bool,
    runs: u32,
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
    Test {
        name,
        spec,
        verdict,
        reason: None,
        runs: 0,
        step: None,
        ways: Vec::new(),
        orders: None,
        missing: None,
        cause: None,
        command: None,
    }
}

fn test<'a>(stressed: &Stressed, tally: &'a Tally, options: &Options<'_>) -> Test<'a> {
    let (verdict, reason) = match &tally.trouble {
        _ if tally.differs() => ("differs", None),
        Some(Trouble::Ignored(reason)) => ("ignored", Some(reason.clone())),
        Some(Trouble::CouldNotRun(reason)) => ("could-not-run", Some(reason.clone())),
        None if tally.fails() => ("failed", tally.ways.iter().find_map(failure).map(str::to_owned)),
        None if tally.runs == 0 => ("not-run", None),
        None => ("same", None),
    };
    let mut test = Test { reason, runs: tally.runs, ..empty(&tally.name, stressed, verdict) };
    test.orders = tally.orders.as_ref().map(|orders| JsonOrders {
        tried: orders.tried,
        all: orders.all,
        about: (!orders.all).then(|| orders.about.max(orders.tried.into())),
        split: orders.split.is_some(),
        ways: orders.ways.len() as u64,
    });
    test.missing = tally.missing.as_ref().map(|missing| json_missing(stressed, missing));
    test.cause = because(tally);
    if let (true, Some(usual), Some(other)) = (tally.differs(), tally.usual(), tally.other()) {
        let step = Difference::between(&usual.record, &other.record).step;
        let place = stressed.place_of(step.as_ref().map(|(line, file)| (*line, file.as_deref())));
        test.step = place.map(|Place { file, line, text }| Step { file, line, text });
        test.ways = tally.ways.iter().map(way).collect();
        test.command = other.seed.map(|seed| command(stressed, tally, seed, options));
    }
    test
}

fn json_missing<'a>(stressed: &Stressed, missing: &'a Missing) -> JsonMissing<'a> {
    let [then, or] = first_lines(&missing.orders[0].record, &missing.orders[1].record);
    let repair = |repair: &'a Repair| JsonRepair {
        words: &repair.words,
        spec: &repair.text,
        orders: repair.orders,
        all_orders: repair.all,
        runs: repair.runs,
    };
    JsonMissing {
        first: side(stressed, &missing.first, then),
        second: side(stressed, &missing.second, or),
        repairs: missing.repairs.iter().map(repair).collect(),
    }
}

fn side<'a>(stressed: &Stressed, side: &'a Side, then: String) -> JsonSide<'a> {
    let (line, file) = &side.step;
    let file = file.clone().unwrap_or_else(|| shown_path(&stressed.path).into_owned());
    JsonSide { file, line: *line, lane: &side.lane, text: &side.text, second_part: side.rest, time: side.time, then }
}

fn way(way: &Way) -> JsonWay<'_> {
    JsonWay { runs: way.count, unperturbed: way.is_usual, seed: way.seed, failure: failure(way), trace: &way.trace }
}

fn failure(way: &Way) -> Option<&str> {
    way.record.failure.as_ref().map(|failure| failure.message.as_str())
}
