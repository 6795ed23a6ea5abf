//! `sockspec coverage`: a catalogue, and the specs that show its lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::project::{ECHO, INVALID, Project, Ran};

const CATALOGUE: &str = "\
title: What echo does
about: Three lines.
sections:
  - title: Answers
    lines:
      1: The server answers.
      the-end:
        text: The server sees the end.
        notes:
          - {platform: macOS, text: It sees nothing., refs: [\"owner/name#1\"]}
          - {platform: Windows, text: It does., confirmed: true}
  - title: Elsewhere
    lines:
      3:
        text: The moon is round.
        not_shown: There are no sockets on it.
";

/// The spec with an id.
fn echo(id: &str) -> String {
    ECHO.replacen("tags:", &format!("id: {id}\ntags:"), 1)
}

/// A project with a catalogue and a spec that shows the first two lines.
fn project() -> Project {
    Project::new(&[
        ("specs/a/echo.yaml", &echo("[1, the-end]")),
        ("specs/plain.yaml", ECHO),
        ("docs/lines.yaml", CATALOGUE),
        ("sockspec.toml", "catalogue = \"docs/lines.yaml\"\n"),
    ])
}

#[test]
fn each_line_is_told_with_its_specs() {
    let project = project();
    let told = project.run(&["coverage"]).exits(0).stdout;
    let expected = "\
Answers
        1  The server answers.
             a/echo
  the-end  The server sees the end.
           macOS: It sees nothing. (not confirmed; owner/name#1)
           Windows: It does. (confirmed)
             a/echo

Elsewhere
        3  The moon is round.
           not shown: There are no sockets on it.

3 lines: 2 shown by 1 spec, 1 not shown for a reason
";
    assert_eq!(told, expected);
    fs::create_dir(project.path("src")).unwrap();
    let elsewhere = Ran::of(project.command(&["coverage"]).current_dir(project.path("src"))).exits(0).stdout;
    assert_eq!(elsewhere, expected, "the settings tell where catalogue and specs are");
}

#[test]
fn on_a_narrow_terminal_a_long_name_stays_whole() {
    let project = project();
    project.write("specs/a/name-that-is-rather-long-for-so-few-columns.yaml", &echo("1"));
    let mut narrow = project.command(&["coverage", "--id=1"]);
    let told = Ran::of(narrow.env("COLUMNS", "50")).exits(0).stdout;
    assert_eq!(told.lines().nth(2), Some("       a/echo"));
    assert_eq!(told.lines().nth(3), Some("     a/name-that-is-rather-long-for-so-few-columns"));
}

#[test]
fn a_page_of_markdown_has_links_from_where_the_catalogue_lies() {
    let page = project().run(&["coverage", "--format", "markdown"]).exits(0).stdout;
    let expected = "\
# What echo does

Three lines.

3 lines: 2 shown by 1 spec, 1 not shown for a reason.

Made of [lines.yaml](lines.yaml) and the specs by `sockspec coverage --format markdown`.

| section | lines |
|---|---|
| [Answers](#answers) | 1 to the-end |
| [Elsewhere](#elsewhere) | 3 |

## Answers

**1** The server answers.

- [a/echo](../specs/a/echo.yaml): The server answers what it was sent.

**the-end** The server sees the end.

- [a/echo](../specs/a/echo.yaml): The server answers what it was sent.
- *macOS*: It sees nothing. (not confirmed; [owner/name#1](https://github.com/owner/name/issues/1))
- *Windows*: It does. (confirmed)

## Elsewhere

**3** The moon is round.

- *Not shown*: There are no sockets on it.
";
    assert_eq!(page, expected);
}

#[test]
fn json_has_all_of_it() {
    let project = project();
    project.write("specs/plain.yaml", &echo("9"));
    let ran = project.run(&["coverage", "--format=json"]).exits(1);
    assert!(ran.stderr.contains("specs/plain.yaml:2:5"), "people are told as well: {}", ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["catalogue"], "docs/lines.yaml");
    assert_eq!(json["totals"]["shown"], 2);
    assert_eq!((&json["totals"]["excused"], &json["totals"]["missing"]), (&1.into(), &0.into()));
    let line = &json["sections"][0]["lines"][1];
    assert_eq!((&line["id"], &line["line"]), (&"the-end".into(), &7.into()));
    assert_eq!(line["specs"][0]["file"], "specs/a/echo.yaml");
    assert_eq!(line["notes"][0]["confirmed"], false);
    assert_eq!(json["sections"][1]["lines"][0]["not_shown"], "There are no sockets on it.");
    let finding = &json["findings"][0];
    assert_eq!((&finding["code"], &finding["file"]), (&"unknown-id".into(), &"specs/plain.yaml".into()));
    assert_eq!((&finding["line"], &finding["column"]), (&2.into(), &5.into()));
}

#[test]
fn a_line_must_have_a_spec_or_a_reason_and_not_both() {
    let project = project();
    project.write("specs/a/echo.yaml", &echo("[1, 3, the-edn]"));
    let ran = project.run(&["coverage"]).exits(1);
    let found: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("--> ")).map(str::trim).collect();
    assert_eq!(found, ["--> docs/lines.yaml:7:7", "--> docs/lines.yaml:16:9", "--> specs/a/echo.yaml:2:12"]);
    ran.says("no spec shows line `the-end`")
        .says("write `id: the-end` into a spec that shows it")
        .says("a reason why nothing shows it, and a spec that does")
        .says("specs/a/echo.yaml:2:9 shows all of it")
        .says("the catalogue has no line `the-edn`")
        .says("did you mean `the-end`?")
        .says("3 lines: 2 shown by 1 spec, 1 not shown");
}

#[test]
fn a_line_can_be_asked_for_by_its_id() {
    let project = project();
    project.write("specs/plain.yaml", &echo("9"));
    let told = project.run(&["coverage", "--id=1"]).exits(0).stdout;
    assert_eq!(told, "Answers\n  1  The server answers.\n       a/echo\n\n1 line: 1 shown by 1 spec\n");
    project.run(&["coverage", "--id", "3,1"]).exits(0).says("2 lines: 1 shown by 1 spec, 1 not shown for a reason");
    project.write("specs/a/echo.yaml", &echo("1"));
    project.run(&["coverage", "--id=1"]).exits(0);
    project.run(&["coverage", "--id=the-end"]).exits(1).says("no spec shows line `the-end`");
    let unknown = project.run(&["coverage", "--id=1,the-edn"]).exits(64);
    unknown.says("the catalogue docs/lines.yaml has no line `the-edn`; did you mean `the-end`?");
}

#[test]
fn what_differs_on_a_platform_can_be_asked_for() {
    let project = project();
    project.write("specs/plain.yaml", &echo("1"));
    let expected = "\
Answers
  the-end  The server sees the end.
           macOS: It sees nothing. (not confirmed; owner/name#1)
             a/echo

1 line: 1 shown by 1 spec
";
    assert_eq!(project.run(&["coverage", "--platform=macos"]).exits(0).stdout, expected);
    project
        .run(&["coverage", "--platform=macso"])
        .exits(4)
        .says("no line has a note on `macso`; did you mean `macOS`?");
    project.run(&["coverage", "--platform=macos", "--id=1"]).exits(4).says("no line has a note on `macos`");
    project.run(&["coverage", "--platform=windows", "plain"]).exits(0).says("0 of 1 line shown by 0 specs");
}

#[test]
fn lines_can_be_searched() {
    let project = project();
    let found = |arguments: &[&str]| {
        let json = project.run(&[&["coverage", "--format=json"], arguments].concat()).exits(0).stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        let sections = json["sections"].as_array().unwrap().clone();
        let lines = sections.iter().flat_map(|section| section["lines"].as_array().unwrap().clone());
        lines.map(|line| line["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let cases: [(&[&str], &str); 7] = [
        (&["--filter=MOON"], "3"),
        (&["--filter=no sockets"], "3"),
        (&["--filter=server"], "1 the-end"),
        (&["--filter=sees nothing"], "the-end"),
        (&["--filter=NAME#1"], "the-end"),
        (&["--filter=a/ec"], "1 the-end"),
        (&["--filter=moon", "--filter=answers"], "1 3"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(found(arguments), expected, "{arguments:?}");
    }
    assert_eq!(found(&["--filter=it does", "--platform=windows"]), "the-end");
    let none = project.run(&["coverage", "--filter=sees nothing", "--platform=windows"]).exits(4);
    none.says("nothing is selected: no line has `sees nothing` in it");
}

#[test]
fn a_part_of_the_tree_is_asked_what_it_shows_and_judged_by_nothing_else() {
    let project = project();
    project.write("specs/a/other.yaml", &echo("1"));
    let expected = "Answers\n  1  The server answers.\n       a/other\n\n1 of 3 lines shown by 1 spec\n";
    for part in ["specs/a/other.yaml", "./specs/../specs/a/other.yaml", "a/other"] {
        assert_eq!(project.run(&["coverage", part]).exits(0).stdout, expected, "{part}");
    }
    assert_eq!(project.run(&["coverage", "plain"]).exits(0).stdout, "0 of 3 lines shown by 0 specs\n");
    project.run(&["coverage", "a/other", "--id=the-end"]).exits(0).says("0 of 1 line shown by 0 specs");
    let json: Value = serde_json::from_str(&project.run(&["coverage", "a/other", "--format=json"]).stdout).unwrap();
    assert_eq!((&json["totals"]["lines"], &json["totals"]["shown"]), (&1.into(), &1.into()));
    // The other spec goes, so that a line lacks one: of all specs that is told, however they are named.
    project.write("specs/a/echo.yaml", ECHO);
    project.run(&["coverage", "a"]).exits(0).says("1 of 3 lines shown by 1 spec");
    for whole in [&["specs"][..], &["specs/a", "specs/plain.yaml"], &[]] {
        project.run(&[&["coverage"], whole].concat()).exits(1).says("no spec shows line `the-end`");
    }
    project.write("specs/a/echo.yaml", &echo("[3, the-edn]"));
    project.run(&["coverage", "a/echo"]).exits(1).says("did you mean `the-end`?").says("a spec that does");
}

#[test]
fn what_is_wrong_or_missing_has_its_exit_code() {
    let project = project();
    project.write("specs/wrong.yaml", INVALID);
    project.run(&["coverage"]).exits(2).says("unknown verb `lisen`").says("specs/wrong.yaml:3:14");
    // Of a part of the suite nothing else is read.
    project.run(&["coverage", "specs/a"]).exits(0);
    project.run(&["coverage", "gone"]).exits(3).says("`gone`");
    project.run(&["coverage", "--catalogue=gone.yaml", "specs/a"]).exits(3).says("cannot read the catalogue gone.yaml");
    project.write("docs/lines.yaml", "sections:\n  - titel: x\n");
    project.run(&["coverage", "specs/a"]).exits(2).says("docs/lines.yaml:2:5").says("did you mean `title`?");
    project.write("sockspec.toml", "");
    project.run(&["coverage", "specs/a"]).exits(64).says("`--catalogue FILE`").says("catalogue = \"FILE\"");
}

#[test]
fn an_id_is_in_no_trace_and_invalidates_no_snapshot() {
    let project = Project::new(&[("specs/echo.yaml", ECHO)]);
    project.run(&["run", "--update=all"]).exits(0);
    let before = fs::read(project.path("snapshots/echo.snap")).unwrap();
    project.write("specs/echo.yaml", &echo("[1, the-end]"));
    project.run(&["run", "--update=all"]).exits(0).says("1 passed");
    assert_eq!(fs::read(project.path("snapshots/echo.snap")).unwrap(), before);
}

/// The catalogue of the bundled specs as JSON, with texts for the ids that YAML takes for numbers.
fn catalogue_as_json() -> Value {
    fn json(yaml: serde_yaml::Value) -> Value {
        match yaml {
            serde_yaml::Value::Mapping(map) => {
                let key = |key: serde_yaml::Value| match json(key) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                Value::Object(map.into_iter().map(|(name, value)| (key(name), json(value))).collect())
            }
            serde_yaml::Value::Sequence(list) => Value::Array(list.into_iter().map(json).collect()),
            scalar => serde_json::to_value(scalar).unwrap(),
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/catalogue.yaml");
    json(serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap())
}

#[test]
fn the_schema_takes_a_catalogue_and_refuses_mistakes() {
    let schema = Project::new(&[]).run(&["schema", "--catalogue"]).exits(0).stdout;
    let schema = jsonschema::draft7::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let right = catalogue_as_json();
    let errors: Vec<String> = schema.iter_errors(&right).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let mistakes: [fn(&mut Value); 5] = [
        |catalogue| catalogue["titel"] = "x".into(),
        |catalogue| catalogue["sections"] = Value::Array(Vec::new()),
        |catalogue| catalogue["sections"][0]["lines"]["two words"] = "x".into(),
        |catalogue| drop(catalogue["sections"][0].as_object_mut().unwrap().remove("title")),
        |catalogue| catalogue["sections"][0]["lines"]["4"]["notes"][0]["confirmd"] = true.into(),
    ];
    for (at, mistake) in mistakes.into_iter().enumerate() {
        let mut wrong = right.clone();
        mistake(&mut wrong);
        assert!(!schema.is_valid(&wrong), "mistake {at}");
    }
}

/// The command, on the bundled specs.
fn bundled(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
    Ran::of(command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn the_bundled_specs_show_every_line_of_their_catalogue() {
    bundled(&["coverage"]).exits(0);
}

/// The snapshots of other platforms that lie in a folder or below it.
fn overlays(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            overlays(&path, found);
        } else if path.to_string_lossy().ends_with(".macos.snap") || path.to_string_lossy().ends_with(".windows.snap") {
            found.push(path);
        }
    }
}

#[test]
fn what_other_platforms_do_differs_for_a_reason_that_nobody_has_confirmed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    overlays(&root.join("snapshots"), &mut found);
    assert!(found.len() > 10, "{found:?}");
    for overlay in found {
        let platform = overlay.with_extension("").extension().unwrap().to_string_lossy().into_owned();
        let base = overlay.with_extension("").with_extension("snap");
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        let (own, common) = (text(&overlay), text(&base));
        let parts = |text: &str| {
            let parts: Vec<String> = text.splitn(3, "---\n").map(str::to_owned).collect();
            (parts[1].clone(), parts[2].clone())
        };
        let ((header, trace), (other_header, other_trace)) = (parts(&own), parts(&common));
        assert!(header.contains(", not confirmed on a machine"), "{}: {header}", overlay.display());
        assert_eq!(header.lines().next(), other_header.lines().next(), "the source of {}", overlay.display());
        assert_ne!(trace, other_trace, "{}", overlay.display());
        let spec = header.lines().next().and_then(|line| line.strip_prefix("source: ")).unwrap();
        assert!(text(&root.join(spec)).contains(&format!("{platform}: ")), "{spec} does not speak of {platform}");
    }
}

/// The comments of a spec, as one text, with single blanks.
fn comments(spec: &str) -> String {
    let comments = spec.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    comments.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_catalogue_knows_of_other_platforms_stands_in_a_spec_of_the_line() {
    let json: Value = serde_json::from_str(&bundled(&["coverage", "--format=json"]).stdout).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut missing = Vec::new();
    for line in json["sections"].as_array().unwrap().iter().flat_map(|section| list(&section["lines"])) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let told: Vec<String> = list(&line["specs"])
            .iter()
            .map(|spec| comments(&fs::read_to_string(root.join(spec["file"].as_str().unwrap())).unwrap()))
            .filter(|comments| comments.contains("not confirmed"))
            .collect();
        let is_told = |word: &str| told.iter().any(|comments| comments.contains(word));
        for note in list(&line["notes"]).iter().filter(|note| note["confirmed"] == false) {
            let refs = list(&note["refs"]);
            let platforms = note["platform"].as_str().unwrap().split(", ").flat_map(|part| part.split(" and "));
            let words = platforms.chain(refs.iter().map(|reference| reference.as_str().unwrap()));
            let words: Vec<&str> = words.filter(|word| !is_told(word)).collect();
            if line["not_shown"].is_null() && !words.is_empty() {
                missing.push(format!("no spec of line {} says of {words:?}: {}", line["id"], note["text"]));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn docs_coverage_is_what_the_command_makes() {
    let page = bundled(&["coverage", "--format=markdown"]).stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    let kept = fs::read_to_string(path).unwrap_or_default();
    let differs = page.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(
        page == kept,
        "docs/coverage.md is not what is there now; make it anew:\n    \
         cargo run -- coverage --format markdown > docs/coverage.md\nthe first line that differs: {differs:#?}"
    );
}
