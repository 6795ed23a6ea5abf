#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use crate::exec::tests::planned;
use crate::exec::{Begun, Ended, Execution, LaneId, Options, Runtime, Script};
use crate::trace;

const CONNECTED: &str = "about: A test.\ntimeout: 1s\nsteps:\n  - server: {listen: tcp}\n  - client: {connect: server}\n  - conn: {accept: server}\n";

fn run(steps: &str, script: Script) -> Execution {
    let (plan, source) = planned(format!("{CONNECTED}{steps}"));
    Runtime::new().unwrap().execute(&plan, &source, &Options { script: Some(script), ..Options::default() })
}

/// The lines of the steps, in the order in which they began.
fn lines(steps: &str, execution: &Execution) -> Vec<u32> {
    let (_, source) = planned(format!("{CONNECTED}{steps}"));
    execution.turns.begun.iter().map(|begun| source.line(begun.step)).collect()
}

/// Every order in which the steps can begin, as lines, with what comes of it.
fn orders(steps: &str) -> BTreeMap<Vec<u32>, String> {
    let mut found = BTreeMap::new();
    let mut scripts = vec![Vec::new()];
    while let Some(lanes) = scripts.pop() {
        let from = lanes.len();
        let script = Script { lanes, ..Script::default() };
        let execution = run(steps, script.clone());
        assert!(!execution.turns.cut);
        let begun: &[Begun] = &execution.turns.begun;
        let taken: Vec<LaneId> = begun.iter().map(|begun| begun.lane).collect();
        assert_eq!(taken[..from], script.lanes, "a script is followed");
        for at in from..begun.len() {
            let others = begun[at].ready.iter().filter(|lane| **lane != begun[at].lane);
            scripts.extend(others.map(|other| [&taken[..at], &[*other]].concat()));
        }
        let outcome = match &execution.record.failure {
            None => trace::text_of(&execution.record),
            Some(failure) => failure.message.clone(),
        };
        assert!(found.insert(lines(steps, &execution), outcome).is_none(), "an order came twice");
        assert!(found.len() <= 100);
    }
    found
}

#[test]
fn every_order_of_steps_that_never_wait() {
    let steps = "  - parallel:\n      a:\n        - client: {send: a}\n        - client: {send: b}\n      b:\n        - conn: {send: c}\n        - conn: {send: d}\n";
    let orders = orders(steps);
    assert_eq!(orders.len(), 6, "{orders:#?}");
    assert_eq!(orders.values().collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[test]
fn a_step_that_waits_is_passed_by() {
    // `recv` may begin first, and waits then until the other lane has sent.
    let steps = "  - parallel:\n      a:\n        - conn: {recv: ab}\n        - conn: close\n      b:\n        - client: {send: a}\n        - client: {send: b}\n";
    let orders = orders(steps);
    assert_eq!(orders.keys().cloned().collect::<Vec<_>>(), [[9, 12, 13, 10], [12, 9, 13, 10], [12, 13, 9, 10]]);
    assert_eq!(orders.values().collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[test]
fn lanes_meet_at_barriers_without_a_turn() {
    let steps = "  - parallel:\n      a:\n        - client: {send: a}\n        - barrier: sent\n        - client: {send: b}\n      b:\n        - barrier: sent\n        - conn: {recv: ab}\n";
    let orders = orders(steps);
    assert_eq!(orders.keys().cloned().collect::<Vec<_>>(), [[9, 11, 14], [9, 14, 11]]);
}

#[test]
fn what_hangs_on_the_order_shows() {
    let steps = "  - parallel:\n      a:\n        - client: {send: a}\n        - client: {send: b}\n      b:\n        - conn: close\n";
    let orders = orders(steps);
    assert_eq!(orders.len(), 3);
    // What is sent after the close fails at the second send, or leaves something unread before it.
    assert!(orders[&vec![12, 9, 10]].contains("EPIPE"), "{orders:#?}");
    assert!(orders[&vec![9, 10, 12]].contains("close unread 2"), "{orders:#?}");
    assert!(orders[&vec![9, 12, 10]].contains(": send failed"), "{orders:#?}");
}

#[test]
fn somebody_who_looks_again_and_again_is_waited_for() {
    let steps = "  - parallel:\n      a:\n        - conn: {expect: {state: CLOSE-WAIT}}\n        - conn: close\n      b:\n        - client: close\n        - server: close\n";
    for _ in 0..10 {
        let orders = orders(steps);
        assert_eq!(
            orders.keys().cloned().collect::<Vec<_>>(),
            [[9, 12, 10, 13], [9, 12, 13, 10], [12, 9, 10, 13], [12, 9, 13, 10], [12, 13, 9, 10]]
        );
    }
}

#[test]
fn lanes_within_lanes_take_turns_with_all_others() {
    let steps = "  - parallel:\n      a:\n        - parallel:\n            c: [{client: {send: a}}]\n            d: [{conn: {send: b}}]\n      b:\n        - server: close\n";
    assert_eq!(orders(steps).len(), 6);
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let lane = |name: &str, end: &str| {
        format!("      {name}:\n        - repeat: 4\n          steps: [{{{end}: {{send: a}}}}]\n")
    };
    let steps = format!("  - parallel:\n{}{}", lane("a", "client"), lane("b", "conn"));
    let by = |seed| run(&steps, Script { seed: Some(seed), ..Script::default() }).turns.begun;
    assert_eq!(by(1), by(1));
    assert!((2..10).any(|seed| by(seed) != by(1)));
}

#[test]
fn a_long_run_goes_on_without_turns() {
    let steps = "  - parallel:\n      a:\n        - repeat: 1000\n          steps: [{client: {send: a}}]\n      b:\n        - conn: {recv: {fill: a, size: 1000}}\n";
    let execution = run(steps, Script::default());
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    assert!(execution.turns.cut);
}

#[test]
fn a_lane_that_is_last_waits_for_the_end_of_a_pause() {
    let steps = "  - parallel:\n      a:\n        - client: {send: a}\n      b:\n        - conn: {expect: silence, for: 5ms}\n        - pause: 5ms\n        - conn: {recv: a}\n";
    let first = run(steps, Script::default());
    assert_eq!(lines(steps, &first), [9, 11], "{:#?}", first.record.failure);
    let last = Some(first.turns.begun[0].lane);
    let execution = run(steps, Script { last, ..Script::default() });
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    assert_eq!(lines(steps, &execution), [11, 13, 9]);
}

#[test]
fn who_waits_is_not_kept_waiting_for_the_turns_of_others() {
    let steps = "  - a: {pair: b}\n  - parallel:\n      l:\n        - conn: {recv: x, blocking: true}\n      r:\n        - repeat: 20\n          steps: [{a: {send: y}}]\n        - client: {send: x}\n";
    let (plan, source) = planned(format!("{CONNECTED}{steps}"));
    let longest = Some(std::time::Duration::from_millis(500));
    let options = Options { script: Some(Script::default()), longest, ..Options::default() };
    let execution = Runtime::new().unwrap().execute(&plan, &source, &options);
    assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    assert!(execution.turns.cut);
}
