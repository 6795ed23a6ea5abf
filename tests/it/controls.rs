//! Negative controls: specs that are in order and must fail, each with the snapshot of its report.
//! A runner that lets one of them pass would let anything pass.

use std::path::Path;

use regex::Regex;

use crate::project::Project;
use crate::schema::{included_files, yaml_files};

/// What differs from run to run: ports, times, how much the kernel took, the record's folder.
const VARYING: &[(&str, &str)] = &[
    (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
    (r"in \d+\.\d\ds", "in TIME"),
    (r"completed after \S+,", "completed after TIME,"),
    (r"after \d+ of 67108864 bytes", "after SOME of 67108864 bytes"),
    (r"\d+ bytes wait unread", "N bytes wait unread"),
    (r"(?m)repeat \d+$", "repeat N"),
    (r"gave up after \d+ tries", "gave up after SOME tries"),
    (r"(?m)^  the record of this run is .*\n", ""),
];

/// The report of a spec, run with an empty folder of snapshots that accepts what is new.
fn report(path: &Path) -> (Option<i32>, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let project = Project::new(&[("specs/control.yaml", &text)]);
    for included in included_files("tests/data/fail") {
        std::fs::copy(&included, project.path("specs").join(included.file_name().unwrap())).unwrap();
    }
    let ran = project.run(&["run", "--update", "new", "--color", "never"]);
    let mut report = ran.stdout;
    for (varying, instead) in VARYING {
        report = Regex::new(varying).unwrap().replace_all(&report, *instead).into_owned();
    }
    (ran.code, report)
}

#[test]
fn specs_that_must_fail_do_and_say_why() {
    let controls = yaml_files("tests/data/fail");
    assert!(controls.len() >= 15, "there are {} controls only", controls.len());
    for path in controls {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (code, report) = report(&path);
        assert_eq!(code, Some(1), "{name}:\n{report}");
        insta::with_settings!({ snapshot_path => "snapshots/controls", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, report);
        });
    }
}
