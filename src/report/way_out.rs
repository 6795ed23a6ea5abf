//! What to do about a trace that is not the accepted one: a command that works as it is printed.

use std::borrow::Cow;
use std::path::Path;

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
    pub(super) fn draw(self, page: &mut Page, name: &str, spec: &Path, change: &Change) {
        if let Some(first) = &change.contradicts {
            page.push(&format!(
                "  the cases of this spec share one snapshot, and `{}` gave another trace in this run: the lines with `-`",
                first.test
            ));
            page.end_line();
        }
        page.push("  ");
        match (&change.pending, self) {
            (Some(pending), Self::Sockspec { snapshots, .. }) => {
                page.push("if that is right: ");
                page.paint(STRONG, &command(name, spec, change, pending, snapshots));
            }
            (Some(_), Self::Insta) => {
                page.push("if that is right: ");
                page.paint(STRONG, "cargo insta accept");
                page.push(", or run the test with INSTA_UPDATE=always");
            }
            (None, _) if change.contradicts.is_some() => {
                page.push("make the cases give one trace, or write `snapshot: each`");
            }
            (None, _) if let Some(error) = &change.unwritten => {
                page.push(&format!("the trace could not be left pending: {error}"));
            }
            (None, Self::Sockspec { is_trial: true, .. }) => {
                page.push("nothing was written, since `--var` gave other values");
            }
            (None, Self::Sockspec { .. }) => {
                page.push("nothing was written, because of CI or `--update no`: run it where neither is set, and accept what is then pending");
            }
            (None, Self::Insta) => {
                page.push("nothing was written, because of CI or INSTA_UPDATE=no: run it where neither is set, and accept what is then pending");
            }
        }
        page.end_line();
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
