//! `sockspec record --pcap`: what was said is in a file already.

use std::path::Path;

use super::{Exit, Output, Over, Record, Recorded};
use crate::record::capture::{self, Choice, Problem};

impl Record {
    /// Makes a spec of a capture.
    pub(super) fn of_capture(&self, file: &Path, output: &mut Output) -> Exit {
        let choice = Choice { from: self.from.clone(), to: self.to.clone() };
        let capture = match capture::read(file, &choice) {
            Ok(capture) => capture,
            Err(problem) => return refuse(file, &problem, output),
        };
        for note in capture.notes {
            output.note(format!("{}: {note}", file.display()));
        }
        let recorded =
            Recorded { conversation: capture.conversation, over: Over::Done, status: None, is_untold: false };
        Self { to: Some(capture.server), ..self.clone() }.make(&recorded, output)
    }
}

fn refuse(file: &Path, problem: &Problem, output: &mut Output) -> Exit {
    let file = file.display();
    match problem {
        Problem::Unreadable(error) => {
            output.error(format!("cannot read {file}: {error}"));
            Exit::CouldNotRun
        }
        Problem::Nothing(_) | Problem::Several(_) => {
            output.error(format!("{file}: {problem}"));
            Exit::Usage
        }
        Problem::Incomplete(_) => {
            output.error(format!("{file}: {problem}"));
            Exit::Failed
        }
    }
}
