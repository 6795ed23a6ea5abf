//! The harness, in this process: the trials that it makes, and what they say.
#![allow(clippy::unwrap_used)]

use std::fs;

use libtest_mimic::Conclusion;
use tempfile::TempDir;

use super::*;

const ECHO: &str = "\
about: Bytes arrive.
tags: [echo]
vars: {word: ping}
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: '${word}'}
  - conn: {recv: {bytes: 4}}
";

/// A crate whose specs are run, with the variables of the environment.
struct Crate {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run gave: libtest's counts, and what was printed.
struct Ran {
    conclusion: Conclusion,
    output: String,
}

impl Crate {
    fn new(specs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let this = Self { folder, variables: Vec::new() };
        fs::create_dir(this.path("specs")).unwrap();
        for (name, text) in specs {
            let path = this.path(&format!("specs/{name}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = this.folder.path().to_str().unwrap().to_owned();
        this.with("CARGO_MANIFEST_DIR", &root)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn trials(&self, arguments: &Arguments) -> Result<Vec<Trial>, String> {
        let variable =
            |name: &str| self.variables.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        harness("specs", "snapshots").prepared(arguments, variable).map(|prepared| prepared.trials)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let log = self.path("log");
        let log = log.to_str().unwrap();
        let own = ["conformance", "--logfile", log, "--color", "never"];
        let arguments = Arguments::from_iter(own.iter().chain(arguments));
        let conclusion = libtest_mimic::run(&arguments, self.trials(&arguments).unwrap());
        Ran { conclusion, output: fs::read_to_string(log).unwrap() }
    }
}

impl Ran {
    /// How many passed, failed, were ignored, were filtered out.
    fn counts(&self) -> [u64; 4] {
        let Conclusion { num_passed, num_failed, num_ignored, num_filtered_out, .. } = self.conclusion;
        [num_passed, num_failed, num_ignored, num_filtered_out]
    }
}

fn accepted(specs: &[(&str, &str)]) -> Crate {
    let this = Crate::new(specs).with("INSTA_UPDATE", "always");
    assert_eq!(this.run(&[]).conclusion.num_failed, 0);
    this.with("INSTA_UPDATE", "")
}

#[test]
fn tests_are_listed_and_filtered_as_libtest_does() {
    let matrix =
        ECHO.replace("steps:", "matrix: {net: [tcp4, tcp6]}\nsteps:").replace("listen: tcp", "listen: '${net}'");
    let this = accepted(&[("a.yaml", ECHO), ("tcp/m.yaml", &matrix)]);
    let listed = this.run(&["--list"]).output;
    assert_eq!(listed, "a: test\ntcp/m[net=tcp4]: test\ntcp/m[net=tcp6]: test\n");
    assert_eq!(this.run(&[]).counts(), [3, 0, 0, 0]);
    assert_eq!(this.run(&["tcp"]).counts(), [2, 0, 0, 1]);
    assert_eq!(this.run(&["--skip", "tcp6"]).counts(), [2, 0, 0, 1]);
    assert_eq!(this.run(&["--exact", "tcp/m"]).counts(), [0, 0, 0, 3]);
}

#[test]
fn an_exact_name_looks_at_its_own_file_only() {
    let this = accepted(&[("a.yaml", ECHO), ("tcp/b.yaml", ECHO)]);
    assert_eq!(this.run(&["--exact", "tcp/b", "--nocapture"]).counts(), [1, 0, 0, 0]);
}

#[test]
fn a_new_trace_fails_and_waits() {
    let this = Crate::new(&[("a.yaml", ECHO)]);
    let ran = this.run(&[]);
    assert_eq!(ran.counts(), [0, 1, 0, 0]);
    assert!(ran.output.contains("client    send 4 \"ping\""), "{}", ran.output);
    assert!(ran.output.contains("if that is right: cargo insta accept"), "{}", ran.output);
    assert!(this.path("snapshots/a.snap.new").exists());
    let this = this.with("INSTA_FORCE_PASS", "1");
    assert_eq!(this.run(&[]).counts(), [1, 0, 0, 0]);
    assert!(this.path("snapshots/a.snap.new").exists());
}

#[test]
fn ci_writes_nothing() {
    let this = Crate::new(&[("a.yaml", ECHO)]).with("CI", "true");
    assert_eq!(this.run(&[]).counts(), [0, 1, 0, 0]);
    assert!(!this.path("snapshots").exists());
}

#[test]
fn an_invalid_spec_is_a_failing_test_that_shows_why() {
    let this = Crate::new(&[("a.yaml", &ECHO.replace("listen", "lisen"))]);
    let ran = this.run(&[]);
    assert_eq!(ran.counts(), [0, 1, 0, 0]);
    assert!(ran.output.contains("`lisen`") && ran.output.contains("specs/a.yaml:5:"), "{}", ran.output);
}

#[test]
fn what_is_missing_makes_a_test_ignored_with_the_reason() {
    let lacking = ECHO.replace("tags:", "requires: ['command:no-such-program']\ntags:");
    let this = Crate::new(&[("a.yaml", &lacking)]);
    let ran = this.run(&[]);
    assert_eq!(ran.counts(), [0, 0, 1, 0]);
    assert!(ran.output.contains("`no-such-program`"), "{}", ran.output);
    let ignored = |arguments: &[&str]| {
        let arguments = Arguments::from_iter(["conformance"].iter().chain(arguments));
        this.trials(&arguments).unwrap().iter().filter(|trial| trial.has_ignored_flag()).count()
    };
    assert_eq!(ignored(&["--list"]), 1, "nextest asks so");
    assert_eq!(ignored(&["--ignored"]), 1);
    assert_eq!(ignored(&["--exact", "a"]), 0);
}

#[test]
fn files_that_are_only_included_are_no_tests() {
    let including = ECHO.replace("steps:", "steps:\n  - include: parts/greet.yaml\n    with: {text: hi}");
    let greet = "steps:\n  - left: {pair: right}\n  - left: {send: \"${text}\"}\n  - right: {recv: hi}\n";
    let this = accepted(&[("a.yaml", &including), ("_b.yaml", greet), ("parts/greet.yaml", greet)]);
    assert_eq!(this.run(&[]).counts(), [1, 0, 0, 0]);
    assert_eq!(this.run(&["--exact", "a"]).counts(), [1, 0, 0, 0]);
}

#[test]
fn no_spec_at_all_is_an_error() {
    let arguments = Arguments::from_iter(["conformance"]);
    let message = Crate::new(&[]).trials(&arguments).unwrap_err();
    assert!(message.contains("no spec in"), "{message}");
}

#[test]
fn a_folder_that_is_not_there_is_named_in_full() {
    let this = Crate::new(&[("a.yaml", ECHO)]);
    fs::rename(this.path("specs"), this.path("moved")).unwrap();
    for arguments in [&["conformance"][..], &["conformance", "--list"], &["conformance", "--exact", "a"]] {
        let message = this.trials(&Arguments::from_iter(arguments)).unwrap_err();
        assert!(message.contains(&format!("no folder `{}`", this.path("specs").display())), "{message}");
        assert!(message.contains("CARGO_MANIFEST_DIR"), "{message}");
    }
}

#[test]
fn a_tag_and_a_variable_count() {
    let this = accepted(&[("a.yaml", ECHO), ("b.yaml", &ECHO.replace("[echo]", "[other]"))]);
    let this = this.with("SOCKSPEC_TAG", "echo");
    assert_eq!(this.run(&[]).counts(), [1, 0, 0, 0]);
    let ran = this.with("SOCKSPEC_VAR", "word=pong").run(&[]);
    assert_eq!(ran.counts(), [0, 1, 0, 0]);
    assert!(ran.output.contains("pong"), "{}", ran.output);
}

#[test]
fn a_tag_leaves_out_and_slow_tests_come_first() {
    let slow = ECHO.replace("[echo]", "[slow]");
    let this = accepted(&[("a.yaml", ECHO), ("b.yaml", &slow), ("c.yaml", ECHO)]);
    assert_eq!(this.run(&["--list"]).output, "a: test\nb: test\nc: test\n");
    let names = |arguments: &[&str]| -> Vec<String> {
        let arguments = Arguments::from_iter(["conformance"].iter().chain(arguments));
        this.trials(&arguments).unwrap().iter().map(|trial| trial.name().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["b", "a", "c"]);
    assert_eq!(names(&["--test-threads=2"]), ["b", "a", "c"]);
    assert_eq!(names(&["--test-threads=1"]), ["a", "b", "c"]);
    assert_eq!(this.run(&[]).counts(), [3, 0, 0, 0]);
    let this = this.with("SOCKSPEC_SKIP_TAG", "slow");
    assert_eq!(this.run(&[]).counts(), [2, 0, 0, 0]);
    fs::write(this.path("sockspec.toml"), "skip-tag = \"echo\"\n").unwrap();
    assert_eq!(this.with("SOCKSPEC_SKIP_TAG", "").run(&["--list"]).output, "b: test\n");
}

#[test]
fn every_snapshot_with_a_spec_is_in_use_whatever_the_filter() {
    let this = accepted(&[("a.yaml", ECHO), ("b.yaml", ECHO)]);
    fs::write(this.path("snapshots/gone.snap"), "").unwrap();
    let list = this.path("list");
    let this = this.with("INSTA_SNAPSHOT_REFERENCES_FILE", list.to_str().unwrap());
    let listed = |this: &Crate, arguments: &[&str]| {
        this.run(arguments);
        let text = fs::read_to_string(&list).unwrap();
        fs::remove_file(&list).unwrap();
        assert!(text.contains("/a.snap\n") && text.contains("/b.snap\n"), "{text}");
        text.contains("gone")
    };
    assert!(!listed(&this, &[]));
    assert!(listed(&this, &["a"]), "under a filter nothing can be told to be unused");
    assert!(!listed(&this.with("NEXTEST", "1"), &["--exact", "a"]));
}

fn overridden(variables: &[(&str, &str)]) -> Result<Harness, String> {
    let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    harness("specs", "snapshots").var("port", "1").tag("slow").overridden(&variable)
}

#[test]
fn variables_of_the_environment_count_before_the_builder() {
    let harness = overridden(&[
        ("SOCKSPEC_VAR", "port=2,list=a,b,c, last = x=y"),
        ("SOCKSPEC_TAG", "fast, tcp"),
        ("SOCKSPEC_ALLOW_NET", "1"),
        ("SOCKSPEC_TIMEOUT_FACTOR", "2.5"),
        ("SOCKSPEC_RECORD", "records"),
        ("SOCKSPEC_PCAP", "captures"),
    ])
    .unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let vars = [pair("port", "1"), pair("port", "2"), pair("list", "a,b,c"), pair("last", " x=y")];
    assert_eq!(harness.vars, vars, "the last of a name counts");
    assert_eq!(harness.tags, ["fast", "tcp"]);
    assert_eq!(harness.allow_net, Some(true));
    assert_eq!(harness.timeout_factor, Some(2.5));
    assert_eq!(harness.record, Some("records".into()));
    assert_eq!(harness.pcap, Some("captures".into()));
}

#[test]
fn without_them_the_builder_counts() {
    let harness = overridden(&[("SOCKSPEC_TAG", "")]).unwrap();
    assert_eq!(harness.tags, ["slow"]);
    let other = overridden(&[("SOCKSPEC_SKIP_TAG", "slow")]).unwrap();
    assert_eq!((other.tags, other.skip_tags), (vec![], vec!["slow".to_owned()]), "it is one question");
    assert_eq!(harness.vars.len(), 1);
}

#[test]
fn nonsense_is_refused_by_name() {
    for (name, value) in [
        ("SOCKSPEC_VAR", "no pair"),
        ("SOCKSPEC_ALLOW_NET", "maybe"),
        ("SOCKSPEC_TIMEOUT_FACTOR", "-1"),
        ("SOCKSPEC_TIMEOUT_FACTOR", "NaN"),
    ] {
        let message = overridden(&[(name, value)]).unwrap_err();
        assert!(message.contains(name) && message.contains(value), "{message}");
    }
}

#[test]
fn the_file_of_settings_counts_where_nothing_else_says_anything() {
    let this = accepted(&[("a.yaml", ECHO), ("b.yaml", &ECHO.replace("[echo]", "[other]"))]);
    fs::write(this.path("sockspec.toml"), "tag = \"echo\"\njobs = 3\n").unwrap();
    assert_eq!(this.run(&[]).counts(), [1, 0, 0, 0]);
    let this = this.with("SOCKSPEC_TAG", "other,echo");
    assert_eq!(this.run(&[]).counts(), [2, 0, 0, 0]);
    fs::write(this.path("sockspec.toml"), "[var]\nword = {env = \"WORD\"}\n").unwrap();
    let ran = this.run(&[]);
    assert_eq!(ran.counts(), [0, 2, 0, 0]);
    for words in ["environment variable `WORD`, by sockspec.toml:2:8", "specs/a.yaml:3:8"] {
        assert!(ran.output.contains(words), "{}", ran.output);
    }
    let ran = this.with("WORD", "pong").run(&["--exact", "a"]);
    assert!(ran.output.contains("+ client    send ~ <word>"), "the value is that of one machine: {}", ran.output);
}
