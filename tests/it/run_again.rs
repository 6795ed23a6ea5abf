//! `run`: tests that run several times, runs that end early, and which tests run in which order.

use std::fs;

use serde_json::Value;

use crate::project::{ECHO, FAILING, INVALID, Project, Ran};

/// A project with one spec, whose program counts its runs in a file, and says what the shell's `case` has for the
/// number, from 0.
struct Counted {
    project: Project,
}

impl Counted {
    /// `recv` is what the spec expects the program to say.
    fn new(recv: &str, says: &str) -> Self {
        let project = Project::new(&[]);
        let count = project.path("count").display().to_string();
        let script =
            format!("n=$(cat {count} 2>&1) || n=0; echo $((n+1)) >{count}; case $n in {says} *) echo right;; esac");
        let spec = format!(
            "about: The program says what it always says.\nsteps:\n  - p: {{run: [sh, -c, '{script}']}}\n  \
             - p: {{recv: {recv}}}\n  - p: {{expect: exit, status: 0}}\n"
        );
        project.write("specs/a.yaml", &spec);
        Self { project }
    }

    /// With the trace accepted in which it says `right`.
    fn accepted(recv: &str, says: &str) -> Self {
        let counted = Self::new(recv, says);
        counted.set(1000);
        counted.project.run(&["run", "--update", "all"]).exits(0);
        counted.set(0);
        counted
    }

    fn set(&self, number: u32) {
        self.project.write("count", &number.to_string());
    }

    /// How often it has run.
    fn runs(&self) -> u32 {
        fs::read_to_string(self.project.path("count")).unwrap().trim().parse().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.set(0);
        self.project.run(&[&["run"], arguments].concat())
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let ran = self.run(&[arguments, &["--report", "json"]].concat()).exits(code);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["tests"][0].take()
    }

    fn has_pending(&self) -> bool {
        self.project.exists("snapshots/a.snap.new")
    }
}

const ANY: &str = "{until: \"\\n\"}";
const RIGHT: &str = "\"right\\n\"";

#[test]
fn a_test_that_passes_when_it_is_run_again_is_flaky_and_fails() {
    let flaky = Counted::accepted(RIGHT, "0) echo wrong;;");
    flaky.run(&[]).exits(1).says("1 failed");
    let ran = flaky.run(&["--retries", "2"]).exits(1).says("1 flaky").says("flaky     a  2 runs went in 2 ways");
    ran.says("run 1 of 2: failed").says("\"wrong\\n\"").says("run 2 of 2: passed");
    assert_eq!(flaky.runs(), 2, "no run after the one that passed");
    flaky.run(&["--retries=2", "--flaky", "ok"]).exits(0).says("1 flaky").says("\"wrong\\n\"");
    flaky.run(&["--retries=2", "--flaky", "fail"]).exits(1);
    flaky.run(&["--retries", "0"]).exits(1).says("1 failed");
}

#[test]
fn flaky_tests_in_reports() {
    let flaky = Counted::accepted(RIGHT, "0) echo wrong;;");
    let test = flaky.json(&["--retries", "3"], 1);
    assert_eq!((&test["verdict"], &test["runs"]), (&Value::from("flaky"), &Value::from(2)));
    assert_eq!((&test["tries"][0]["verdict"], &test["tries"][1]["verdict"]), (&"failed".into(), &"passed".into()));
    assert!(test["ways"][0]["failure"]["difference"]["got"].as_str().unwrap().contains("wrong"), "{test:#}");
    assert_eq!(test["line"], 4);
    for (how, failures, code) in [("fail", 1, 1), ("ok", 0, 0)] {
        let xml = flaky.run(&["--retries=1", "--flaky", how, "--report", "junit"]).exits(code).stdout;
        let suites = junit_parser::from_reader(xml.as_bytes()).unwrap();
        let reruns = &suites.suites[0].cases[0].reruns;
        assert_eq!((suites.failures, reruns.len()), (failures, 1), "{xml}");
        assert!(matches!(reruns[0].kind, junit_parser::RerunOrFlakyKind::FlakyFailure), "{xml}");
        assert!(reruns[0].message.starts_with("run 1: "), "{xml}");
    }
    let tap = flaky.run(&["--retries=1", "--flaky=ok", "--report=tap"]).exits(0).stdout;
    assert!(tap.contains("\nok 1 - a\n") && tap.contains("runs: \"failed passed\""), "{tap}");
    flaky.run(&["--retries=1", "--flaky=ok", "--report=github"]).exits(0).says("::warning file=specs/a.yaml,line=4");
}

