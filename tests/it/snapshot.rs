//! Snapshots by the command line: when they are written, and deciding on those that wait.

use std::fs;
use std::process::Command;

use crate::project::{ECHO, FAILING, Project, Ran};

/// How `run` is called.
struct Mode {
    update: Option<&'static str>,
    ci: bool,
}

impl Mode {
    fn run(&self, project: &Project) -> Ran {
        let arguments: Vec<&str> =
            ["run"].into_iter().chain(self.update.into_iter().flat_map(|update| ["--update", update])).collect();
        if self.ci { project.run_in_ci(&arguments) } else { project.run(&arguments) }
    }
}

const PLAIN: Mode = Mode { update: None, ci: false };
const CI: Mode = Mode { update: None, ci: true };
const NO: Mode = Mode { update: Some("no"), ci: false };
const NEW: Mode = Mode { update: Some("new"), ci: false };
const ALL: Mode = Mode { update: Some("all"), ci: false };

const SNAPSHOT: &str = "snapshots/a.snap";
const PENDING: &str = "snapshots/a.snap.new";
const OTHER: &str = "---\nsource: specs/a.yaml\ndescription: x\n---\nanother trace\n";

#[test]
fn no_snapshot_yet() {
    for (mode, code, says, accepted, pending) in [
        (PLAIN, 1, "1 new", false, true),
        (CI, 1, "1 new", false, false),
        (NO, 1, "1 new", false, false),
        (NEW, 0, "1 passed", true, false),
        (ALL, 0, "1 passed", true, false),
    ] {
        let project = Project::new(&[("specs/a.yaml", ECHO)]);
        mode.run(&project).exits(code).says(says);
        assert_eq!((project.exists(SNAPSHOT), project.exists(PENDING)), (accepted, pending), "{:?}", mode.update);
    }
}

#[test]
fn another_trace() {
    for (mode, code, says, accepted, pending) in [
        (PLAIN, 1, "1 changed", false, true),
        (CI, 1, "1 changed", false, false),
        (NO, 1, "1 changed", false, false),
        (NEW, 1, "1 changed", false, true),
        (ALL, 0, "1 passed", true, false),
    ] {
        let project = Project::new(&[("specs/a.yaml", ECHO), (SNAPSHOT, OTHER)]);
        mode.run(&project).exits(code).says(says);
        let is_new = project.trace(SNAPSHOT).unwrap() != "another trace\n";
        assert_eq!((is_new, project.exists(PENDING)), (accepted, pending), "{:?}", mode.update);
    }
}

#[test]
fn a_failed_step_never_writes_a_snapshot() {
    for mode in [PLAIN, CI, NO, NEW, ALL] {
        let project = Project::new(&[("specs/a.yaml", FAILING)]);
        mode.run(&project).exits(1).says("1 failed");
        assert!(!project.exists("snapshots"), "{:?}", mode.update);
    }
}

#[test]
fn a_passing_run_removes_a_stale_pending_file() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    ALL.run(&project).exits(0);
    project.write(PENDING, OTHER);
    PLAIN.run(&project).exits(0);
    assert!(!project.exists(PENDING));
}

#[test]
fn accepting_and_rejecting() {
    let project = Project::new(&[("specs/tcp/a.yaml", ECHO), ("specs/tcp/b.yaml", ECHO), ("specs/c.yaml", ECHO)]);
    project.run(&["run"]).exits(1).says("3 new");
    project.run(&["accept", "tcp/x"]).exits(4).says("`tcp/x`").says("tcp/a");
    project.run(&["accept", "tcp/a", "nope"]).exits(4).says("`nope`");
    assert!(!project.exists("snapshots/tcp/a.snap"), "one wrong name, and nothing is done");
    project.run(&["accept", "tcp/a"]).exits(0).says("accepted  tcp/a");
    assert!(project.exists("snapshots/tcp/a.snap") && !project.exists("snapshots/tcp/a.snap.new"));
    project.run(&["accept", "specs/tcp/a.yaml"]).exits(4).says("nothing called `specs/tcp/a.yaml` is pending");
    let both = project.run(&["reject", "specs/tcp/a.yaml", "specs/tcp/b.yaml"]);
    both.exits(0).says("nothing is pending in specs/tcp/a.yaml").says("rejected  tcp/b");
    project.run(&["run", "specs/tcp/b.yaml"]).exits(1);
    project.run(&["reject", "specs/tcp/b.yaml"]).exits(0).says("rejected  tcp/b");
    assert!(!project.exists("snapshots/tcp/b.snap") && !project.exists("snapshots/tcp/b.snap.new"));
    project.run(&["accept"]).exits(0).says("accepted  c");
    project.run(&["accept"]).exits(0).says("nothing is pending");
    project.run(&["run", "specs/c.yaml", "specs/tcp/a.yaml"]).exits(0).says("2 passed");
}

