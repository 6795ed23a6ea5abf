//! Isolated networks, with specs on real sockets in them. Where the machine does not allow
//! namespaces, a test says so and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod hosts;
mod links;
mod loopback;
mod traces;

use crate::exec::tests::planned;
use crate::exec::{Ended, Execution, Options, Runtime, can_isolate};
use crate::plan::Plan;
use crate::source::SourceFile;
use crate::trace;

/// Whether this machine allows what these tests need; says so where it does not.
fn possible() -> bool {
    match can_isolate() {
        Ok(()) => true,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            false
        }
    }
}

/// The plan of steps (YAML, without the key) on that network.
fn plan_of(network: &str, steps: &str) -> (Plan, SourceFile) {
    let steps = steps.trim().replace('\n', "\n  ");
    planned(format!("about: A test.\nnetwork: {network}\nsteps:\n  {steps}\n"))
}

fn execute(network: &str, steps: &str) -> Execution {
    let (plan, source) = plan_of(network, steps);
    Runtime::new().unwrap().execute(&plan, &source, &Options::default())
}

/// Runs steps that must pass on that network; gives their trace, and what settling noted.
#[track_caller]
fn pass(network: &str, steps: &str) -> (String, Vec<String>) {
    if !possible() {
        return <_>::default();
    }
    let execution = execute(network, steps);
    let so_far = trace::text_of(&execution.record);
    assert_eq!(execution.ended, Ended::Completed, "{:#?}\n{so_far}", execution.record.failure);
    let json = execution.record.to_json();
    let notes = json.lines().filter(|line| line.contains("had not arrived")).map(str::to_owned).collect();
    (so_far, notes)
}

/// The same; every effect must have arrived when its step ended.
#[track_caller]
fn pass_settled(network: &str, steps: &str) {
    let (trace, notes) = pass(network, steps);
    assert!(notes.is_empty(), "{notes:?}\n{trace}");
}
