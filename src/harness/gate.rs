//! Lets so many through at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A gate: who is through has to leave before another one enters.
#[derive(Debug)]
pub(super) struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

/// Who is through, until it is dropped.
#[derive(Debug)]
pub(super) struct Through<'g>(&'g Gate);

impl Gate {
    pub(super) fn new(room: usize) -> Self {
        Self { free: Mutex::new(room), left: Condvar::new() }
    }

    /// Waits until there is room.
    pub(super) fn enter(&self) -> Through<'_> {
        let full = |free: &mut usize| *free == 0;
        let mut free = self.left.wait_while(self.free(), full).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Through(self)
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Through<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_are_through_than_there_is_room_for() {
        let gate = Gate::new(2);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _through = gate.enter();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.into_inner()));
        assert_eq!(*gate.free(), 2, "all have left");
    }
}
