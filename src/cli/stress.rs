//! `sockspec stress`

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::config::Configure;
use super::output::Output;
use super::select::Select;
use super::{Exit, run, signals};
use crate::model::duration;
use crate::plan;
use crate::report::stress::{self as report, grouped};
use crate::report::way_out::quoted;
use crate::stress::{Campaign, Ended, Progress, Settings};
use crate::suite::{Config, Runner};

/// How often a line tells how far it has come, where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Run each test many times, every run perturbed, and compare the traces of all runs
#[derive(Debug, Args)]
pub(super) struct Stress {
    #[command(flatten)]
    select: Select,

    /// How often each test is run
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// The seed of the first run, from which all that is done to it follows; the runs after it have the
    /// numbers that follow. From the clock if not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Make no more runs after so long
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,

    /// How many specs run at once; twice as many as there are cores if not given
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = run::threads)]
    jobs: Option<NonZeroUsize>,

    /// Multiply every deadline: on a busy machine everything takes longer, so by 4 if not given
    #[arg(long, value_name = "N", value_parser = run::factor)]
    timeout_factor: Option<f64>,

    /// Show a report, or one object of JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: StressFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum StressFormat {
    #[default]
    Full,
    Json,
}

impl Configure for Stress {
    fn configure(&mut self, config: &Config) {
        self.select.configure(config);
        self.jobs = self.jobs.or(config.jobs);
    }
}

impl Stress {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let found = match self.select.find(None, output) {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let runner = self.runner();
        // The right to isolated networks can be had only as long as there is one thread.
        runner.prepare(&found);
        signals::cancel_on_interrupt(&runner.cancel);
        let settings = self.settings();
        let mut watcher = Watcher::new();
        let ended = Campaign::new(&found, &runner, settings).run(&mut |progress| watcher.tell(progress));
        watcher.finish();
        let interrupted = runner.cancel.is_cancelled() && !ended.timed_out;
        self.conclude(&ended, settings.seed, interrupted, output)
    }

    fn conclude(&self, ended: &Ended, seed: u64, interrupted: bool, output: &mut Output) -> Exit {
        let totals = ended.totals();
        if ended.specs.is_empty() && !interrupted {
            self.select.explain_nothing(output);
            return Exit::Nothing;
        }
        let arguments = self.arguments();
        let tests = ended.specs.iter().map(|spec| spec.tests.len()).sum();
        let options = report::Options { style: output.style, seed, runs: self.runs, tests, arguments: &arguments };
        output.print(&match self.format {
            StressFormat::Full => report::text(ended, &options),
            StressFormat::Json => report::json(ended, &options),
        });
        if interrupted {
            output.error("interrupted");
            return Exit::Interrupted;
        }
        match totals {
            _ if totals.could_not_run > 0 => Exit::CouldNotRun,
            _ if totals.invalid > 0 => Exit::Invalid,
            _ if totals.differ + totals.fail > 0 => Exit::Failed,
            _ => Exit::Success,
        }
    }

    fn runner(&self) -> Runner {
        Runner {
            settings: plan::Settings { timeout_factor: self.timeout_factor.unwrap_or(4.0), ..self.select.settings() },
            selection: self.select.selection(),
            ..Runner::default()
        }
    }

    fn settings(&self) -> Settings {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let jobs = self.jobs.map_or(2 * cores, NonZeroUsize::get);
        Settings { runs: self.runs, seed: self.seed.unwrap_or_else(by_the_clock), time: self.time, jobs, load: cores }
    }

    /// What else must be said so that the specs are understood in the same way.
    fn arguments(&self) -> String {
        let mut arguments = self.select.understanding();
        if let Some(factor) = self.timeout_factor {
            let _ = write!(arguments, " --timeout-factor {factor}");
        }
        arguments
    }
}

impl Select {
    /// The options on how specs are understood, as a shell takes them, each with a blank before it.
    fn understanding(&self) -> String {
        let settings = self.settings();
        let mut words = String::new();
        for (name, value) in &settings.vars {
            let _ = write!(words, " --var {}", quoted(&format!("{name}={value}")));
        }
        if settings.allow_net {
            words.push_str(" --allow-net");
        }
        words
    }
}

/// A seed that is another one each time, and short enough to be typed.
pub(super) fn by_the_clock() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time.as_micros() as u64 % 1_000_000
}

fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| "it must be a number with its unit, such as `60s`".to_owned())
}

/// Tells on standard error how far it has come: by a bar on a terminal, else by a line now and then.
struct Watcher {
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Watcher {
    fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} runs, {msg}, {eta} left");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, told: Instant::now() }
    }

    fn tell(&mut self, progress: Progress) {
        let differ = format!("{} differ", grouped(progress.differ));
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.all);
                bar.set_position(progress.runs);
                bar.set_message(differ);
            }
            None if self.told.elapsed() >= LINE => {
                self.told = Instant::now();
                let (runs, all) = (grouped(progress.runs), grouped(progress.all));
                let _ = writeln!(io::stderr(), "{runs} of {all} runs, {differ}");
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