#[test]
fn pending_files_of_others_are_left_alone() {
    let project = Project::new(&[
        ("src/snapshots/unit.snap.new", "---\nsource: src/lib.rs\nexpression: x\n---\n1\n"),
        ("specs/a.yaml", ECHO),
    ]);
    project.run(&["run"]).exits(1);
    project.run(&["accept"]).exits(0);
    assert!(project.exists("src/snapshots/unit.snap.new") && project.exists(SNAPSHOT));
}

#[test]
fn cases_have_snapshots_of_their_own_or_one() {
    let spec = ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let each = Project::new(&[("specs/m.yaml", &spec)]);
    each.run(&["run"]).exits(1).says("2 new");
    assert!(each.exists("snapshots/m@net=tcp4.snap.new") && each.exists("snapshots/m@net=tcp6.snap.new"));
    each.run(&["accept", "m[net=tcp6]"]).exits(0);
    assert!(each.exists("snapshots/m@net=tcp6.snap") && !each.exists("snapshots/m@net=tcp4.snap"));
    let shared = Project::new(&[("specs/m.yaml", &spec.replace("matrix:", "snapshot: shared\nmatrix:"))]);
    let new = shared.run(&["run"]).exits(1).says("2 new").says("new       m  snapshots/m.snap  (2 cases)\n").stdout;
    assert_eq!((new.matches("listen <net>").count(), new.matches("sockspec accept m\n").count()), (1, 1), "{new}");
    shared.run(&["accept", "m[net=tcp6]"]).exits(0);
    assert!(shared.exists("snapshots/m.snap"));
    shared.run(&["run"]).exits(0).says("2 passed");
}

