//! Files that specs include, as the command finds, runs and records them.

use serde_json::Value;

use crate::project::Project;

const MAIN: &str = "\
about: The steps of a login are those of another file.
steps:
  - server: {listen: tcp}
  - include: common/login.yaml
    with: {server: server, user: anna}
  - client: {send: \"LIST\"}
  - conn: {recv: \"LIST\"}
";

const LOGIN: &str = "\
out: [client, conn]
steps:
  - client: {connect: server}
  - conn: {accept: server}
  - include: ../hello.yaml
    with: {from: client, to: conn, text: \"${user}\"}
";

const HELLO: &str = "\
about: Says hello.
steps:
  - from: {send: \"hello ${text}\"}
  - to: {recv: \"hello ${text}\"}
";

fn project() -> Project {
    Project::new(&[("specs/main.yaml", MAIN), ("specs/common/login.yaml", LOGIN), ("specs/hello.yaml", HELLO)])
}

#[test]
fn they_are_no_tests() {
    let project = project();
    assert_eq!(project.run(&["list"]).exits(0).stdout, "main\n");
    project.run(&["check"]).exits(0).says("1 spec: nothing to find fault with");
    project.run(&["run", "--update", "all"]).exits(0).says("1 passed");
    project.run(&["run"]).exits(0).says("1 passed");
    project.run(&["check", "specs/common/login.yaml"]).exits(2).says("`out` is for files that specs include");
}

#[test]
fn two_users_log_in_with_one_file() {
    let project = project();
    let second = "  - include: common/login.yaml
    with: {server: server, user: ben}
    out: {client: ben, conn: bens}
  - ben: {send: \"QUIT\"}
  - bens: {recv: \"QUIT\"}
";
    project.write("specs/main.yaml", &format!("{MAIN}{second}"));
    project.run(&["run", "--update", "all"]).exits(0).says("1 passed");
    let trace = std::fs::read_to_string(project.path("snapshots/main.snap")).unwrap();
    for line in
        ["client    connect server", "conn      accept client", "ben       connect server", "bens      accept ben"]
    {
        assert!(trace.contains(line), "{trace}");
    }
    project.write("specs/main.yaml", &format!("{MAIN}{}", second.replace("    out: {client: ben, conn: bens}\n", "")));
    let ran = project.run(&["check"]).exits(2).says("`conn` is created twice");
    ran.says("first included here: specs/main.yaml:4").says("give it another name where the file is included again");
}

#[test]
fn what_is_wrong_with_them_is_told_once_with_the_way_there() {
    let project = project();
    project.write("specs/hello.yaml", &HELLO.replace("send", "snd"));
    let ran = project.run(&["check", "--format", "short"]).exits(2);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("specs/hello.yaml:3:"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("included from specs/common/login.yaml:5; included from specs/main.yaml:4"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_failure_names_the_file_in_the_report_and_in_the_record() {
    let project = project();
    project.write("specs/hello.yaml", &HELLO.replace("{recv: \"hello", "{recv: \"hallo"));
    let ran = project.run(&["run", "--record", "records"]).exits(1);
    for place in
        ["--> specs/hello.yaml:4:", "included from specs/common/login.yaml:5", "included from specs/main.yaml:4"]
    {
        assert!(ran.stdout.contains(place), "{}", ran.stdout);
    }
    let record: Value =
        serde_json::from_str(&std::fs::read_to_string(project.path("records/main.json")).unwrap()).unwrap();
    let failure = &record["failure"];
    assert_eq!((&failure["file"], &failure["line"]), (&"specs/hello.yaml".into(), &4.into()));
    assert_eq!(failure["included_from"], serde_json::json!(["specs/common/login.yaml:5", "specs/main.yaml:4"]));
    let places: Vec<_> = record["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let event = &entry["Event"];
            format!("{}:{}", event["file"].as_str().unwrap_or("-"), event["line"])
        })
        .collect();
    assert_eq!(places, ["-:3", "specs/common/login.yaml:3", "specs/common/login.yaml:4", "specs/hello.yaml:3"]);
}

#[test]
fn a_program_of_theirs_that_is_missing_makes_the_test_ignored() {
    let project = Project::new(&[
        (
            "specs/main.yaml",
            "about: x\nmatrix: {program: [no-such-program, cat]}\nsteps:\n  - include: _serve.yaml\n    with: {program: \"${program}\"}\n",
        ),
        (
            "specs/_serve.yaml",
            "steps:\n  - served: {run: [\"${program}\"]}\n  - served: close\n  - served: {expect: exit, status: 0}\n",
        ),
    ]);
    let ran = project.run(&["run", "--update", "all", "-v"]).exits(0).says("1 passed, 1 ignored");
    assert!(ran.stdout.contains("needs the program `no-such-program`"), "{}", ran.stdout);
}

#[test]
fn paths_are_relative_to_the_file_they_stand_in() {
    let project = Project::new(&[
        ("specs/main.yaml", "about: x\nsteps:\n  - include: parts/tool.yaml\n"),
        (
            "specs/parts/tool.yaml",
            "steps:\n  - tool: {run: [./tool.sh]}\n  - tool: {recv: {file: body.txt}}\n  - tool: {expect: exit, status: 0}\n",
        ),
        ("specs/parts/tool.sh", "#!/bin/sh\necho from beside it\n"),
        ("specs/parts/body.txt", "from beside it\n"),
    ]);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("specs/parts/tool.sh"), executable).unwrap();
    project.run(&["run", "--update", "all"]).exits(0).says("1 passed");
}
