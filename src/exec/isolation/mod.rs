//! Isolated networks: a network namespace for a spec of its own, or one for each of its hosts.
//!
//! A namespace belongs to a thread, so an isolated spec runs on a thread of its own, and the
//! namespace ends with it. That works alike for root and for an ordinary user, who may enter a
//! network namespace but could not leave it again.

mod namespace;
mod netlink;
mod reaper;
pub(crate) mod ring;
mod sys;
#[cfg(test)]
mod tests;
mod user;

use std::io;
use std::rc::Rc;
use std::thread;

use crate::model::topology::{LinkState, Topology};

use super::net;
use super::wire::Collector;
use ring::{Ring, Size, Way};

pub use user::{can_isolate, may_isolate, prepare_isolation};

/// The isolated network of one run. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Net {
    /// What crosses the loopback device, and who wants it.
    capture: Option<(Ring, Rc<Collector>)>,
}

/// Runs something on a thread of its own, and waits for it.
pub(crate) fn on_thread<T: Send>(run: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let spawned = thread::Builder::new().name("isolated".to_owned()).spawn_scoped(scope, run)?;
        spawned.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Net {
    /// Takes this thread into a new network, whose frames go to `wire`.
    ///
    /// # Errors
    /// Where the kernel does not allow it.
    pub(crate) fn create(topology: &Topology, wire: Option<&Rc<Collector>>) -> io::Result<Self> {
        namespace::enter()?;
        namespace::prepare()?;
        let capture = wire.map(|wire| {
            let size = if wire.keeps_bytes() { Size::LONG } else { Size::HEADERS };
            Ok::<_, io::Error>((Ring::open(netlink::LOOPBACK, Way::Sent, size)?, Rc::clone(wire)))
        });
        netlink::apply(namespace::loopback(topology))?;
        Ok(Self { capture: capture.transpose()? })
    }

    /// Takes the frames that wait, until none does.
    pub(crate) fn pump(&self) {
        if let Some((ring, wire)) = &self.capture {
            while ring.take(|packet| wire.push(packet.nanos, 0, packet.bytes, packet.len)) > 0 {}
        }
    }

    /// Passes frames on for as long as it is polled.
    pub(crate) async fn run(&self) -> io::Error {
        let Some((ring, _)) = &self.capture else { return std::future::pending().await };
        let waiting = match net::sys::register(ring.share(), tokio::io::Interest::READABLE) {
            Ok(waiting) => waiting,
            Err(error) => return error,
        };
        loop {
            match waiting.readable().await {
                Ok(mut ready) => ready.clear_ready(),
                Err(error) => return error,
            }
            self.pump();
        }
    }

    /// Changes the state of a host's link.
    pub(crate) fn set_link(&self, _host: usize, _state: LinkState) -> io::Result<()> {
        Ok(())
    }
}
