//! Runs many specs on a few threads, and hands the results on in the order of the specs.
//!
//! Specs with the tag `slow` wait for timers nearly all of their time. They begin at once, on threads of their own
//! beside those of all others: so they cost little more than the longest of them, and hold up nobody.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Builder};

use super::find::Found;
use super::outcome::SpecResult;
use super::run::{Runner, Worker};

/// How many specs that wait for timers run beside the others, where nobody says how many may.
const MOST_SLOW: usize = 32;

/// How many specs run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// Threads that begin with the specs that are not slow.
    usual: usize,
    /// Threads that begin with the slow ones.
    slow: usize,
    /// Whether each goes on with what the others have left.
    share: bool,
}

impl Jobs {
    /// One after the other, in their order.
    pub const ONE: Self = Self { usual: 1, slow: 0, share: true };

    /// So many in all. Half of them begin with the slow ones.
    pub fn at_most(jobs: NonZeroUsize) -> Self {
        let slow = jobs.get() / 2;
        Self { usual: jobs.get() - slow, slow, share: true }
    }

    /// Where nobody says: four times as many as there are cores, since most wait most of their time, for a server to
    /// start or for some silence; and the slow ones beside them.
    pub fn by_cores() -> Self {
        let usual = 4 * thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { usual, slow: MOST_SLOW.max(usual), share: false }
    }

    /// How many threads begin with the slow specs of these, and how many with the others: at least this one.
    fn threads(self, queues: &Queues) -> (usize, usize) {
        let [slow, usual] = [&queues.slow, &queues.usual].map(|queue| queue.specs.len());
        if self.share {
            let threads = self.slow.min(slow + usual - 1);
            return (threads, self.usual.min(slow + usual - threads));
        }
        (self.slow.min(slow), self.usual.min(usual).max(1))
    }

    /// How many run at once that are not slow.
    pub fn usual(self) -> usize {
        if self.share { self.usual + self.slow } else { self.usual }
    }

    /// How many run at once of tests of which so many are slow.
    pub fn with_slow(self, slow: usize) -> usize {
        if self.share { self.usual() } else { self.usual + self.slow.min(slow) }
    }
}

/// Runs all specs, on this thread among others, and gives each result to `sink` as soon as those of all specs before
/// it were given.
pub fn run(found: &[Found], jobs: Jobs, runner: &Runner, sink: &mut dyn FnMut(SpecResult)) {
    let mut results = InOrder { next: 0, waiting: found.iter().map(|_| Slot::Running).collect(), sink };
    let mut worker = Worker::default();
    if jobs == Jobs::ONE || found.len() <= 1 {
        for (index, spec) in found.iter().enumerate() {
            results.put(index, runner.run(spec, &mut worker));
        }
        return;
    }
    let queues = Queues::of(found, jobs.share);
    let (slow, usual) = jobs.threads(&queues);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for first in [First::Slow].repeat(slow).into_iter().chain([First::Usual].repeat(usual - 1)) {
            let (queues, sender) = (&queues, sender.clone());
            let work = move || {
                let mut worker = Worker::default();
                while let Some(index) = queues.take(first) {
                    if sender.send((index, runner.run(&found[index], &mut worker))).is_err() {
                        return;
                    }
                }
            };
            // What a thread that cannot be had would have taken is left for the others.
            let _ = Builder::new().spawn_scoped(scope, work);
        }
        drop(sender);
        while let Some(index) = queues.take(First::Usual) {
            results.put(index, runner.run(&found[index], &mut worker));
            for (index, result) in receiver.try_iter() {
                results.put(index, result);
            }
        }
        for (index, result) in receiver {
            results.put(index, result);
        }
        while let Some(index) = queues.slow.take() {
            results.put(index, runner.run(&found[index], &mut worker));
        }
    });
}

/// What a thread begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Slow,
    Usual,
}

/// The specs that have not begun.
struct Queues {
    slow: Queue,
    usual: Queue,
    share: bool,
}

impl Queues {
    fn of(found: &[Found], share: bool) -> Self {
        let (slow, usual) = (0..found.len()).partition(|index| found[*index].is_slow());
        Self { slow: Queue::new(slow), usual: Queue::new(usual), share }
    }

    fn take(&self, first: First) -> Option<usize> {
        let (own, other) = match first {
            First::Slow => (&self.slow, &self.usual),
            First::Usual => (&self.usual, &self.slow),
        };
        own.take().or_else(|| if self.share { other.take() } else { None })
    }
}

struct Queue {
    specs: Vec<usize>,
    next: AtomicUsize,
}

impl Queue {
    fn new(specs: Vec<usize>) -> Self {
        Self { specs, next: AtomicUsize::new(0) }
    }

