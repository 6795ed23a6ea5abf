//! Reserved ports, between runners of one machine.

use std::process::{Child, Stdio};

use crate::project::Project;

/// Holds ports for a while, and listens on them: a port that another test has is in use.
const HOLDS: &str = "\
about: Three ports are this test's own.
ports: [a, b, c]
vars: {hold: 150ms}
steps:
  - one:   {listen: \"tcp://127.0.0.1:${a}\"}
  - two:   {bind: \"udp6://[::]:${b}\"}
  - three: {listen: \"tcp://0.0.0.0:${c}\"}
  - one:   {expect: silence, for: \"${hold}\"}
";

#[test]
fn runners_at_once_never_have_the_same_port() {
    let specs: Vec<(String, &str)> = (0..12).map(|n| (format!("specs/holds-{n}.yaml"), HOLDS)).collect();
    let specs: Vec<(&str, &str)> = specs.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let project = Project::new(&specs);
    project.run(&["run", "--update", "new"]).exits(0);
    let start = || -> Child {
        let mut command = project.command(&["run", "--update", "no", "--jobs", "4"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let runners: Vec<Child> = (0..4).map(|_| start()).collect();
    for runner in runners {
        let output = runner.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn the_trace_has_the_name_and_not_the_number() {
    let project = Project::new(&[("specs/holds.yaml", HOLDS)]);
    project.run(&["run", "--update", "new", "--var", "hold=1ms"]).exits(0);
    let trace = project.trace("snapshots/holds.snap").unwrap();
    assert_eq!(
        trace,
        "one       listen tcp://127.0.0.1:<a>\ntwo       bind udp6://[::]:<b>\n\
         three     listen tcp://0.0.0.0:<c>\none       silence 1ms\nend       one open, two open, three open\n"
    );
}
