//! `sockspec explain`: every word that somebody may meet is explained, and the specs that are named show it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use sockspec::explain::{Group, Topic, topics};

use crate::project::Project;

/// How specs and traces show what has another name there.
const SHOWN_AS: &[(&str, &[&str])] = &[
    ("ECONNRESET", &["expect reset"]),
    ("ECONNABORTED", &["accept"]),
    ("EADDRNOTAVAIL", &["EADDRNOTAVAIL"]),
    ("LISTEN", &["listen"]),
    ("ESTABLISHED", &["accept", "ESTABLISHED"]),
    ("LAST-ACK", &["LAST-ACK"]),
    ("RST", &["RST", "reset"]),
    ("ICMP", &["ICMP", "refus", "unconnected"]),
    ("URG", &["urgent", "URG"]),
    ("unread", &["unread"]),
    ("ACK", &["ACK"]),
    ("linger", &["SO_LINGER"]),
    ("framing", &["recv", "until"]),
    ("lane", &["parallel"]),
    ("stream", &["tcp"]),
    ("datagram", &["udp", "unixgram"]),
    ("isolated", &["network:"]),
    ("abstract", &["unix:@"]),
    ("loopback", &["127."]),
    ("dual-stack", &["IPV6_V6ONLY", "[::]", "::ffff", "dual-stack"]),
    ("keepalive", &["SO_KEEPALIVE"]),
];

/// The places of a topic's specs, and all that is in them: the spec, its path and its snapshots.
fn contents(spec: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = fs::read_to_string(root.join(spec)).unwrap_or_else(|error| panic!("{spec}: {error}"));
    let stem = spec.strip_prefix("specs/").unwrap().strip_suffix(".yaml").unwrap();
    let snapshot = root.join("snapshots").join(stem);
    let name = snapshot.file_name().unwrap().to_str().unwrap().to_owned();
    for entry in fs::read_dir(snapshot.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let rest = file.strip_prefix(&name);
        if rest.is_some_and(|rest| rest.starts_with(['.', '@'])) {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    format!("{stem}\n{all}")
}

fn shows(topic: &Topic, contents: &str) -> bool {
    let known = SHOWN_AS.iter().find(|(name, _)| *name == topic.name).map(|(_, words)| *words);
    let own = [topic.name.as_str()];
    known.unwrap_or(&own).iter().any(|word| {
        let beginning = if word.starts_with(|first: char| first.is_alphanumeric()) { r"\b" } else { "" };
        Regex::new(&format!("(?i){beginning}{}", regex::escape(word))).unwrap().is_match(contents)
    })
}

#[test]
fn the_specs_that_are_named_show_the_word() {
    let mut wrong = Vec::new();
    let topics = topics();
    for topic in &topics {
        for spec in &topic.specs {
            if !shows(topic, &contents(spec)) {
                wrong.push(format!("{spec} does not show {}", topic.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let with_specs = topics.iter().filter(|topic| !topic.specs.is_empty()).count();
    assert!(with_specs > 150, "only {with_specs} topics name specs");
}

/// Every error of the bundled suite is shown by one of the specs that have it.
#[test]
fn an_error_that_the_suite_has_names_a_spec() {
    let suite: String =
        crate::schema::yaml_files("specs").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for topic in topics().iter().filter(|topic| topic.groups == [Group::Error] && topic.name != "ESHUTDOWN") {
        let fails = Regex::new(&format!(r"fails: \[?[A-Z, ]*\b{}\b", topic.name)).unwrap();
        assert!(!fails.is_match(&suite) || !topic.specs.is_empty(), "{} names no spec", topic.name);
    }
}

/// The codes of diagnostics, from the code that makes them and from what tests have seen.
fn codes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Regex::new(r#"(?:error|warning)\(\s*"([a-z][a-z0-9-]+)","#).unwrap();
    let seen = Regex::new(r"(?m)^(?:error|warning)\[([a-z0-9-]+)\]").unwrap();
    let mut codes = BTreeSet::new();
    let mut folders = vec![root.join("src/spec"), root.join("src/plan"), root.join("tests/it/snapshots")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let pattern = if path.extension().is_some_and(|extension| extension == "rs") { &made } else { &seen };
            codes.extend(pattern.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
    // A made-up one of the tests of rendering.
    codes.remove("x");
    codes
}

#[test]
fn every_code_of_a_diagnostic_is_explained() {
    let codes = codes();
    assert!(codes.len() > 140, "{} codes were found", codes.len());
    let topics = topics();
    let explained =
        |code: &String| topics.iter().any(|topic| topic.name == *code && topic.groups.contains(&Group::Finding));
    let missing: Vec<_> = codes.iter().filter(|code| !explained(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let project = Project::new(&[]);
    for columns in ["80", "60"] {
        let list = project.command(&["explain"]).env("COLUMNS", columns).output().unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        let widest = list.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.parse().unwrap(), "{widest} columns");
    }
    let names: Vec<String> = topics().into_iter().map(|topic| topic.name).collect();
    let arguments: Vec<&str> = std::iter::once("explain").chain(names.iter().map(String::as_str)).collect();
    let all = project.command(&arguments).env("COLUMNS", "80").output().unwrap();
    for line in String::from_utf8(all.stdout).unwrap().lines().filter(|line| !line.starts_with("  specs/")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_word_is_explained_on_the_command_line() {
    let project = Project::new(&[]);
    let ran = project.command(&["explain", "104"]).env("COLUMNS", "80").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(ran.stdout).unwrap());
    project.run(&["explain", "half", "close"]).exits(0).says("half-close  concept");
    let ran = project.run(&["explain", "ECONRESET"]).exits(4);
    assert_eq!(ran.stderr, "error: there is no topic `ECONRESET`; did you mean `ECONNRESET`?\n");
    let ran = project.run(&["explain", "eof", "xyzzy"]).exits(4).says("eof  ");
    assert_eq!(ran.stderr, "error: there is no topic `xyzzy`; `sockspec explain` lists all topics\n");
}

#[test]
fn topics_are_told_as_json() {
    let project = Project::new(&[]);
    let all: serde_json::Value =
        serde_json::from_str(&project.run(&["explain", "--format", "json"]).exits(0).stdout).unwrap();
    assert!(all["topics"].as_array().unwrap().len() > 500);
    let one: serde_json::Value =
        serde_json::from_str(&project.run(&["explain", "recv", "--format", "json"]).exits(0).stdout).unwrap();
    let topic = &one["topics"][0];
    assert_eq!(topic["name"], "recv");
    assert_eq!(topic["groups"], serde_json::json!(["verb"]));
    assert_eq!(topic["senses"][0]["place"], "verb");
    assert!(topic["specs"][0].as_str().unwrap().starts_with("specs/"));
}
