//! Once in a run, that there is somebody to ask what a word means.

use std::env;
use std::io::{self, IsTerminal as _};

use crate::cli::output::Output;
use crate::explain::{found_in, topics};
use crate::report::review::quiet;
use crate::snapshot::insta_env::is_ci;
use crate::suite::{Outcome, SpecResult};

/// The first word of a failure that can be explained.
pub(super) struct Hint {
    is_wanted: bool,
    word: Option<String>,
}

impl Hint {
    /// Where people look on: on a terminal.
    pub(super) fn new(output: &Output) -> Self {
        let is_seen = if output.is_for_data() { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        Self { is_wanted: is_seen && !is_ci(|name| env::var(name).ok()), word: None }
    }

    pub(super) fn note(&mut self, result: &SpecResult) {
        if !self.is_wanted || self.word.is_some() {
            return;
        }
        let failures = result.tests.iter().filter_map(|test| match &test.outcome {
            Outcome::Failed { record, .. } => record.failure.as_ref(),
            _ => None,
        });
        let mut messages = failures.flat_map(|failure| [&failure.message, &failure.label]).peekable();
        // To read the topics takes longer than most specs do.
        if messages.peek().is_some() {
            let topics = topics();
            self.word = messages.find_map(|message| found_in(&topics, message)).map(str::to_owned);
        }
    }

    pub(super) fn show(&self, output: &mut Output) {
        if let Some(word) = &self.word {
            let line = quiet(&format!("`sockspec explain {word}` tells what that means"), output.style);
            output.line(line);
        }
    }
}
