//! The command: its exit codes, its bounds, and what ends it.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{CONTROLS, interrupted, json};
use crate::project::{ECHO, FAILING, INVALID, Project, Ran};

#[test]
fn the_seed_that_is_shown_shows_it_again() {
    let racy = fs::read_to_string(format!("{CONTROLS}/racy/accepted-in-any-order.yaml")).unwrap();
    let project = Project::new(&[("specs/who comes.yaml", &racy)]);
    let report = json(&project.run(&["stress", "--runs", "40", "--format", "json"]).exits(1));
    let test = &report["tests"][0];
    let command = test["command"].as_str().unwrap().strip_prefix("sockspec ").unwrap().to_owned();
    let script = format!("\"$0\" {command}");
    let again = || {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_sockspec")]).current_dir(project.root()).stdin(Stdio::null());
        Ran::of(&mut shell)
    };
    // Which client is first is decided by the seed, unless the machine is slow between the two.
    let codes: Vec<Option<i32>> = (0..5).map(|_| again().code).collect();
    assert!(codes.contains(&Some(1)), "`{command}` never shows it again: {codes:?}");
}

#[test]
fn each_verdict_has_its_exit_code() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["stress", "--runs", "5", "--seed", "3"]).exits(0).says("1 spec, 5 runs, 0 differ").says("seed 3");
    project.run(&["stress", "--filter", "nothing"]).exits(4).says("nothing is selected");
    project.run(&["stress", "gone"]).exits(3);
    project.run(&["stress", "--runs", "0"]).exits(64);
    project.run(&["stress", "--time", "5"]).exits(64).says("`60s`");
    project.write("specs/b.yaml", FAILING);
    let failed = project.run(&["stress", "--runs", "5"]).exits(1).says("0 differ, 1 failed").says("specs/b.yaml:5");
    assert!(failed.stdout.contains("sockspec run specs/b.yaml"), "{failed:#?}");
    project.write("specs/c.yaml", INVALID);
    project.run(&["stress", "--runs", "5"]).exits(2).says("1 invalid").says("`lisen`");
    let lacking = ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:");
    project.write("specs/c.yaml", &lacking);
    project.run(&["stress", "specs/c.yaml", "--runs", "5"]).exits(0).says("1 ignored").says("0 specs, 0 runs");
}

#[test]
fn the_time_bounds_it() {
    let slow = ECHO.replace("  - client: close", "  - pause: 30ms\n  - client: close");
    let project = Project::new(&[("specs/a.yaml", &slow), ("specs/b.yaml", &slow)]);
    let ran = project.run(&["stress", "--runs", "10000", "--time", "700ms"]).exits(0);
    let ran = ran.says("the time was up before 2 specs had all 10,000 runs");
    assert!(ran.stdout.starts_with("2 specs, "), "{ran:#?}");
}

/// Runs of one spec do not wait for each other, unless they need the same port.
#[test]
fn one_spec_keeps_all_workers_busy() {
    let slow = ECHO.replace("  - client: close", "  - pause: 300ms\n  - client: close");
    let project = Project::new(&[("specs/a.yaml", &slow)]);
    let began = Instant::now();
    project.run(&["stress", "--runs", "80", "--jobs", "8"]).exits(0).says("1 spec, 80 runs, 0 differ");
    // One after the other they would sleep for 24 s.
    assert!(began.elapsed() < Duration::from_secs(24), "{:?}", began.elapsed());
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fixed = format!("about: A port.\nsteps:\n  - s: {{bind: \"udp://127.0.0.1:{port}\"}}\n  - pause: 3ms\n");
    project.write("specs/a.yaml", &fixed);
    project.run(&["stress", "--runs", "80", "--jobs", "8"]).exits(0).says("1 spec, 80 runs, 0 differ");
}

#[test]
fn an_interrupt_ends_it_with_what_is_known() {
    let racy = fs::read_to_string(format!("{CONTROLS}/racy/accepted-in-any-order.yaml")).unwrap();
    let project = Project::new(&[("specs/a.yaml", &racy)]);
    let text = interrupted(&project, "100000", "1 differ");
    assert!(text.contains("1 spec, "), "{text}");
}
