//! The command line: exit codes, selection, output.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{ECHO, FAILING, HANGING, INVALID, Project, Ran};

fn with_snapshots(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files);
    project.run(&["run", "--update", "all"]);
    project
}

#[test]
fn each_verdict_has_its_exit_code() {
    let project = with_snapshots(&[("specs/a.yaml", ECHO)]);
    project.run(&["run"]).exits(0).says("1 passed");
    project.write("specs/b.yaml", FAILING);
    project.run(&["run"]).exits(1).says("1 failed").says("ECONNREFUSED");
    project.write("specs/c.yaml", INVALID);
    project.run(&["run"]).exits(2).says("1 invalid").says("`lisen`");
    project.write("specs/d.yaml", ECHO);
    project.write("snapshots/d.snap/in-the-way", "");
    project.run(&["run"]).exits(3).says("1 could not run").says("d.snap");
}

#[test]
fn what_the_machine_lacks_is_ignored_with_its_reason() {
    let lacking = ECHO.replace("tags:", "requires: [linux, 'command:no-such-program']\ntags:");
    let project = Project::new(&[("specs/a.yaml", &lacking)]);
    project.run(&["run"]).exits(0).says("1 ignored").says("`no-such-program`");
}

#[test]
fn folders_and_files_that_are_not_there() {
    let project = Project::new(&[("empty/readme.md", "")]);
    project.run(&["run", "empty"]).exits(4).says("no spec in `empty`");
    project.run(&["run", "gone"]).exits(3).says("`gone`");
    std::os::unix::fs::symlink("loop", project.path("loop")).unwrap();
    project.run(&["check", "loop"]).exits(3).says("cannot read `loop`");
    project.run(&["run"]).exits(64).says("no folder `specs` here");
}

#[test]
fn wrong_usage() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&[]).exits(64).says("Usage:");
    project.run(&["rnu"]).exits(64).says("'rnu'");
    project.run(&["run", "--tags", "x"]).exits(64).says("'--tag'");
    project.run(&["run", "--update", "some"]).exits(64).says("new");
    project.run(&["run", "-j", "0"]).exits(64);
    project.run(&["run", "--timeout-factor", "-1"]).exits(64);
    project.run(&["run", "--var", "novalue"]).exits(64).says("NAME=VALUE");
    project.run(&["--help"]).exits(0).says("Exit codes:");
    project.run(&["--version"]).exits(0).says("sockspec ");
}

#[test]
fn selection_by_tag_and_name() {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let project = with_snapshots(&[("specs/a.yaml", ECHO), ("specs/deep/m.yaml", &matrix), ("specs/z.yaml", FAILING)]);
    let list = |arguments: &[&str]| project.run(arguments).exits(0).stdout;
    assert_eq!(list(&["list"]), "a\ndeep/m[net=tcp4]\ndeep/m[net=tcp6]\nz\n");
    assert_eq!(list(&["list", "--tag", "echo"]), "a\ndeep/m[net=tcp4]\ndeep/m[net=tcp6]\n");
    assert_eq!(list(&["list", "--filter", "tcp6", "--filter", "z"]), "deep/m[net=tcp6]\nz\n");
    assert_eq!(list(&["list", "specs/deep"]), "deep/m[net=tcp4]\ndeep/m[net=tcp6]\n");
    project.run(&["run", "--tag", "echo"]).exits(0).says("3 passed");
    project.run(&["run", "--filter", "tcp6", "-v"]).exits(0).says("1 passed").says("deep/m[net=tcp6]");
    for command in ["run", "check", "list"] {
        project.run(&[command, "--tag", "nope"]).exits(4).says("no spec has the tag `nope`");
        project.run(&[command, "--filter", "nope"]).exits(4).says("no test has `nope` in its name");
    }
}

#[test]
fn specs_are_left_out_by_a_tag() {
    let slow = ECHO.replace("[echo]", "[echo, slow]");
    let plain = ECHO.replace("tags: [echo]\n", "");
    let project =
        with_snapshots(&[("specs/a.yaml", ECHO), ("specs/deep/slow.yaml", &slow), ("specs/plain.yaml", &plain)]);
    let list = |arguments: &[&str]| project.run(arguments).exits(0).stdout;
    assert_eq!(list(&["list", "--skip-tag", "slow"]), "a\nplain\n");
    assert_eq!(list(&["list", "--skip-tag=echo,slow"]), "plain\n");
    assert_eq!(list(&["list", "--tag", "echo", "--skip-tag", "slow"]), "a\n");
    project.run(&["run", "--skip-tag", "slow"]).exits(0).says("2 passed");
    project.run(&["check", "--skip-tag", "slow"]).exits(0).says("2 specs");
    project.run(&["stress", "--skip-tag", "slow", "--runs", "2"]).exits(0).says("2 specs");
    project.run(&["doctor", "--skip-tag", "echo"]).exits(0).says("the test can run");
    project.run(&["show", "--skip-tag", "echo", "--as", "text"]).exits(0).says("plain");
    assert_eq!(list(&["list", "specs/a.yaml", "--skip-tag", "slow"]), "a\n", "another one has the tag");
    let nothing = project.run(&["run", "specs/deep", "--skip-tag", "slow"]).exits(4);
    nothing.says("nothing is selected: each spec has the tag `slow`, and such are left out");
    project
        .run(&["run", "--filter", "slow", "--skip-tag", "slow"])
        .exits(4)
        .says("each test with `slow` in its name has");
    project.write("specs/wrong.yaml", "a: [");
    project.run(&["check", "--skip-tag", "slow"]).exits(2).says("wrong.yaml");
}

