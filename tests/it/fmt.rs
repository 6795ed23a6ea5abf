//! `sockspec fmt`: what is written, what is left alone, and the exit codes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::project::{ECHO, Project, Ran};

const UGLY: &str = "\
about:   A pair.
steps:
- one: { pair:  other }   # both ends
- one:
    send: \"x\"


- other:   {recv: \"x\" ,within: 1s}
";

const NEAT: &str = "\
about: A pair.
steps:
  - one:   {pair: other}   # both ends
  - one:   {send: \"x\"}

  - other: {recv: \"x\", within: 1s}
";

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.path(path)).unwrap()
}

fn piped(project: &Project, arguments: &[&str], text: &str) -> Ran {
    let mut command = project.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn files_are_formatted_and_the_spec_is_the_same() {
    let project = Project::new(&[("specs/a.yaml", UGLY), ("specs/b.yaml", NEAT), ("specs/_part.yml", UGLY)]);
    project.run(&["run", "specs/a.yaml", "--update", "new"]).exits(0);
    let told = project.run(&["fmt"]).exits(0);
    assert_eq!(told.stdout, "formatted  specs/_part.yml\nformatted  specs/a.yaml\n3 files: 2 formatted\n");
    for path in ["specs/a.yaml", "specs/b.yaml", "specs/_part.yml"] {
        assert_eq!(read(&project, path), NEAT);
    }
    project.run_in_ci(&["run", "specs/a.yaml"]).exits(0).says("1 passed");
    assert_eq!(project.run(&["fmt"]).exits(0).stdout, "3 files: none to be formatted\n");
}

#[test]
fn check_shows_the_difference_and_writes_nothing() {
    let project = Project::new(&[("specs/a.yaml", UGLY), ("specs/b.yaml", NEAT)]);
    let told = project.run(&["fmt", "--check", "specs"]).exits(1);
    insta::assert_snapshot!(told.stdout);
    assert_eq!(read(&project, "specs/a.yaml"), UGLY);
    project.run(&["fmt", "--check", "specs/b.yaml"]).exits(0).says("1 file: none to be formatted");
}

#[test]
fn the_difference_is_one_that_patch_reads() {
    let project = Project::new(&[("specs/a.yaml", UGLY)]);
    let told = project.run(&["fmt", "--check"]).exits(1);
    project.write("a.patch", &told.stdout);
    let mut patch = std::process::Command::new("patch");
    patch.args(["-p0", "-i", "a.patch"]).current_dir(project.root()).stdout(Stdio::null());
    // Not every machine has it.
    if patch.status().is_ok_and(|status| status.success()) {
        assert_eq!(read(&project, "specs/a.yaml"), NEAT);
    }
}

#[test]
fn what_is_no_yaml_is_explained_as_the_checker_does_and_left_alone() {
    let broken = "about: A\nsteps:\n  -   a: {send: \"x}\n";
    let project = Project::new(&[("specs/a.yaml", broken), ("specs/z.yaml", UGLY)]);
    let told = project.run(&["fmt"]).exits(2);
    let checked = project.run(&["check", "specs/a.yaml"]).exits(2);
    assert!(
        told.stderr.contains("the quote `\"` is not closed") && checked.stdout.starts_with(&told.stderr),
        "{told:?}"
    );
    assert_eq!((read(&project, "specs/a.yaml"), read(&project, "specs/z.yaml")), (broken.into(), NEAT.into()));
    project.run(&["fmt", "--check"]).exits(2);
}

#[test]
fn what_is_wrong_in_the_language_is_formatted_all_the_same() {
    let project = Project::new(&[("specs/a.yaml", "steps:\n- a: {sned:   x}\n")]);
    project.run(&["fmt"]).exits(0);
    assert_eq!(read(&project, "specs/a.yaml"), "steps:\n  - a: {sned: x}\n");
}

#[test]
fn files_that_are_no_specs_are_left_alone_in_folders() {
    let compose = "services:\n    web:   {image:   nginx}\n";
    let project =
        Project::new(&[("specs/a.yaml", NEAT), ("specs/compose.yaml", compose), ("specs/.hidden.yaml", UGLY)]);
    project.run(&["fmt"]).exits(0).says("1 file: none to be formatted");
    assert_eq!(read(&project, "specs/compose.yaml"), compose);
    project.run(&["fmt", "specs/compose.yaml"]).exits(0).says("formatted");
    let project = Project::new(&[("specs/compose.yaml", compose)]);
    project.run(&["fmt"]).exits(4).says("no spec");
}

#[test]
fn standard_input_becomes_standard_output() {
    let project = Project::new(&[]);
    assert_eq!(piped(&project, &["fmt", "-"], UGLY).exits(0).stdout, NEAT);
    assert_eq!(piped(&project, &["fmt", "-"], NEAT).exits(0).stdout, NEAT);
    assert_eq!(piped(&project, &["fmt", "--check", "-"], NEAT).exits(0).stdout, "");
    assert!(piped(&project, &["fmt", "--check", "-"], UGLY).exits(1).stdout.contains("+  - one:   {send: \"x\"}"));
    assert_eq!(piped(&project, &["fmt", "-"], "a: {").exits(2).says("`{` is not closed").stdout, "");
    // What the formatter does not know comes out as it went in.
    assert_eq!(piped(&project, &["fmt", "-"], "? a\n: b\n").exits(0).says("stays as it is").stdout, "? a\n: b\n");
    piped(&project, &["fmt", "-", "specs"], "").exits(64).says("stands alone");
}

#[test]
fn line_ends_and_the_byte_order_mark_are_told_apart() {
    let project = Project::new(&[("specs/a.yaml", &format!("\u{feff}{}", ECHO.replace('\n', "\r\n")))]);
    project.run(&["fmt", "--check"]).exits(1);
    project.run(&["fmt"]).exits(0).says("1 formatted");
    let text = read(&project, "specs/a.yaml");
    assert!(text.starts_with("about:") && !text.contains('\r'));
    project.run(&["fmt", "--check"]).exits(0);
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_a_link() {
    let project = Project::new(&[("specs/a.yaml", UGLY), ("b.yaml", UGLY), ("specs/c.yaml", UGLY)]);
    let mode = |path: &str| fs::metadata(project.path(path)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(project.path("specs/a.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(project.path("specs/c.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    std::os::unix::fs::symlink("../b.yaml", project.path("specs/b.yaml")).unwrap();
    let ran = project.run(&["fmt"]).exits(3).says("cannot write specs/c.yaml: it is read-only");
    ran.says("3 files: 2 formatted");
    project.run(&["fmt"]).exits(3).says("3 files: none formatted");
    assert_eq!((read(&project, "specs/a.yaml"), mode("specs/a.yaml")), (NEAT.into(), 0o640));
    assert!(project.path("specs/b.yaml").is_symlink());
    assert_eq!(read(&project, "b.yaml"), NEAT);
    assert_eq!(read(&project, "specs/c.yaml"), UGLY);
    assert_eq!(fs::read_dir(project.path("specs")).unwrap().count(), 3, "nothing else is left behind");
}

#[test]
fn what_cannot_be_read_is_told() {
    let project = Project::new(&[("specs/a.yaml", UGLY)]);
    project.run(&["fmt", "gone.yaml", "specs"]).exits(3).says("no file or folder `gone.yaml`").says("1 formatted");
    let project = Project::new(&[]);
    project.run(&["fmt"]).exits(64).says("no folder `specs` here");
}

#[test]
fn the_specs_of_this_repository_are_formatted() {
    let root = env!("CARGO_MANIFEST_DIR");
    let project = Project::new(&[]);
    for folder in ["specs", "examples/harness/specs", "src/cli/new"] {
        project.run(&["fmt", "--check", &format!("{root}/{folder}")]).exits(0);
    }
}

#[test]
fn settings_say_where_specs_are() {
    let project = Project::new(&[("sockspec.toml", "specs = [\"tests/sockets\"]\n"), ("tests/sockets/a.yaml", UGLY)]);
    project.run(&["fmt"]).exits(0).says("formatted  tests/sockets/a.yaml");
    project.run(&["new", "tcp/b"]).exits(0).says("wrote     tests/sockets/tcp/b.yaml");
    project.run(&["run", "--update", "no", "--filter", "b"]).exits(0).says("1 passed");
}
