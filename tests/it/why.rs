//! The sentence that says why a step failed: each spec of `tests/data/why` fails, and its first line has
//! the sentence, or `none` where the record does not show a cause.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regex::Regex;
use sockspec::report;
use sockspec::trace::record::Record;

use crate::project::Project;
use crate::schema::yaml_files;

/// What differs from run to run.
const VARYING: &[(&str, &str)] =
    &[(r"(127\.0\.0\.1|0\.0\.0\.0|\[::1\]):\d{4,5}\b", "$1:PORT"), (r"\d+ bytes wait unread", "N bytes wait unread")];

/// The sentences that the specs ask for, by their names.
fn wanted() -> BTreeMap<String, String> {
    let files = yaml_files("tests/data/why");
    let sentence = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let first = text.lines().next().unwrap().strip_prefix("# why: ");
        first.unwrap_or_else(|| panic!("{} has no sentence", path.display())).to_owned()
    };
    files.iter().map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), sentence(path))).collect()
}

/// What the records of a run say.
fn told(records: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(records).unwrap().map(|entry| entry.unwrap().path());
    let sentence = |path: &Path| {
        let record = Record::from_json(&fs::read_to_string(path).unwrap()).unwrap();
        assert!(record.failure.is_some(), "{} does not fail", path.display());
        let mut why = report::why(&record).unwrap_or_else(|| "none".to_owned());
        for (varying, instead) in VARYING {
            why = Regex::new(varying).unwrap().replace_all(&why, *instead).into_owned();
        }
        why
    };
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), sentence(&path))).collect()
}

#[test]
fn a_failure_says_why_from_what_was_seen_on_both_sides() {
    let project = Project::new(&[]);
    for spec in yaml_files("tests/data/why") {
        let name = spec.file_name().unwrap().to_str().unwrap();
        project.write(&format!("specs/{name}"), &fs::read_to_string(&spec).unwrap());
    }
    let ran = project.run(&["run", "--record", "records", "--update", "no"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let (mut wanted, told) = (wanted(), told(&project.path("records")));
    assert!(wanted.len() >= 50, "there are {} only", wanted.len());
    // What this machine cannot run is ignored, and told of.
    wanted.retain(|name, _| told.contains_key(name) || !ran.stdout.contains(&format!("ignored   {name}")));
    let listed = |sentences: &BTreeMap<String, String>| {
        sentences.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("\n")
    };
    assert_same(&listed(&wanted), &listed(&told));
}

#[track_caller]
fn assert_same(wanted: &str, told: &str) {
    let diff = similar::TextDiff::from_lines(wanted, told);
    assert!(wanted == told, "\n{}", diff.unified_diff().context_radius(0));
}

#[test]
fn a_report_shows_the_sentence() {
    let spec = fs::read_to_string("tests/data/why/closed-with-unread-bytes.yaml").unwrap();
    let project = Project::new(&[("specs/it.yaml", &spec)]);
    let ran = project.run(&["run", "--color", "never"]);
    assert!(ran.stdout.contains("\n  = why: `conn` closed with 5 unread bytes (line 8), so Linux sent RST\n"));
}
