//! What to do about a trace that is not the accepted one: a command that works as it is printed.

use std::borrow::Cow;
use std::path::Path;

use anstyle::Style;

use super::paint::{Page, STRONG};
use super::terminal::shown_path;
use crate::suite::Change;

/// How a pending trace is accepted.
#[derive(Debug, Clone, Copy)]
pub enum WayOut<'a> {
    /// By `sockspec accept`.
    Sockspec {
        /// `--snapshots`
        snapshots: Option<&'a Path>,
        /// Whether nothing is written because of `--var`.
        is_trial: bool,
    },
    /// By the means of insta, in a test harness.
    Insta,
}

impl Default for WayOut<'_> {
    fn default() -> Self {
        Self::Sockspec { snapshots: None, is_trial: false }
    }
}

impl WayOut<'_> {
    /// Draws it for a test, or for the cases of a spec.
    pub(super) fn draw(self, page: &mut Page, name: &str, spec: &Path, change: &Change, width: usize) {
        let mut tell = |text: &str| page.sentence(Style::new(), text, 2, width);
        if let Some(first) = &change.contradicts {
            tell(&format!(
                "the cases of this spec share one snapshot, and `{}` gave another trace in this run: the lines with `-`",
                first.test
            ));
        }
        match (&change.pending, self) {
            // Commands are copied, so they stay in one line.
            (Some(pending), Self::Sockspec { snapshots, .. }) => {
                page.push("  if that is right: ");
                page.paint(STRONG, &command(name, spec, change, pending, snapshots));
                page.end_line();
            }
            (Some(_), Self::Insta) => {
                page.push("  if that is right: ");
                page.paint(STRONG, "cargo insta accept");
                page.push(", or run the test with INSTA_UPDATE=always");
                page.end_line();
            }
            (None, _) if change.contradicts.is_some() => {
                tell("make the cases give one trace, or write `snapshot: each`");
            }
            (None, _) if let Some(error) = &change.unwritten => {
                tell(&format!("the trace could not be left pending: {error}"));
            }
            (None, Self::Sockspec { is_trial: true, .. }) => {
                tell("nothing was written, since `--var` gave other values");
            }
            (None, Self::Sockspec { .. }) => tell(
                "nothing was written, because of CI or `--update no`: run it where neither is set, and accept what is then pending",
            ),
            (None, Self::Insta) => tell(
                "nothing was written, because of CI or INSTA_UPDATE=no: run it where neither is set, and accept what is then pending",
            ),
        }
        page.end_line();
    }
}

/// The command, with the name of the test where that is enough, else with a path.
fn command(name: &str, spec: &Path, change: &Change, pending: &Path, snapshots: Option<&Path>) -> String {
    if let Some(folder) = snapshots {
        return format!("sockspec accept {} --snapshots {}", quoted(name), quoted(&folder.to_string_lossy()));
    }
    if change.is_found_by_name {
        return format!("sockspec accept {}", quoted(name));
    }
    let is_case = name.ends_with(']');
    format!("sockspec accept {}", quoted(&shown_path(if is_case { pending } else { spec })))
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@%+:,=".contains(&byte));
    if plain && !word.is_empty() {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}
