//! Load: a busy thread for every core, for as long as specs run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a thread is busy at a time, and how long it rests then: a machine that is always busy
/// shows fewer orders than one that is busy now and then.
const BUSY: Duration = Duration::from_millis(7);
const REST: Duration = Duration::from_millis(3);

/// Busy threads, which end with it.
#[derive(Debug)]
pub(super) struct Load {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Begins, on so many threads.
    pub(super) fn begin(threads: usize) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let spin = |_| {
            let ends = Arc::clone(&ends);
            // Where there are no more threads, there is load enough.
            thread::Builder::new().name("load".to_owned()).spawn(move || busy(&ends)).ok()
        };
        let threads = (0..threads).filter_map(spin).collect();
        Self { ends, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn busy(ends: &AtomicBool) {
    while !ends.load(Ordering::Relaxed) {
        let begun = Instant::now();
        while begun.elapsed() < BUSY && !ends.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        thread::sleep(REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_ends_with_its_owner() {
        let load = Load::begin(2);
        assert_eq!(load.threads.len(), 2);
        let ends = Arc::clone(&load.ends);
        drop(load);
        // The owner of the test and nobody else: the threads are gone.
        assert_eq!(Arc::strong_count(&ends), 1);
    }
}
