//! Specs as tests of a crate, by `cargo test`, `cargo nextest` and `cargo insta test`.

mod gate;

use std::cell::RefCell;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, ColorSetting, Completion, Failed, Trial};

use crate::diagnostic::Style;
use crate::plan;
use crate::report::terminal;
use crate::report::way_out::WayOut;
use crate::snapshot::insta_env::InstaEnv;
use crate::snapshot::{Store, references};
use crate::suite::config::{self, Config};
use crate::suite::pool::Jobs;
use crate::suite::{self, Captures, Found, Layout, Outcome, Records, Runner, Selection, SpecResult, Worker};
use gate::Gate;

/// What libtest exits with where a test fails.
const FAILED: u8 = 101;

thread_local! {
    /// What this test thread keeps from one spec to the next.
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// The specs in a folder as tests, with their snapshots in another one. Both are relative to the
/// crate whose tests these are.
///
/// The test's `Cargo.toml` entry needs `harness = false`; the test itself is this:
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     sockspec::harness("specs", "snapshots").main()
/// }
/// ```
///
/// What `sockspec run` takes as options, the builder takes as methods, and the environment as
/// variables, which count before what the builder says. Where neither says anything, the nearest
/// `sockspec.toml` at or above the folder of the crate does, as it does for the command line; of its
/// settings `specs`, `snapshots`, `report`, `retries` and `flaky` are not for tests of a crate.
///
///
/// | option | method | variable |
/// |---|---|---|
/// | `--var NAME=VALUE` | [`var`](Harness::var) | `SOCKSPEC_VAR="NAME=VALUE,OTHER=VALUE"` |
/// | `--allow-net` | [`allow_net`](Harness::allow_net) | `SOCKSPEC_ALLOW_NET=1` |
/// | `--timeout-factor N` | [`timeout_factor`](Harness::timeout_factor) | `SOCKSPEC_TIMEOUT_FACTOR=N` |
/// | `--tag TAG` | [`tag`](Harness::tag) | `SOCKSPEC_TAG="TAG,OTHER"` |
/// | `--skip-tag TAG` | [`skip_tag`](Harness::skip_tag) | `SOCKSPEC_SKIP_TAG="TAG,OTHER"` |
/// | `--record DIR` | [`record`](Harness::record) | `SOCKSPEC_RECORD=DIR` |
/// | `--pcap DIR` | [`pcap`](Harness::pcap) | `SOCKSPEC_PCAP=DIR` |
///
/// Snapshots are compared and written as insta would: `INSTA_UPDATE`, `INSTA_FORCE_PASS`,
/// `INSTA_REQUIRE_FULL_MATCH`, `INSTA_PENDING_DIR`, `INSTA_WORKSPACE_ROOT` and `CI` count, and so
/// `cargo insta test`, `review`, `accept` and `reject` work. With `--unreferenced=delete` a snapshot
/// is in use while its spec exists, whichever tests run. A filter of libtest keeps every other
/// snapshot of the crate, too; under nextest a filter cannot be seen, so there it keeps those of
/// specs only.
pub fn harness(specs: impl Into<PathBuf>, snapshots: impl Into<PathBuf>) -> Harness {
    Harness {
        specs: specs.into(),
        snapshots: snapshots.into(),
        vars: Vec::new(),
        allow_net: None,
        timeout_factor: None,
        tags: Vec::new(),
        skip_tags: Vec::new(),
        record: None,
        pcap: None,
    }
}

/// Specs as tests; made by [`harness`].
#[derive(Debug, Clone)]
#[must_use = "the tests run when `main` is called"]
pub struct Harness {
    specs: PathBuf,
    snapshots: PathBuf,
    vars: Vec<(String, String)>,
    allow_net: Option<bool>,
    timeout_factor: Option<f64>,
    tags: Vec<String>,
    skip_tags: Vec<String>,
    record: Option<PathBuf>,
    pcap: Option<PathBuf>,
}

/// What is run, and how.
struct Prepared {
    trials: Vec<Trial>,
    captures: Arc<Captures>,
    /// How many tests run at once.
    threads: usize,
}

impl Harness {
    /// Gives a variable that specs declare another value.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// Allows addresses outside the loopback range.
    pub fn allow_net(mut self) -> Self {
        self.allow_net = Some(true);
        self
    }

    /// Multiplies every deadline, for slow machines.
    pub fn timeout_factor(mut self, factor: f64) -> Self {
        self.timeout_factor = Some(factor);
        self
    }

    /// Runs only specs that have this tag, or one of those given by other calls.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Leaves out specs that have this tag, or one of those given by other calls.
    pub fn skip_tag(mut self, tag: impl Into<String>) -> Self {
        self.skip_tags.push(tag.into());
        self
    }

    /// Writes the record of every run into a folder.
    pub fn record(mut self, folder: impl Into<PathBuf>) -> Self {
        self.record = Some(folder.into());
        self
    }

    /// Writes what crossed the network of every test that has an isolated one into a folder, as
    /// pcapng.
    pub fn pcap(mut self, folder: impl Into<PathBuf>) -> Self {
        self.pcap = Some(folder.into());
        self
    }

    /// Runs the tests as the command line says, which is that of libtest. The exit code is 101 where
    /// one fails, or where there is no spec at all.
    pub fn main(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        let variable = |name: &str| env::var(name).ok();
        match self.prepared(&arguments, variable) {
            Ok(Prepared { trials, captures, threads }) => {
                arguments.test_threads = Some(threads);
                let exit = libtest_mimic::run(&arguments, trials).exit_code();
                captures.failure().map_or(exit, |message| fail(&message))
            }
            Err(message) => fail(&message),
        }
    }

    /// The trials, and what goes with them.
    fn prepared(self, arguments: &Arguments, variable: impl Fn(&str) -> Option<String>) -> Result<Prepared, String> {
        let project = project(&variable)?;
        let insta = InstaEnv::read(&variable, &project)?;
        let config = config::load(&project).map_err(|error| error.to_string())?.unwrap_or_default();
        let harness = self.overridden(&variable)?.or(&config);
        must_exist(&project.join(&harness.specs), &variable)?;
        let specs = shown(&project, &harness.specs);
        let snapshots = project.join(&harness.snapshots);
        if let Some(list) = &insta.references {
            references::append(list, &specs, &snapshots).map_err(|error| error.to_string())?;
            if leaves_out(arguments) && variable("NEXTEST").is_none() {
                references::append_all(list, &project).map_err(|error| error.to_string())?;
            }
        }
        let captures = Arc::new(Captures::new(harness.pcap.map(|folder| project.join(folder))));
        let suite = Arc::new(Suite {
            runner: Runner {
                settings: plan::Settings {
                    vars: harness.vars,
                    configured: config.values(&variable),
                    timeout_factor: harness.timeout_factor.unwrap_or(1.0),
                    allow_net: harness.allow_net.unwrap_or_default(),
                },
                selection: Selection {
                    tags: harness.tags,
                    skip_tags: harness.skip_tags,
                    names: config.filter.clone(),
                    ..Selection::default()
                },
                store: Store::new(insta.settings),
                records: Records::new(harness.record.map(|folder| project.join(folder))),
                captures: Arc::clone(&captures),
                ..Runner::default()
            },
            force_pass: insta.force_pass,
            report: terminal::Options {
                style: style(arguments, &variable),
                way_out: WayOut::Insta,
                ..terminal::Options::default()
            },
        });
        let layout = Layout::Given { snapshots };
        if let Some(trial) = only_one(arguments, &suite, &specs, &layout) {
            return Ok(Prepared { trials: vec![trial], captures, threads: 1 });
        }
        let mut found = suite::find::find(&[specs], &layout).map_err(|error| error.to_string())?;
        suite::parts::keep_specs(&mut found, &suite.runner.selection, &suite.runner.settings);
        suite.runner.prepare(&found);
        let threads = arguments.test_threads.or_else(|| variable("RUST_TEST_THREADS")?.parse().ok());
        let jobs = threads.and_then(NonZeroUsize::new).or(config.jobs).map_or_else(Jobs::by_cores, Jobs::at_most);
        let gate = Arc::new(Gate::new(jobs.usual()));
        let listing = arguments.list || arguments.ignored;
        let slow = found.iter().filter(|spec| spec.is_slow()).count();
        if !arguments.list && jobs != Jobs::ONE {
            // libtest-mimic begins them in this order, and tells what became of them in that in which they end.
            found.sort_by_key(|spec| !spec.is_slow());
        }
        let trials = found.into_iter().flat_map(|found| suite.trials(found, listing, &gate)).collect();
        Ok(Prepared { trials, captures, threads: jobs.with_slow(slow) })
    }

    /// With what `sockspec.toml` says where nothing else does.
    fn or(self, config: &Config) -> Self {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| config.path(path));
        let texts = |tags: &[config::Tag]| tags.iter().map(|tag| tag.text.clone()).collect();
        let (tags, skip_tags) = match (self.tags, self.skip_tags) {
            (tags, skip_tags) if tags.is_empty() && skip_tags.is_empty() => {
                (texts(&config.tag), texts(&config.skip_tag))
            }
            given => given,
        };
        Self {
            allow_net: self.allow_net.or(config.allow_net),
            timeout_factor: self.timeout_factor.or(config.timeout_factor),
            tags,
            skip_tags,
            record: self.record.or_else(|| path(&config.record)),
            pcap: self.pcap.or_else(|| path(&config.pcap)),
            ..self
        }
    }

    /// With what the variables of the environment say.
    fn overridden(mut self, variable: &impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(list) = set("SOCKSPEC_VAR") {
            self.vars.extend(assignments(&list)?);
        }
        if let Some(value) = set("SOCKSPEC_ALLOW_NET") {
            self.allow_net = match value.as_str() {
                "1" | "true" => Some(true),
                "0" | "false" => Some(false),
                other => return Err(format!("SOCKSPEC_ALLOW_NET is `{other}`; it may be `1` or `0`")),
            };
        }
        if let Some(value) = set("SOCKSPEC_TIMEOUT_FACTOR") {
            let factor = value.parse().ok().filter(|factor| *factor > 0.0 && f64::is_finite(*factor));
            let wrong = || format!("SOCKSPEC_TIMEOUT_FACTOR is `{value}`; it must be a number over 0");
            self.timeout_factor = Some(factor.ok_or_else(wrong)?);
        }
        let lists = [set("SOCKSPEC_TAG"), set("SOCKSPEC_SKIP_TAG")];
        if lists.iter().any(Option::is_some) {
            let texts = |list: String| list.split(',').map(|tag| tag.trim().to_owned()).collect();
            [self.tags, self.skip_tags] = lists.map(|list| list.map(texts).unwrap_or_default());
        }
        if let Some(folder) = set("SOCKSPEC_RECORD") {
            self.record = Some(folder.into());
        }
        if let Some(folder) = set("SOCKSPEC_PCAP") {
            self.pcap = Some(folder.into());
        }
        Ok(self)
    }
}

