//! Diagrams of a trace's text, which has neither lines nor addresses.

use std::path::Path;

use sockspec::report::diagram::{Diagram, Row};
use sockspec::trace::{TraceText, text_of};

use super::run::ran;

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

/// Two names of addresses whose port a step has computed: who listens there, only the run knows.
const COMPUTED: [&str; 2] = [
    "protocols/ftp/active-mode-tells-the-port-in-the-command",
    "protocols/ftp/passive-mode-takes-the-port-from-the-reply",
];

#[test]
fn a_trace_is_drawn_as_the_run_that_it_is_of() {
    let report = ran(&Path::new(env!("CARGO_MANIFEST_DIR")).join("specs"));
    let mut drawn = 0;
    let mut different = Vec::new();
    for (_, test) in report.tests() {
        let Some(record) = test.record() else { continue };
        let text = TraceText::read(&text_of(record));
        let (run, trace) = (Diagram::of(record), Diagram::of(&text.to_record(&test.name, |line| line)));
        drawn += 1;
        if unplaced(run) != unplaced(trace) {
            different.push(test.name.as_str());
        }
    }
    assert!(drawn > 100, "the bundled specs have run");
    assert_eq!(different, COMPUTED);
}