#[test]
fn runs_that_differ_write_nothing() {
    let flaky = Counted::accepted(ANY, "0) echo wrong;;");
    let accepted = flaky.project.trace("snapshots/a.snap");
    let ran = flaky.run(&["--retries", "1"]).exits(1).says("1 flaky");
    ran.says("run 1 of 2: changed").says("- p         recv 6 \"right\\n\"").says("+ p         recv 6 \"wrong\\n\"");
    assert!(!flaky.has_pending());
    // What an earlier run left pending is still to be decided on.
    flaky.run(&[]).exits(1).says("1 changed");
    assert!(flaky.has_pending());
    flaky.run(&["--retries", "1"]).exits(1).says("1 flaky");
    assert!(flaky.has_pending());
    assert_eq!(flaky.project.trace("snapshots/a.snap"), accepted);
}

#[test]
fn a_test_that_fails_each_time_is_told_of_once() {
    let failing = Counted::accepted(RIGHT, "?) echo wrong;;");
    let ran = failing.run(&["--retries", "2"]).exits(1).says("failed    a  each of 3 times").says("1 failed");
    assert_eq!((ran.stdout.matches("other bytes").count(), failing.runs()), (1, 3));
    assert_eq!(failing.json(&["--retries", "2"], 1)["runs"], 3);
}

#[test]
fn a_trace_that_changed_each_time_is_pending() {
    let changed = Counted::accepted(ANY, "?) echo wrong;;");
    changed.run(&["--retries", "2"]).exits(1).says("changed   a  snapshots/a.snap  each of 3 times");
    assert!(changed.has_pending());
    assert_eq!(changed.runs(), 3);
}

#[test]
fn a_test_that_never_passes_and_goes_several_ways_differs() {
    let differs = Counted::accepted(ANY, "0|2) echo wrong;; ?) echo none;;");
    let ran = differs.run(&["--retries", "2"]).exits(1).says("1 differs in").says("runs 1, 3 of 3: changed");
    ran.says("run 2 of 3: changed").says("- p         recv 6 \"wrong\\n\"").says("+ p         recv 5 \"none\\n\"");
    assert!(!differs.has_pending());
}

#[test]
fn accepting_needs_runs_that_agree() {
    let changed = Counted::accepted(ANY, "?) echo wrong;;");
    changed.run(&["--retries", "2", "--update", "all"]).exits(0).says("accepted  a");
    assert_eq!(changed.runs(), 1, "what is accepted has not failed");
    let mended = Counted::accepted(ANY, "0) exit 1;; ?) echo wrong;;");
    mended.run(&["--retries", "1", "--update", "all"]).exits(1).says("1 differs in");
    assert!(mended.project.trace("snapshots/a.snap").unwrap().contains("right"));
    let new = Counted::new(ANY, "0) exit 1;; ?) echo wrong;;");
    new.run(&["--retries", "1", "--update", "all"]).exits(1).says("1 differs in");
    assert!(!new.project.exists("snapshots"));
}

#[test]
fn repeated_runs_must_all_go_one_way() {
    let steady = Counted::accepted(ANY, "");
    steady.run(&["--repeat", "5", "-v"]).exits(0).says("1 passed").says("5 runs");
    assert_eq!(steady.runs(), 5);
    let racy = Counted::accepted(ANY, "3) echo wrong;;");
    let ran = racy.run(&["--repeat", "5"]).exits(1).says("differs   a  5 runs went in 2 ways");
    ran.says("runs 1, 2, 3, 5 of 5: passed").says("run 4 of 5: changed").says("+ p         recv 6 \"wrong\\n\"");
    assert!(!racy.has_pending());
    let test = racy.json(&["--repeat", "5"], 1);
    let ways: Vec<_> = test["tries"].as_array().unwrap().iter().map(|run| run["way"].as_u64().unwrap()).collect();
    assert_eq!(ways, [0, 0, 0, 1, 0]);
    assert!(test["ways"][1]["trace"].as_str().unwrap().contains("wrong"));
    racy.run(&["--repeat", "3"]).exits(0).says("1 passed");
    racy.run(&["--repeat", "2", "--retries", "2"]).exits(64).says("cannot be used with");
}