/// Says what went wrong. Where even the standard error is closed, the exit code has to do.
fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(FAILED)
}

/// What all trials share.
struct Suite {
    runner: Runner,
    force_pass: bool,
    report: terminal::Options<'static>,
}

impl Suite {
    /// The trials of a spec. What the machine lacks is shown as ignored where tests are listed, or
    /// chosen for being ignored; otherwise it is found out when they run, which can tell the reason. Those that are
    /// slow need not go through the gate.
    fn trials(self: &Arc<Self>, found: Found, listing: bool, gate: &Arc<Gate>) -> Vec<Trial> {
        let listed = self.runner.list(&found, listing);
        let gate = (!found.is_slow()).then_some(gate);
        let found = Arc::new(found);
        let trial = |test: suite::Listed| self.trial(&found, test.name, gate).with_ignored_flag(test.lacks.is_some());
        listed.into_iter().map(trial).collect()
    }

    fn trial(self: &Arc<Self>, found: &Arc<Found>, name: String, gate: Option<&Arc<Gate>>) -> Trial {
        let (suite, found, test, gate) = (Arc::clone(self), Arc::clone(found), name.clone(), gate.cloned());
        Trial::ignorable_test(name, move || {
            let _through = gate.as_ref().map(|gate| gate.enter());
            let result = WORKER.with_borrow_mut(|worker| suite.runner.run_named(&found, &test, worker));
            match result {
                Some(result) => suite.verdict(&result),
                None => Err(Failed::from(format!("`{}` has no case of this name any more", found.path.display()))),
            }
        })
    }

