//! The link between hosts is this program: it takes every frame that a host sends and passes it on
//! to whom it is for. So a link can be cut, held and made deaf between two frames, and every frame
//! is seen once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::thread;

use crate::exec::wire::Collector;
use crate::model::topology::LinkState;

use super::capture::{Capture, Keep, Packet, Way};
use super::hosts::{host_of_port, mac, port};
use super::sys;

/// So often a frame is offered to a host whose queue of received frames is full.
const OFFERS: usize = 1000;

/// Passes frames between hosts.
#[derive(Debug)]
pub(super) struct Switch {
    capture: Capture,
    links: RefCell<Vec<LinkState>>,
    /// What waits for a held link, in the order in which it was sent.
    held: RefCell<VecDeque<Frame>>,
    /// Frames that no host would take.
    refused: Cell<u32>,
    wire: Option<Rc<Collector>>,
}

/// A frame that waits.
#[derive(Debug)]
struct Frame {
    from: usize,
    /// Whom it is for; `None`: everybody else.
    to: Option<usize>,
    bytes: Vec<u8>,
}

impl Switch {
    /// A switch for so many hosts, whose ports will be in this thread's namespace.
    pub(super) fn open(hosts: usize, wire: Option<&Rc<Collector>>) -> io::Result<Self> {
        let capture = Capture::open(0, Way::Received, Keep::Whole, wire.is_some_and(|wire| wire.keeps_bytes()))?;
        sys::set_packet_option::<libc::c_int>(capture.fd(), libc::PACKET_QDISC_BYPASS, &1)?;
        Ok(Self {
            capture,
            links: RefCell::new(vec![LinkState::Up; hosts]),
            held: RefCell::default(),
            refused: Cell::new(0),
            wire: wire.cloned(),
        })
    }

    /// What frames arrive in.
    pub(super) fn capture(&self) -> &Capture {
        &self.capture
    }

    /// How many frames were lost since this was asked last.
    pub(super) fn lost(&self) -> io::Result<u32> {
        Ok(self.capture.lost()? + self.refused.take())
    }

    /// Passes on what waits, until nothing does: a frame that arrives may cause others.
    pub(super) fn pump(&self) {
        while self.capture.take(|packet| self.take(&packet)) > 0 {}
    }

    fn take(&self, packet: &Packet<'_>) {
        let from = host_of_port(packet.interface);
        let hosts = self.links.borrow().len();
        if from >= hosts || packet.bytes.len() < 14 {
            return;
        }
        if let Some(wire) = &self.wire {
            wire.push(packet.nanos, from, packet.bytes, packet.len);
        }
        // The lowest bit of the first byte is set in the addresses of groups, and of everybody.
        if packet.bytes[0] & 1 == 1 {
            self.pass(from, None, packet.bytes);
        } else if let Some(to) = (0..hosts).find(|host| packet.bytes.starts_with(&mac(*host))) {
            self.pass(from, Some(to), packet.bytes);
        }
    }

    /// Passes a frame on, as far as the links are up.
    fn pass(&self, from: usize, to: Option<usize>, bytes: &[u8]) {
        let links = self.links.borrow();
        let hold = |to| self.held.borrow_mut().push_back(Frame { from, to, bytes: bytes.to_vec() });
        match links[from] {
            LinkState::Up | LinkState::Deaf => {}
            LinkState::Hold => return hold(to),
            LinkState::Down | LinkState::Silent => return,
        }
        let receivers = (0..links.len()).filter(|host| *host != from && to.is_none_or(|to| to == *host));
        for receiver in receivers {
            match links[receiver] {
                LinkState::Up => self.deliver(receiver, bytes),
                LinkState::Hold => hold(Some(receiver)),
                LinkState::Down | LinkState::Silent | LinkState::Deaf => {}
            }
        }
    }

    fn deliver(&self, to: usize, bytes: &[u8]) {
        for _ in 0..OFFERS {
            match sys::send_frame(self.capture.fd().as_fd(), port(to), bytes) {
                Ok(()) => return,
                // Its queue is full: its CPU is about to empty it.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::EAGAIN)) => thread::yield_now(),
                Err(_) => break,
            }
        }
        self.refused.set(self.refused.get() + 1);
    }

    /// The state of a host's link.
    pub(super) fn link(&self, host: usize) -> LinkState {
        self.links.borrow()[host]
    }

    /// Changes the state of a host's link; what waited for it goes its way. Frames that were sent
    /// before one another arrive so.
    pub(super) fn set_link(&self, host: usize, state: LinkState) {
        self.links.borrow_mut()[host] = state;
        for frame in self.held.take() {
            self.pass(frame.from, frame.to, &frame.bytes);
        }
    }

    /// Whether what one host sends to another arrives there now.
    pub(super) fn passes(&self, from: usize, to: usize) -> bool {
        let links = self.links.borrow();
        from == to || (matches!(links[from], LinkState::Up | LinkState::Deaf) && links[to] == LinkState::Up)
    }
}
