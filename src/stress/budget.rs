//! A budget of time that a busy machine does not shorten: what is found out about a spec must not hang on
//! what else runs meanwhile.

use std::time::{Duration, Instant};

use crate::exec::starved;

/// So much time, in which that does not count for which this thread was kept waiting for a processor. It is of
/// use to the thread that has made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    began: Instant,
    /// How long this thread had waited for a processor when it began.
    starved: Duration,
    time: Duration,
    /// How much time there is by the clock, whatever the machine does.
    at_most: Duration,
}

impl Budget {
    /// So much time from now on, which ends as well when so much has passed by the clock.
    pub(super) fn new(time: Duration, at_most: Duration) -> Self {
        Self { began: Instant::now(), starved: starved(), time, at_most }
    }

    /// A part of it that begins now.
    pub(super) fn part(&self, time: Duration) -> Self {
        let at_most = self.at_most.saturating_sub(self.began.elapsed());
        Self::new(time.min(self.left()), at_most)
    }

    /// Whether nothing of it is left.
    pub(super) fn is_over(&self) -> bool {
        let passed = self.began.elapsed();
        // Only what looks like the end needs a second look.
        passed >= self.at_most || passed >= self.time && self.left().is_zero()
    }

    fn left(&self) -> Duration {
        let starved = starved().saturating_sub(self.starved);
        self.time.saturating_sub(self.began.elapsed().saturating_sub(starved))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn it_ends_by_the_clock_too() {
        let long = Duration::from_hours(1);
        assert!(!Budget::new(long, long).is_over());
        assert!(Budget::new(Duration::ZERO, long).is_over() && Budget::new(long, Duration::ZERO).is_over());
        let budget = Budget::new(long, long);
        assert!(budget.part(Duration::ZERO).is_over() && !budget.part(2 * long).is_over());
        assert!(budget.part(2 * long).time <= long && budget.part(long).at_most <= long);
    }

    /// With several busy threads to a core, each of them waits for most of the time.
    #[test]
    fn time_without_a_processor_does_not_count() {
        const TIME: Duration = Duration::from_millis(50);
        let ends = AtomicBool::new(false);
        let spin = || {
            while !ends.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        let (passed, waited) = thread::scope(|scope| {
            for _ in 0..4 * thread::available_parallelism().map_or(1, std::num::NonZero::get) {
                scope.spawn(spin);
            }
            let budget = Budget::new(TIME, Duration::MAX);
            let mut waited = Duration::ZERO;
            while !budget.is_over() {
                waited = starved().saturating_sub(budget.starved);
            }
            ends.store(true, Ordering::Relaxed);
            (budget.began.elapsed(), waited)
        });
        assert!(passed >= TIME + waited, "{passed:?} passed, {waited:?} without a processor");
        // Nothing but zeros stands there where the kernel does not count.
        let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        assert_eq!(waited > Duration::ZERO, !counted.is_empty() && !counted.starts_with("0 "));
    }
}
