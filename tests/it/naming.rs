//! Specs are named as reports call them, from wherever one is in their tree; and what is misspelt has the nearest name.

use crate::project::{ECHO, Project, Ran};

const CASES: &str = "\
about: One case for each network.
matrix:
  net: [tcp, unix]
steps:
  - server: {listen: \"${net}\"}
  - client: {connect: server}
  - server: close
";

fn project() -> Project {
    let project =
        Project::new(&[("specs/kv/set-get.yaml", ECHO), ("specs/kv/idle.yaml", ECHO), ("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update=all"]).exits(0);
    project
}

fn run_in(project: &Project, folder: &str, arguments: &[&str]) -> Ran {
    Ran::of(project.command(arguments).current_dir(project.path(folder)))
}

#[test]
fn a_tree_is_the_same_from_everywhere_in_it() {
    let project = project();
    project.write("snapshots/kv/idle.snap", "---\nsource: specs/kv/idle.yaml\n---\nanother\n");
    for folder in [".", "specs", "specs/kv", "snapshots", "snapshots/kv"] {
        run_in(&project, folder, &["run"]).exits(1).says("2 passed, 1 changed").says("sockspec accept kv/idle");
        run_in(&project, folder, &["pending"]).exits(1).says("changed  kv/idle");
        let ran = run_in(&project, folder, &["list"]).exits(0);
        assert_eq!(ran.stdout, "a\nkv/idle\nkv/set-get\n", "{folder}");
        run_in(&project, folder, &["check"]).exits(0).says("3 specs");
        run_in(&project, folder, &["fmt", "--check"]).says("3 files: ");
        run_in(&project, folder, &["reject", "kv/idle"]).exits(0).says("rejected  kv/idle");
    }
    run_in(&project, "specs/kv", &["run"]).exits(1).says("changed   kv/idle  ../../snapshots/kv/idle.snap");
    run_in(&project, "specs/kv", &["accept", "kv/idle"]).exits(0).says("accepted  kv/idle");
    run_in(&project, "specs/kv", &["run"]).exits(0).says("3 passed");
    assert_eq!(run_in(&project, "specs/kv", &["list", "."]).exits(0).stdout, "kv/idle\nkv/set-get\n");
}

#[test]
fn messages_show_files_as_they_are_seen_from_there() {
    let project = project();
    project.write("specs/kv/wrong.yaml", "about: x\nsteps:\n  - a: {lisen: tcp}\n");
    run_in(&project, "specs/kv", &["check"]).exits(2).says("--> wrong.yaml:3:9");
    run_in(&project, "specs", &["check"]).exits(2).says("--> kv/wrong.yaml:3:9");
    run_in(&project, "snapshots", &["check"]).exits(2).says("--> ../specs/kv/wrong.yaml:3:9");
    project.write("specs/kv/wrong.yaml", "about: x\nsteps:\n  -   a: {listen: tcp}\n");
    run_in(&project, "specs/kv", &["fmt"]).exits(0).says("formatted  wrong.yaml\n");
}

#[test]
fn names_are_taken_where_paths_are() {
    let project = project();
    for arguments in [
        &["run", "-v", "kv/set-get"][..],
        &["list", "kv/set-get"],
        &["show", "kv/set-get", "--as=json"],
        &["stress", "kv/set-get", "--runs=2", "--format=json"],
    ] {
        project.run(arguments).exits(0).says("kv/set-get");
    }
    project.run(&["check", "kv/set-get", "specs/a.yaml"]).exits(0).says("2 specs");
    project.run(&["fmt", "--check", "kv/set-get"]).says("1 file: ");
    for (word, listed) in [
        ("kv", "kv/idle\nkv/set-get\n"),
        ("kv/", "kv/idle\nkv/set-get\n"),
        ("specs/kv/idle", "kv/idle\n"),
        ("a", "a\n"),
    ] {
        assert_eq!(project.run(&["list", word]).exits(0).stdout, listed, "{word}");
    }
    assert_eq!(run_in(&project, "specs/kv", &["list", "idle", "a", "kv/idle"]).exits(0).stdout, "a\nkv/idle\n");
    assert_eq!(run_in(&project, "specs/kv", &["list", "specs/a.yaml"]).exits(0).stdout, "a\n");
}

#[test]
fn a_case_is_named_as_it_is_listed() {
    let project = Project::new(&[("specs/net.yaml", CASES), ("specs/a.yaml", ECHO)]);
    assert_eq!(project.run(&["list", "net[net=unix]", "a"]).exits(0).stdout, "a\nnet[net=unix]\n");
    project.run(&["run", "net[net=unix]", "--update=all"]).exits(0).says("1 passed");
    assert!(!project.exists("snapshots/net@net=tcp.snap"));
    project.run(&["run", "net[net=unix]", "net"]).exits(1).says("1 passed, 1 new");
    project.run(&["run", "net[net=udp]"]).exits(4).says("`net` has net[net=tcp], net[net=unix]");
    project.run(&["run", "a[net=tcp]"]).exits(4).says("`a` has no cases");
}

#[test]
fn what_is_misspelt_has_the_nearest_name() {
    let project = project();
    for (word, near) in [
        ("spec", "specs"),
        ("specs/kv/idel.yaml", "specs/kv/idle.yaml"),
        ("kv/idel", "kv/idle"),
        ("specs/kv/set_get", "specs/kv/set-get.yaml"),
        ("specs/vk", "specs/kv"),
    ] {
        let ran = project.run(&["run", word]).exits(3).says(&format!("no file or folder `{word}`"));
        ran.says(&format!("did you mean `{near}`?"));
    }
    run_in(&project, "specs/kv", &["fmt", "specs/kv/idel.yaml"]).exits(3).says("did you mean `kv/idle`?");
    project.run(&["stres"]).exits(64).says("'stress'");
    project.run(&["watch"]).exits(64).says("'run --watch'");
}

#[test]
fn where_there_are_no_specs_a_first_one_can_be_made() {
    let project = Project::new(&[("src/lib.rs", "")]);
    project.run(&["run"]).exits(64).says("`sockspec new NAME` writes a first one");
    project.run(&["list", "echo"]).exits(3).says("`sockspec new NAME` writes a first one");
    std::fs::create_dir(project.path("specs")).unwrap();
    project.run(&["run"]).exits(4).says("`sockspec new NAME` writes a first one");
    run_in(&project, "src", &["run"]).exits(64).says("`../specs`");
}

#[test]
fn a_program_that_is_not_ready_or_finds_no_file_is_told_of() {
    let project = Project::new(&[
        (
            "specs/kv/late.yaml",
            "about: x\nports: [port]\nsteps:\n  - p: {run: [sleep, \"30\"], env: {PORT: \"${port}\"}}\n  - c: {connect: \"tcp://127.0.0.1:${port}\"}\n",
        ),
        ("specs/kv/away.yaml", "about: x\nsteps:\n  - p: {run: [sh, kv.sh], ready: {stdout: up}}\n"),
        ("kv.sh", "echo up\n"),
    ]);
    project.run(&["check", "kv/late"]).exits(0).says("warning[not-ready]: `p` may not listen yet");
    let ran = project.command(&["run", "kv/late"]).env("COLUMNS", "200").output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(
        said.contains("`p` runs and was told this port, but does not listen yet: give its `run` a `ready`"),
        "{said}"
    );
    assert!(
        said.contains("`ready: \"tcp://127.0.0.1:${port}\"`") && !said.contains("if that is what this step shows"),
        "{said}"
    );
    let ran = project.command(&["run", "kv/away"]).env("COLUMNS", "200").output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(
        said.contains("`kv.sh` is where sockspec was started") && said.contains("`run: [../../kv.sh, …]`"),
        "{said}"
    );
}