#[test]
fn a_new_trace_is_left_pending_where_all_runs_gave_it() {
    let racy = Counted::new(ANY, "1) echo wrong;;");
    racy.run(&["--repeat", "2"]).exits(1).says("run 2 of 2: new").says("1 differs in");
    assert!(!racy.has_pending());
    let steady = Counted::new(ANY, "");
    steady.run(&["--repeat", "2"]).exits(1).says("1 new");
    assert!(steady.has_pending());
    steady.run(&["--repeat", "2", "--update", "new"]).exits(0).says("accepted  a");
}

#[test]
fn each_way_has_its_record() {
    let racy = Counted::accepted(RIGHT, "1) echo wrong;;");
    racy.run(&["--repeat", "3", "--record", "records"]).exits(1).says("records/a.way2.json");
    let trace = |file: &str| racy.project.run(&["trace", file]).exits(0).stdout;
    assert!(trace("records/a.json").contains("right"));
    assert!(!trace("records/a.way2.json").contains("recv"));
}

/// Five tests, of which the first and the last fail.
fn five() -> Project {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let project = Project::new(&[("specs/b.yaml", ECHO), ("specs/c.yaml", &matrix)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/a.yaml", FAILING);
    project.write("specs/z.yaml", FAILING);
    project
}

#[test]
fn a_run_ends_when_enough_has_failed() {
    let project = five();
    project.run(&["run", "-j", "1"]).exits(1).says("3 passed, 2 failed");
    let ran = project.run(&["run", "-j", "1", "--fail-fast", "-v"]).exits(1).says("1 failed, 4 not run in");
    ran.says("not run   c[net=tcp4]").says("not run   z");
    project.run(&["run", "-j1", "--fail-fast=2"]).exits(1).says("3 passed, 2 failed");
    project
        .run(&["run", "-j1", "--fail-fast", "1", "specs/c.yaml", "specs/a.yaml"])
        .exits(1)
        .says("1 failed, 2 not run");
    project.write("specs/a.yaml", INVALID);
    project.run(&["run", "-j1", "--fail-fast"]).exits(2).says("1 invalid, 4 not run");
    project.run(&["run", "--fail-fast", "0"]).exits(64).says("at least 1");
    let flaky = Counted::accepted(RIGHT, "0) echo wrong;;");
    flaky.project.write("specs/b.yaml", FAILING);
    flaky.run(&["-j1", "--fail-fast", "--retries=1"]).exits(1).says("1 flaky, 1 not run");
    flaky.run(&["-j1", "--fail-fast", "--retries=1", "--flaky=ok"]).exits(1).says("1 flaky, 1 failed");
}

#[test]
fn cases_of_a_matrix_are_not_run_either() {
    let matrix =
        FAILING.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let project = Project::new(&[("specs/a.yaml", &matrix)]);
    project.run(&["run", "--fail-fast", "-v"]).exits(1).says("1 failed, 1 not run").says("not run   a[net=tcp6]");
}

/// The names in the order in which they ran.
fn order(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().filter(|line| line.starts_with("passed")).filter_map(|line| line.split(' ').nth(4)).collect()
}

#[test]
fn a_seed_gives_an_order() {
    let project = Project::new(&[]);
    for index in 0..20 {
        project.write(&format!("specs/{index:02}.yaml"), ECHO);
    }
    project.run(&["run", "--update", "all"]).exits(0);
    let run = |arguments: &[&str]| project.run(&[&["run", "-v"], arguments].concat()).exits(0);
    let ran = run(&["--shuffle", "42"]).says("shuffled by seed 42\n");
    let shuffled = order(&ran);
    assert_eq!(shuffled.len(), 20, "{ran:?}");
    assert!(!shuffled.is_sorted());
    assert_eq!(order(&run(&["--shuffle=42"])), shuffled);
    assert_ne!(order(&run(&["--shuffle=43"])), shuffled);
    let chosen = run(&["--shuffle", "specs"]);
    let seed = chosen.stdout.lines().next().unwrap().strip_prefix("shuffled by seed ").unwrap();
    assert_eq!(order(&run(&["--shuffle", seed])), order(&chosen));
    project.run(&["run", "--shuffle", "-1"]).exits(64).says("at least 0");
}

#[test]
fn the_slowest_tests_are_shown() {
    let project = Project::new(&[("specs/fast.yaml", ECHO)]);
    project.write(
        "specs/slow.yaml",
        &ECHO.replace("  - client: close", "  - pause: 50ms # it is late\n  - client: close"),
    );
    let ran = project.run(&["run", "--update=all", "--slowest"]).exits(0).says("\nslowest\n");
    let rows: Vec<_> = ran.stdout.lines().skip_while(|line| *line != "slowest").skip(1).take(2).collect();
    assert!(rows[0].ends_with("s  slow") && rows[1].ends_with("s  fast"), "{rows:?}");
    let ran = project.run(&["run", "--slowest", "1", "specs"]).exits(0);
    assert!(!ran.stdout.contains("fast"), "{ran:?}");
}

#[test]
fn only_what_failed_last_time() {
    let project = five();
    project.run(&["run", "--failed"]).exits(4).says("no test failed");
    project.run(&["run"]).exits(1);
    let ran = project.run(&["run", "--failed", "-v"]).exits(1).says("2 failed in");
    assert!(!ran.stdout.contains("stale"), "what does not run has its spec all the same: {ran:?}");
    // What did not run is remembered.
    project.write("specs/a.yaml", ECHO);
    project.run(&["run", "specs/a.yaml", "--update", "all"]).exits(0);
    project.run(&["run", "--failed", "-v"]).exits(1).says("1 failed in").says("failed    z");
    project.run(&["run", "--failed", "specs/z.yaml"]).exits(1).says("1 failed in");
    project.run(&["run", "--failed", "--filter", "b"]).exits(4).says("none of those that failed last are selected");
    project.write("specs/z.yaml", &FAILING.replace("connect: server", "connect: server, fails: ECONNREFUSED"));
    project.run(&["run", "--failed", "--update=new"]).exits(0).says("accepted  z");
    project.run(&["run", "--failed"]).exits(4).says("no test failed");
}

#[test]
fn what_failed_last_and_is_gone_is_told_and_forgotten() {
    let project = five();
    project.run(&["run"]).exits(1);
    fs::rename(project.path("specs/z.yaml"), project.path("specs/y.yaml")).unwrap();
    let ran = project.run(&["run", "--failed"]).exits(1).says("1 failed in").says("`z` failed when it ran last");
    assert!(ran.stdout.contains("failed    a"), "{ran:?}");
    assert_eq!(project.run(&["run", "--failed"]).exits(1).stderr, "");
    fs::remove_file(project.path("specs/a.yaml")).unwrap();
    project.run(&["run", "--failed"]).exits(4).says("are no more");
    project.run(&["run", "--failed"]).exits(4).says("no test failed");
}

#[test]
fn of_a_matrix_only_the_cases_that_failed() {
    let matrix = "about: Nobody listens on one of them.\nmatrix: {net: [tcp4, tcp6]}\nsteps:\n  \
                  - server: {listen: tcp4}\n  - client: {connect: server}\n  - server: close\n";
    let project = Project::new(&[("specs/m.yaml", matrix)]);
    project.run(&["run", "--update", "all"]);
    project.write("specs/m.yaml", INVALID);
    project.run(&["run"]).exits(2).says("1 invalid");
    // When it is mended, it has cases again.
    let fails =
        FAILING.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    project.write("specs/m.yaml", &fails);
    project.run(&["run", "--failed"]).exits(1).says("2 failed in");
    project.run(&["run", "--failed", "--filter", "tcp6"]).exits(1).says("1 failed in");
    project.write("specs/m.yaml", &fails.replace("tcp4, tcp6", "tcp4, tcp"));
    project.run(&["run", "--failed"]).exits(1).says("1 failed in").says("failed    m[net=tcp4]");
}

#[test]
fn another_working_folder_has_its_own_failures() {
    let (one, other) = (five(), five());
    one.run(&["run"]).exits(1);
    other.run(&["run", "--failed"]).exits(4);
}

#[test]
fn numbers_that_make_no_sense() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    for (arguments, message) in [
        (["--retries", "-1"], "at least 0"),
        (["--retries", "two"], "at least 0"),
        (["--repeat", "0"], "at least 1"),
        (["--jobs", "0"], "at least 1"),
        (["--jobs", "-1"], "at least 1"),
        (["--timeout-factor", "0"], "a number over 0"),
        (["--timeout-factor", "-1"], "a number over 0"),
        (["--slowest", "0"], "at least 1"),
        (["--flaky", "maybe"], "ok"),
    ] {
        project.run(&[&["run"], &arguments[..]].concat()).exits(64).says(message);
    }
}