#[test]
fn a_tag_that_no_spec_has_is_a_slip_of_the_hand() {
    let project = with_snapshots(&[("specs/a.yaml", ECHO), ("specs/deep/b.yaml", &ECHO.replace("echo", "slow"))]);
    project.run(&["run", "--skip-tag", "slwo"]).exits(64).says("no spec has the tag `slwo`; did you mean `slow`?");
    project.run(&["list", "--tag", "slow,ecoh"]).exits(64).says("no spec has the tag `ecoh`; did you mean `echo`?");
    project.run(&["list", "--tag", "ecoh"]).exits(4).says("no spec has the tag `ecoh`; did you mean `echo`?");
    project.run(&["list", "--tag", "other"]).exits(4).says("there are `echo` or `slow`");
    for everything_else in ["!slow", "~slow", "not slow"] {
        project.run(&["run", "--tag", everything_else]).exits(4).says("`--skip-tag slow` leaves out");
    }
    project.run(&["run", "specs/a.yaml", "--tag", "slow"]).exits(4).says("no spec has the tag `slow`");
    project.run(&["run", "specs/a.yaml", "--tag", "slow,echo"]).exits(0).says("1 passed");
    let bare = with_snapshots(&[("specs/a.yaml", &ECHO.replace("tags: [echo]\n", ""))]);
    bare.run(&["run", "--skip-tag", "slow"]).exits(64).says("no spec has the tag `slow`; no spec has any");
}

#[test]
fn variables() {
    let spec = ECHO.replace("steps:", "vars: {word: ping}\nsteps:").replace("send: ping", "send: '${word}'");
    let project = with_snapshots(&[("specs/a.yaml", &spec), ("specs/b.yaml", ECHO)]);
    project.run(&["run", "--var", "word=ping"]).exits(0);
    project.run(&["run", "--var", "word=pong"]).exits(1).says("1 passed, 1 failed");
    project.run(&["run", "--var", "wrod=pong"]).exits(64).says("`wrod`").says("`word`");
}

#[test]
fn check_runs_nothing() {
    let project = Project::new(&[("specs/a.yaml", FAILING)]);
    project.run(&["check"]).exits(0).says("1 spec");
    project.write("specs/b.yaml", INVALID);
    project.run(&["check"]).exits(2).says("specs/b.yaml:3:");
    let short = project.run(&["check", "--format", "short"]).exits(2).stdout;
    assert!(short.starts_with("specs/b.yaml:3:14: error["), "{short}");
    assert_eq!(short.lines().count(), 1);
    let json = project.run(&["check", "--format", "json"]).exits(2).stdout;
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    project.run(&["check", "specs/a.yaml"]).exits(0);
}

