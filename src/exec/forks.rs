//! Processes that are being forked off. A new process has a descriptor of every socket of every test
//! until it has closed them or executes its program. A socket that is closed meanwhile is not closed:
//! its last descriptor is over there, for a millisecond or so. Who closes waits for that to pass.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long is waited at most: a program on a disk that does not answer takes its time.
const BOUND: Duration = Duration::from_secs(1);

/// How many have begun so far.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The numbers of those under way.
static UNDER_WAY: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// One that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Fork(u64);

impl Fork {
    /// One begins.
    pub(crate) fn begin() -> Self {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let number = BEGUN.fetch_add(1, Ordering::SeqCst);
        under_way.push(number);
        Self(number)
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).retain(|number| *number != self.0);
    }
}

/// After something was closed: waits until it is closed in every process.
pub(crate) async fn over() {
    let begun = BEGUN.load(Ordering::SeqCst);
    let end = Instant::now() + BOUND;
    while begun > 0 && is_under_way(begun) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Whether any of the first so many is under way.
fn is_under_way(begun: u64) -> bool {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|number| *number < begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_had_begun_are_waited_for() {
        let first = Fork::begin();
        let second = Fork::begin();
        assert!(is_under_way(second.0));
        drop(first);
        // Other tests start programs, too, so nothing is known of lower numbers.
        assert!(is_under_way(second.0 + 1));
        let number = second.0;
        drop(second);
        let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!under_way.contains(&number));
    }
}
