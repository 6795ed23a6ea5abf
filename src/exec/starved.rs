//! For how long a thread was kept waiting for a processor.

use std::fs;
use std::time::Duration;

/// How long this thread has waited for a processor since it began, as far as the system counts that: on a busy
/// machine time passes in which nothing could be done.
pub fn starved() -> Duration {
    // In nanoseconds: how long it ran, how long it waited, and how often (proc_pid_schedstat(5)).
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = counted.split_ascii_whitespace().nth(1).and_then(|waited| waited.parse().ok());
    Duration::from_nanos(waited.unwrap_or_default())
}
