//! `sockspec doctor`: what is missing, and how to turn it on.

use std::process::Command;

use crate::project::{ECHO, Project, Ran};

const ISOLATED: &str = "\
about: A datagram on a network of its own.
network: isolated
steps:
  - server: {bind: udp}
  - client: {connect: server}
  - client: {send: ping}
  - server: {recv: ping}
";

fn states(ran: &Ran) -> Vec<(String, String)> {
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = json["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(&finding["name"]), text(&finding["state"]))).collect()
}

#[test]
fn a_line_for_all_that_specs_can_require() {
    let project = Project::new(&[]);
    let ran = project.run(&["doctor", "--format", "json"]);
    let states = states(&ran);
    let names: Vec<&str> = states.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["netns", "capture", "hosts", "ipv6", "multicast", "files", "root"]);
    let is_missing = states.iter().any(|(name, state)| state == "missing" && name != "root");
    let ran = ran.exits(i32::from(is_missing));
    let table = project.run(&["doctor"]).exits(ran.code.unwrap()).stdout;
    for (line, (_, state)) in table.lines().filter(|line| !line.starts_with(' ')).zip(&states) {
        assert!(line.starts_with(state.as_str()), "{line}");
    }
}

#[test]
fn specs_tell_what_they_lack() {
    let program = ECHO.replace("tags: [echo]", "requires: ['command:no-such-program']");
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/b.yaml", &program)]);
    let ran = project.run(&["doctor", "specs"]).exits(1).says("1 of 2 tests would be ignored");
    assert!(ran.stdout.contains("no-such-program"), "{}", ran.stdout);
    project.run(&["doctor", "specs", "--tag", "echo"]).exits(0).says("the test can run");
    project.run(&["doctor", "specs", "--tag", "nope"]).exits(4);
    project.run(&["doctor", "gone"]).exits(3).says("`gone`");
    assert_eq!(project.run(&["list"]).exits(0).stdout, "a\nb\n", "nothing was written or run");
}

#[test]
fn without_user_namespaces_isolated_tests_are_ignored_and_the_doctor_says_how_to_have_them() {
    let project = Project::new(&[("specs/a.yaml", ISOLATED), ("specs/b.yaml", ECHO)]);
    project.run(&["run", "--filter", "b", "--update", "all"]).exits(0);
    let Some(run) = without_user_namespaces(&project, "run --update no") else { return };
    run.exits(0).says("1 passed, 1 ignored").says("needs an isolated network: ").says("user.max_user_namespaces");
    let Some(doctor) = without_user_namespaces(&project, "doctor specs") else { return };
    doctor.exits(1).says("\n           sysctl -w user.max_user_namespaces=").says("1 of 2 tests would be ignored");
}

/// Runs the command where user namespaces are not allowed: in one that allows no others within it,
/// with no privileges. `None` where this machine does not allow that one.
fn without_user_namespaces(project: &Project, arguments: &str) -> Option<Ran> {
    let binary = env!("CARGO_BIN_EXE_sockspec");
    let script = format!(
        "echo 0 > /proc/sys/user/max_user_namespaces || exit 77; \
         exec setpriv --bounding-set -all --inh-caps -all {binary} {arguments}"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", &script]).current_dir(project.root()).env_remove("CI");
    let ran = Ran::of(&mut command);
    let is_here = ran.code != Some(77) && !ran.stderr.contains("unshare:") && !ran.stderr.contains("setpriv:");
    is_here.then_some(ran)
}
