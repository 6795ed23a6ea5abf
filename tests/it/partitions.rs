//! Tests shared among machines: by `--partition`, and by nextest with an archive and nothing but the
//! folders of specs and snapshots.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::ci;
use crate::project::{ECHO, FAILING, INVALID, Project};

const MACHINES: usize = 4;

/// Where nextest leaves the report of a machine.
const JUNIT: &str = "target/nextest/ci/junit.xml";

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn project() -> Project {
    let cases = format!("matrix: {{n: [b, a, c]}}\n{ECHO}");
    Project::new(&[
        ("specs/echo.yaml", ECHO),
        ("specs/cases.yaml", &cases.replace("ping", "\"${n}\"")),
        ("specs/cases-more.yaml", ECHO),
        ("specs/failing.yaml", FAILING),
        ("specs/invalid.yaml", INVALID),
        ("specs/no-cases.yaml", &format!("matrix: {{n: [], m: [1, 2]}}\n{ECHO}")),
    ])
}

#[test]
fn every_test_is_in_one_partition() {
    let project = project();
    let all = lines(&project.run(&["list"]).exits(0).stdout);
    assert_eq!(
        all,
        ["cases-more", "cases[n=a]", "cases[n=b]", "cases[n=c]", "echo", "failing", "invalid", "no-cases"],
        "the list is that of nextest: in the order of names"
    );
    for by in ["count", "hash"] {
        let mut listed = Vec::new();
        for machine in 1..=MACHINES {
            let partition = format!("--partition={by}:{machine}/{MACHINES}");
            let share = lines(&project.run(&["list", &partition]).exits(0).stdout);
            if by == "count" {
                assert_eq!(share, all[machine - 1..].iter().step_by(MACHINES).cloned().collect::<Vec<_>>());
            }
            assert_eq!(ran(&project, &partition), share, "what is listed is what runs");
            listed.extend(share);
        }
        listed.sort();
        assert_eq!(listed, all);
    }
}

/// The tests that a run tells of.
fn ran(project: &Project, partition: &str) -> Vec<String> {
    let verdicts = ["new", "failed", "invalid"];
    let output = project.run_in_ci(&["run", "--format=short", partition]).stdout;
    let told = output.lines().filter_map(|line| line.split_once(' ').filter(|(word, _)| verdicts.contains(word)));
    let mut names: Vec<String> = told.map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_partition_is_one_of_what_the_other_options_select() {
    let project = project();
    let share =
        |machine: &str| lines(&project.run(&["list", "--filter=cases[", "--partition", machine]).exits(0).stdout);
    assert_eq!(share("count:1/2"), ["cases[n=a]", "cases[n=c]"]);
    assert_eq!(share("count:2/2"), ["cases[n=b]"]);
    assert!(share("count:4/4").is_empty());
    for command in ["run", "list"] {
        project.run(&[command, "--filter=echo", "--partition=count:2/2"]).exits(0).says("count:2/2 has no test");
        project.run(&[command, "--filter=nothing", "--partition=count:2/2"]).exits(4).says("nothing is selected");
        project.run(&[command, "--partition=count:0/4"]).exits(64).says("K is 1 to 4, not 0");
        project.run(&[command, "--partition=count:5/4"]).exits(64).says("K is 1 to 4");
        project.run(&[command, "--partition=5"]).exits(64).says("write `count:K/N`");
    }
}

/// A machine that has the archive of the tests, their specs and their snapshots. nextest looks whether
/// there is a manifest, too, but does not read it.
struct Machine {
    folder: TempDir,
}

/// What the report of a run has: the suites, each with its tests in order.
type Report = BTreeMap<String, Vec<String>>;

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["specs/tcp/close", "snapshots/tcp/close", "examples/harness/specs", "examples/harness/snapshots"]
        {
            copy(&repository.join(folder), &machine.path(folder));
        }
        fs::write(machine.path("Cargo.toml"), "").unwrap();
        fs::create_dir(machine.path(".config")).unwrap();
        fs::write(machine.path(".config/nextest.toml"), ci::blocks("toml")[0]).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn nextest(&self, archive: &Path, arguments: &[&str]) -> Output {
        let mut command = cargo();
        command.args(["nextest", "run", "--profile", "ci", "--workspace-remap", ".", "--archive-file"]).arg(archive);
        command.args(arguments).current_dir(self.folder.path()).env("CI", "true").output().unwrap()
    }

    /// What the tests say, all of which pass.
    fn report(&self, archive: &Path, arguments: &[&str]) -> Report {
        let ran = self.nextest(archive, arguments);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        read(&self.path(JUNIT))
    }

    /// What `sockspec list` has of the tests of this crate.
    fn listed(&self, arguments: &[&str]) -> Vec<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
        let output = command.arg("list").args(arguments).current_dir(self.folder.path()).output().unwrap();
        lines(&String::from_utf8(output.stdout).unwrap())
    }
}

