//! The runs: all tests of all specs, round by round, several specs at once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::exec::{self, Options, Perturbation};
use crate::suite::{Found, Planned, PlannedTest, Runner, SpecResult, Worker};

use super::load::Load;
use super::missing::Inquiry;
use super::orders::Explorer;
use super::outcome::{Ended, Stressed};
use super::tally::{Tally, Trouble};

/// How many runs of a spec are made before it is another's turn, so that all specs have had some
/// when the time is up.
const ROUND: u32 = 10;
/// For how long the orders of a test's lanes are tried.
const EXPLORING: Duration = Duration::from_secs(5);
/// How often whoever watches is told how far it has come.
const TICK: Duration = Duration::from_millis(20);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often each test is run.
    pub runs: u32,
    /// The seed of the first run; the others have the numbers that follow.
    pub seed: u64,
    /// After how long no more runs are made.
    pub time: Option<Duration>,
    /// How many specs run at once.
    pub jobs: usize,
    /// How many threads keep the machine busy.
    pub load: usize,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// How many runs were made.
    pub runs: u64,
    /// How many there will be, as far as is known.
    pub all: u64,
    /// How many tests have gone in more than one way.
    pub differ: u64,
}

/// All runs of all specs.
#[derive(Debug)]
pub struct Campaign<'a> {
    found: &'a [Found],
    runner: &'a Runner,
    settings: Settings,
    began: Instant,
    timed_out: AtomicBool,
    runs: AtomicU64,
    all: AtomicU64,
    differ: AtomicU64,
    done: Mutex<Vec<Stressed>>,
}

/// A spec that waits for its turn.
#[derive(Debug)]
struct Turn {
    index: usize,
    tallies: Vec<Tally>,
    runs: u32,
}

/// The specs that wait, and how many are run now.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Turn>,
    /// Those that do not stand load.
    quiet: Vec<Turn>,
}

impl<'a> Campaign<'a> {
    /// One that has not begun.
    pub fn new(found: &'a [Found], runner: &'a Runner, settings: Settings) -> Self {
        Self {
            found,
            runner,
            settings,
            began: Instant::now(),
            timed_out: AtomicBool::new(false),
            runs: AtomicU64::new(0),
            all: AtomicU64::new(0),
            differ: AtomicU64::new(0),
            done: Mutex::default(),
        }
    }

    /// Makes the runs, telling `watch` now and then how far it has come.
    pub fn run(self, watch: &mut dyn FnMut(Progress)) -> Ended {
        let turns = (0..self.found.len()).map(|index| Turn { index, tallies: Vec::new(), runs: 0 });
        let queue = Mutex::new(Queue { waiting: turns.collect(), quiet: Vec::new() });
        let load = Load::begin(self.settings.load);
        self.phase(&queue, true, watch);
        drop(load);
        let mut queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.extend(queue.quiet.drain(..));
        if !queue.waiting.is_empty() {
            self.phase(&Mutex::new(queue), false, watch);
        }
        let mut specs = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        specs.sort_by_key(|stressed| stressed.index);
        Ended { specs, timed_out: self.timed_out.into_inner(), took: self.began.elapsed() }
    }