#[test]
fn cases_that_share_a_snapshot_are_compared_with_each_other() {
    let spec = "about: A case gives another trace.\nmatrix: {word: [one, two]}\nsnapshot: shared\nsteps:
  - a: {pair: b}
  - a: {send: 'the word'}
  - a: {shutdown: write}
  - b: {read: 100}
  - a: {send: \"${word}\", fails: EPIPE}
  - c: {pair: d}
  - c: {send: \"${word}\"}
  - d: {read: 3}
";
    let project = Project::new(&[("specs/m.yaml", spec)]);
    let report = project.run(&["run"]).exits(1).says("2 new").says("`m[word=one]` gave").stdout;
    let second = report.split_once("new       m[word=two]").unwrap().1;
    assert!(second.contains("  - d         read 3 \"one\"\n  + d         read 3 \"two\"\n"), "{second}");
    assert!(!second.contains("the word"), "what is the same is left out: {second}");
}

#[test]
fn what_the_matrix_says_of_tls_is_no_part_of_a_shared_trace() {
    let spec = "about: Both versions.\nmatrix: {v: ['1.2', '1.3'], p: [h2, imap], n: [a.example, b.example]}
snapshot: shared
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {tls: client, version: \"${v}\", alpn: [\"${p}\"], sni: \"${n}\"}
  - conn:   {tls: server, version: \"${v}\", alpn: [other, \"${p}\"]}
  - conn:   {expect: {tls: {version: \"${v}\", alpn: \"${p}\", sni: \"${n}\"}}}
";
    let project = Project::new(&[("specs/tls.yaml", spec)]);
    project.run(&["run", "--update", "new"]).exits(0).says("8 passed");
    let trace = project.trace("snapshots/tls.snap").unwrap();
    assert!(trace.contains("client    tls <v> alpn <p> sni <n>\nconn      tls <v> alpn <p>\n"), "{trace}");
    assert!(trace.contains("conn      expect tls={version <v>, alpn <p>, sni <n>}\n"), "{trace}");
}

#[test]
fn snapshots_may_lie_elsewhere() {
    let project = Project::new(&[("specs/tcp/a.yaml", ECHO), ("try/b.yaml", ECHO)]);
    project.run(&["run", "specs/tcp", "--snapshots", "other", "--update", "all"]).exits(0);
    assert!(project.exists("other/tcp/a.snap") && !project.exists("snapshots"));
    project.run(&["run", "try/b.yaml", "--update", "all"]).exits(0);
    assert!(project.exists("try/snapshots/b.snap"));
}

/// Runs the commands that a report says accept what is pending.
fn follow(project: &Project, report: &str) -> usize {
    let ways = report.lines().filter_map(|line| line.trim().strip_prefix("if that is right: sockspec "));
    ways.map(|way| {
        let program = project.command(&[]).get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" {way}")]).arg(program).current_dir(project.root());
        Ran::of(&mut shell).exits(0).says("accepted");
    })
    .count()
}

#[test]
fn the_way_out_works_as_it_is_printed() {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let shared = matrix.replace("matrix:", "snapshot: shared\nmatrix:");
    let specs = [("a b.yaml", ECHO), ("deep/m.yaml", &matrix), ("deep/s.yaml", &shared)];
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();
    for (folder, more) in [
        ("specs", vec![]),
        ("specs", vec!["--snapshots", "other dir"]),
        ("specs", vec!["--snapshots", elsewhere]),
        ("specs/deep/..", vec![]),
        ("try", vec![]),
        ("try", vec!["--snapshots", "other"]),
        (".hidden/specs", vec![]),
        ("target/specs", vec![]),
    ] {
        let project = Project::new(&[]);
        for (name, text) in specs {
            project.write(&format!("{folder}/{name}").replace("/deep/..", ""), text);
        }
        let arguments: Vec<&str> = ["run", folder].into_iter().chain(more.iter().copied()).collect();
        let report = project.run(&arguments).exits(1).says("5 new").stdout;
        assert_eq!(follow(&project, &report), 4, "{report}");
        project.run(&arguments).exits(0).says("5 passed");
    }
    let beside = Project::new(&[("here/readme", ""), ("mine/specs/x.yaml", ECHO)]);
    let path = beside.path("mine/specs/x.yaml");
    let from_here = |arguments: &[&str]| Ran::of(beside.command(arguments).current_dir(beside.path("here")));
    from_here(&["run", "../mine/specs"]).exits(1).says("sockspec accept ../mine/specs/x.yaml\n");
    from_here(&["accept", "../mine/specs/x.yaml"]).exits(0);
    assert!(path.exists() && beside.exists("mine/snapshots/x.snap"));
}

#[test]
fn other_values_leave_nothing_behind() {
    let spec = ECHO.replace("ping", "'${word}'").replace("steps:", "vars: {word: ping}\nsteps:");
    let project = Project::new(&[("specs/a.yaml", &spec)]);
    project.run(&["run", "--var", "word=ping"]).exits(1).says("nothing was written, since `--var` gave other values");
    assert!(!project.exists("snapshots"));
    project.run(&["run", "--var", "word=ping", "--update", "new"]).exits(0);
    assert!(project.exists(SNAPSHOT));
    project.write(PENDING, OTHER);
    project.run(&["run", "--var", "word=ping"]).exits(0);
    assert!(project.exists(PENDING), "nor is anything removed");
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run"]).exits(1);
    // No file may grow any more, which is what a full disk is like.
    let full = |arguments: &str| {
        let program = project.command(&[]).get_program().to_owned();
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {arguments}");
        Ran::of(shell.args(["-c", &script]).arg(program).current_dir(project.root()).env_remove("CI"))
    };
    let refused = full("accept").exits(3).stderr;
    assert_eq!(refused, "error: cannot write snapshots/a.snap: File too large (os error 27)\n");
    assert!(!project.exists(SNAPSHOT) && project.exists(PENDING));
    let told = full("run");
    told.exits(1)
        .says("a.snap")
        .says("client    connect server")
        .says("the trace could not be left pending: cannot write");
    full("run --update no --record records").exits(3).says("cannot write records/a.json: File too large");
    assert_eq!(fs::read_dir(project.path("records")).unwrap().count(), 0);
}

#[test]
fn the_header_does_not_depend_on_where_it_runs() {
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    let header = |folder: &str, path: &str| {
        let mut command = project.command(&["run", path, "--update", "all"]);
        assert!(command.current_dir(project.root().join(folder)).output().unwrap().status.success());
        let text = fs::read_to_string(project.path(SNAPSHOT)).unwrap();
        fs::remove_file(project.path(SNAPSHOT)).unwrap();
        text
    };
    let here = header("", "specs");
    assert!(
        here.starts_with("---\nsource: specs/a.yaml\ndescription: The server answers what it was sent.\n---\nserver"),
        "{here}"
    );
    assert_eq!(header("specs", "a.yaml"), here);
    assert_eq!(header("", project.path("specs/a.yaml").to_str().unwrap()), here);
    assert_eq!(header("specs", "../specs"), here);
}

#[test]
fn the_overlay_of_the_platform_counts() {
    let project = Project::new(&[("specs/a.yaml", ECHO), (SNAPSHOT, OTHER)]);
    let overlay = format!("snapshots/a.{}.snap", std::env::consts::OS);
    project.write(&overlay, OTHER);
    project.run(&["run"]).exits(1).says(&overlay);
    project.run(&["accept", "a"]).exits(0);
    project.run(&["run"]).exits(0);
    assert_eq!(project.trace(SNAPSHOT).unwrap(), "another trace\n");
}
