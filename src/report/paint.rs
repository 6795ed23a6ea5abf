//! Colours, where there are any.

use anstyle::{AnsiColor, Effects, Style};

use crate::diagnostic::full::fold;

pub(super) const BAD: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);
pub(super) const ODD: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
pub(super) const GOOD: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
pub(super) const QUIET: Style = AnsiColor::BrightBlack.on_default();
pub(super) const STRONG: Style = Style::new().effects(Effects::BOLD);
pub(super) const MARK: Style = AnsiColor::BrightBlue.on_default().effects(Effects::BOLD);
pub(super) const REMOVED: Style = AnsiColor::BrightRed.on_default();
pub(super) const ADDED: Style = AnsiColor::BrightGreen.on_default();

/// A text that is being written, in colour or not.
#[derive(Debug)]
pub(super) struct Page {
    out: String,
    color: bool,
}

impl Page {
    pub(super) fn new(color: bool) -> Self {
        Self { out: String::new(), color }
    }

    /// Appends text as it is.
    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Appends text in a colour.
    pub(super) fn paint(&mut self, style: Style, text: &str) {
        use std::fmt::Write as _;
        if self.color && !text.trim().is_empty() {
            let _ = write!(self.out, "{style}{text}{style:#}");
        } else {
            self.out.push_str(text);
        }
    }

    /// Appends a sentence as lines that begin with so many blanks, all but the first with two more, and none wider than
    /// the terminal where words allow it.
    pub(super) fn sentence(&mut self, style: Style, text: &str, indent: usize, width: usize) {
        for (at, line) in fold(text, width.saturating_sub(indent + 2).max(20)).lines().enumerate() {
            self.blanks(if at == 0 { indent } else { indent + 2 });
            self.paint(style, line);
            self.end_line();
        }
    }

    /// Appends blanks.
    pub(super) fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// Ends the line, without blanks at its end.
    pub(super) fn end_line(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}
