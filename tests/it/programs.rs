//! Nothing of a program is left, however the runner ends: daemons included.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;

/// A program that goes on by itself in every way: a child of its group, and a daemon with children.
const SPEC: &str = "about: A program that starts others.
timeout: 60s
steps:
  - p: {run: [sh, -c, \"trap '' TERM; (setsid sh -c 'sleep MARK & sleep MARK' &); sleep MARK & touch up; sleep MARK\"]}
  - p: {expect: exit}
";

/// So long is waited at most, on however busy a machine.
const LONG: Duration = Duration::from_mins(1);

/// How many processes have this word as an argument.
fn processes(word: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let has = |line: Vec<u8>| line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes());
    all.filter(|entry| std::fs::read(entry.path().join("cmdline")).is_ok_and(has)).count()
}

fn within(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    while !holds() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Starts a run whose programs sleep for so long, each a number that no other process has.
fn start(project: &Project, mark: &str, temporary: &Path) -> Child {
    let child = Command::new(env!("CARGO_BIN_EXE_sockspec"))
        .args(["run", "--update", "no"])
        .env("TMPDIR", temporary)
        .current_dir(project.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(within(LONG, || processes(mark) >= 4), "the program never came up");
    child
}

fn ended_by(signal: &str, mark: &str) {
    let project = Project::new(&[("specs/daemon.yaml", &SPEC.replace("MARK", mark))]);
    let temporary = tempfile::tempdir().unwrap();
    let mut child = start(&project, mark, temporary.path());
    // In the folder of the user's own, which stays.
    let folders = || -> Vec<PathBuf> {
        let own = std::fs::read_dir(temporary.path()).unwrap().next().unwrap().unwrap().path();
        std::fs::read_dir(own).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    assert_eq!(folders().len(), 1);
    let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap();
    assert!(within(LONG, || processes(mark) == 0), "{signal}: {} are left", processes(mark));
    assert!(within(LONG, || folders().is_empty()), "{signal}: {:?} is left", folders());
}

#[test]
fn nothing_is_left_by_a_runner_that_is_killed() {
    ended_by("KILL", "98761.1");
}

#[test]
fn nothing_is_left_by_a_runner_that_is_told_to_end() {
    ended_by("TERM", "98761.2");
    ended_by("INT", "98761.3");
}

#[test]
fn what_a_test_closes_is_closed_while_another_starts_programs() {
    // A port may be given to a listener of another runner; a path is nobody else's.
    let closer = "about: Nobody listens after the close.
steps:
  - repeat: 3000
    as: i
    steps:
      - server: {listen: unix}
      - server: close
      - client: {connect: server, fails: ECONNREFUSED}
      - client: close
";
    let starter = "about: Programs come and go.
steps:
  - repeat: 100
    as: i
    steps:
      - p: {run: [\"true\"]}
      - p: {expect: exit, status: 0}
";
    let project = Project::new(&[
        ("specs/closer.yaml", closer),
        ("specs/one.yaml", starter),
        ("specs/two.yaml", starter),
        ("specs/three.yaml", starter),
    ]);
    // What is tried is the order of what happens, not how fast it does.
    let ran = project.run(&["run", "--update", "no", "-j", "4", "--timeout-factor", "20"]);
    assert!(ran.stdout.contains("4 new in"), "{}", ran.stdout);
}

#[test]
fn a_program_that_is_not_installed_makes_its_test_ignored() {
    let text = "about: Not here.\nsteps:\n  - p: {run: [dnsmasq-that-nobody-has]}\n";
    let project = Project::new(&[("specs/gone.yaml", text)]);
    let ran = project.run(&["run", "--update", "no"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("ignored   gone  needs the program `dnsmasq-that-nobody-has`, which is not in PATH"),
        "{}",
        ran.stdout
    );
}
