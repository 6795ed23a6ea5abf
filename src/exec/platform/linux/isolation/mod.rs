//! Isolated networks: a network namespace for a spec of its own, or one for each of its hosts.
//!
//! A namespace belongs to a thread, so an isolated spec runs on a thread of its own, and the
//! namespace ends with it. That works alike for root and for an ordinary user, who may enter a
//! network namespace but could not leave it again.

mod capture;
mod hosts;
mod namespace;
mod netlink;
mod reaper;
mod switch;
mod sys;
#[cfg(test)]
mod tests;
mod user;

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::thread;

use crate::model::address::is_loopback;
use crate::model::topology::{LinkState, Topology};

use super::diag::Diag;
use crate::exec::net;
use crate::exec::wire::Collector;
use capture::{Capture, Keep, Way};
use hosts::Hosts;
use switch::Switch;

pub use user::{can_isolate, may_isolate, prepare_isolation};

/// The isolated network of one run. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Net {
    /// The addresses of the loopback device, where there are no hosts.
    addresses: Vec<IpAddr>,
    /// What crosses the loopback device, where somebody wants it.
    capture: Option<(Capture, Rc<Collector>)>,
    /// The hosts, and what passes frames between them.
    hosts: Option<(Hosts, Switch)>,
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
        if !topology.hosts.is_empty() {
            let switch = Switch::open(topology.hosts.len(), wire)?;
            let hosts = Hosts::create(topology)?;
            return Ok(Self { addresses: Vec::new(), capture: None, hosts: Some((hosts, switch)) });
        }
        namespace::up(namespace::loopback(topology))?;
        netlink::wait_until_local(topology.addresses.iter().copied())?;
        let capture = wire.map(|wire| {
            let keep = if wire.keeps_bytes() { Keep::Whole } else { Keep::Headers };
            Ok::<_, io::Error>((
                Capture::open(netlink::LOOPBACK, Way::Sent, keep, wire.keeps_bytes())?,
                Rc::clone(wire),
            ))
        });
        Ok(Self { addresses: topology.addresses.clone(), capture: capture.transpose()?, hosts: None })
    }

    /// Passes on and collects the frames that wait, until none does.
    pub(crate) fn pump(&self) {
        if let Some((_, switch)) = &self.hosts {
            switch.pump();
        }
        if let Some((capture, wire)) = &self.capture {
            while capture.take(|packet| wire.push(packet.nanos, 0, packet.bytes, packet.len)) > 0 {}
        }
    }

    /// Passes frames on for as long as it is polled.
    pub(crate) async fn run(&self) -> io::Error {
        let Some(capture) = self.capture() else { return std::future::pending().await };
        let waiting = match net::sys::register(capture.share(), tokio::io::Interest::READABLE) {
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

    fn capture(&self) -> Option<&Capture> {
        let switch = self.hosts.as_ref().map(|(_, switch)| switch.capture());
        switch.or_else(|| self.capture.as_ref().map(|(capture, _)| capture))
    }

    /// How many frames were lost since this was asked last: they are in no record, and those between
    /// hosts did not arrive.
    pub(crate) fn lost(&self) -> io::Result<u32> {
        match (&self.hosts, &self.capture) {
            (Some((_, switch)), _) => switch.lost(),
            (None, Some((capture, _))) => capture.lost(),
            (None, None) => Ok(0),
        }
    }

    /// Changes the state of a host's link. When it returns, the host has or has not its interface,
    /// and what waited for the link has arrived.
    pub(crate) fn set_link(&self, host: usize, state: LinkState) -> io::Result<()> {
        let Some((hosts, switch)) = &self.hosts else { return Ok(()) };
        // What was sent before goes by the old state.
        switch.pump();
        let before = switch.link(host);
        if (before == LinkState::Down) != (state == LinkState::Down) {
            hosts.set_up(host, state != LinkState::Down)?;
        }
        switch.set_link(host, state);
        switch.pump();
        Ok(())
    }

    /// Does something in the network of a host: a socket that is created then belongs to it.
    pub(crate) fn on_host<T>(&self, host: Option<usize>, work: impl FnOnce() -> T) -> io::Result<T> {
        match (&self.hosts, host) {
            (Some((hosts, _)), Some(host)) => hosts.enter(host, work),
            _ => Ok(work()),
        }
    }

    /// The netlink socket for questions about the sockets of a host.
    pub(crate) fn diag(&self, host: usize) -> Option<&Diag> {
        self.hosts.as_ref().and_then(|(hosts, _)| hosts.diag(host))
    }

    /// Whether what one host sends to another arrives there now, as far as the links are concerned.
    pub(crate) fn passes(&self, from: Option<usize>, to: Option<usize>) -> bool {
        match (&self.hosts, from, to) {
            (Some((_, switch)), Some(from), Some(to)) => switch.passes(from, to),
            _ => true,
        }
    }

    /// The host that an address leads to from another.
    pub(crate) fn host_at(&self, from: Option<usize>, ip: IpAddr) -> Option<usize> {
        let (hosts, _) = self.hosts.as_ref()?;
        let ip = ip.to_canonical();
        if is_loopback(ip) { from } else { hosts.owner(ip) }
    }

    /// Whether somebody here has that address.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_loopback(ip)
            || self.addresses.contains(&ip)
            || self.hosts.as_ref().is_some_and(|(hosts, _)| hosts.owner(ip).is_some())
    }

    /// The first address of a host's, of that family.
    pub(crate) fn address_of(&self, host: Option<usize>, v6: bool) -> Option<IpAddr> {
        let ((hosts, _), host) = (self.hosts.as_ref()?, host?);
        hosts.addresses(host).find(|address| address.is_ipv6() == v6)
    }

    /// Whether what a host sends to that address is for the sockets of another (or its own).
    pub(crate) fn is_for(&self, from: Option<usize>, ip: IpAddr, to: Option<usize>) -> bool {
        let (Some((hosts, _)), Some(to)) = (&self.hosts, to) else { return true };
        let ip = ip.to_canonical();
        if is_loopback(ip) {
            return from == Some(to);
        }
        ip.is_multicast() || hosts.is_broadcast(ip, to) || hosts.owner(ip) == Some(to)
    }

    /// Whether an address stands for several hosts.
    pub(crate) fn is_broadcast(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.hosts.as_ref().is_some_and(|(hosts, _)| (0..hosts.len()).any(|host| hosts.is_broadcast(ip, host)))
    }
}
