//! All bundled specs: their traces as text, which has neither lines nor addresses, and the page of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use sockspec::report::diagram::{Diagram, Row};
use sockspec::suite::lines::{StepLine, lines};
use sockspec::suite::{Layout, Runner, find};
use sockspec::trace::record::Record;
use sockspec::trace::{TraceText, placed, text_of};

use super::*;

/// A run of all bundled specs.
struct Bundled {
    /// The records, in the order of the names of the tests.
    records: Vec<Record>,
    /// Where they are, and the page.
    project: Project,
}

static BUNDLED: LazyLock<Bundled> = LazyLock::new(|| {
    let specs = concat!(env!("CARGO_MANIFEST_DIR"), "/specs");
    let project = Project::new(&[]);
    project.run(&["run", specs, "--update", "no", "--record", "records", "--report", "html=report.html"]);
    let mut records = Vec::new();
    read(&project.path("records"), &mut records);
    records.sort_by(|one, other| one.test.cmp(&other.test));
    Bundled { records, project }
});

fn read(folder: &Path, records: &mut Vec<Record>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, records);
        } else {
            records.push(Record::from_json(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
}

/// Without the lines, which only a run knows.
fn unplaced(mut diagram: Diagram) -> Diagram {
    fn walk(rows: &mut [Row]) {
        for row in rows {
            match row {
                Row::Step(step) => {
                    (step.line, step.file) = (0, None);
                    step.received = step.received.map(|_| 0);
                }
                Row::Block(block) => block.parts.iter_mut().for_each(|part| walk(&mut part.rows)),
            }
        }
    }
    walk(&mut diagram.rows);
    diagram
}

/// They connect to addresses whose port a step has computed: who listens there, only the run knows.
const COMPUTED: [&str; 2] = [
    "protocols/ftp/active-mode-tells-the-port-in-the-command",
    "protocols/ftp/passive-mode-takes-the-port-from-the-reply",
];

#[test]
fn a_trace_is_drawn_as_the_run_that_it_is_of() {
    let records = &BUNDLED.records;
    assert!(records.len() > 100, "the bundled specs have run");
    let is_other = |record: &&Record| {
        let text = TraceText::read(&text_of(record));
        let again = Diagram::of(&text.to_record(&record.test, |line| line));
        record.failure.is_none() && unplaced(Diagram::of(record)) != unplaced(again)
    };
    let different: Vec<&str> = records.iter().filter(is_other).map(|record| record.test.as_str()).collect();
    assert_eq!(different, COMPUTED);
}

#[test]
fn events_of_a_text_have_the_lines_that_they_had_in_the_run() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let records = &BUNDLED.records;
    let runner = Runner::default();
    let mut compared = 0;
    for found in find::find(&[specs], &Layout::Nearest { snapshots: None }).unwrap() {
        let Ok(Some(planned)) = runner.plan(&found) else { panic!("{} has no plan", found.name) };
        for test in &planned.tests {
            let Some(record) = records.iter().find(|record| record.test == test.name) else { continue };
            let mut line = 1;
            let mut expected = BTreeMap::new();
            for placed in placed(record) {
                if placed.line > 0 {
                    expected.insert(line, StepLine { line: placed.line, file: placed.file });
                }
                line += placed.text.lines().count() as u32;
            }
            let text = TraceText::read(&text_of(record));
            assert_eq!(lines(&test.plan, &planned.loaded.source, &text), expected, "{}", test.name);
            compared += 1;
        }
    }
    assert!(compared > 100);
}

#[test]
fn the_page_of_many_tests_is_sound() {
    const MOST: u64 = 10_000_000;
    let page = BUNDLED.project.path("report.html");
    assert!(fs::metadata(&page).unwrap().len() < MOST);
    let Some(mut browser) = Browser::start() else { return };
    for width in WIDTHS {
        browser.open(&page, width, false);
        is_sound(&mut browser);
        browser.value("document.getElementById('matrices').scrollIntoView()");
        browser.picture(&format!("bundled-matrices-{width}"));
        browser.press("/");
        browser.write("half close");
        browser.press("Enter");
        browser.press("o");
        is_sound(&mut browser);
        browser.picture(&format!("bundled-{width}"));
    }
}
