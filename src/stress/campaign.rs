//! The runs: all tests of all specs, round by round, several at once.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::exec::{Execution, Options, Perturbation};
use crate::suite::{Found, Planned, PlannedTest, Runner, SpecResult, Worker};

use super::budget::Budget;
use super::cause;
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
    /// How many runs are made at once.
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
    specs: Vec<Mutex<State>>,
}

/// What is known of a spec.
#[derive(Debug, Default)]
enum State {
    /// Nothing yet.
    #[default]
    Unknown,
    /// What came of its tests.
    Runs(Vec<Tally>),
    /// It is wrong, or cannot be read.
    Invalid(Box<SpecResult>),
    /// None of its tests is selected.
    Unselected,
}

/// A spec that waits for its turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    index: usize,
    /// How many perturbed runs of each of its tests were begun; `None` before all of them.
    begun: Option<u32>,
}

/// The specs that wait.
#[derive(Debug, Default)]
struct Queue {
    inner: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    turns: VecDeque<Turn>,
    /// Those that do not stand load.
    quiet: Vec<Turn>,
    /// How many are taken, and may come back.
    taken: usize,
}

impl Queue {
    fn of(turns: impl IntoIterator<Item = Turn>) -> Self {
        let inner = Waiting { turns: turns.into_iter().collect(), ..Waiting::default() };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// The next, for which it waits if it has to. `None` where there is none, and none will come back.
    fn take(&self) -> Option<Turn> {
        let mut waiting = lock(&self.inner);
        loop {
            if let Some(turn) = waiting.turns.pop_front() {
                waiting.taken += 1;
                return Some(turn);
            }
            if waiting.taken == 0 {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, turn: Turn) {
        lock(&self.inner).turns.push_back(turn);
        self.changed.notify_one();
    }

    /// What was taken is done.
    fn done(&self) {
        lock(&self.inner).taken -= 1;
        self.changed.notify_all();
    }
}

/// A turn that was taken. Also where a worker panics, nobody waits for it any more.
struct Taken<'q>(&'q Queue);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.done();
    }
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
            specs: found.iter().map(|_| Mutex::default()).collect(),
        }
    }

    /// Makes the runs, telling `watch` now and then how far it has come.
    pub fn run(self, watch: &mut dyn FnMut(Progress)) -> Ended {
        let queue = Queue::of((0..self.found.len()).map(|index| Turn { index, begun: None }));
        let load = Load::begin(self.settings.load);
        self.phase(&queue, true, watch);
        drop(load);
        let quiet = std::mem::take(&mut lock(&queue.inner).quiet);
        if !quiet.is_empty() {
            self.phase(&Queue::of(quiet), false, watch);
        }
        self.inquire();
        let (timed_out, took) = (self.timed_out.load(Ordering::Relaxed), self.began.elapsed());
        let specs = self.specs.into_iter().zip(self.found).enumerate().filter_map(|(index, (state, found))| {
            let (tests, invalid) = match state.into_inner().unwrap_or_else(PoisonError::into_inner) {
                State::Unselected => return None,
                State::Unknown => (Vec::new(), None),
                State::Runs(tallies) => (tallies, None),
                State::Invalid(result) => (Vec::new(), Some(result)),
            };
            Some(Stressed { index, path: found.path.clone(), tests, invalid })
        });
        Ended { specs: specs.collect(), timed_out, took }
    }

    /// Of tests that differ for another reason than the order of their steps, finds out which.
    fn inquire(&self) {
        let mut worker = Worker::default();
        for (state, found) in self.specs.iter().zip(self.found) {
            let State::Runs(tallies) = &mut *lock(state) else { continue };
            let is_open = |tally: &Tally| {
                let by_order = tally.orders.as_ref().is_some_and(|orders| !orders.agree() && !orders.wavers);
                tally.differs() && tally.missing.is_none() && !by_order
            };
            if !tallies.iter().any(is_open) || self.is_over() {
                continue;
            }
            let Ok(Some(planned)) = self.runner.plan(found) else { continue };
            for (tally, test) in tallies.iter_mut().zip(&planned.tests).filter(|(tally, _)| is_open(tally)) {
                let is_waited_for = tally.usual().is_some_and(|usual| !usual.failed());
                let longest = is_waited_for.then(|| longest(tally.usual_took));
                let search =
                    cause::Search { runner: self.runner, source: &planned.loaded.source, longest, left: self.left() };
                tally.cause = search.find(&test.plan, tally, &mut worker);
            }
        }
    }

    /// Runs all that waits, with the machine busy or not.
    fn phase(&self, queue: &Queue, loaded: bool, watch: &mut dyn FnMut(Progress)) {
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
    fn work(&self, queue: &Queue, loaded: bool) {
        let mut worker = Worker::default();
        while let Some(turn) = queue.take() {
            let _taken = Taken(queue);
            if !self.is_over() {
                self.round(turn, queue, loaded, &mut worker);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.runner.cancel.is_cancelled()
    }

    /// Some runs of all tests of a spec, and the spec back into the queue: at once where its runs are not
    /// in each other's way, so that others go on with it.
    fn round(&self, turn: Turn, queue: &Queue, loaded: bool, worker: &mut Worker) {
        let found = &self.found[turn.index];
        let planned = match self.runner.plan(found) {
            Ok(Some(planned)) => planned,
            Ok(None) => return *lock(&self.specs[turn.index]) = State::Unselected,
            Err(result) => return *lock(&self.specs[turn.index]) = State::Invalid(result),
        };
        if loaded && self.settings.load > 0 && planned.tests.iter().any(|test| !test.plan.perturb.load) {
            lock(&queue.inner).quiet.push(turn);
            return;
        }
        let Some(begun) = turn.begun else {
            let tallies = planned.tests.iter().map(|test| self.begin(found, &planned, test, worker)).collect();
            *lock(&self.specs[turn.index]) = State::Runs(tallies);
            return queue.push(Turn { begun: Some(0), ..turn });
        };
        let end = self.settings.runs.min(begun + ROUND);
        let goes_on = || {
            if end < self.settings.runs {
                queue.push(Turn { begun: Some(end), ..turn });
            }
        };
        let one_by_one = planned.tests.iter().any(|test| test.plan.has_fixed_addresses());
        if !one_by_one {
            goes_on();
        }
        for (at, test) in planned.tests.iter().enumerate() {
            self.runs_of(&planned, test, (turn.index, at), begun..end, worker);
        }
        if one_by_one {
            goes_on();
        }
    }

    /// Before the perturbed runs of a test: the run that is not perturbed, and the orders of its lanes.
    fn begin(&self, found: &Found, planned: &Planned, test: &PlannedTest, worker: &mut Worker) -> Tally {
        let mut tally = Tally::new(test.name.clone());
        if let Some(lacks) = &test.lacks {
            tally.trouble = Some(Trouble::Ignored(lacks.clone()));
            return tally;
        }
        self.all.fetch_add(u64::from(self.settings.runs), Ordering::Relaxed);
        if self.is_over() {
            return tally;
        }
        let began = Instant::now();
        match self.one(planned, test, (None, None), worker) {
            Ok(execution) => tally.add(execution, None),
            Err(trouble) => tally.trouble = Some(trouble),
        }
        tally.usual_took = began.elapsed();
        self.explore(found, planned, test, &mut tally, worker);
        self.differ.fetch_add(u64::from(tally.differs()), Ordering::Relaxed);
        tally
    }

    /// Some perturbed runs of a test.
    fn runs_of(
        &self,
        planned: &Planned,
        test: &PlannedTest,
        place: (usize, usize),
        runs: Range<u32>,
        worker: &mut Worker,
    ) {
        for run in runs {
            let known = self.with_tally(place, |tally| {
                // A step that waits in vain shows that again after less than its deadline.
                let at_most = (tally.is_in_doubt() && tally.usual().is_some_and(|usual| !usual.failed()))
                    .then(|| longest(tally.usual_took));
                (tally.trouble.is_some(), tally.has_shown_enough(), at_most)
            });
            let Some((false, has_shown_enough, at_most)) = known else { return };
            if self.is_over() {
                return;
            }
            if has_shown_enough {
                self.all.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (seed, began) = (self.settings.seed.wrapping_add(u64::from(run)), Instant::now());
            let executed = self.one(planned, test, (Some(seed), at_most), worker);
            self.with_tally(place, |tally| {
                let (differed, in_doubt, counted) = (tally.differs(), tally.is_in_doubt(), tally.runs);
                match executed {
                    Ok(execution) => tally.add(execution, Some(seed)),
                    Err(trouble) => tally.trouble = Some(trouble),
                }
                tally.took += if in_doubt { began.elapsed() } else { Duration::ZERO };
                self.runs.fetch_add(u64::from(tally.runs - counted), Ordering::Relaxed);
                self.differ.fetch_add(u64::from(tally.differs() && !differed), Ordering::Relaxed);
            });
        }
    }

    /// What is known of a test, by its spec and its place there.
    fn with_tally<T>(&self, (spec, at): (usize, usize), with: impl FnOnce(&mut Tally) -> T) -> Option<T> {
        match &mut *lock(&self.specs[spec]) {
            State::Runs(tallies) => tallies.get_mut(at).map(with),
            _ => None,
        }
    }

    /// Tries the orders in which the steps of its lanes can begin; where it hangs on them how the test goes,
    /// finds out what the spec lacks.
    fn explore(&self, found: &Found, planned: &Planned, test: &PlannedTest, tally: &mut Tally, worker: &mut Worker) {
        if !test.plan.has_lanes() || !test.plan.perturb.schedule || tally.trouble.is_some() {
            return;
        }
        let (plan, source, cancel) = (&test.plan, &planned.loaded.source, &self.runner.cancel);
        let longest = longest(tally.usual_took);
        let budget = Budget::new(EXPLORING, self.left());
        let seed = self.settings.seed;
        tally.add_orders(Explorer { plan, source, worker, cancel, longest, budget, split: None }.explore(seed));
        let (runner, left) = (self.runner, self.left());
        let mut inquiry = Inquiry { runner, found, test: &test.name, worker, longest, seed, left };
        tally.missing = inquiry.missing(plan, source, tally);
    }

    /// Runs a test once: perturbed by a seed, or not at all; no step may take longer than that.
    fn one(
        &self,
        planned: &Planned,
        test: &PlannedTest,
        (seed, longest): (Option<u64>, Option<Duration>),
        worker: &mut Worker,
    ) -> Result<Execution, Trouble> {
        let perturb = seed.map(|seed| Perturbation::of(&test.plan, seed));
        let options = Options { perturb, longest, cancel: self.runner.cancel.clone(), ..Options::default() };
        worker.execute(&test.plan, &planned.loaded.source, &options).map_err(Trouble::CouldNotRun)
    }
}

/// How long a step may take in an order of its own: as long as the whole test did, and longer. Who waits
/// longer still, waits in vain.
fn longest(took: Duration) -> Duration {
    (4 * took).max(Duration::from_secs(1))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