/// The report in a file of JUnit.
fn read(path: &Path) -> Report {
    let text = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let mut report = Report::new();
    for test in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let suite = test.parent_element().unwrap().attribute("name").unwrap();
        report.entry(suite.to_owned()).or_default().push(test.attribute("name").unwrap().to_owned());
    }
    for tests in report.values_mut() {
        tests.sort();
    }
    report
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

/// cargo, away from what it tells these tests: some dependencies are built anew where that differs.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let is_told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "OUT_DIR", "NEXTEST", "INSTA_", "SOCKSPEC_"];
        if is_told.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn has_nextest() -> bool {
    cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}

/// The archive of the conformance tests of this crate and of the example; `None` where there is no
/// nextest. It is made of what is built already.
fn archive(to: &Path) -> Option<PathBuf> {
    if !has_nextest() {
        return None;
    }
    let archive = to.join("conformance.tar.zst");
    let mut command = cargo();
    command.args(["nextest", "archive", "--workspace", "--locked", "--test", "conformance", "--archive-file"]);
    command.arg(&archive).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let made = command.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(archive)
}

#[test]
fn four_machines_with_an_archive_give_the_report_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let Some(archive) = archive(folder.path()) else { return };
    let machine = Machine::new();
    let whole = machine.report(&archive, &[]);
    assert_eq!(machine.listed(&[]), whole["sockspec::conformance"]);
    assert_eq!(whole.keys().collect::<Vec<_>>(), ["sockspec-example::conformance", "sockspec::conformance"]);
    assert!(whole["sockspec::conformance"].len() > 2 * MACHINES);
    for by in ["count", "hash"] {
        let folder = tempfile::tempdir().unwrap();
        for machine in 1..=MACHINES {
            let partition = format!("{by}:{machine}/{MACHINES}");
            let own = folder.path().join(format!("reports/{machine}"));
            let machine = Machine::new();
            let report = machine.report(&archive, &["--partition", &partition]);
            let share = report.get("sockspec::conformance").cloned().unwrap_or_default();
            assert_eq!(share, machine.listed(&["--partition", &partition]), "{partition}");
            fs::create_dir_all(&own).unwrap();
            fs::copy(machine.path(JUNIT), own.join("junit.xml")).unwrap();
        }
        let merged = Command::new("sh").args(["-c", &ci::merging()]).current_dir(folder.path()).status().unwrap();
        assert!(merged.success());
        assert_eq!(read(&folder.path().join("junit.xml")), whole, "each test once");
    }
    without_folders(&archive);
}

/// A machine to which the folders were not brought says where it looked for them.
fn without_folders(archive: &Path) {
    let machine = Machine::new();
    fs::remove_dir_all(machine.path("examples/harness/specs")).unwrap();
    let ran = machine.nextest(archive, &["-E", "package(sockspec-example)"]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success());
    assert!(
        said.contains(&format!("there is no folder `{}`", machine.path("examples/harness/specs").display())),
        "{said}"
    );
}
