//! Runs many specs on a few threads, and hands the results on in the order of the specs.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use super::find::Found;
use super::outcome::SpecResult;
use super::run::{Runner, Worker};

/// How many specs run at once where nobody says: twice as many as there are cores, since many wait, for a
/// server to start or for a timer of the kernel.
pub fn usual_jobs() -> usize {
    2 * thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Runs all specs on so many threads, of which this is one, and gives each result to `sink` as soon
/// as those of all specs before it were given.
pub fn run(found: &[Found], jobs: usize, runner: &Runner, sink: &mut dyn FnMut(SpecResult)) {
    let mut results = InOrder { next: 0, waiting: found.iter().map(|_| Slot::Running).collect(), sink };
    if jobs <= 1 || found.len() <= 1 {
        let mut worker = Worker::default();
        for (index, spec) in found.iter().enumerate() {
            results.put(index, runner.run(spec, &mut worker));
        }
        return;
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 1..jobs.min(found.len()) {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || work(found, next, runner, &sender));
        }
        drop(sender);
        let mut worker = Worker::default();
        while let Some((index, spec)) = take(found, &next) {
            results.put(index, runner.run(spec, &mut worker));
            for (index, result) in receiver.try_iter() {
                results.put(index, result);
            }
        }
        for (index, result) in receiver {
            results.put(index, result);
        }
    });
}

type Result = (usize, Option<SpecResult>);

fn work(found: &[Found], next: &AtomicUsize, runner: &Runner, sender: &Sender<Result>) {
    let mut worker = Worker::default();
    while let Some((index, spec)) = take(found, next) {
        if sender.send((index, runner.run(spec, &mut worker))).is_err() {
            return;
        }
    }
}

fn take<'a>(found: &'a [Found], next: &AtomicUsize) -> Option<(usize, &'a Found)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    found.get(index).map(|spec| (index, spec))
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