#[test]
fn what_is_no_regular_file_is_never_waited_for() {
    let project = Project::new(&[("specs/b.yaml", ECHO)]);
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, project.path("specs/a.yaml"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(project.run(&["list"]).exits(0).stdout, "a\nb\n");
    project.run(&["run"]).exits(3).says("not a regular file");
    let ran = project.run(&["check"]).exits(3).says("1 spec: 0 errors, 0 warnings; 1 could not be read");
    assert!(!ran.stdout.contains("nothing to find fault with"), "{}", ran.stdout);
}

#[test]
fn check_exits_with_0_on_warnings_alone() {
    let project =
        Project::new(&[("specs/a.yaml", &ECHO.replace("  - client: close", "  - pause: 1ms\n  - client: close"))]);
    project.run(&["check"]).exits(0).says("warning").says("0 errors, 1 warning");
}

#[test]
fn two_files_of_one_name() {
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/a.yml", ECHO)]);
    project.run(&["check"]).exits(2).says("same snapshot");
    project.run(&["run", "--update", "all"]).exits(2).says("1 passed").says("1 invalid");
}

#[test]
fn records_are_written_and_traced_again() {
    let project = with_snapshots(&[("specs/tcp/a.yaml", ECHO), ("specs/z.yaml", FAILING)]);
    project.run(&["run", "--record", "records"]).exits(1).says("records/z.json");
    let trace = project.run(&["trace", "records/tcp/a.json"]).exits(0).stdout;
    assert_eq!(trace.trim_end(), project.trace("snapshots/tcp/a.snap").unwrap().trim_end());
    project.run(&["trace", "records/z.json"]).exits(0).says("listen tcp");
    let refused = project.run(&["trace", "specs/z.yaml"]).exits(3).says("run --record DIR").stderr;
    assert_eq!(refused.matches("not a record").count(), 1, "{refused}");
    let record = std::fs::File::open(project.path("records/tcp/a.json")).unwrap();
    let piped = Ran::of(project.command(&["trace", "-"]).stdin(record)).exits(0).stdout;
    assert_eq!(piped, trace);
    project.run(&["trace", "gone.json"]).exits(3).says("gone.json");
}

#[test]
fn a_record_that_cannot_be_written() {
    let project = with_snapshots(&[("specs/a.yaml", ECHO), ("in-the-way", "")]);
    project.run(&["run", "--record", "in-the-way"]).exits(3).says("in-the-way");
}

#[test]
fn a_run_without_an_isolated_network_has_no_captures() {
    let project = with_snapshots(&[("specs/a.yaml", ECHO)]);
    let ran = project.run(&["run", "--pcap", "captures"]).exits(0);
    assert_eq!(ran.stderr, "note: no test ran on an isolated network, so there is nothing in captures\n");
    assert!(!project.exists("captures"));
    assert_eq!(project.run(&["run"]).exits(0).stderr, "");
}

#[test]
fn the_schema_is_json() {
    let schema = Project::new(&[]).run(&["schema"]).exits(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let included = Project::new(&[]).run(&["schema", "--included"]).exits(0).stdout;
    let included: serde_json::Value = serde_json::from_str(&included).unwrap();
    assert!(included["properties"]["out"].is_object() && included["properties"]["matrix"].is_null());
}

#[test]
fn the_order_is_that_of_the_names_however_many_run_at_once() {
    let project = Project::new(&[]);
    for index in 0..60 {
        project.write(&format!("specs/{index:02}.yaml"), ECHO);
    }
    project.run(&["run", "--update", "all", "-j", "4"]).exits(0);
    let ran = project.run(&["run", "-v", "-j", "8"]).exits(0).says("60 passed");
    let names: Vec<_> = ran.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).take(60).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let project = Project::new(&[]);
    for index in 0..500 {
        project.write(
            &format!("specs/{index:03}-with-a-name-that-is-long-enough-to-fill-a-pipe-{}.yaml", "x".repeat(100)),
            "",
        );
    }
    let mut child = project.command(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = project.command(&["list"]).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
}

#[test]
fn colours_only_on_a_terminal() {
    let project = Project::new(&[("specs/a.yaml", INVALID)]);
    let plain = project.run(&["check"]).stdout;
    assert!(!plain.contains('\x1b'), "{plain}");
    assert!(project.run(&["check", "--color", "always"]).stdout.contains("\x1b["));
    assert!(on_a_terminal(&project, 80, &[]).contains("\x1b["));
    assert!(!on_a_terminal(&project, 80, &[("NO_COLOR", "1")]).contains('\x1b'));
    assert!(on_a_terminal(&project, 80, &[("NO_COLOR", "")]).contains("\x1b["), "an empty one says nothing");
    assert!(!on_a_terminal(&project, 80, &[("TERM", "dumb")]).contains('\x1b'));
}

/// What `check` shows on a terminal of so many columns.
fn on_a_terminal(project: &Project, columns: u16, environment: &[(&str, &str)]) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    let mut here = std::fs::File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
    grantpt(&here).unwrap();
    unlockpt(&here).unwrap();
    let there = ptsname(&here, Vec::new()).unwrap().into_string().unwrap();
    let there = std::fs::OpenOptions::new().read(true).write(true).open(there).unwrap();
    tcsetwinsize(&here, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = project.command(&["check"]);
    let mut child = command.envs(environment.iter().copied()).stdout(there).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
    // Reading fails with EIO when the other side is closed.
    while let Ok(size @ 1..) = here.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..size]);
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

/// What comes of a run whose second spec hangs, when it is interrupted so long after the first.
fn interrupted(project: &Project, signal: Signal, after: Duration) -> Ran {
    let mut run = project.command(&["run", "-j", "1", "-v"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    assert!(first.contains("passed"), "{first}");
    thread::sleep(after);
    let interrupted = Instant::now();
    kill_process(Pid::from_child(&child), signal).unwrap();
    let output = child.wait_with_output().unwrap();
    // The spec that hangs would do so for a minute.
    assert!(interrupted.elapsed() < Duration::from_secs(30), "{:?}", interrupted.elapsed());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    Ran { code: output.status.code(), stdout: rest, stderr: String::from_utf8(output.stderr).unwrap() }
}

#[test]
fn an_interrupt_ends_a_hanging_run_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        let project = with_snapshots(&[("specs/a.yaml", ECHO)]);
        project.write("specs/b.yaml", HANGING);
        project.write("specs/c.yaml", ECHO);
        // On a busy machine it takes longer until it hangs.
        let hung = "cancelled b  specs/b.yaml:5\n";
        let mut all = [300, 3_000, 12_000].map(Duration::from_millis).into_iter();
        let ran = all.find_map(|after| {
            let ran = interrupted(&project, signal, after).exits(130);
            ran.stdout.contains(hung).then_some(ran)
        });
        ran.unwrap().says("1 passed").says("2 cancelled").says("interrupted");
        assert!(!project.exists("snapshots/c.snap.new") && project.exists("snapshots/a.snap"));
    }
}
