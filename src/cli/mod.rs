//! The command line: one file a subcommand. Only here is anything printed and the exit code chosen.

mod check;
mod choose;
mod completions;
mod config;
mod coverage;
mod decide;
mod doctor;
mod exit;
mod explain;
mod fmt;
mod list;
mod man;
mod named;
mod new;
mod optional;
mod output;
mod pending;
mod record;
mod relocate;
mod review;
mod run;
mod schema;
mod select;
mod share;
mod show;
mod signals;
mod stress;
mod style;
mod trace;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;
use output::Output;
use style::ColorChoice;

/// Runs specs of what happens between sockets, and compares what happened with accepted snapshots.
#[derive(Debug, Parser)]
#[command(name = "sockspec", version, max_term_width = 100, after_help = exit_codes())]
struct Cli {
    /// Whether to use colours; `auto` does on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: ColorChoice,

    /// Take settings from this file instead of the nearest `sockspec.toml`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

/// The exit codes, and what they mean.
const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "all passed or were ignored"),
    (
        "1",
        "something failed or changed (or is missing, for `doctor`; or is to be formatted, for `fmt --check`; or is not \
         shown, for `coverage`)",
    ),
    ("2", "a spec is invalid"),
    ("3", "something could not be run, read or written"),
    ("4", "nothing was selected"),
    ("64", "wrong usage"),
    ("130", "interrupted"),
];

fn exit_codes() -> String {
    let codes: Vec<String> = EXIT_CODES.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    format!("Exit codes: {}.", codes.join(", "))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run specs
    Run(run::Run),
    /// Check specs without running them
    Check(check::Check),
    /// Format specs
    Fmt(fmt::Fmt),
    /// List the tests
    List(list::List),
    /// Tell which lines of a catalogue the specs show
    Coverage(coverage::Coverage),
    /// Write a small spec that passes, to be changed into one's own
    New(new::New),
    /// Record a client and a server as a spec that passes
    Record(record::Record),
    /// Run tests many times, perturbed, to find those that are racy
    Stress(stress::Stress),
    /// Accept pending traces
    Accept(decide::Accept),
    /// Remove pending traces
    Reject(decide::Reject),
    /// List what waits for a decision
    Pending(pending::PendingList),
    /// Move or rename specs with their snapshots
    Mv(relocate::Move),
    /// Go through what waits for a decision, on the terminal
    Review(review::Review),
    /// Tell what this machine offers to specs
    Doctor(doctor::Doctor),
    /// Explain a word: an error, a state, a verb, what a trace or a report says
    Explain(explain::Explain),
    /// Print the JSON Schema of specs, for editors
    Schema(schema::Schema),
    /// Draw what a spec does as a sequence diagram
    Show(show::Show),
    /// Print the canonical trace of a record
    Trace(trace::Trace),
    /// Print the completions of a shell
    Completions(completions::Completions),
    /// Print the manual page, or write those of all subcommands
    Man(man::Man),
}

/// The whole program.
pub fn main() -> ExitCode {
    execute(std::env::args_os()).into()
}

fn execute(arguments: impl Iterator<Item = OsString>) -> Exit {
    let mut cli = match Cli::try_parse_from(optional::joined(arguments)) {
        Ok(cli) => cli,
        Err(error) => return usage::tell(error),
    };
    let mut output = Output::new(cli.color);
    if let Err(exit) = config::apply(&mut cli.command, cli.config.as_deref(), &mut output) {
        return output.finish(exit);
    }
    let exit = match &cli.command {
        Command::Run(command) => command.execute(&mut output),
        Command::Check(command) => command.execute(&mut output),
        Command::Fmt(command) => command.execute(&mut output),
        Command::List(command) => command.execute(&mut output),
        Command::Coverage(command) => command.execute(&mut output),
        Command::New(command) => command.execute(&mut output),
        Command::Record(command) => command.execute(&mut output),
        Command::Stress(command) => command.execute(&mut output),
        Command::Accept(command) => command.execute(&mut output),
        Command::Reject(command) => command.execute(&mut output),
        Command::Pending(command) => command.execute(&mut output),
        Command::Mv(command) => command.execute(&mut output),
        Command::Review(command) => command.execute(&mut output),
        Command::Doctor(command) => command.execute(&mut output),
        Command::Explain(command) => command.execute(&mut output),
        Command::Schema(command) => command.execute(&mut output),
        Command::Show(command) => command.execute(&mut output),
        Command::Trace(command) => command.execute(&mut output),
        Command::Completions(command) => command.execute(&mut output),
        Command::Man(command) => command.execute(&mut output),
    };
    output.finish(exit)
}