    fn verdict(&self, result: &SpecResult) -> Result<Completion, Failed> {
        for test in &result.tests {
            match &test.outcome {
                Outcome::Passed { .. } => {}
                Outcome::Ignored { reason } => return Ok(Completion::ignored_with(reason)),
                Outcome::Changed(_) | Outcome::New(_) if self.force_pass => {}
                _ => return Err(Failed::from(terminal::spec(result, self.report))),
            }
        }
        Ok(Completion::Completed)
    }
}

/// Whether some tests do not run. Under nextest that cannot be told: each process is asked for one.
fn leaves_out(arguments: &Arguments) -> bool {
    arguments.filter.is_some() || !arguments.skip.is_empty()
}

/// The trial that `--exact NAME` asks for, without looking at any other spec. nextest starts one
/// process for each test, and does it this way.
fn only_one(arguments: &Arguments, suite: &Arc<Suite>, specs: &Path, layout: &Layout) -> Option<Trial> {
    let name = arguments.filter.as_ref().filter(|_| arguments.exact && !arguments.list)?;
    let spec = name.split_once('[').map_or(name.as_str(), |(spec, _)| spec);
    let found = suite::find::named(specs, spec, layout)?;
    suite.runner.prepare(std::slice::from_ref(&found));
    suite
        .runner
        .list(&found, arguments.ignored)
        .into_iter()
        .find(|test| test.name == *name)
        .map(|test| suite.trial(&Arc::new(found), test.name, None).with_ignored_flag(test.lacks.is_some()))
}

