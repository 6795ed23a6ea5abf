//! `sockspec new`: the templates, where they go, and what is in the way.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{ECHO, Project, Ran};
use crate::schema;

/// All that there are, where the machine allows isolated networks.
fn templates() -> Vec<&'static str> {
    let mut templates = vec!["tcp", "udp", "unix", "tls", "program", "parallel"];
    if sockspec::exec::can_isolate().is_ok() {
        templates.push("wire");
    }
    templates
}

/// A project with a spec of each template in it.
fn with_all_templates() -> Project {
    let project = Project::new(&[]);
    for template in templates() {
        project.run(&["new", &format!("of/{template}"), "--template", template]).exits(0);
    }
    project
}

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.path(path)).unwrap()
}

/// All files below the project, in order.
fn files(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![project.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(project.root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
                found.push(name + "/");
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn it_asks_nothing_and_the_spec_passes_at_once() {
    let project = Project::new(&[]);
    let told = project.run(&["new", "tcp/close/my-case"]).exits(0);
    insta::assert_snapshot!(told.stdout);
    assert_eq!(told.stderr, "");
    assert_eq!(
        files(&project),
        [
            "snapshots/",
            "snapshots/tcp/",
            "snapshots/tcp/close/",
            "snapshots/tcp/close/my-case.snap",
            "sockspec.schema.json",
            "specs/",
            "specs/tcp/",
            "specs/tcp/close/",
            "specs/tcp/close/my-case.yaml"
        ]
    );
    let ran = project.run_in_ci(&["run", "specs/tcp/close/my-case.yaml"]).exits(0);
    assert!(ran.stdout.starts_with("1 passed"), "{ran:?}");
}

#[test]
fn every_template_passes_twenty_times_and_the_checker_has_nothing_to_say() {
    let project = with_all_templates();
    project.run(&["check", "specs"]).exits(0).says("specs: nothing to find fault with");
    for _ in 0..20 {
        project.run_in_ci(&["run", "specs"]).exits(0).says(&format!("{} passed in", templates().len()));
    }
    assert!(!files(&project).iter().any(|file| file.contains(".snap.")));
}

#[test]
fn every_template_stands_perturbations() {
    let project = with_all_templates();
    project.run(&["stress", "specs", "--runs", "4", "--seed", "7"]).exits(0);
}

#[test]
fn every_template_is_valid_to_the_schema_that_its_first_line_names() {
    let project = with_all_templates();
    let json = serde_json::from_str(&read(&project, "sockspec.schema.json")).unwrap();
    let validator = jsonschema::draft7::new(&json).unwrap();
    for template in templates() {
        let text = read(&project, &format!("specs/of/{template}.yaml"));
        assert!(text.starts_with("# yaml-language-server: $schema=../../sockspec.schema.json\n"), "{text}");
        assert_eq!(schema::errors(&validator, &text), [""; 0], "{template}");
    }
}

#[test]
fn what_a_template_shows_is_the_trace_of_its_run() {
    let project = with_all_templates();
    for template in templates() {
        let trace = project.trace(&format!("snapshots/of/{template}.snap")).unwrap();
        insta::assert_snapshot!(format!("template_{template}"), trace);
    }
}

#[test]
fn a_path_is_a_name_too_and_inside_of_specs_one_goes_on_from_there() {
    let project = Project::new(&[]);
    project.run(&["new", "specs/tcp/a.yaml"]).exits(0).says("specs/tcp/a.yaml");
    project.run(&["new", "specs/tcp/b"]).exits(0);
    let inside = |folder: &str, name: &str| {
        Ran::of(project.command(&["new", name]).current_dir(project.path(folder))).exits(0).stdout
    };
    let told = inside("specs/tcp", "close/c");
    assert!(told.contains("wrote     close/c.yaml\nwrote     ../../snapshots/tcp/close/c.snap\n"), "{told}");
    let told = inside("specs/tcp/close", "tcp/d");
    assert!(told.contains("wrote     ../d.yaml\n"), "{told}");
    project.run_in_ci(&["run"]).exits(0).says("4 passed");
    assert!(!project.exists("specs/specs") && !project.exists("specs/tcp/specs"));
}

#[test]
fn the_commands_that_it_names_work() {
    let project = Project::new(&[("sub/specs/a.yaml", ECHO)]);
    let told = Ran::of(project.command(&["new", "b"]).current_dir(project.path("sub"))).exits(0).stdout;
    let commands: Vec<&str> = told.lines().filter_map(|line| line.trim().strip_prefix("sockspec ")).collect();
    assert_eq!(commands.len(), 3, "{told}");
    let spec = read(&project, "sub/specs/b.yaml");
    project.write("sub/specs/b.yaml", &spec.replace("200 response", "404 response"));
    for (command, exit) in commands.into_iter().zip([1, 0, 0]) {
        let arguments: Vec<&str> = command.split("  ").next().unwrap().split(' ').collect();
        Ran::of(project.command(&arguments).current_dir(project.path("sub"))).exits(exit);
    }
    assert!(project.trace("sub/snapshots/b.snap").unwrap().contains("404 response"));
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/b.yml", ECHO), ("snapshots/gone.snap", "old")]);
    let before = files(&project);
    project.run(&["new", "a"]).exits(64).says("`specs/a.yaml` is there already");
    project.run(&["new", "b"]).exits(64).says("`specs/b.yml` is there already");
    project.run(&["new", "gone"]).exits(64).says("remove `snapshots/gone.snap`");
    project.run(&["new", "specs"]).exits(64).says("`specs` is a folder");
    project.run(&["new", "a b"]).exits(64).says("try `a-b`");
    project.run(&["new"]).exits(64).says("<NAME>");
    project.run(&["new", "x", "--template", "tpc"]).exits(64).says("tcp");
    assert_eq!(files(&project), before);
    assert_eq!(read(&project, "specs/a.yaml"), ECHO);
}

#[test]
fn the_schema_is_renewed_where_it_is_ours_and_left_alone_where_it_is_not() {
    let old = "{\"$id\": \"urn:sockspec:spec\", \"title\": \"sockspec\"}\n";
    let project = Project::new(&[("sockspec.schema.json", old)]);
    project.run(&["new", "a"]).exits(0).says("renewed   sockspec.schema.json");
    assert_eq!(read(&project, "sockspec.schema.json"), sockspec::spec::schema::json());
    let told = project.run(&["new", "b"]).exits(0);
    assert!(!told.stdout.contains("schema"), "it is current: {told:?}");
    project.write("sockspec.schema.json", "{\"mine\": true}\n");
    project.run(&["new", "c"]).exits(0).says("left      sockspec.schema.json");
    assert_eq!(read(&project, "sockspec.schema.json"), "{\"mine\": true}\n");
}

#[test]
fn a_template_that_cannot_run_here_is_written_all_the_same() {
    let project = Project::new(&[]);
    let mut command = project.command(&["new", "mine", "--template", "program"]);
    let told = Ran::of(command.env("PATH", project.path("nowhere"))).exits(0);
    assert!(told.stdout.starts_with("wrote     specs/mine.yaml\n"), "{told:?}");
    let told = told.says("ignored").says("`sh`").says("sockspec doctor specs/mine.yaml");
    assert!(told.stdout.contains("sockspec run --update new specs/mine.yaml"), "{told:?}");
    assert!(!project.exists("snapshots"), "{:?}", files(&project));
    project.run(&["run", "--update", "new", "specs/mine.yaml"]).exits(0).says("accepted");
}

#[test]
fn a_place_that_cannot_be_written_is_left_as_it_was() {
    let project = Project::new(&[("readme.md", "")]);
    std::os::unix::fs::symlink("/proc", project.path("specs")).unwrap();
    let told = project.run(&["new", "tcp/a"]).exits(3).says("cannot write").says("nothing was made");
    assert!(told.stderr.contains("specs/tcp/a.yaml"), "{told:?}");
    assert_eq!(files(&project), ["readme.md", "specs"]);
    let project = Project::new(&[("specs/readme.md", "")]);
    std::os::unix::fs::symlink("/proc", project.path("snapshots")).unwrap();
    project.run(&["new", "tcp/a"]).exits(3).says("cannot write into").says("snapshots/tcp");
    assert_eq!(files(&project), ["snapshots", "specs/", "specs/readme.md"]);
}

#[test]
fn an_interrupted_one_leaves_nothing_half() {
    let project = Project::new(&[]);
    let program = project.path("bin/sh");
    // It tells that it has begun, and never gets ready.
    project.write("bin/sh", "#!/bin/sh\necho begun >\"$BEGUN\"\nexec sleep 60\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let begun = project.path("begun");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &begun,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    let mut command = project.command(&["new", "deep/mine", "-t", "program"]);
    command.env("PATH", path).env("BEGUN", &begun).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mut word = String::new();
    fs::File::open(&begun).unwrap().read_to_string(&mut word).unwrap();
    assert_eq!(word, "begun\n");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted; nothing was made"), "{output:?}");
    assert_eq!(files(&project), ["begun", "bin/", "bin/sh"]);
}
