//! What the README shows is what the tool prints.

use crate::project::Project;

const README: &str = include_str!("../../README.md");
const SPEC: &str = "specs/half-close.yaml";

/// The fenced blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The text without what differs from run to run: how long it took, where the record lies.
fn steady(text: &str) -> String {
    let time = regex::Regex::new(r"in \d+\.\d+s").unwrap();
    let record = regex::Regex::new(r"/\S+/sockspec-\w+/records/\w+/").unwrap();
    record.replace_all(&time.replace_all(text.trim_end(), "in 0.00s"), "/tmp/sockspec/").into_owned()
}

/// Runs the commands of a block on a spec, and compares what they print.
fn assert_shows(project: &Project, block: &str, spec: &str) {
    project.write(SPEC, spec);
    let mut shown = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ sockspec ")) {
        let ran = project.run(&command.split(' ').collect::<Vec<_>>());
        shown.extend(["$ sockspec ", command, "\n", &ran.stdout, &ran.stderr]);
    }
    assert_eq!(steady(&shown), steady(block));
}

#[test]
fn it_shows_what_the_tool_prints() {
    let spec = blocks("yaml")[0];
    let [runs, failure, mistakes] = blocks("console")[..] else { panic!("there are three blocks of commands") };
    let project = Project::new(&[]);
    assert_shows(&project, runs, spec);
    assert_shows(&project, failure, &spec.replace("conn:   close", "conn:   reset"));
    let misspelt = spec.replace("send: \"request\"", "sned: \"request\"").replace("conn:   close", "con:    close");
    assert_shows(&project, mistakes, &misspelt);
}