/// The folder of the crate whose tests run.
fn project(variable: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, String> {
    match variable("CARGO_MANIFEST_DIR") {
        Some(folder) => Ok(folder.into()),
        None => env::current_dir().map_err(|error| format!("there is no current folder: {error}")),
    }
}

/// Says where specs were looked for, if nothing is there: tests may run elsewhere than they were built.
fn must_exist(specs: &Path, variable: &impl Fn(&str) -> Option<String>) -> Result<(), String> {
    if specs.exists() {
        return Ok(());
    }
    let specs = specs.display();
    Err(match variable("CARGO_MANIFEST_DIR") {
        Some(folder) => format!(
            "there is no folder `{specs}`; specs are looked for from `{folder}` on, which CARGO_MANIFEST_DIR says is \
             the folder of their crate (nextest sets it to where `--workspace-remap` says)"
        ),
        None => format!(
            "there is no folder `{specs}`; specs are looked for from the current folder on, since CARGO_MANIFEST_DIR, \
             the folder of their crate, is not set"
        ),
    })
}

/// The path of the specs as messages call it: short where the crate's folder is the current one, as
/// it is under cargo.
fn shown(project: &Path, specs: &Path) -> PathBuf {
    let is_here = env::current_dir().is_ok_and(|here| here == project);
    if is_here { specs.to_owned() } else { project.join(specs) }
}

fn style(arguments: &Arguments, variable: &impl Fn(&str) -> Option<String>) -> Style {
    let color = match arguments.color {
        Some(ColorSetting::Always) => true,
        Some(ColorSetting::Never) => false,
        Some(ColorSetting::Auto) | None => {
            io::stdout().is_terminal() && variable("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    };
    Style { color, ..Style::default() }
}

/// The pairs of `a=1,b=2`. A comma begins a new pair only where a name and `=` follow it.
fn assignments(list: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in list.split(',') {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) if crate::model::name::is_name(name.trim()) => {
                pairs.push((name.trim().to_owned(), value.to_owned()));
            }
            (_, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (_, None) => return Err(format!("SOCKSPEC_VAR is `{list}`; write `NAME=VALUE,OTHER=VALUE`")),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
