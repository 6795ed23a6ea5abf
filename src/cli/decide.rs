//! `sockspec accept` and `sockspec reject`

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::config::{Configure, or_path};
use super::output::Output;
use crate::model::name::nearest;
use crate::snapshot::pending::{self, Pending};
use crate::suite::{Config, Layout, find};

/// Decide on pending traces
#[derive(Debug, Args)]
pub(super) struct Decide {
    /// Tests, specs or folders of specs, by name or by path; all that are pending if none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// The folder of the snapshots; all folders called `snapshots` from here on if not given
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
}

/// What to do with a pending trace.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    Accept,
    Reject,
}

impl Configure for Decide {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
    }
}

impl Decide {
    pub(super) fn execute(&self, decision: Decision, output: &mut Output) -> Exit {
        let waiting = match self.waiting() {
            Ok(waiting) => waiting,
            Err(error) => {
                output.error(error);
                return Exit::CouldNotRun;
            }
        };
        if self.names.is_empty() {
            if waiting.is_empty() {
                output.line("nothing is pending");
            }
            return decide(decision, &waiting, output);
        }
        let mut chosen = Vec::new();
        let mut without = Vec::new();
        for name in &self.names {
            match self.named(name, &waiting) {
                // Whoever decides on what he has just run names specs that passed, too.
                named if named.is_empty() && Path::new(name).exists() => without.push(name),
                named if named.is_empty() => {
                    output.error(unknown(name, &waiting));
                    return Exit::Nothing;
                }
                named => chosen.extend(named),
            }
        }
        if let (true, Some(name)) = (chosen.is_empty(), without.first()) {
            output.error(unknown(name, &waiting));
            return Exit::Nothing;
        }
        for name in without {
            output.line(format_args!("nothing is pending in {name}"));
        }
        chosen.sort();
        chosen.dedup();
        decide(decision, &chosen, output)
    }

    /// All that is pending.
    fn waiting(&self) -> io::Result<Vec<Pending>> {
        match &self.snapshots {
            Some(folder) => pending::find(folder),
            None => pending::find_below(Path::new(".")),
        }
    }

    /// Those that a name means: that of a file or folder first, then that of a test.
    fn named(&self, name: &str, waiting: &[Pending]) -> Vec<Pending> {
        let by_path = self.at(Path::new(name));
        if !by_path.is_empty() {
            return by_path;
        }
        waiting.iter().filter(|pending| pending.is_named(name)).cloned().collect()
    }

    fn at(&self, path: &Path) -> Vec<Pending> {
        if let Some(pending) = Pending::at(path) {
            return vec![pending];
        }
        let layout = Layout::Nearest { snapshots: self.snapshots.clone() };
        let found = if path.exists() { find::find(&[path.to_owned()], &layout) } else { return Vec::new() };
        let mut chosen = Vec::new();
        for spec in found.unwrap_or_default() {
            let there = pending::find(&spec.snapshots).unwrap_or_default();
            chosen.extend(there.into_iter().filter(|pending| pending.spec == spec.stem()));
        }
        chosen
    }
}

fn decide(decision: Decision, chosen: &[Pending], output: &mut Output) -> Exit {
    let mut exit = Exit::Success;
    for pending in chosen {
        let (word, done) = match decision {
            Decision::Accept => ("accepted", pending.accept()),
            Decision::Reject => ("rejected", pending.reject()),
        };
        match done {
            Ok(()) => output.line(format_args!("{word}  {}", pending.name())),
            Err(error) => {
                output.error(error);
                exit = Exit::CouldNotRun;
            }
        }
    }
    exit
}

fn unknown(name: &str, waiting: &[Pending]) -> String {
    let names: Vec<String> = waiting.iter().map(Pending::name).collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("nothing called `{name}` is pending; `{near}` is"),
        None if names.is_empty() => {
            format!(
                "nothing called `{name}` is pending, nor is anything else from here on; a path of a spec may be given, too"
            )
        }
        None => format!("nothing called `{name}` is pending; these are: {}", names.join(", ")),
    }
}
