//! `sockspec mv`: what belongs to a spec goes with it, and nothing is half moved.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::project::{ECHO, Project};

const PART: &str = "steps:\n  - server: {listen: tcp}\nout: [server]\n";
const USER: &str = "\
about: A file that it includes listens, and another one is sent.
steps:
  - include: \"_listen.yaml\"
    out: {server: server}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: {file: body.bin}}  # all of it
  - conn: {recv: {file: body.bin}}
";

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.path(path)).unwrap()
}

/// All files with their contents.
fn files(project: &Project) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![project.root().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found
                    .push((path.strip_prefix(project.root()).unwrap().display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn snapshots_overlays_cases_and_pending_traces_go_with_a_spec() {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp, tcp4]}\nsteps:").replace("listen: tcp", "listen: \"${net}\"");
    let project = Project::new(&[("specs/tcp/a.yaml", &matrix), ("specs/tcp/ab.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    for file in ["a@net=tcp.macos.snap", "a@net=tcp4.snap.new"] {
        fs::copy(project.path("snapshots/tcp/a@net=tcp.snap"), project.path(&format!("snapshots/tcp/{file}"))).unwrap();
    }
    project.run(&["mv", "tcp/a", "udp/other"]).exits(0).says("moved  specs/tcp/a.yaml to specs/udp/other.yaml");
    for file in ["@net=tcp.snap", "@net=tcp4.snap", "@net=tcp.macos.snap", "@net=tcp4.snap.new"] {
        assert!(!project.exists(&format!("snapshots/tcp/a{file}")), "{file}");
        let text = read(&project, &format!("snapshots/udp/other{file}"));
        assert!(text.starts_with("---\nsource: specs/udp/other.yaml\ndescription: "), "{text}");
    }
    assert!(project.exists("snapshots/tcp/ab.snap"));
    project.run(&["run", "--update", "no"]).exits(0).says("3 passed");
}

#[test]
fn paths_are_kept_right_in_what_moves_and_in_what_stays() {
    let project = Project::new(&[
        ("specs/a/user.yaml", USER),
        ("specs/a/_listen.yaml", PART),
        ("specs/a/body.bin", "body"),
        ("sockspec.schema.json", "{}"),
    ]);
    let line = "# yaml-language-server: $schema=../../sockspec.schema.json\n";
    project.write("specs/a/user.yaml", &format!("{line}{USER}"));
    project.run(&["run", "--update", "all"]).exits(0);
    project.run(&["mv", "specs/a/user.yaml", "specs/user.yaml"]).exits(0).says("run the specs in which paths changed");
    let text = read(&project, "specs/user.yaml");
    for words in
        ["$schema=../sockspec.schema.json\n", "include: \"a/_listen.yaml\"\n", "{file: a/body.bin}}  # all of it\n"]
    {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    // A trace shows how a payload is made, with the path as the spec writes it.
    assert!(project.trace("snapshots/user.snap").unwrap().contains("file \"a/body.bin\""));
    project.run(&["run", "--update", "no"]).exits(0).says("1 passed");
    project.run(&["mv", "specs/a/_listen.yaml", "specs/parts/"]).exits(0).says("changed  specs/user.yaml");
    assert!(read(&project, "specs/user.yaml").contains("include: \"parts/_listen.yaml\"\n"));
    project.run(&["run", "--update", "no"]).exits(0);
}

#[test]
fn traces_show_where_files_are_that_others_name() {
    let sends = "steps:\n  - client: {connect: \"${server}\"}\n  - client: {send: {file: body.bin}}\nout: [client]\n";
    let spec = "about: What an included file sends comes.\nsteps:\n  - server: {listen: tcp}\n  - include: \"parts/_send.yaml\"\n    with: {server: \"tcp://127.0.0.1:${server.port}\"}\n    out: {client: client}\n  - conn: {accept: server}\n  - conn: {recv: {file: parts/body.bin}}\n";
    let project =
        Project::new(&[("specs/user.yaml", spec), ("specs/parts/_send.yaml", sends), ("specs/parts/body.bin", "body")]);
    project.run(&["run", "--update", "all"]).exits(0);
    let before = files(&project);
    project.run(&["mv", "specs/parts/_send.yaml", "specs/deep/_send.yaml"]).exits(0).says("user.snap, which shows");
    let trace = project.trace("snapshots/user.snap").unwrap();
    assert!(trace.contains("send 4 file \"../parts/body.bin\"") && trace.contains("recv 4 file \"parts/body.bin\""));
    project.run(&["run", "--update", "no"]).exits(0).says("1 passed");
    project.run(&["mv", "specs/deep/_send.yaml", "specs/parts/_send.yaml"]).exits(0);
    let read =
        |files: &[(String, Vec<u8>)]| files.iter().find(|(path, _)| path.ends_with("user.snap")).unwrap().1.clone();
    assert_eq!(read(&files(&project)), read(&before));
}

#[test]
fn nothing_is_moved_to_where_no_run_finds_it() {
    let project = Project::new(&[("specs/net/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    let before = files(&project);
    for target in ["outside.yaml", "./outside", "../outside"] {
        project.run(&["mv", "net/a", target]).exits(3).says("in no folder called `specs`");
    }
    project.run(&["mv", "specs/net", "../outside"]).exits(3).says("in no folder called `specs`");
    assert_eq!(files(&project), before);
    project.run(&["mv", "net/a", "other/specs/a.yaml"]).exits(0);
    project.run(&["run", "other/specs", "--update", "no"]).exits(0).says("1 passed");
}

#[test]
fn a_folder_moves_with_all_that_is_in_it() {
    let project =
        Project::new(&[("specs/a/user.yaml", USER), ("specs/a/_listen.yaml", PART), ("specs/a/body.bin", "body")]);
    project.run(&["run", "--update", "all"]).exits(0);
    let before = read(&project, "specs/a/user.yaml");
    project.run(&["mv", "specs/a", "specs/deep/b"]).exits(0);
    assert_eq!(read(&project, "specs/deep/b/user.yaml"), before);
    assert!(
        project.exists("snapshots/deep/b/user.snap") && !project.exists("specs/a") && !project.exists("snapshots/a")
    );
    project.run(&["run", "--update", "no"]).exits(0).says("1 passed");
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_is_done() {
    let project = Project::new(&[("specs/a.yaml", ECHO), ("specs/b.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    let before = files(&project);
    project.run(&["mv", "a", "b"]).exits(3).says("b.yaml` is there already");
    project.run(&["mv", "c", "d"]).exits(4).says("there is no spec or folder `c`");
    project.run(&["mv", "specs", "specs/in/itself"]).exits(3).says("cannot be moved into itself");
    project.run(&["mv", "a", "tcp/a", "--dry-run"]).exits(0).says("would move");
    assert_eq!(files(&project), before);
    fs::remove_file(project.path("specs/b.yaml")).unwrap();
    project.run(&["mv", "a", "b"]).exits(3).says("b.snap` is there already");
    assert!(project.exists("specs/a.yaml"));
}

#[test]
fn a_path_with_a_variable_is_no_guess() {
    let spec = ECHO
        .replace("steps:", "vars: {which: body}\nsteps:")
        .replace("{send: ping}", "{send: {file: \"${which}.bin\"}}");
    let project = Project::new(&[("specs/a/x.yaml", &spec), ("specs/a/body.bin", "ping")]);
    project.run(&["mv", "a/x", "b/x"]).exits(3).says("specs/a/x.yaml:").says("has a variable in it");
    assert!(project.exists("specs/a/x.yaml"));
    project.run(&["mv", "a/x", "a/y"]).exits(0);
}

#[test]
fn what_was_moved_is_moved_back_where_the_rest_cannot_be() {
    // Whoever may do anything is not stopped by a folder's rights.
    if rustix::process::geteuid().is_root() {
        let project = Project::new(&[("specs/a.yaml", ECHO)]);
        project.run(&["run", "--update", "all"]).exits(0);
        let before = files(&project);
        // A file where a folder must be.
        project.write("snapshots/b", "in the way");
        project.run(&["mv", "a", "b/c"]).exits(3).says("nothing was moved");
        fs::remove_file(project.path("snapshots/b")).unwrap();
        assert_eq!(files(&project), before);
        assert!(!project.exists("specs/b"));
        return;
    }
    let project = Project::new(&[("specs/a.yaml", ECHO)]);
    project.run(&["run", "--update", "all"]).exits(0);
    let before = files(&project);
    fs::set_permissions(project.path("snapshots"), fs::Permissions::from_mode(0o555)).unwrap();
    project.run(&["mv", "a", "b"]).exits(3).says("nothing was moved");
    fs::set_permissions(project.path("snapshots"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(files(&project), before);
}
