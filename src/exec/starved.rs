//! For how long a thread was kept waiting for a processor.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

thread_local! {
    /// How long the threads waited that this one has waited for.
    static OF_OTHERS: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// How long this thread has waited for a processor since it began, as far as the system counts that: on a busy
/// machine time passes in which nothing could be done. What threads waited that did its work counts, too.
pub fn starved() -> Duration {
    own() + OF_OTHERS.get()
}

/// Counts what a thread has waited that this one has waited for.
pub(super) fn count(waited: Duration) {
    OF_OTHERS.set(OF_OTHERS.get() + waited);
}

fn own() -> Duration {
    // In nanoseconds: how long it ran, how long it waited, and how often (proc_pid_schedstat(5)).
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = counted.split_ascii_whitespace().nth(1).and_then(|waited| waited.parse().ok());
    Duration::from_nanos(waited.unwrap_or_default())
}
