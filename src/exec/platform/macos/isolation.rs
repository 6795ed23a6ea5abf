//! Isolated networks, of which macOS has none.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;

use crate::exec::platform::diag::Diag;
use crate::exec::wire::Collector;
use crate::model::topology::{LinkState, Topology};

/// Why there is none.
const REASON: &str = "networks of a spec's own are namespaces of Linux";

/// The isolated network of one run; there is none.
#[derive(Debug)]
pub(crate) enum Net {}

/// What a process that will make isolated networks has to do first.
///
/// # Errors
/// Always.
pub fn prepare_isolation() -> Result<(), String> {
    can_isolate()
}

/// Whether this process can make isolated networks.
///
/// # Errors
/// Always.
pub fn can_isolate() -> Result<(), String> {
    Err(REASON.to_owned())
}

/// Whether nothing need be prepared for isolated networks: there is nothing to prepare.
pub fn may_isolate() -> bool {
    true
}

/// Runs something on a thread of its own, which is to be in a network of its own.
pub(crate) fn on_thread<T: Send>(_run: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    Err(refused())
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, REASON)
}

impl Net {
    /// There is none.
    pub(crate) fn create(_topology: &Topology, _wire: Option<&Rc<Collector>>) -> io::Result<Self> {
        Err(refused())
    }

    /// Passes on and collects the frames that wait.
    pub(crate) fn pump(&self) {
        match *self {}
    }

    /// Passes frames on for as long as it is polled.
    #[expect(clippy::unused_async, reason = "elsewhere it waits for frames")]
    pub(crate) async fn run(&self) -> io::Error {
        match *self {}
    }

    /// How many frames were lost.
    pub(crate) fn lost(&self) -> io::Result<u32> {
        match *self {}
    }

    /// Changes the state of a host's link.
    pub(crate) fn set_link(&self, _host: usize, _state: LinkState) -> io::Result<()> {
        match *self {}
    }

    /// Does something in the network of a host.
    pub(crate) fn on_host<T>(&self, _host: Option<usize>, _work: impl FnOnce() -> T) -> io::Result<T> {
        match *self {}
    }

    /// What questions about the sockets of a host go to.
    pub(crate) fn diag(&self, _host: usize) -> Option<&Diag> {
        match *self {}
    }

    /// Whether what one host sends to another arrives there now.
    pub(crate) fn passes(&self, _from: Option<usize>, _to: Option<usize>) -> bool {
        match *self {}
    }

    /// The host that an address leads to from another.
    pub(crate) fn host_at(&self, _from: Option<usize>, _ip: IpAddr) -> Option<usize> {
        match *self {}
    }

    /// Whether somebody here has that address.
    pub(crate) fn has(&self, _ip: IpAddr) -> bool {
        match *self {}
    }

    /// The first address of a host's, of that family.
    pub(crate) fn address_of(&self, _host: Option<usize>, _v6: bool) -> Option<IpAddr> {
        match *self {}
    }

    /// Whether what a host sends to that address is for the sockets of another.
    pub(crate) fn is_for(&self, _from: Option<usize>, _ip: IpAddr, _to: Option<usize>) -> bool {
        match *self {}
    }

    /// Whether an address stands for several hosts.
    pub(crate) fn is_broadcast(&self, _ip: IpAddr) -> bool {
        match *self {}
    }
}
