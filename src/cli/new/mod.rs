//! `sockspec new`

pub(super) mod place;
mod schema;
mod template;
mod undo;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::config::{Configure, or_path};
use super::output::Output;
use super::{Exit, signals};
use crate::diagnostic::Format;
use crate::report::terminal;
use crate::report::way_out::{WayOut, quoted};
use crate::snapshot::{self, Store, Update};
use crate::suite::{Config, Layout, Outcome, Runner, SpecResult, Worker, find};

use place::{Place, Standpoint, shown};
use template::Template;
use undo::Undo;

/// Write a small spec that passes, to be changed into one's own: it is run, and its trace accepted
#[derive(Debug, Args)]
pub(super) struct New {
    /// Its name, such as `tcp/close/my-case` for `specs/tcp/close/my-case.yaml`; or a path
    #[arg(value_name = "NAME", allow_hyphen_values = true)]
    name: String,

    /// What it begins with
    #[arg(short, long, value_enum, value_name = "TEMPLATE", default_value_t)]
    template: Template,

    /// The folder of the snapshots, by the file of settings.
    #[arg(skip)]
    snapshots: Option<PathBuf>,

    /// Where specs are, by that file.
    #[arg(skip)]
    specs: Option<PathBuf>,
}

impl Configure for New {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
        self.specs = config.roots().into_iter().next();
    }
}

/// Why there is no new spec.
enum Refusal {
    /// The name cannot be had.
    Name(String),
    /// Something could not be written.
    Unwritten(io::Error),
    /// It was interrupted.
    Interrupted,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

impl New {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let mut undo = Undo::default();
        let refusal = match self.make(&mut undo, output) {
            Ok(exit) => return exit,
            Err(refusal) => refusal,
        };
        undo.everything();
        match refusal {
            Refusal::Name(message) => {
                output.error(message);
                Exit::Usage
            }
            Refusal::Unwritten(error) => {
                output.error(format!("{error}; nothing was made. A folder in which you may write will do"));
                Exit::CouldNotRun
            }
            Refusal::Interrupted => {
                output.error("interrupted; nothing was made");
                Exit::Interrupted
            }
        }
    }

    /// Makes the spec, runs it, and tells of it.
    fn make(&self, undo: &mut Undo, output: &mut Output) -> Result<Exit, Refusal> {
        let here = env::current_dir()?;
        let (specs, snapshots) = (self.specs.as_deref(), self.snapshots.as_deref());
        let from = Standpoint { here: &here, specs, snapshots };
        let place = Place::of(&self.name, from).map_err(Refusal::Name)?;
        let schema = schema::write(&place, undo)?;
        let text = self.template.text(&place.schema_line());
        undo.folders_of(&place.spec);
        snapshot::create_whole(&place.spec, |file| file.write_all(text.as_bytes()))?;
        undo.file(&place.spec);
        undo.folders_of(&place.snapshot);
        check_writable(&place.snapshot)?;
        let spec = shown(&place.spec, &here);
        let result = self.run(Path::new(&spec))?;
        output.line(format_args!("wrote     {spec}"));
        if place.snapshot.exists() {
            output.line(format_args!("wrote     {}", shown(&place.snapshot, &here)));
        } else {
            undo.empty_folders();
        }
        if let Some(told) = schema.told(&shown(&place.schema, &here)) {
            output.line(told);
        }
        conclude(&spec, &result, output)
    }

    /// Runs the spec that was written, and accepts its trace.
    fn run(&self, spec: &Path) -> Result<SpecResult, Refusal> {
        let settings = snapshot::Settings { update: Update::New, ..snapshot::Settings::default() };
        let runner = Runner { store: Store::new(settings), ..Runner::default() };
        let found = find::find(&[spec.to_owned()], &Layout::Nearest { snapshots: self.snapshots.clone() });
        let found = found.map_err(|error| io::Error::other(error.to_string()))?;
        // The right to isolated networks can be had only as long as there is one thread.
        runner.prepare(&found);
        signals::cancel_on_interrupt(&runner.cancel);
        let result = found.first().and_then(|found| runner.run(found, &mut Worker::default()));
        match result {
            Some(result) if !runner.cancel.is_cancelled() => Ok(result),
            Some(result) if matches!(outcome(&result), Some(Outcome::Passed { .. })) => Ok(result),
            _ => Err(Refusal::Interrupted),
        }
    }
}

/// Sees to it that editors find the schema of a spec that goes there; gives the line that says where it is.
pub(super) fn schema_line(spec: &Path, output: &mut Output) -> io::Result<String> {
    let place = Place::at(spec)?;
    let schema = schema::write(&place, &mut Undo::default())?;
    if let Some(told) = schema.told(&shown(&place.schema, &env::current_dir()?)) {
        output.line(told);
    }
    Ok(place.schema_line())
}

/// Finds out whether a file can be written before there is something to write into it.
fn check_writable(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    let attempt = || {
        fs::create_dir_all(folder)?;
        tempfile::Builder::new().prefix(".sockspec-").tempfile_in(folder).map(drop)
    };
    attempt().map_err(|error| io::Error::new(error.kind(), format!("cannot write into {}: {error}", folder.display())))
}

fn outcome(result: &SpecResult) -> Option<&Outcome> {
    result.tests.first().map(|test| &test.outcome)
}

/// Shows what it did, and what to type next.
fn conclude(spec: &str, result: &SpecResult, output: &mut Output) -> Result<Exit, Refusal> {
    if let Some(Outcome::Passed { accepted: Some(snapshot) }) = outcome(result) {
        let trace = snapshot::trace_in(snapshot)?;
        output.line("");
        trace.lines().for_each(|line| output.line(format_args!("    {line}")));
        output.line(format_args!("\nIt passes, and this is its accepted trace. Change {spec}, and then:"));
        next_commands(
            spec,
            output,
            &[
                ("run", "runs it"),
                ("accept", "accepts the trace that it then has, if that is right"),
                ("show", "draws it"),
            ],
        );
        return Ok(Exit::Success);
    }
    let way_out = WayOut::Sockspec { snapshots: None, is_trial: false };
    let options = terminal::Options { style: output.style, verbose: true, format: Format::Full, way_out };
    output.line("");
    output.print(&terminal::spec(result, options));
    output.line("\nIt has not passed here, so it has no accepted trace yet.");
    next_commands(
        spec,
        output,
        &[
            ("doctor", "tells what this machine lacks for it, and how to have it"),
            ("run --update new", "runs it, and accepts its trace"),
        ],
    );
    Ok(match outcome(result) {
        Some(Outcome::Ignored { .. }) => Exit::Success,
        Some(Outcome::CouldNotRun { .. }) => Exit::CouldNotRun,
        _ => Exit::Failed,
    })
}

/// Says what to type next: commands on the spec, and what each is for.
fn next_commands(spec: &str, output: &mut Output, commands: &[(&str, &str)]) {
    let spec = quoted(spec);
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, why) in commands {
        let blanks = " ".repeat(width - command.len());
        output.line(format_args!("  sockspec {command} {spec}{blanks}  {why}"));
    }
}
