//! `sockspec run --watch`: what has changed is run again, and nothing else.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{ECHO, FAILING, Project};

/// A run that watches.
struct Watching {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watching {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        let arguments: Vec<&str> = ["run", "--watch", "--color", "never"].iter().chain(arguments).copied().collect();
        let mut child = project.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Everything up to the line that tells that it waits again.
    fn until_it_waits(&mut self) -> String {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "it has ended after:\n{text}");
            if line.starts_with("watching ") {
                assert!(line.ends_with("; Ctrl-C ends\n"), "{line}");
                return text + &line;
            }
            text.push_str(&line);
        }
    }

    fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).unwrap();
        let mut rest = String::new();
        while self.output.read_line(&mut rest).unwrap() > 0 {}
        (self.child.wait().unwrap().code(), rest)
    }
}

/// Accepts the traces of all specs.
fn accepted(project: &Project) {
    project.run(&["run", "--update", "all"]).exits(0);
}

#[test]
fn what_changed_is_run_again_and_nothing_else() {
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/b.yaml", ECHO)]);
    accepted(&project);
    let mut watching = Watching::start(&project, &["--verbose"]);
    let first = watching.until_it_waits();
    assert!(
        first.contains("passed    a  ") && first.contains("passed    b  ") && first.contains("2 passed in"),
        "{first}"
    );
    assert!(first.contains("watching specs, 4 files; Ctrl-C ends"), "{first}");
    project.write("specs/a.yaml", &ECHO.replace("ping", "pong"));
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: specs/a.yaml\nchanged   a  snapshots/a.snap\n"), "{again}");
    assert!(again.contains("1 changed in") && !again.contains(" b "), "{again}");
    project.write("specs/a.yaml", FAILING);
    let again = watching.until_it_waits();
    assert!(again.contains("failed    a\n") && again.contains("= why: `server` was closed (line 4)"), "{again}");
    let (code, rest) = watching.interrupt();
    assert_eq!((code, rest.as_str()), (Some(130), ""));
}

#[test]
fn a_snapshot_that_is_accepted_elsewhere_is_seen() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    let mut watching = Watching::start(&project, &[]);
    let first = watching.until_it_waits();
    assert!(first.contains("new       a  snapshots/a.snap"), "{first}");
    // The folder of snapshots was not there before.
    project.run(&["accept", "a"]).exits(0);
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: snapshots/a.snap\n1 passed in"), "{again}");
    fs::remove_file(project.path("snapshots/a.snap")).unwrap();
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: snapshots/a.snap\nnew       a  "), "{again}");
}

#[test]
fn files_that_a_spec_names_are_watched_too() {
    let including =
        "about: A part.\nsteps:\n  - include: _part.yaml\n  - a: {send: {file: ../data/body.bin}}\n  - b: {read: 5}\n";
    let part = "steps:\n  - a: {pair: b}\nout: [a, b]\n";
    let project = Project::new(&[("specs/a.yaml", including), ("specs/_part.yaml", part), ("data/body.bin", "hello")]);
    project.write("specs/b.yaml", ECHO);
    accepted(&project);
    let mut watching = Watching::start(&project, &["--verbose"]);
    let first = watching.until_it_waits();
    assert!(first.contains("2 passed in"), "{first}");
    project.write("data/body.bin", "hallo");
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: data/body.bin\nchanged   a  "), "{again}");
    project.write("specs/_part.yaml", &format!("{part}# a comment\n"));
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: specs/_part.yaml\nchanged   a  "), "{again}");
    assert!(!again.contains("\npassed    b"), "{again}");
}

#[test]
fn specs_come_and_go_and_are_renamed() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    accepted(&project);
    let mut watching = Watching::start(&project, &["--verbose"]);
    watching.until_it_waits();
    // An editor saves by writing a new file and renaming it.
    project.write("specs/.a.yaml.swp", &ECHO.replace("The server", "A server"));
    fs::rename(project.path("specs/.a.yaml.swp"), project.path("specs/a.yaml")).unwrap();
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: specs/a.yaml\npassed    a  "), "{again}");
    // A folder that was not there.
    project.write("specs/deep/b.yaml", ECHO);
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: specs/deep/b.yaml\nnew       deep/b  "), "{again}");
    // A folder that is renamed, and a save in it after that.
    fs::rename(project.path("specs/deep"), project.path("specs/deeper")).unwrap();
    let again = watching.until_it_waits();
    assert!(again.contains("changed: specs/deeper/b.yaml\n") && again.contains("gone: specs/deep/b.yaml\n"), "{again}");
    project.write("specs/deeper/b.yaml", FAILING);
    let again = watching.until_it_waits();
    assert!(again.contains("failed    deeper/b\n"), "{again}");
    fs::remove_dir_all(project.path("specs/deeper")).unwrap();
    let again = watching.until_it_waits();
    assert!(again.starts_with("gone: specs/deeper/b.yaml\nwatching "), "{again}");
}

#[test]
fn a_burst_of_saves_is_one_run() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    accepted(&project);
    let mut watching = Watching::start(&project, &[]);
    watching.until_it_waits();
    // All at once, as a version control does: a machine that is busy lets nobody write eight files in a moment.
    (0..8).for_each(|nth| project.write(&format!("elsewhere/new-{nth}.yaml"), FAILING));
    fs::rename(project.path("elsewhere"), project.path("specs/many")).unwrap();
    let again = watching.until_it_waits();
    assert!(again.contains(" and 3 more\n") && again.contains("8 failed in"), "{again}");
}

#[test]
fn what_a_run_accepts_itself_is_no_change() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    let mut watching = Watching::start(&project, &["--update", "all"]);
    let first = watching.until_it_waits();
    assert!(first.contains("accepted  a  snapshots/a.snap"), "{first}");
    // The next that is told of is this one.
    project.write("specs/b.yaml", FAILING);
    let again = watching.until_it_waits();
    assert!(again.starts_with("changed: specs/b.yaml\nfailed    b\n"), "{again}");
}

#[test]
fn an_interrupt_ends_a_test_that_hangs() {
    let project = Project::new(&[("specs/a.yaml", crate::project::HANGING)]);
    let mut watching = Watching::start(&project, &[]);
    // It cannot be seen from outside that a test has begun, but that its run was interrupted.
    let pid = Pid::from_child(&watching.child);
    let status = format!("/proc/{}/status", watching.child.id());
    // The signal is caught from when it is in this mask on.
    let caught = || {
        let status = fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        u64::from_str_radix(&mask, 16).unwrap() & (1 << 1) != 0
    };
    while !caught() {
        std::thread::yield_now();
    }
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    while watching.output.read_line(&mut rest).unwrap() > 0 {}
    assert_eq!(watching.child.wait().unwrap().code(), Some(130), "{rest}");
}

#[test]
fn options_that_say_otherwise_are_refused() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--watch", "--report", "json"]).exits(64).says("cannot be used with");
    project.run(&["run", "--watch", "nowhere"]).exits(3).says("there is no file or folder `nowhere`");
}
