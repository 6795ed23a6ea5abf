//! Standard output and standard error.

use std::env;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, StdoutLock, Write};

use super::Exit;
use super::style::{self, ColorChoice};
use crate::diagnostic::Style;
use crate::snapshot::insta_env::is_ci;

/// Where a command prints. A reader that has gone away (`| head`) is no error: the command goes on
/// in silence, so that its exit code still tells the truth.
pub(super) struct Output {
    stdout: StdoutLock<'static>,
    color: ColorChoice,
    /// Whether standard output is for data alone, so that what people read goes to standard error.
    is_for_data: bool,
    /// Colours and width.
    pub(super) style: Style,
    failure: Option<io::Error>,
}

impl Output {
    pub(super) fn new(color: ColorChoice) -> Self {
        let style = style::detect(color, &io::stdout());
        Self { stdout: io::stdout().lock(), color, is_for_data: false, style, failure: None }
    }

    /// Keeps standard output for [`data`](Self::data).
    pub(super) fn keep_for_data(&mut self) {
        self.is_for_data = true;
        self.style = style::detect(self.color, &io::stderr());
    }

    /// Whether it is kept so.
    pub(super) fn is_for_data(&self) -> bool {
        self.is_for_data
    }

    /// Whether what goes on can be shown on standard error as on a screen.
    pub(super) fn shows_progress(&self) -> bool {
        let is_dumb = || env::var_os("TERM").is_some_and(|term| term == "dumb");
        // What goes through a pipe may come out beside it.
        let is_alone = || self.is_for_data || io::stdout().is_terminal();
        io::stderr().is_terminal() && is_alone() && !is_dumb() && !is_ci(|name| env::var(name).ok())
    }

    /// Prints text for people as it is.
    pub(super) fn print(&mut self, text: &str) {
        if self.is_for_data {
            // Where that is closed, nobody wants to read it.
            let _ = io::stderr().write_all(text.as_bytes());
        } else {
            self.data(text);
        }
    }

    /// Prints text for programs.
    pub(super) fn data(&mut self, text: &str) {
        if self.failure.is_none() && !text.is_empty() {
            self.failure = self.stdout.write_all(text.as_bytes()).err();
        }
    }

    /// Prints a line.
    pub(super) fn line(&mut self, line: impl Display) {
        self.print(&format!("{line}\n"));
    }

    /// Shows what is still held back.
    pub(super) fn flush(&mut self) {
        if self.failure.is_none() {
            self.failure = self.stdout.flush().err();
        }
    }

    /// Says on standard error what went wrong. Where that is closed too, the exit code has to do.
    pub(super) fn error(&mut self, message: impl Display) {
        let _ = self.stdout.flush();
        let _ = writeln!(io::stderr(), "error: {message}");
    }

    /// Says on standard error what may be of interest, though nothing went wrong.
    pub(super) fn note(&mut self, message: impl Display) {
        let _ = self.stdout.flush();
        let _ = writeln!(io::stderr(), "note: {message}");
    }

    /// Tells on standard error, in as many lines as it takes, why something is not there.
    pub(super) fn explain(&mut self, text: &str) {
        let _ = self.stdout.flush();
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Prints what is still held back, and gives the exit code that is due after it.
    pub(super) fn finish(mut self, exit: Exit) -> Exit {
        let failure = self.failure.take().or_else(|| self.stdout.flush().err());
        match failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.error(format!("cannot write the output: {error}"));
                exit.max(Exit::CouldNotRun)
            }
            _ => exit,
        }
    }
}
