//! `sockspec stress`: racy specs are found, what they lack is named, sound ones stay clean.

mod command;
mod controls;
mod orders;
mod perturbed;
mod report;

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::project::{Project, Ran};

/// Racy specs of the classic kinds, each with its sound twin.
const CONTROLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stress");

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
}

/// The verdicts by the names of the tests.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let tests = report["tests"].as_array().unwrap();
    tests.iter().map(|test| (test["name"].as_str().unwrap(), test["verdict"].as_str().unwrap())).collect()
}

/// What came of a test.
#[track_caller]
fn test<'r>(report: &'r Value, name: &str) -> &'r Value {
    let tests = report["tests"].as_array().unwrap();
    tests.iter().find(|test| test["name"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

/// The lines of the two steps that nothing orders.
#[track_caller]
fn sides(test: &Value) -> (u64, u64) {
    let line = |side: &str| test["missing"][side]["line"].as_u64().unwrap_or_else(|| panic!("{test:#}"));
    (line("first"), line("second"))
}

/// What is printed by so many runs that are interrupted when they have come so far that these words are in it: after a
/// while, or on a busy machine after a longer one.
fn interrupted(project: &Project, runs: &str, words: &str) -> String {
    let after = |time: Duration| {
        let mut command = project.command(&["stress", "--runs", runs]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        thread::sleep(time);
        kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut all = [1500, 4500, 13_500].into_iter().map(|millis| after(Duration::from_millis(millis)));
    all.find(|text| text.contains(words)).unwrap_or_else(|| panic!("it never says {words:?}"))
}
