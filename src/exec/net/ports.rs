//! Ports that a running test has closed and still speaks of: a `connect` after the listener's
//! `close` shows a refusal, and a datagram to a closed port its ICMP error. The kernel gives such a
//! port to the next socket that asks for a free one, once in some ten thousand times; then the
//! refused connect would succeed. So no socket of this program takes one while that test runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many tests have closed each port. Seldom more than a few ports.
static CLOSED: Mutex<BTreeMap<u16, usize>> = Mutex::new(BTreeMap::new());
/// How many entries there are, so that who has nothing to avoid takes no lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn closed() -> MutexGuard<'static, BTreeMap<u16, usize>> {
    CLOSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is any port to avoid.
pub(crate) fn any() -> bool {
    COUNT.load(Ordering::Acquire) > 0
}

/// Whether a running test has closed that port.
pub(crate) fn is_closed(port: u16) -> bool {
    closed().contains_key(&port)
}

/// The ports that one test has closed; given free when it is dropped. A test that closes many in a
/// loop speaks of the last ones alone, so only so many are kept.
#[derive(Debug, Default)]
pub(crate) struct ClosedPorts(VecDeque<u16>);

/// How many ports are kept for one test.
const KEPT: usize = 64;

impl ClosedPorts {
    /// Keeps a port from being given to anybody.
    pub(crate) fn add(&mut self, port: u16) {
        if self.0.contains(&port) {
            return;
        }
        self.0.push_back(port);
        let mut closed = closed();
        *closed.entry(port).or_insert(0) += 1;
        if self.0.len() > KEPT
            && let Some(oldest) = self.0.pop_front()
        {
            release(&mut closed, oldest);
        }
        COUNT.store(closed.len(), Ordering::Release);
    }
}

fn release(closed: &mut BTreeMap<u16, usize>, port: u16) {
    if let Some(count) = closed.get_mut(&port) {
        *count -= 1;
        if *count == 0 {
            closed.remove(&port);
        }
    }
}

impl Drop for ClosedPorts {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut closed = closed();
        for port in &self.0 {
            release(&mut closed, *port);
        }
        COUNT.store(closed.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_kept_as_long_as_any_test_that_closed_it() {
        let (mut one, mut other) = (ClosedPorts::default(), ClosedPorts::default());
        one.add(1);
        one.add(1);
        other.add(1);
        drop(one);
        assert!(any() && is_closed(1));
        drop(other);
        assert!(!is_closed(1));
    }

    #[test]
    fn a_loop_that_closes_keeps_its_last_ports() {
        let mut ports = ClosedPorts::default();
        (2..100).for_each(|port| ports.add(port));
        assert!(!is_closed(2) && is_closed(99));
        assert_eq!(ports.0.len(), KEPT);
    }
}
