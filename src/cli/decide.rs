//! `sockspec accept` and `sockspec reject`

use std::path::Path;

use clap::Args;

use super::Exit;
use super::choose::{Choose, Stale};
use super::output::Output;
use crate::suite::waiting::{State, Waiting};

/// Accept pending traces; a stale snapshot, which has no spec, is removed where it is named
#[derive(Debug, Args)]
pub(super) struct Accept {
    #[command(flatten)]
    pub(super) choose: Choose,

    /// Take stale snapshots, too: all that are meant, and not only those that are named exactly
    #[arg(long)]
    stale: bool,
}

/// Remove pending traces
#[derive(Debug, Args)]
pub(super) struct Reject {
    #[command(flatten)]
    pub(super) choose: Choose,
}

impl Accept {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let stale = if self.stale { Stale::Included } else { Stale::Named };
        decide(&self.choose, stale, output, |waiting| match waiting.state {
            State::Stale => waiting.remove().map(|()| "removed "),
            State::New | State::Changed => waiting.pending.accept().map(|()| "accepted"),
        })
    }
}

impl Reject {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let mut kept = false;
        let exit = decide(&self.choose, Stale::Named, output, |waiting| match waiting.state {
            State::Stale => {
                kept = true;
                Ok("kept    ")
            }
            State::New | State::Changed => waiting.pending.reject().map(|()| "rejected"),
        });
        if kept {
            output.note("a stale snapshot stays as long as nobody accepts that its spec is gone; `sockspec mv` moves one with its spec");
        }
        exit
    }
}

fn decide(
    choose: &Choose,
    stale: Stale,
    output: &mut Output,
    mut decide: impl FnMut(&Waiting) -> std::io::Result<&'static str>,
) -> Exit {
    let chosen = match choose.choose(stale, output) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    if chosen.is_empty() {
        output.line("nothing is pending");
    }
    let mut exit = Exit::Success;
    for waiting in &chosen {
        match decide(waiting) {
            Ok(word) => output.line(format_args!("{word}  {}", waiting.name())),
            Err(error) => {
                output.error(error);
                exit = Exit::CouldNotRun;
            }
        }
    }
    exit
}

/// A path as a message shows it.
pub(super) fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
