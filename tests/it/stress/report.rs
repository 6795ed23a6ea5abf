//! What the report looks like.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use sockspec::diagnostic::Style;
use sockspec::report::stress as report;
use sockspec::stress::{Ended, Stressed, Tally};
use sockspec::trace::event::{Event, What};
use sockspec::trace::record::{Entry, Facts, Failure, Happened, Record, VERSION};

use super::verdicts;

fn happened(line: u32, endpoint: &str, words: &str) -> Entry {
    let what = What::Words(words.to_owned());
    let event = Event { endpoint: endpoint.to_owned(), what, fails: Vec::new(), wire: Vec::new() };
    Entry::Event(Happened { line, file: None, order: 0, began: 0, took: 0, event, facts: Facts::default() })
}

fn record(entries: Vec<Entry>, failure: Option<Failure>) -> Record {
    Record { version: VERSION, test: "racy".to_owned(), entries, end: Vec::new(), failure }
}

/// What came of a racy spec, of one that always fails and of sound ones.
fn ended() -> Ended {
    let start = |more: Vec<Entry>| {
        let mut entries = vec![happened(3, "server", "listen tcp"), happened(4, "client", "connect server")];
        entries.extend(more);
        entries
    };
    let accepted = |name: &str| {
        let greeting = format!("recv 24 \"Good morning, I am {name}.\\n\"");
        start(vec![happened(5, "conn", &format!("accept {name}")), happened(6, "conn", &greeting)])
    };
    let message = "conn received something else than \"Good morning, I am ann.\\n\"".to_owned();
    let failure = Failure { line: 6, message, ..Failure::default() };
    let mut racy = Tally::new("racy".to_owned());
    racy.count(record(accepted("ann"), None), None);
    for seed in 100..300 {
        match seed % 9 {
            4 => racy.count(record(accepted("bob"), None), Some(seed)),
            7 => racy.count(record(start(Vec::new()), Some(failure.clone())), Some(seed)),
            _ => racy.count(record(accepted("ann"), None), Some(seed)),
        }
    }
    let refused =
        Failure { line: 4, message: "client: connect failed with ECONNREFUSED".to_owned(), ..Failure::default() };
    let mut failing = Tally::new("failing".to_owned());
    let mut sound = Tally::new("sound".to_owned());
    for seed in [None].into_iter().chain((100..300).map(Some)) {
        failing.count(record(Vec::new(), Some(refused.clone())), seed);
        sound.count(record(accepted("ann"), None), seed);
    }
    let path = |name: &str| PathBuf::from(format!("tests/data/stress/golden/{name}.yaml"));
    let spec = |index, name, tally| Stressed { index, path: path(name), tests: vec![tally], invalid: None };
    let specs = vec![spec(0, "racy", racy), spec(1, "failing", failing), spec(2, "sound", sound)];
    Ended { specs, timed_out: false, took: Duration::from_millis(12_340) }
}

#[test]
fn the_report_fits_the_terminal() {
    for (width, color) in [(80, false), (60, false), (80, true)] {
        let style = Style { color, width };
        let options = report::Options { style, seed: 100, runs: 200, tests: 3, arguments: " --var who=ann" };
        let text = report::text(&ended(), &options);
        if color {
            insta::assert_snapshot!("stress_colored", text);
            continue;
        }
        insta::assert_snapshot!(format!("stress_{width}"), text);
        // A command is not folded, so that it can be copied.
        let long: Vec<&str> =
            text.lines().filter(|line| line.chars().count() > width && !line.contains("sockspec ")).collect();
        assert!(long.is_empty(), "over {width} columns: {long:#?}");
    }
}

#[test]
fn the_report_for_machines_says_the_same() {
    let options = report::Options { style: Style::default(), seed: 100, runs: 200, tests: 3, arguments: "" };
    let report: Value = serde_json::from_str(&report::json(&ended(), &options)).unwrap();
    assert_eq!(verdicts(&report), [("racy", "differs"), ("failing", "failed"), ("sound", "same")]);
    let racy = &report["tests"][0];
    let counts: Vec<u64> = racy["ways"].as_array().unwrap().iter().map(|way| way["runs"].as_u64().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 200);
    assert_eq!(racy["command"], "sockspec stress tests/data/stress/golden/racy.yaml --seed 103 --runs 1");
    assert_eq!(racy["step"]["line"], 5);
}
