//! What a failure's report needs to say why: both sides of the step that failed, as they were at that
//! moment. Nothing is taken from any socket.

use std::rc::Rc;

use socket2::SockAddr;

use crate::model::address::Address;
use crate::model::network::Kind;
use crate::model::topology::RouteKind;
use crate::plan::{Action, Call, Step, Target, Verb};
use crate::trace::event::What;
use crate::trace::scene::{Came, End, Role as SeenRole, Scene, UnderWay};
use crate::trace::shown::total_size;

use super::endpoint::{Endpoint, Role};
use super::lane::{Done, Lane};
use super::net::{address, sys};
use super::stop::Stop;
use super::test::Test;
use super::verbs;
use crate::exec::endpoint::description::Peer;

/// A failure of a call with what was seen on both sides, and what the call gave where it gave anything.
pub(super) fn of_call(lane: &Lane<'_>, call: &Call, stop: Stop, done: Option<&Done>) -> Stop {
    if !stop.is_unseen() {
        return stop;
    }
    let came = match (&stop, done) {
        (_, Some(Done { result: Err(errno), .. })) => Some(Came::Errno(errno.to_string())),
        (_, Some(_)) => Some(Came::Success),
        (Stop::Failed(failure), None) if failure.deadline.is_some() => Some(Came::Nothing),
        _ => None,
    };
    let own = own(lane, call);
    let address = named_address(lane, call, own.as_deref());
    let end = |endpoint: &Rc<Endpoint>| end(lane, endpoint);
    let there = address.as_ref().map(|address| owners(lane.test, own.as_ref(), address)).unwrap_or_default();
    let mut scene = Scene {
        step: step_words(call),
        fails: call.fails_words.clone(),
        came,
        address: address.as_ref().map(address::show),
        group: address.as_ref().is_some_and(|address| lane.test.is_group(address)),
        route: address.as_ref().and_then(|address| refusing_route(lane.test, address)),
        size: done.and_then(|done| size(&done.what)),
        other: own.as_ref().and_then(other_of).as_ref().map(end),
        own: own.as_ref().map(end),
        there: there.iter().map(end).collect(),
        elsewhere: lane.test.under_way(lane.step),
    };
    stop.seen(|known| {
        scene.came = known.came.take().or(scene.came.take());
        *known = scene;
    })
}

/// The words of a step, as a trace would have them.
fn step_words(call: &Call) -> String {
    std::iter::once(call.words.as_str()).chain(call.suffix.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

fn size(what: &What) -> Option<u64> {
    match what {
        What::Data { bytes, .. } => total_size(bytes),
        What::Words(_) => None,
    }
}

/// The endpoint of a call; of an `accept` the listener.
fn own(lane: &Lane<'_>, call: &Call) -> Option<Rc<Endpoint>> {
    let name = match &call.verb {
        Verb::Accept { listener, .. } => listener,
        _ => &call.endpoint,
    };
    lane.endpoint(name).ok()
}

/// The address that a call names, where it names one.
fn named_address(lane: &Lane<'_>, call: &Call, own: Option<&Endpoint>) -> Option<SockAddr> {
    let target = match &call.verb {
        Verb::Bind(target) | Verb::Listen { address: Some(target), .. } => target,
        Verb::Connect { from: Some(from), .. } if own.is_some_and(|own| own.local().is_none()) => from,
        Verb::Connect { to, .. } | Verb::Send { to: Some(to), .. } => to,
        Verb::Listen { address: None, .. } => return own?.local(),
        Verb::Send { to: None, .. } | Verb::Recv { .. } | Verb::Read { .. } | Verb::Expect { .. } => {
            return own?.known_remote();
        }
        _ => return None,
    };
    // What is free is another one each time.
    let is_free = matches!(target, Target::Address(Address::Any(_)));
    if is_free { None } else { verbs::address_of(lane, target, own, own.and_then(|own| own.host)) }
}

/// The route of the spec's network that refuses an address: the one with the longest prefix.
fn refusing_route(test: &Test<'_>, address: &SockAddr) -> Option<String> {
    let (topology, ip) = (test.plan.topology.as_ref()?, address.as_socket()?.ip());
    let refusing = topology.routes.iter().filter(|route| route.to.contains(ip)).max_by_key(|route| route.to.prefix)?;
    let words = RouteKind::ALL.into_iter().find(|(_, kind)| *kind == refusing.kind)?;
    let direct = topology.hosts.iter().flat_map(|host| &host.addresses).filter(|subnet| subnet.contains(ip));
    let is_direct = direct.map(|subnet| subnet.prefix).max().is_some_and(|prefix| prefix > refusing.to.prefix);
    (!is_direct).then(|| format!("{} {}", refusing.to, words.0))
}

/// The endpoints, open or closed, that have an address, but for the one that asks; the latest first.
fn owners(test: &Test<'_>, own: Option<&Rc<Endpoint>>, address: &SockAddr) -> Vec<Rc<Endpoint>> {
    let is_own = |endpoint: &Rc<Endpoint>| own.is_some_and(|own| Rc::ptr_eq(own, endpoint));
    let endpoints = test.endpoints.borrow();
    let there = endpoints.values().filter(|endpoint| !is_own(endpoint) && has(endpoint, address));
    let mut there: Vec<_> = there.cloned().collect();
    there.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.order));
    there
}

