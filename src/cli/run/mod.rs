//! `sockspec run`

mod again;
mod hint;
mod order;
mod progress;
mod reports;
mod watch;

use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::config::{Configure, or_path};
use super::output::Output;
use super::select::Select;
use super::share::Share;
use super::{Exit, signals};
use crate::diagnostic::Format;
use crate::plan;
use crate::report::run::RunReport;
use crate::report::terminal;
use crate::report::way_out::WayOut;
use crate::snapshot::insta_env::is_ci;
use crate::snapshot::{self, Store};
use crate::suite::pool::{self, Jobs};
use crate::suite::{Captures, Config, Detail, Found, Last, Records, Runner, SpecResult, waiting};
use again::Effort;
use hint::Hint;
use order::Order;
use progress::Progress;
use reports::{Forms, Wanted};

/// Run specs on real sockets, and compare their traces with the accepted snapshots
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    select: Select,

    #[command(flatten)]
    share: Share,

    #[command(flatten)]
    order: Order,

    #[command(flatten)]
    effort: Effort,

    /// Multiply every deadline
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = factor)]
    timeout_factor: Option<f64>,

    /// How many specs run at once; if not given, four times as many as there are cores, and beside them those with the
    /// tag `slow`
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    jobs: Option<NonZeroUsize>,

    /// Accept no trace, those that have no snapshot yet, or all; if not given, traces that are not the
    /// accepted ones are left pending, or with CI=true or `--var` not written at all
    #[arg(long, value_enum, value_name = "WHAT")]
    update: Option<Update>,

    /// The folder of the snapshots; `snapshots` beside `specs` if not given
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,

    /// Write the record of every run into a folder, as JSON
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Write what crossed the network of every test that has an isolated one into a folder, as pcapng
    #[arg(long, value_name = "DIR")]
    pcap: Option<PathBuf>,

    /// Write a report, `junit`, `json`, `html`, `tap` or `github`, to a file, or to standard output if none is
    /// given; may be repeated
    #[arg(long = "report", value_name = "FORM[=FILE]", value_parser = Forms, hide_possible_values = true)]
    reports: Vec<Wanted>,

    /// Show the tests that pass, too
    #[arg(short, long)]
    verbose: bool,

    /// Run, and on each save run again what has changed, until Ctrl-C
    #[arg(long, conflicts_with_all = ["reports", "failed", "shuffle", "partition", "slowest"])]
    watch: bool,

    /// Show what is wrong with a spec in one line, or with its source line
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: RunFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Update {
    No,
    New,
    All,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum RunFormat {
    Short,
    #[default]
    Full,
}

impl Configure for Run {
    fn configure(&mut self, config: &Config) {
        self.select.configure(config);
        self.effort.configure(config);
        self.timeout_factor = self.timeout_factor.or(config.timeout_factor);
        self.jobs = self.jobs.or(config.jobs);
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
        or_path(&mut self.record, config, config.record.as_ref());
        or_path(&mut self.pcap, config, config.pcap.as_ref());
        if self.reports.is_empty() {
            self.reports = config.report.iter().filter_map(|report| Wanted::configured(report, config)).collect();
        }
    }
}

impl Run {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if self.watch {
            return watch::execute(self, output);
        }
        let begun = Instant::now();
        if let Err(exit) = reports::prepare(&self.reports, output) {
            return exit;
        }
        let mut found = match self.select.find(self.snapshots.as_deref(), output) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let mut runner = self.runner();
        let mut last = Last::read(self.effort.flaky_is_ok());
        let all = found.len();
        if let Err(exit) = self.narrow(&mut last, &mut runner, &mut found, output) {
            last.write();
            return exit.max(reports::write(&self.reports, &RunReport::default(), output));
        }
        let seed = self.order.shuffle(&mut found);
        if let Some(seed) = seed {
            output.line(format!("shuffled by seed {seed}"));
        }
        let mut report = RunReport { seed, flaky_is_ok: self.effort.flaky_is_ok(), ..RunReport::default() };
        self.run(&runner, &found, &mut report, &mut last, output);
        report.took = begun.elapsed();
        let exit = self.conclude(&report, &runner, output);
        if !report.is_interrupted && found.len() == all {
            self.tell_of_stale(&found, output);
        }
        exit.max(reports::write(&self.reports, &report, output))
    }

    /// Runs all, and prints what there is to say of each as soon as it can be said.
    fn run(&self, runner: &Runner, found: &[Found], report: &mut RunReport, last: &mut Last, output: &mut Output) {
        // The right to isolated networks can be had only as long as there is one thread.
        runner.prepare(found);
        let progress = Progress::new(found.len(), &runner.watch, output);
        signals::cancel_and_tick(&runner.cancel, Some(progress.ticker()));
        let (mut slowest, mut hint, mut specs) = (self.order.slowest(), Hint::new(output), 0);
        let options = self.report(output);
        pool::run(found, self.jobs(found.len()), runner, &mut |result: SpecResult| {
            result.tests.iter().for_each(|test| report.totals.add(&test.outcome));
            specs += 1;
            progress.print(output, &terminal::spec(&result, options));
            last.note(&result);
            slowest.note(&result);
            hint.note(&result);
            if !self.reports.is_empty() {
                report.specs.push(result);
            }
        });
        progress.finish();
        report.is_interrupted = runner.cancel.is_cancelled();
        report.left_out = if runner.selection.is_of_tags() { found.len() - specs } else { 0 };
        last.write();
        slowest.show(output);
        hint.show(output);
    }

    /// Keeps of the selected tests those that failed last, and of these those of a share.
    fn narrow(
        &self,
        last: &mut Last,
        runner: &mut Runner,
        found: &mut Vec<Found>,
        output: &mut Output,
    ) -> Result<(), Exit> {
        self.order.keep_failed(last, runner, found, output)?;
        self.share.keep(runner, found, output)
    }

    fn conclude(&self, report: &RunReport, runner: &Runner, output: &mut Output) -> Exit {
        if report.totals.all() == 0 {
            self.select.explain_nothing(output);
            return Exit::Nothing;
        }
        output.print(&terminal::summary(&report.totals, report.took, output.style));
        match report.left_out {
            0 => {}
            1 => output.line("1 spec left out by its tags"),
            specs => output.line(format_args!("{specs} specs left out by their tags")),
        }
        let captured = tell_of_captures(&runner.captures, output);
        if report.is_interrupted {
            output.error("interrupted");
            return Exit::Interrupted;
        }
        Exit::of(&report.totals, report.flaky_is_ok).max(captured)
    }

    /// Says that there are snapshots without a spec, where all specs of a tree are known anyway.
    fn tell_of_stale(&self, found: &[Found], output: &mut Output) {
        if !self.select.is_whole() {
            return;
        }
        match waiting::count_stale(found) {
            0 => {}
            1 => output.line("1 stale snapshot: no spec has it; `sockspec pending` names it"),
            count => {
                output.line(format_args!("{count} stale snapshots: no spec has them; `sockspec pending` names them"));
            }
        }
    }

    fn runner(&self) -> Runner {
        let settings = snapshot::Settings { update: self.update(), ..snapshot::Settings::default() };
        Runner {
            settings: plan::Settings { timeout_factor: self.timeout_factor.unwrap_or(1.0), ..self.select.settings() },
            selection: self.select.selection(),
            store: Store::new(settings),
            records: Records::new(self.record.clone()),
            captures: Arc::new(Captures::new(self.pcap.clone())),
            again: self.effort.again(),
            stop: self.effort.stop(),
            // What nobody received is in the record alone.
            detail: if self.verbose { Detail::Records } else { reports::detail(&self.reports) },
            ..Runner::default()
        }
    }

    fn update(&self) -> snapshot::Update {
        match self.update {
            Some(Update::No) => snapshot::Update::No,
            Some(Update::New) => snapshot::Update::New,
            Some(Update::All) => snapshot::Update::All,
            None if self.select.gives_values() => snapshot::Update::No,
            None if is_ci(|name| env::var(name).ok()) => snapshot::Update::No,
            None => snapshot::Update::Pending,
        }
    }

    fn report(&self, output: &Output) -> terminal::Options<'_> {
        let format = match self.format {
            RunFormat::Short => Format::Short,
            RunFormat::Full => Format::Full,
        };
        let is_trial = self.update.is_none() && self.select.gives_values();
        let way_out = WayOut::Sockspec { snapshots: self.snapshots.as_deref(), is_trial };
        terminal::Options { style: output.style, verbose: self.verbose, format, way_out }
    }

    /// How many at once. To ask for the number of cores costs as much as a spec, so a single spec does not ask.
    fn jobs(&self, specs: usize) -> Jobs {
        match self.jobs {
            _ if specs <= 1 => Jobs::ONE,
            Some(jobs) => Jobs::at_most(jobs),
            None => Jobs::by_cores(),
        }
    }
}

/// Says which captures there are not, and gives the exit code that this asks for.
fn tell_of_captures(captures: &Captures, output: &mut Output) -> Exit {
    if let Some(folder) = captures.empty() {
        output.note(format!("no test ran on an isolated network, so there is nothing in {}", folder.display()));
    }
    match captures.failure() {
        Some(failure) => {
            output.error(failure);
            Exit::CouldNotRun
        }
        None => Exit::Success,
    }
}

/// How many at once.
pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it must be a whole number, at least 1".to_owned())
}

pub(super) fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| "it must be a number over 0".to_owned())
}
