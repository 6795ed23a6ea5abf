//! The controls: racy specs are found, and what they lack is named; their sound twins stay clean.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use super::{CONTROLS, json, sides, test, verdicts};
use crate::project::Project;

/// Each racy control that lacks an ordering, with the lines of the two steps that nothing orders.
const LACKS: [(&str, u64, u64); 9] = [
    ("a-barrier-that-misses-a-lane", 13, 16),
    ("a-close-with-data-in-flight", 8, 13),
    ("a-read-for-a-message", 9, 11),
    ("a-reset-and-data", 12, 15),
    ("a-write-and-the-close-of-the-peer", 9, 11),
    ("accepted-in-any-order", 6, 9),
    ("an-order-that-rests-on-a-pause", 8, 11),
    ("datagrams-that-overflow", 11, 15),
    ("two-readers", 10, 12),
];

fn names(folder: &str) -> Vec<String> {
    let files = fs::read_dir(Path::new(CONTROLS).join(folder)).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// What comes of the racy controls, found out once.
fn racy() -> &'static Value {
    static REPORT: OnceLock<Value> = OnceLock::new();
    REPORT.get_or_init(|| {
        let folder = format!("{CONTROLS}/racy");
        // Runs that wait for a deadline wait for a short one.
        let args = ["stress", &folder, "--runs", "100", "--timeout-factor", "0.4", "--format", "json", "--seed", "7"];
        json(&Project::new(&[]).run(&args).exits(1))
    })
}

#[test]
fn every_racy_control_is_found() {
    let (report, racy) = (racy(), names("racy"));
    assert!(racy.len() >= 8, "{racy:?}");
    let wanted: Vec<(&str, &str)> = racy.iter().map(|name| (name.as_str(), "differs")).collect();
    assert_eq!(verdicts(report), wanted);
    for test in report["tests"].as_array().unwrap() {
        let name = test["name"].as_str().unwrap();
        let text = test["step"]["text"].as_str().unwrap_or_else(|| panic!("{name} names no step: {test:#}"));
        let line = test["step"]["line"].as_u64().unwrap() as usize;
        let spec = fs::read_to_string(format!("{CONTROLS}/racy/{name}.yaml")).unwrap();
        assert_eq!(spec.lines().nth(line - 1), Some(text), "{name}");
        let ways = test["ways"].as_array().unwrap();
        assert!(ways.len() > 1 && ways.iter().filter(|way| way["unperturbed"] == true).count() == 1, "{test:#}");
        let counted: u64 = ways.iter().map(|way| way["runs"].as_u64().unwrap()).sum();
        assert!(counted <= test["runs"].as_u64().unwrap(), "{test:#}");
    }
}

#[test]
fn each_names_the_two_steps_that_nothing_orders() {
    let report = racy();
    for (name, first, second) in LACKS {
        let test = test(report, name);
        let (one, other) = sides(test);
        // The one that comes first in the unperturbed run is named first: which that is, the machine decides.
        assert_eq!((one.min(other), one.max(other)), (first, second), "{name}: {test:#}");
        let spec = fs::read_to_string(format!("{CONTROLS}/racy/{name}.yaml")).unwrap();
        for side in [&test["missing"]["first"], &test["missing"]["second"]] {
            let line = spec.lines().nth(side["line"].as_u64().unwrap() as usize - 1).unwrap();
            assert!(line.ends_with(side["text"].as_str().unwrap()), "{name}: {side:#}");
            assert!(spec.contains(&format!("      {}:\n", side["lane"].as_str().unwrap())), "{name}: {side:#}");
        }
        let (one, other) = (&test["missing"]["first"]["then"], &test["missing"]["second"]["then"]);
        assert_ne!(one, other, "{name}: what comes of the one order and of the other is not the same");
        assert_eq!(test["cause"], Value::Null, "{name}");
    }
    let other: Vec<String> =
        names("racy").into_iter().filter(|name| LACKS.iter().all(|lacks| lacks.0 != name)).collect();
    assert_eq!(other, ["a-program-that-is-not-ready"], "each control is in the table, or has no lanes");
    let program = test(report, &other[0]);
    assert_eq!((&program["missing"], &program["orders"]), (&Value::Null, &Value::Null));
    // It is the delay, or on a machine that is slow enough the load.
    let cause = program["cause"].as_str().unwrap();
    assert!(cause.contains("a program") && cause.contains("`schedule`"), "{program:#}");
}

/// What is proposed was tried, and stands runs that it was not tried with.
#[test]
fn every_repair_stays_clean() {
    let report = racy();
    let project = Project::new(&[]);
    let mut written = 0;
    for (name, ..) in LACKS {
        let repairs = test(report, name)["missing"]["repairs"].as_array().unwrap();
        assert!(!repairs.is_empty(), "{name} has no repair");
        for (nth, repair) in repairs.iter().enumerate() {
            assert_eq!(repair["runs"], 40, "{name}: {repair:#}");
            assert!(!repair["words"].as_array().unwrap().is_empty(), "{name}: {repair:#}");
            project.write(&format!("specs/{name}-{nth}.yaml"), repair["spec"].as_str().unwrap());
            written += 1;
        }
    }
    // Nothing of what was mended waits for a deadline, so that a long one costs nothing.
    let args = ["stress", "--runs", "60", "--seed", "100000", "--timeout-factor", "20", "--format", "json"];
    let ran = project.run(&args);
    let report = json(&ran);
    let racy: Vec<&Value> =
        report["tests"].as_array().unwrap().iter().filter(|test| test["verdict"] != "same").collect();
    assert!(racy.is_empty(), "{racy:#?}");
    assert_eq!((ran.code, report["runs"].as_u64()), (Some(0), Some(60 * written)));
}

#[test]
fn their_sound_twins_stay_clean() {
    assert_eq!(names("sound"), names("racy"));
    let project = Project::new(&[]);
    let folder = format!("{CONTROLS}/sound");
    let ran = project.run(&["stress", &folder, "--runs", "100", "--format", "json"]).exits(0);
    let report = json(&ran);
    assert!(verdicts(&report).iter().all(|(_, verdict)| *verdict == "same"), "{report:#}");
    assert_eq!((&report["runs"], &report["differ"]), (&(100 * names("sound").len()).into(), &0.into()));
    for test in report["tests"].as_array().unwrap() {
        assert_eq!((&test["missing"], &test["cause"]), (&Value::Null, &Value::Null), "{test:#}");
    }
}