/// Whether an address is one that an endpoint is, or was, bound to.
fn has(endpoint: &Endpoint, wanted: &SockAddr) -> bool {
    let Some(local) = endpoint.local() else { return false };
    match (local.as_socket(), wanted.as_socket()) {
        (Some(local), Some(wanted)) => {
            let (ip, other) = (local.ip().to_canonical(), wanted.ip().to_canonical());
            local.port() == wanted.port() && (ip == other || ip.is_unspecified() || other.is_unspecified())
        }
        (None, None) => address::path(&local).is_some() && address::path(&local) == address::path(wanted),
        _ => false,
    }
}

/// The endpoint at the other end; where nobody has accepted the connection yet, the listener.
fn other_of(own: &Rc<Endpoint>) -> Option<Rc<Endpoint>> {
    match own.peer() {
        Peer::Known(peer) => peer.named(),
        Peer::Gone => None,
        Peer::None => own.shared.target.borrow().upgrade()?.named(),
    }
}

/// A socket as it is now.
fn end(lane: &Lane<'_>, endpoint: &Rc<Endpoint>) -> End {
    let role = endpoint.shared.role.get();
    let socket = endpoint.socket().filter(|_| !matches!(role, Role::Program | Role::File));
    let of = |ask: fn(std::os::fd::BorrowedFd<'_>) -> Result<u64, crate::model::errno::Errno>| {
        socket.as_ref().and_then(|socket| ask(socket.fd()).ok()).unwrap_or(0)
    };
    let info = socket.as_ref().filter(|_| role == Role::Listener && endpoint.network.is_tcp());
    let info = info.and_then(|socket| sys::tcp_info(socket.fd()).ok());
    let is_tcp = endpoint.network.is_tcp() && role == Role::Connected;
    let is_stream = endpoint.network.kind() == Kind::Stream;
    End {
        name: endpoint.shown.clone(),
        alias: Some(endpoint.name.to_string()).filter(|name| *name != endpoint.shown),
        network: endpoint.network.to_string(),
        host: endpoint.host.and_then(|host| host_name(lane.test, host)),
        role: seen_role(role),
        open: endpoint.is_open(),
        shared: endpoint.shared.was_passed(),
        sent: endpoint.shared.sent.get(),
        received: endpoint.shared.taken.get(),
        unread: if role == Role::Listener { 0 } else { of(sys::unread) },
        unsent: if is_stream && role == Role::Connected { of(sys::unsent) } else { 0 },
        dropped: socket.as_ref().and_then(|socket| sys::receive_queue(socket.fd()).ok()).map_or(0, |queue| queue.1),
        state: is_tcp.then(|| verbs::tcp_state(lane, endpoint).to_string()),
        local: endpoint.local().as_ref().map(address::show),
        remote: endpoint.known_remote().as_ref().map(address::show),
        queue: info.map(|info| (info.unacked, info.sacked)),
    }
}

fn host_name(test: &Test<'_>, host: usize) -> Option<String> {
    Some(test.plan.topology.as_ref()?.hosts.get(host)?.name.clone())
}

fn seen_role(role: Role) -> SeenRole {
    match role {
        Role::Plain => SeenRole::Plain,
        Role::Listener => SeenRole::Listener,
        Role::Connected => SeenRole::Connected,
        Role::Program => SeenRole::Program,
        Role::Sender | Role::File => SeenRole::Other,
    }
}

impl Test<'_> {
    /// The steps that other lanes are in than the one whose step begins at `own`.
    fn under_way(&self, own: u32) -> Vec<UnderWay> {
        let starts = self.running.borrow();
        let others = starts.iter().filter(|start| **start != own);
        others.filter_map(|start| Some((*start, call_at(&self.plan.steps, *start)?))).map(|at| self.told(at)).collect()
    }

    fn told(&self, (start, call): (u32, &Call)) -> UnderWay {
        UnderWay {
            endpoint: call.endpoint.shown(),
            step: step_words(call),
            line: self.source.line(start),
            file: self.source.included_name(start).map(str::to_owned),
        }
    }
}

/// The call of the step that begins there.
fn call_at(steps: &[Step], start: u32) -> Option<&Call> {
    steps.iter().find_map(|step| match &step.action {
        Action::Call(call) => (step.span.start == start).then_some(&**call),
        Action::Parallel { lanes, .. } => lanes.iter().find_map(|lane| call_at(&lane.steps, start)),
        Action::Repeat { steps, .. } | Action::Retry { steps, .. } | Action::Include { steps, .. } => {
            call_at(steps, start)
        }
        Action::Table { rows, .. } => rows.iter().find_map(|row| call_at(&row.steps, start)),
        _ => None,
    })
}

/// A step of a lane that runs, for as long as this lives.
pub(super) struct Running<'t> {
    test: &'t Test<'t>,
    start: u32,
}

impl<'t> Running<'t> {
    pub(super) fn begin(test: &'t Test<'t>, start: u32) -> Self {
        test.running.borrow_mut().push(start);
        Self { test, start }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.test.running.borrow_mut();
        if let Some(at) = running.iter().rposition(|start| *start == self.start) {
            running.swap_remove(at);
        }
    }
}