    fn take(&self) -> Option<usize> {
        self.specs.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// Puts results into order.
struct InOrder<'a> {
    next: usize,
    waiting: Vec<Slot>,
    sink: &'a mut dyn FnMut(SpecResult),
}

enum Slot {
    Running,
    Done(Option<Box<SpecResult>>),
}

impl InOrder<'_> {
    fn put(&mut self, index: usize, result: Option<SpecResult>) {
        self.waiting[index] = Slot::Done(result.map(Box::new));
        while let Some(slot @ Slot::Done(_)) = self.waiting.get_mut(self.next) {
            if let Slot::Done(Some(result)) = std::mem::replace(slot, Slot::Done(None)) {
                (self.sink)(*result);
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::suite::{Layout, Outcome, Stop, find};

    /// Specs of these names, those of which are slow that begin with `s`.
    fn specs(names: &[&str], steps: &str) -> (tempfile::TempDir, Vec<Found>) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let tags = if name.starts_with('s') { "tags: [slow]\n" } else { "" };
            fs::write(folder.path().join(format!("{name}.yaml")), format!("about: x\n{tags}steps:\n{steps}")).unwrap();
        }
        let found = find::find(&[folder.path().to_owned()], &Layout::Nearest { snapshots: None }).unwrap();
        (folder, found)
    }

    fn jobs(jobs: usize) -> Jobs {
        Jobs::at_most(NonZeroUsize::new(jobs).unwrap())
    }

    #[test]
    fn each_spec_is_run_once_and_reported_in_order_however_many_run() {
        let names = ["a", "b", "s1", "s2", "t", "u"];
        let (_folder, found) = specs(&names, "  - a: {pair: b}\n");
        let few = Jobs { usual: 1, slow: 1, share: false };
        for jobs in [Jobs::ONE, jobs(2), jobs(3), jobs(100), few, Jobs::by_cores()] {
            let mut seen = Vec::new();
            run(&found, jobs, &Runner::default(), &mut |result| seen.push(result.tests[0].name.clone()));
            assert_eq!(seen, names, "{jobs:?}");
        }
    }

    #[test]
    fn the_slow_ones_begin_first_and_beside_the_others() {
        let (_folder, found) = specs(&["a", "b", "s1", "s2", "s3"], "");
        let order = |share: bool, first: First| {
            let queues = Queues::of(&found, share);
            std::iter::from_fn(|| queues.take(first)).collect::<Vec<_>>()
        };
        assert_eq!(order(true, First::Slow), [2, 3, 4, 0, 1]);
        assert_eq!(order(true, First::Usual), [0, 1, 2, 3, 4]);
        assert_eq!(order(false, First::Slow), [2, 3, 4], "these threads wait, and the others compute");
        assert_eq!(order(false, First::Usual), [0, 1]);
    }

    /// Each of the two slow specs waits for the other one, as long as it may.
    #[test]
    fn the_number_of_jobs_does_not_hold_up_who_only_waits() {
        let folder = tempfile::tempdir().unwrap();
        for (own, other) in [("s1", "s2"), ("s2", "s1")] {
            let spec = format!(
                "about: x\ntags: [slow]\nsteps:\n  - p: {{run: [sh, -c, 'touch {at}/{own}; until test -e {at}/{other}; do sleep 0.01; done']}}\n  - p: {{expect: exit, status: 0, within: 20s}}\n",
                at = folder.path().display(),
            );
            fs::write(folder.path().join(format!("{own}.yaml")), spec).unwrap();
        }
        let found = find::find(&[folder.path().to_owned()], &Layout::Nearest { snapshots: None }).unwrap();
        let mut verdicts = Vec::new();
        let one = Jobs { usual: 1, slow: MOST_SLOW, share: false };
        run(&found, one, &Runner::default(), &mut |result| {
            verdicts.push(matches!(result.tests[0].outcome, Outcome::New(_) | Outcome::Passed { .. }));
        });
        assert_eq!(verdicts, [true, true]);
    }

    #[test]
    fn one_job_runs_them_in_their_order() {
        let (_folder, found) = specs(&["a", "s"], "  - a: {recv: x}\n");
        let runner = Runner { stop: Stop::after(Some(1), false), ..Runner::default() };
        let mut ran = Vec::new();
        run(&found, jobs(1), &Arc::new(runner), &mut |result| {
            ran.push(!matches!(result.tests[0].outcome, Outcome::NotRun));
        });
        assert_eq!(ran, [true, false]);
        assert_eq!(jobs(1), Jobs::ONE);
    }

    #[test]
    fn how_many_run_at_once() {
        assert_eq!((jobs(5).usual(), jobs(5).with_slow(3)), (5, 5), "no more than was asked for");
        let usual = Jobs::by_cores().usual();
        assert_eq!(Jobs::by_cores().with_slow(0), usual);
        assert_eq!(Jobs::by_cores().with_slow(3), usual + 3);
        assert_eq!(Jobs::by_cores().with_slow(100_000), usual + MOST_SLOW.max(usual));
    }
}
