//! `sockspec.toml`, under the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::project::{ECHO, Project, Ran};

/// A spec with a variable, which its trace shows.
const WORD: &str = "\
about: A word arrives.
tags: [word]
vars: {word: ping}
steps:
  - a: {pair: b}
  - a: {send: \"${word}\"}
  - b: {recv: \"${word}\"}
";

fn project(settings: &str) -> Project {
    Project::new(&[("specs/echo.yaml", ECHO), ("specs/word.yaml", WORD), ("sockspec.toml", settings)])
}

/// The command in a folder of the project.
fn run_in(project: &Project, folder: &str, arguments: &[&str]) -> Ran {
    let path = project.path(folder);
    fs::create_dir_all(&path).unwrap();
    Ran::of(project.command(arguments).current_dir(path))
}

#[test]
fn the_file_says_what_flags_would_and_flags_win() {
    let project =
        project("tag = \"echo\"\ntimeout-factor = 2\njobs = 1\nsnapshots = \"kept\"\nreport = \"tap=out.tap\"\n");
    project.run(&["list"]).exits(0).says("echo\n");
    project.run(&["run", "--update=all"]).exits(0).says("1 passed");
    assert!(project.exists("kept/echo.snap") && project.exists("out.tap"));
    assert!(!project.exists("snapshots"));
    assert_eq!(project.run(&["list", "--tag=word"]).exits(0).stdout, "word\n");
    project.run(&["run", "--tag=word", "--snapshots=other", "--update=all"]).exits(0);
    assert!(project.exists("other/word.snap"));
    project.run(&["list", "--filter=word"]).exits(4).says("the tag `echo` and `word` in its name");
    project.run(&["run", "specs/word.yaml"]).exits(4).says("`tag` at sockspec.toml:1:7 asks for that");
    project.write("sockspec.toml", "snapshots = \"kept\"\n");
    project.run(&["run"]).exits(1).says("1 passed").says("1 new");
    project.run(&["accept"]).exits(0).says("accepted  word");
    assert!(project.exists("kept/word.snap"), "accepting looks where running looked");
    project.run(&["new", "mine"]).exits(0);
    assert!(project.exists("kept/mine.snap"), "and so does whoever makes a spec");
    project.run(&["run"]).exits(0).says("3 passed");
}

#[test]
fn what_the_command_line_says_of_tags_takes_the_place_of_what_the_file_says() {
    let project = project("skip-tag = [\"word\"]\n");
    assert_eq!(project.run(&["list"]).exits(0).stdout, "echo\n");
    assert_eq!(project.run(&["list", "--tag=word"]).exits(0).stdout, "word\n", "who asks for it gets it");
    assert_eq!(project.run(&["list", "--skip-tag=echo"]).exits(0).stdout, "word\n");
    let way_out = "such are left out; `skip-tag` at sockspec.toml:1:13 asks for that, and `--tag word` takes them";
    for named in ["word", "specs/word.yaml"] {
        project.run(&["list", named]).exits(4).says("each spec has the tag `word`, and ").says(way_out);
        project.run(&["run", named, "--tag=word"]).exits(1).says("1 new");
    }
    project.run(&["run", "--update=all"]).exits(0).says("1 passed").says("1 spec left out by its tags\n");
    let named = project.run(&["run", "--filter=word"]).exits(4);
    named.says("each test with `word` in its name has the tag `word`, and ").says(way_out);
    let gone = project.run(&["run", "--filter=gone"]).exits(4);
    assert_eq!(gone.stderr, "error: nothing is selected: no test has `gone` in its name\n", "whatever its tags");
    project.write("sockspec.toml", "filter = \"gone\"\n");
    project.run(&["run"]).exits(4).says("`gone` in its name; `filter` in sockspec.toml asks for that");
}

#[test]
fn what_the_file_leaves_out_of_runs_is_checked_all_the_same() {
    let project = project("skip-tag = \"word\"\nfilter = \"echo\"\n");
    project.write("specs/word.yaml", &WORD.replace("recv:", "rcev:"));
    assert_eq!(project.run(&["list"]).exits(0).stdout, "echo\n");
    project.run(&["check"]).exits(2).says("unknown verb `rcev`").says("2 specs: 1 error");
    project.run(&["check", "word"]).exits(2);
    project.run(&["check", "--skip-tag=word"]).exits(0).says("1 spec: nothing");
    project.run(&["check", "--filter=echo"]).exits(0).says("1 spec: nothing");
}

#[test]
fn a_tag_of_the_file_that_no_spec_has_is_a_mistake_with_its_place() {
    let project = project("tag = \"word\"\nskip-tag = [\"echo\", \"wrod\"]\n");
    let commands: [&[&str]; 8] = [
        &["run"],
        &["run", "word"],
        &["list"],
        &["check"],
        &["stress", "--runs=1"],
        &["show", "word"],
        &["doctor"],
        &["doctor", "word"],
    ];
    for command in commands {
        let ran = project.run(command).exits(64);
        assert_eq!(
            ran.stderr,
            "\
error[unknown-tag]: no spec has the tag `wrod`
 --> sockspec.toml:2:21
  |
2 | skip-tag = [\"echo\", \"wrod\"]
  |                     ^^^^^^
  |
  = help: did you mean `word`?

"
        );
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(project.run(&["list", "--skip-tag=word"]).exits(0).stdout, "echo\n", "a flag takes its place");
    project.write("sockspec.toml", "tag = \"echo,word\"\n");
    project.run(&["list"]).exits(64).says("sockspec.toml:1:7").says("several are a list: `[\"echo\", \"word\"]`");
    project.write("ci/other.toml", "skip-tag = \"slow\"\n");
    let elsewhere = project.run(&["list", "--config=ci/other.toml"]).exits(0);
    elsewhere.says("warning[unknown-tag]").says("ci/other.toml:1:12").says("there are `echo` or `word`");
}

#[test]
fn paths_go_on_from_the_file_wherever_one_stands() {
    let project = project("record = \"records\"\n");
    run_in(&project, "src/deep", &["run", "--update=all"]).exits(0).says("2 passed");
    assert!(project.exists("snapshots/echo.snap") && project.exists("records/echo.json"));
    project.write("elsewhere/mine.yaml", WORD);
    project.write("sockspec.toml", "specs = [\"elsewhere\"]\n");
    assert_eq!(run_in(&project, "src", &["list"]).exits(0).stdout, "mine\n");
    assert_eq!(run_in(&project, ".", &["list", "specs"]).exits(0).stdout, "echo\nword\n");
}

#[test]
fn tests_are_tried_again_as_the_file_says() {
    let project = project("retries = 2\n");
    let counted = "\
about: It passes from the second time on.
steps:
  - p: {run: [./count.sh, \"COUNT\"]}
  - p: {expect: exit, status: 0}
";
    let count = project.path("count");
    project.write("specs/counted.yaml", &counted.replace("COUNT", count.to_str().unwrap()));
    project.write("specs/count.sh", "#!/bin/sh\necho >> \"$1\"; test $(wc -l < \"$1\") -gt 1\n");
    fs::set_permissions(project.path("specs/count.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |flags: &[&str]| {
        let _ = fs::remove_file(&count);
        project.run(&[&["run", "--filter=counted"], flags].concat())
    };
    fs::write(&count, "before\n").unwrap();
    project.run(&["run", "--filter=counted", "--update=new"]).exits(0);
    run(&[]).exits(1).says("1 flaky");
    run(&["--flaky=ok"]).exits(0);
    run(&["--retries=0"]).exits(1).says("1 failed");
    run(&["--repeat=2"]).exits(1);
    project.write("sockspec.toml", "retries = 2\nflaky = \"ok\"\n");
    run(&[]).exits(0).says("1 flaky");
    run(&["--flaky=fail"]).exits(1);
}

#[test]
fn another_file_may_be_named() {
    let project = project("tag = \"echo\"\n");
    project.write("other.toml", "tag = \"word\"\n");
    assert_eq!(project.run(&["list", "--config=other.toml"]).exits(0).stdout, "word\n");
    assert_eq!(project.run(&["list", "--config=/dev/null"]).exits(0).stdout, "echo\nword\n");
    project.run(&["list", "--config=missing.toml"]).exits(3).says("cannot read missing.toml");
}

#[test]
fn a_mistake_is_shown_on_its_line_and_nothing_runs() {
    let project = project("allow-nets = true\njobs = \"two\"\n");
    for command in ["run", "list", "check"] {
        let ran = project.run(&[command]).exits(64);
        assert_eq!(
            ran.stderr,
            "\
error[unknown-setting]: there is no setting `allow-nets`
 --> sockspec.toml:1:1
  |
1 | allow-nets = true
  | ^^^^^^^^^^
  |
  = help: did you mean `allow-net`?

error[wrong-type]: `jobs` must be a whole number over 0, not the text `two`
 --> sockspec.toml:2:8
  |
2 | jobs = \"two\"
  |        ^^^^^
  |
  = help: write `jobs = 4`

"
        );
        assert_eq!(ran.stdout, "");
    }
    project.run(&["schema"]).exits(0);
}

#[test]
fn a_variable_may_have_its_value_from_the_environment_and_traces_do_not_show_it() {
    let project = project("[var]\nword = {env = \"THE_WORD\"}\n");
    let with = |word: &str, arguments: &[&str]| Ran::of(project.command(arguments).env("THE_WORD", word));
    let ran = project.run(&["run"]).exits(2).says("environment variable `THE_WORD`, by sockspec.toml:2:8");
    assert!(ran.stdout.contains("specs/word.yaml:3:8") && ran.stdout.contains("1 invalid"), "{ran:#?}");
    assert!(ran.stdout.contains("new       echo"), "who does not need it runs: {ran:#?}");
    with("hello", &["run", "--update=new"]).exits(0).says("2 passed");
    let trace = project.trace("snapshots/word.snap").unwrap();
    assert!(trace.contains("send ~ <word>") && !trace.contains("hello"), "{trace}");
    with("another", &["run"]).exits(0).says("2 passed");
    project.run(&["run", "--var=word=by-hand"]).exits(1).says("\"by-hand\"");
    project.write("sockspec.toml", "[var]\nword = {env = \"THE_WORD\", default = \"usual\"}\n");
    project.run(&["run"]).exits(0).says("2 passed");
    project.write("sockspec.toml", "var.word = \"written\"\n");
    project.run(&["run", "--filter=word"]).exits(1).says("send 7 \"written\"");
}

#[test]
fn a_value_for_nobody_is_told_of_where_all_specs_are_checked() {
    let project = project("[var]\nwrod = \"x\"\n");
    let ran = project.run(&["check"]).exits(0);
    assert_eq!(
        ran.stderr,
        "note: no spec declares the variable `wrod`, which has a value at sockspec.toml:2:8; there is `word`\n"
    );
    assert_eq!(project.run(&["check", "specs/echo.yaml"]).exits(0).stderr, "");
    assert_eq!(project.run(&["run", "--update=new"]).exits(0).stderr, "");
}

#[test]
fn a_value_of_another_type_is_refused_with_both_places() {
    let project = project("[var]\nn = {env = \"HOW_MANY\", default = 5}\nsize = \"big\"\n");
    let spec = "about: Sizes.\nvars: {n: 1, size: 2}\nsteps:\n  - a: {pair: b}\n  - a: {send: {fill: x, size: \"${n}\"}}\n  - b: {recv: {bytes: \"${n}\"}}\n  - b: {set: {SO_RCVBUF: \"${size}\"}}\n";
    project.write("specs/sizes.yaml", spec);
    let ran = Ran::of(project.command(&["check", "--filter=sizes", "--format=short"]).env("HOW_MANY", "many")).exits(2);
    for words in [
        "specs/sizes.yaml:2:8: error[wrong-type]: `n` from the environment variable `HOW_MANY`, sockspec.toml:2:5: `many` is not a number",
        "specs/sizes.yaml:2:14: error[wrong-type]: `size = \"big\"`, sockspec.toml:3:8: `big` is not a number",
    ] {
        assert!(ran.stdout.contains(words), "{ran:#?}");
    }
}

#[test]
fn addresses_outside_may_be_allowed_and_a_flag_takes_that_back() {
    let project = project("allow-net = true\n");
    project.write("specs/out.yaml", "about: Far away.\nsteps:\n  - a: {connect: \"tcp://192.0.2.1:9\", fails: [none, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, ECONNREFUSED]}\n");
    project.run(&["check", "--filter=out"]).exits(0);
    project.run(&["check", "--filter=out", "--allow-net=false"]).exits(2).says("192.0.2.1");
}

#[test]
fn the_doctor_tells_which_file_counts() {
    let project = project("");
    let file = project.path("sockspec.toml");
    project.run(&["doctor"]).says(&format!("settings are those of {}", file.display()));
    let ran = project.run(&["doctor", "--format=json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["settings"], file.to_str().unwrap());
    fs::remove_file(&file).unwrap();
    fs::create_dir(project.path(".git")).unwrap();
    let ran = project.run(&["doctor"]);
    assert!(!ran.stdout.contains("settings"), "{ran:#?}");
}
