//! `run --report`: what is written, read back by others' parsers.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use junit_parser::{TestStatus, TestSuites};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::project::{ECHO, FAILING, HANGING, INVALID, Project, Ran};

/// One whose trace is not that of [`ECHO`].
const OTHER: &str = "\
about: The server answers what it was sent.
tags: [echo]
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: pong}
  - conn: {recv: pong}
  - conn: close
  - client: {expect: eof}
  - client: close
  - server: close
";

/// One in whose report is all that XML cannot have.
const ODD: &str = "\
about: Bytes that are no text, and ]]> & <b> \"quoted\".
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: \"\\0\\e[31m]]>\\uFFFF\\U0001F600 é %0A ::error::\\r\\n\"}
  - conn: {recv: \"\\0\\e[31m]]>\\uFFFE & <b>'\\\"\\r\\nmore\", within: 200ms}
";

/// A project with a spec for each verdict.
fn project() -> Project {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/net/b.yaml", ECHO), ("specs/net/m.yaml", &matrix)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/net/b.yaml", OTHER);
    project.write("specs/net/fails.yaml", FAILING);
    project.write("specs/new.yaml", ECHO);
    project.write("specs/odd.yaml", ODD);
    project.write("specs/lacks.yaml", &ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:"));
    project.write("specs/invalid.yaml", INVALID);
    project
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn test<'j>(report: &'j Value, name: &str) -> &'j Value {
    let tests = report["tests"].as_array().unwrap();
    tests.iter().find(|test| test["name"] == name).unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

/// XML by two parsers: one that is strict about XML, one that knows JUnit.
fn junit(text: &str) -> TestSuites {
    roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    junit_parser::from_reader(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn several_reports_of_one_run() {
    let project = project();
    let ran = project.run(&[
        "run",
        "--report=junit=out/deep/junit.xml",
        "--report=json=out/run.json",
        "--report=tap=run.tap",
        "--report=html=out/run.html",
        "--report=github=commands",
    ]);
    let ran = ran.exits(2).says("3 passed, 2 failed, 1 changed, 1 new, 1 invalid, 1 ignored");
    assert!(ran.stdout.contains("failed    net/fails"), "the terminal has its own report: {}", ran.stdout);
    for file in ["out/deep/junit.xml", "out/run.json", "run.tap", "out/run.html", "commands"] {
        let text = fs::read_to_string(project.path(file)).unwrap();
        assert!(text.contains("net/fails"), "{file}: {text}");
    }
    assert_eq!(fs::read_dir(project.path("out")).unwrap().count(), 3, "nothing is left behind");
}

#[test]
fn junit_is_what_others_read() {
    let ran = project().run(&["run", "--report", "junit"]).exits(2);
    let suites = junit(&ran.stdout);
    assert_eq!((suites.tests, suites.failures, suites.errors, suites.skipped), (9, 4, 1, 1));
    let names: Vec<_> = suites.suites.iter().map(|suite| (suite.name.as_str(), suite.tests)).collect();
    assert_eq!(names, [("specs", 5), ("net", 4)]);
    let cases = || suites.suites.iter().flat_map(|suite| &suite.cases);
    let case = |name: &str| cases().find(|case| case.original_name == name).unwrap();
    let TestStatus::Failure(failure) = &case("net/fails").status else { panic!("{:?}", case("net/fails")) };
    assert_eq!((failure.failure_type.as_str(), failure.message.contains("ECONNREFUSED")), ("failed", true));
    assert!(failure.text.contains("specs/net/fails.yaml:5:5"), "{}", failure.text);
    assert!(!failure.text.contains('\u{1b}'), "{}", failure.text);
    assert_eq!(case("net/fails").file.as_deref(), Some("specs/net/fails.yaml"));
    assert_eq!(case("net/fails").line, Some(5));
    assert_eq!(case("net/m[net=tcp6]").classname.as_deref(), Some("net.m"));
    assert!(matches!(&case("net/b").status, TestStatus::Failure(failure) if failure.failure_type == "changed"));
    assert_eq!(case("net/b").line, Some(7), "the first event that is otherwise");
    assert!(matches!(&case("invalid").status, TestStatus::Error(error) if error.text.contains("`lisen`")));
    assert!(
        matches!(&case("lacks").status, TestStatus::Skipped(skipped) if skipped.message.contains("no-such-program"))
    );
    assert!(cases().filter(|case| matches!(case.status, TestStatus::Success)).count() == 3);
}

#[test]
fn json_has_all_that_the_terminal_has() {
    let project = project();
    let ran = project.run(&["run", "--report", "json=-"]).exits(2);
    assert!(ran.stderr.contains("failed    net/fails") && ran.stderr.contains("3 passed"), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 1);
    let report = json(&ran.stdout);
    assert_eq!((&report["version"], &report["interrupted"]), (&Value::from(1), &Value::from(false)));
    assert_eq!((&report["totals"]["tests"], &report["totals"]["failed"]), (&Value::from(9), &Value::from(2)));
    let failed = test(&report, "net/fails");
    assert_eq!((&failed["verdict"], &failed["spec"]), (&Value::from("failed"), &Value::from("specs/net/fails.yaml")));
    let failure = &failed["failure"];
    assert_eq!((&failure["line"], &failure["column"]), (&Value::from(5), &Value::from(5)));
    assert!(failure["trace"].as_str().unwrap().contains("listen tcp"));
    let odd = test(&report, "odd");
    assert!(odd["failure"]["difference"]["got"].as_str().unwrap().starts_with("\\x00\\x1b[31m]]>"), "{odd:#}");
    let changed = test(&report, "net/b");
    assert_eq!((&changed["verdict"], &changed["line"]), (&Value::from("changed"), &Value::from(7)));
    assert!(changed["change"]["accepted"].as_str().unwrap().contains("ping"));
    assert!(changed["change"]["trace"].as_str().unwrap().contains("pong"));
    assert_eq!(changed["change"]["pending"], "snapshots/net/b.snap.new");
    let pending = json(&project.run(&["pending", "net/b", "--format", "json"]).exits(1).stdout);
    assert_eq!(changed["change"]["sentences"], pending[0]["sentences"]);
    assert!(!pending[0]["sentences"].as_array().unwrap().is_empty());
    let case = test(&report, "net/m[net=tcp6]");
    assert_eq!((&case["case"]["net"], &case["tags"][0]), (&Value::from("tcp6"), &Value::from("echo")));
    assert_eq!((&case["verdict"], &case["runs"]), (&Value::from("passed"), &Value::from(1)));
    let checked = project.run(&["check", "specs/invalid.yaml", "--format", "json"]).stdout;
    assert_eq!(test(&report, "invalid")["diagnostics"][0], json(&checked), "as `check` has it");
    assert!(test(&report, "lacks")["reason"].as_str().unwrap().contains("no-such-program"));
}

/// What Perl's TAP::Parser, behind prove(1), makes of a text; `None` on a machine without it.
fn parsed_by_perl(tap: &str) -> Option<Vec<String>> {
    const READ: &str = "use TAP::Parser; local $/; my $p = TAP::Parser->new({tap => <STDIN>}); \
         while (my $r = $p->next) { printf \"%s %s\\n\", $r->type, $r->is_test ? ($r->is_ok ? 'ok ' : 'not ') . \
         $r->description . ' ' . $r->directive : $r->is_yaml ? ref $r->data : '' } \
         printf \"%d %d\\n\", $p->tests_run, scalar $p->failed; \
         print \"$_\\n\" for grep { !/version/ } $p->parse_errors";
    let mut perl = Command::new("perl");
    perl.args(["-e", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = perl.spawn().ok()?;
    child.stdin.take().unwrap().write_all(tap.as_bytes()).ok()?;
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

#[test]
fn tap_is_what_others_read() {
    let tap = project().run(&["run", "--report", "tap"]).exits(2).stdout;
    assert!(tap.starts_with("TAP version 14\n1..9\n"), "{tap}");
    assert!(tap.contains("\nnot ok 5 - net/fails\n  ---\n"), "{tap}");
    assert!(tap.contains(" - lacks # SKIP "), "{tap}");
    let Some(lines) = parsed_by_perl(&tap) else { return };
    // An older one says that it knows version 13 only, and reads on.
    assert_eq!(lines.last().unwrap(), "9 5", "{lines:#?}");
    assert!(lines.contains(&"test ok - a ".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"test not - net/fails ".to_owned()), "{lines:#?}");
}

#[test]
fn tap_blocks_are_yaml() {
    let tap = project().run(&["run", "--report", "tap"]).exits(2).stdout;
    let mut blocks = 0;
    for block in tap.split("\n  ---\n").skip(1) {
        let block = block.split("\n  ...\n").next().unwrap();
        let yaml: serde_yaml::Value = serde_yaml::from_str(block).unwrap_or_else(|error| panic!("{error} in {block}"));
        assert!(yaml["duration_ms"].is_number(), "{block}");
        if yaml["verdict"] == "failed" {
            assert!(yaml["report"].as_str().unwrap().contains("the trace up to here"), "{block}");
        }
        blocks += 1;
    }
    assert_eq!(blocks, 8, "all but the one that is skipped");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let project = project();
    let mut command = project.command(&["run", "specs/net", "specs/odd.yaml", "--report", "github"]);
    command
        .env("GITHUB_WORKSPACE", project.root().parent().unwrap())
        .env("GITHUB_STEP_SUMMARY", project.path("summary"));
    project.write("summary", "before\n");
    let ran = Ran::of(&mut command).exits(1).says("2 passed, 2 failed, 1 changed");
    let commands: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 4, "three tests and a warning: {}", ran.stdout);
    let here = project.root().file_name().unwrap().to_str().unwrap();
    let fails = commands.iter().find(|line| line.contains("title=failed%3A net/fails")).unwrap();
    assert!(fails.starts_with(&format!("::error file={here}/specs/net/fails.yaml,line=5,endLine=5,col=5,")), "{fails}");
    assert!(fails.contains("ECONNREFUSED") && fails.contains("%0A"), "{fails}");
    let changed = commands.iter().find(|line| line.contains("title=changed%3A net/b")).unwrap();
    assert!(changed.contains("specs/net/b.yaml,line=7") && changed.contains("%0A+ "), "{changed}");
    let summary = fs::read_to_string(project.path("summary")).unwrap();
    assert!(summary.starts_with("before\n### sockspec\n"), "{summary}");
    assert!(summary.contains("| failed | <code>net/fails</code> |"), "{summary}");
}

#[test]
fn a_percent_sign_begins_no_escape_of_ours() {
    let ran = project().run(&["run", "specs/odd.yaml", "--report", "github"]).exits(1);
    let command = ran.stdout.lines().find(|line| line.starts_with("::error ")).unwrap();
    assert!(command.contains("%250A"), "{command}");
}

#[test]
fn what_cannot_be_written_is_told_before_anything_runs() {
    let project = Project::new(&[("specs/a.yaml", ECHO), ("file", "")]);
    let refused = |report: &str, code: i32| project.run(&["run", "--report", report]).exits(code);
    refused("junit=file/junit.xml", 3).says("file/junit.xml");
    refused("junit=specs", 3).says("cannot write the report specs");
    refused("junit=/proc/junit.xml", 3);
    refused("junit=", 64).says("`junit=FILE`");
    refused("junti=x", 64).says("did you mean `junit`?").says("junit, json, html, tap, github");
    project.run(&["run", "--report", "json", "--report", "tap"]).exits(64).says("only one");
    project.run(&["run", "--report", "json=x", "--report", "tap=x"]).exits(64).says("two reports");
    assert!(!project.exists("snapshots"), "nothing has run");
}

#[test]
fn a_report_that_is_lost_keeps_no_other_from_being_written() {
    let taking = ECHO.replace("steps:", "steps:\n  - p: {run: [sh, -c, 'mkdir -p ../../../../$OUT/lost.xml']}");
    let project = Project::new(&[]);
    // The folder that stands where the file is to be appears while the run is on.
    let in_the_way = project.path("out/lost.xml/x");
    let command = format!("mkdir -p '{}'", in_the_way.display());
    project.write("specs/a.yaml", &taking.replace("mkdir -p ../../../../$OUT/lost.xml", &command.replace('\'', "''")));
    let ran = project.run(&["run", "--report", "junit=out/lost.xml", "--report", "json=out/run.json"]);
    ran.exits(3).says("lost.xml");
    assert_eq!(json(&fs::read_to_string(project.path("out/run.json")).unwrap())["totals"]["tests"], 1);
}

#[test]
fn a_report_goes_into_what_is_no_file() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all", "--report", "json=/dev/stderr"]).exits(0).says("\"version\":1");
}

/// Whether a process is there no more, or has a handler for SIGINT, proc_pid_status(5).
fn catches_interrupts(process: u32) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 1) != 0
}

#[test]
fn reports_are_written_when_the_run_is_interrupted() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    project.write("specs/b.yaml", HANGING);
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    project.write("specs/c.yaml", &matrix);
    let mut run =
        project.command(&["run", "-j", "1", "-v", "--report=junit=j.xml", "--report=json=j", "--report=tap=t"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("passed"), "{first}");
    while !catches_interrupts(child.id()) {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report = json(&fs::read_to_string(project.path("j")).unwrap());
    assert_eq!(report["interrupted"], true);
    assert_eq!(test(&report, "a")["verdict"], "passed");
    for name in ["b", "c[net=tcp4]", "c[net=tcp6]"] {
        assert_eq!(test(&report, name)["verdict"], "cancelled");
    }
    let suites = junit(&fs::read_to_string(project.path("j.xml")).unwrap());
    assert_eq!(suites.tests, 4);
    let tap = fs::read_to_string(project.path("t")).unwrap();
    assert!(tap.contains("1..4\n") && tap.ends_with("Bail out! interrupted\n"), "{tap}");
}
