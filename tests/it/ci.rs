//! What docs/ci.md has to copy: it is YAML, and its commands are there.

use std::collections::BTreeSet;
use std::process::Command;

use serde_yaml::Value;

pub(crate) const PAGE: &str = include_str!("../../docs/ci.md");

/// The fenced blocks of a language, in order.
pub(crate) fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The documents of YAML.
fn documents() -> Vec<Value> {
    blocks("yaml")
        .into_iter()
        .map(|block| serde_yaml::from_str(block).unwrap_or_else(|e| panic!("{e}: {block}")))
        .collect()
}

/// Every text in a tree.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Sequence(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Mapping(map) => map.iter().for_each(|(_, value)| texts(value, found)),
        _ => {}
    }
}

/// The commands of the page that begin so, with what belongs to them, in words.
fn commands(program: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for document in documents() {
        texts(&document, &mut all);
    }
    let lines = all.iter().flat_map(|text| text.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.filter(|words| words.join(" ").trim_start_matches("./").starts_with(program)).collect()
}

/// That a help page knows every option of a command.
fn assert_known(command: &[String], help: &str) {
    let known: BTreeSet<&str> = help.split(|c: char| c.is_whitespace() || "[],=<>".contains(c)).collect();
    for word in command.iter().filter(|word| word.starts_with("--")) {
        let option = word.split('=').next().unwrap();
        assert!(known.contains(option), "`{option}` of `{}`", command.join(" "));
    }
}

fn help(command: &mut Command) -> String {
    let output = command.arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commands_of_sockspec_are_there() {
    let commands = commands("sockspec ");
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        assert_known(&command, &help(Command::new(env!("CARGO_BIN_EXE_sockspec")).arg(&command[1])));
    }
}

#[test]
fn the_commands_of_nextest_are_there() {
    let commands: Vec<_> = ["cargo nextest ", "cargo-nextest nextest "].into_iter().flat_map(commands).collect();
    assert!(commands.iter().filter(|words| words[2] == "run").count() >= 3, "{commands:?}");
    if crate::partitions::has_nextest() {
        for command in commands {
            assert_known(&command, &help(crate::partitions::cargo().args(["nextest", &command[2]])));
        }
    }
}

#[test]
fn every_share_is_run_by_somebody() {
    let [_, github, gitlab, kubernetes, binary] = &documents()[..] else { panic!("there are five") };
    let partitions = &github["jobs"]["run"]["strategy"]["matrix"]["partition"];
    assert_eq!(partitions, &serde_yaml::from_str::<Value>("[1, 2, 3, 4]").unwrap());
    for job in [&gitlab["run"], &binary["specs"]] {
        assert_eq!(job["parallel"], Value::from(4));
    }
    assert_eq!(kubernetes["spec"]["completions"], Value::from(4));
    let runs: Vec<_> = [commands("cargo nextest run"), commands("cargo-nextest nextest run"), commands("sockspec run")]
        .into_iter()
        .flatten()
        .map(|words| words.join(" "))
        .collect();
    let shares: Vec<_> = runs.iter().filter_map(|run| run.split("--partition ").nth(1)).collect();
    let begins = |share: &&str| share.split(" --").next().unwrap().trim_matches('"').to_owned();
    assert_eq!(
        shares.iter().map(begins).collect::<Vec<_>>(),
        [
            "count:${{ matrix.partition }}/4",
            "count:$CI_NODE_INDEX/$CI_NODE_TOTAL",
            "count:$((JOB_COMPLETION_INDEX + 1))/4",
            "count:$CI_NODE_INDEX/$CI_NODE_TOTAL",
        ]
    );
}

/// The script by which the reports of the machines become one.
pub(crate) fn merging() -> String {
    let documents = documents();
    let steps = documents[1]["jobs"]["report"]["steps"].as_sequence().unwrap();
    steps.iter().find_map(|step| step["run"].as_str()).unwrap().to_owned()
}
