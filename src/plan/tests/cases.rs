//! The matrix, `vars` and `--var`.

use super::{check_spec, file, marks, plan_of, plan_with};
use crate::plan::{self, Action, Settings, Verb};
use crate::spec;

const SPEC: &str = "about: A test.
vars: {n: 3, word: hello}
matrix: {net: [tcp4, tcp6], oob: [true, false]}
steps:
  - s: {listen: \"${net}\"}
  - c: {connect: s}
  - c: {send: \"${word} ${n}\", urgent: \"${oob}\"}
";

fn with(vars: &[(&str, &str)]) -> Settings {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings { vars, ..Settings::default() }
}

fn labels(text: &str, settings: &Settings) -> Vec<String> {
    let file = file(text);
    let spec = spec::parse(&file).spec;
    plan::cases(&spec, settings, &mut Vec::new()).into_iter().map(|case| case.test_name("a/b")).collect()
}

#[test]
fn a_spec_without_matrix_is_one_case() {
    let text = "about: A test.\nsteps:\n  - s: {listen: tcp}\n";
    assert_eq!(labels(text, &Settings::default()), ["a/b"]);
}

#[test]
fn every_combination_is_a_case_in_written_order() {
    assert_eq!(
        labels(SPEC, &Settings::default()),
        ["a/b[net=tcp4,oob=true]", "a/b[net=tcp4,oob=false]", "a/b[net=tcp6,oob=true]", "a/b[net=tcp6,oob=false]"]
    );
}

#[test]
fn var_replaces_the_list_of_the_matrix() {
    assert_eq!(labels(SPEC, &with(&[("net", "tcp")])), ["a/b[net=tcp,oob=true]", "a/b[net=tcp,oob=false]"]);
}

#[test]
fn the_last_var_of_a_name_counts_and_keeps_the_declared_type() {
    assert!(marks(SPEC, &with(&[("n", "x"), ("n", "7")])).is_empty());
    assert_eq!(marks(SPEC, &with(&[("n", "seven")])), ["2 error n"]);
    assert_eq!(marks(SPEC, &with(&[("oob", "maybe")])), ["3 error oob"]);
}

#[test]
fn var_beats_matrix_beats_vars() {
    let text = "about: A test.
vars: {word: from-vars}
matrix: {word: [from-matrix]}
steps:
  - a: {pair: b}
  - a: {set: {TCP_CONGESTION: \"${word}\"}}
";
    let words = |settings: &Settings| {
        let plan = plan_with(text, settings);
        let Action::Call(call) = &plan.steps[1].action else { panic!("no call") };
        call.words.clone()
    };
    assert_eq!(words(&Settings::default()), "set TCP_CONGESTION=from-matrix");
    assert_eq!(words(&with(&[("word", "from-var")])), "set TCP_CONGESTION=from-var");
}

#[test]
fn vars_may_be_made_of_earlier_ones() {
    let plan = plan_of(
        "about: A test.
vars: {host: 127.0.0.1, url: \"tcp://${host}:0\"}
steps:
  - s: {listen: \"${url}\"}
",
    );
    let Action::Call(call) = &plan.steps[0].action else { panic!("no call") };
    assert_eq!(call.words, "listen tcp://127.0.0.1:0");
}

#[test]
fn what_yaml_would_change_must_be_quoted() {
    check_spec(
        "about: A test.
vars:
  a: 1.10 #! 1.10
  b: 007 #! 007
  c: 12:30 #! 12:30
  d: no #! no
  e: \"007\"
  f: y
matrix:
  g: [2024-01-31, \"1.10\"] #! 2024-01-31
  h: [tcp, tcp] #! tcp
steps:
  - s: {pair: t}
  - s: {send: \"${a}${b}${c}${d}${e}${f}${g}${h}\"}
",
    );
}

#[test]
fn a_variable_that_nothing_uses_is_found() {
    check_spec(
        "about: A test.
vars: {used: 1, idle: 2} #! idle
matrix: {net: [tcp, tcp6]} #! net
steps:
  - s: {pair: t}
  - s: {send: \"${used}\"}
",
    );
}

#[test]
fn a_finding_of_one_case_names_the_case() {
    let text = "about: A test.
matrix: {net: [tcp, tpc]}
steps:
  - s: {listen: \"${net}\"}
";
    let found = super::findings(text, &Settings::default()).1;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains("`tpc`") && found[0].message.contains("net=tpc"), "{found:?}");
}

#[test]
fn a_finding_of_some_cases_says_of_how_many() {
    let text = "about: A test.
matrix: {net: [tcp, tpc, upd], n: [1, 2]}
steps:
  - s: {listen: \"${net}\"}
  - s: {expect: {queue: \"${n}\"}}
";
    let found = super::findings(text, &Settings::default()).1;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.ends_with("(in the case net=tpc,n=1; others have it, too)"), "{found:?}");
    let found = super::findings(&text.replace(", upd", ""), &Settings::default()).1;
    assert!(found[0].message.ends_with("(in 2 of 4 cases, such as net=tpc,n=1)"), "{found:?}");
}

#[test]
fn a_matrix_has_its_bound() {
    let row: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let row = row.join(", ");
    let text = format!(
        "about: A test.\nmatrix:\n  a: [{row}]\n  b: [{row}]\nsteps:\n  - s: {{pair: t}}\n  - s: {{send: \"${{a}}${{b}}\"}}\n"
    );
    let file = file(&text);
    let mut found = Vec::new();
    let cases = plan::cases(&spec::parse(&file).spec, &Settings::default(), &mut found);
    assert_eq!((cases.len(), found.len()), (200, 1));
}

#[test]
fn a_shared_snapshot_hides_the_values_of_the_matrix() {
    let shared = format!("snapshot: shared\n{SPEC}");
    let plan = plan_of(&shared);
    let Action::Call(call) = &plan.steps[0].action else { panic!("no call") };
    assert_eq!(call.words, "listen <net>");
    assert!(matches!(&call.verb, Verb::Listen { address: Some(plan::Target::Address(_)), .. }));
    let plan = plan_of(SPEC);
    let Action::Call(call) = &plan.steps[0].action else { panic!("no call") };
    assert_eq!(call.words, "listen tcp4");
}

#[test]
fn deadlines_are_stretched_and_durations_are_not() {
    let text = "about: A test.
timeout: 2s
steps:
  - s: {pair: t}
  - t: {send: \"x\"}
  - s: {recv: \"x\", within: 100ms, after: 50ms}
";
    let plan = plan_with(text, &Settings { timeout_factor: 3.0, ..Settings::default() });
    let calls: Vec<_> = plan
        .steps
        .iter()
        .map(|step| match &step.action {
            Action::Call(call) => (call.within.as_millis(), call.after.map(|after| after.as_millis())),
            _ => panic!("no call"),
        })
        .collect();
    assert_eq!(calls, [(6000, None), (6000, None), (300, Some(50))]);
}