    /// Runs all that waits, with the machine busy or not.
    fn phase(&self, queue: &Mutex<Queue>, loaded: bool, watch: &mut dyn FnMut(Progress)) {
        thread::scope(|scope| {
            let jobs = self.settings.jobs.max(1);
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(move || self.work(queue, loaded))).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                thread::sleep(TICK.min(self.left()));
                if self.left().is_zero() && !self.timed_out.swap(true, Ordering::Relaxed) {
                    // What runs now is not waited for.
                    self.runner.cancel.cancel();
                }
                watch(self.progress());
            }
        });
    }

    /// How much of the time is left.
    fn left(&self) -> Duration {
        self.settings.time.map_or(Duration::MAX, |time| time.saturating_sub(self.began.elapsed()))
    }

    fn progress(&self) -> Progress {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Progress { runs: number(&self.runs), all: number(&self.all), differ: number(&self.differ) }
    }

    /// Takes specs off the queue, until none is left.
    fn work(&self, queue: &Mutex<Queue>, loaded: bool) {
        let mut worker = Worker::default();
        loop {
            let taken = lock(queue).waiting.pop_front();
            let Some(turn) = taken else { return };
            let Some(turn) = self.round(turn, queue, loaded, &mut worker) else { continue };
            if turn.runs < self.settings.runs && !self.is_over() {
                lock(queue).waiting.push_back(turn);
            } else {
                self.finish(turn);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.runner.cancel.is_cancelled()
    }

    fn stressed(&self, index: usize, tests: Vec<Tally>, invalid: Option<Box<SpecResult>>) -> Stressed {
        Stressed { index, path: self.found[index].path.clone(), tests, invalid }
    }

    fn finish(&self, turn: Turn) {
        lock(&self.done).push(self.stressed(turn.index, turn.tallies, None));
    }

    /// Some runs of all tests of a spec. `None` where it was put elsewhere.
    fn round(&self, mut turn: Turn, queue: &Mutex<Queue>, loaded: bool, worker: &mut Worker) -> Option<Turn> {
        if self.is_over() {
            return Some(turn);
        }
        let found = &self.found[turn.index];
        let planned = match self.runner.plan(found) {
            Ok(planned) => planned?,
            Err(result) => {
                lock(&self.done).push(self.stressed(turn.index, Vec::new(), Some(result)));
                return None;
            }
        };
        if loaded && self.settings.load > 0 && planned.tests.iter().any(|test| !test.plan.perturb.load) {
            lock(queue).quiet.push(turn);
            return None;
        }
        if turn.tallies.is_empty() {
            turn.tallies = planned.tests.iter().map(|test| Tally::new(test.name.clone())).collect();
            let able = planned.tests.iter().filter(|test| test.lacks.is_none()).count() as u64;
            self.all.fetch_add(able * u64::from(self.settings.runs), Ordering::Relaxed);
        }
        let runs = ROUND.min(self.settings.runs - turn.runs);
        for (test, tally) in planned.tests.iter().zip(&mut turn.tallies) {
            self.runs_of(found, &planned, test, tally, turn.runs..turn.runs + runs, worker);
        }
        turn.runs += runs;
        Some(turn)
    }

    /// Some runs of a test; before the first of them the one that is not perturbed.
    fn runs_of(
        &self,
        found: &Found,
        planned: &Planned,
        test: &PlannedTest,
        tally: &mut Tally,
        runs: std::ops::Range<u32>,
        worker: &mut Worker,
    ) {
        if let Some(lacks) = &test.lacks {
            tally.trouble = Some(Trouble::Ignored(lacks.clone()));
            return;
        }
        let first = (runs.start == 0).then_some(None);
        let seeds = first.into_iter().chain(runs.map(|run| Some(self.settings.seed.wrapping_add(u64::from(run)))));
        for seed in seeds {
            if tally.trouble.is_some() || self.is_over() {
                return;
            }
            if tally.has_shown_enough() {
                self.all.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (differed, began) = (tally.differs(), Instant::now());
            self.one(planned, test, tally, seed, worker);
            if seed.is_none() {
                self.explore(found, planned, test, tally, worker, longest(began.elapsed()));
            }
            tally.took += if differed { began.elapsed() } else { Duration::ZERO };
            if tally.differs() && !differed {
                self.differ.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Tries the orders in which the steps of its lanes can begin; where it hangs on them how the test goes,
    /// finds out what the spec lacks.
    fn explore(
        &self,
        found: &Found,
        planned: &Planned,
        test: &PlannedTest,
        tally: &mut Tally,
        worker: &mut Worker,
        longest: Duration,
    ) {
        if !test.plan.has_lanes() || !test.plan.perturb.schedule || tally.trouble.is_some() {
            return;
        }
        let (plan, source, cancel) = (&test.plan, &planned.loaded.source, &self.runner.cancel);
        let until = Instant::now() + EXPLORING.min(self.left());
        let seed = self.settings.seed;
        tally.add_orders(Explorer { plan, source, worker, cancel, longest, until, halves: false }.explore(seed));
        let mut inquiry = Inquiry { runner: self.runner, found, test: &test.name, worker, longest, seed };
        tally.missing = inquiry.missing(plan, source, tally);
    }

    fn one(&self, planned: &Planned, test: &PlannedTest, tally: &mut Tally, seed: Option<u64>, worker: &mut Worker) {
        let perturb = seed.map(|seed| Perturbation::of(&test.plan, seed));
        let options = Options { perturb, cancel: self.runner.cancel.clone(), ..Options::default() };
        match worker.execute(&test.plan, &planned.loaded.source, &options) {
            Ok(execution) => {
                let counts = matches!(execution.ended, exec::Ended::Completed | exec::Ended::Failed) && seed.is_some();
                tally.add(execution, seed);
                self.runs.fetch_add(u64::from(counts), Ordering::Relaxed);
            }
            Err(reason) => tally.trouble = Some(Trouble::CouldNotRun(reason)),
        }
    }
}

/// How long a step may take in an order of its own: as long as the whole test did, and longer. Who waits
/// longer still, waits in vain.
fn longest(took: Duration) -> Duration {
    (4 * took).max(Duration::from_secs(1))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
