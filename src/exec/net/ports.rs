//! Ports that a running test has closed and still speaks of: a `connect` after the listener's
//! `close` shows a refusal, and a datagram to a closed port its ICMP error. The kernel gives such a
//! port to the next socket that asks for a free one, once in some ten thousand times; then the
//! refused connect would succeed. So no socket of this program takes one while that test runs.

use std::collections::BTreeMap;
use std::rc::Rc;
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

/// The ports that one test has closed, by the name of the endpoint; given free when it is dropped,
/// and when the name stands for another port, since then nobody speaks of the old one.
#[derive(Debug, Default)]
pub(crate) struct ClosedPorts(BTreeMap<Rc<str>, u16>);

impl ClosedPorts {
    /// Keeps a port from being given to anybody.
    pub(crate) fn add(&mut self, name: &Rc<str>, port: u16) {
        let mut closed = closed();
        *closed.entry(port).or_insert(0) += 1;
        if let Some(old) = self.0.insert(Rc::clone(name), port) {
            release(&mut closed, old);
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
        for port in self.0.values() {
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
        one.add(&"a".into(), 1);
        one.add(&"b".into(), 1);
        other.add(&"a".into(), 1);
        drop(one);
        assert!(any() && is_closed(1));
        drop(other);
        assert!(!is_closed(1));
    }

    #[test]
    fn a_name_keeps_its_last_port_however_many_others_close() {
        let mut ports = ClosedPorts::default();
        ports.add(&"gone".into(), 2);
        (3..1000).for_each(|port| ports.add(&"again".into(), port));
        assert!(is_closed(2) && is_closed(999) && !is_closed(998));
    }
}
