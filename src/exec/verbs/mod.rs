//! The verbs, one file each: every one makes its system calls and says what the trace shows.

mod accept;
mod attribute;
mod bind;
mod blocking;
mod close;
mod connect;
mod credentials;
mod disconnect;
mod dup;
mod exit;
pub(super) mod expect;
mod file;
mod listen;
mod pair;
mod read;
mod recv;
mod run;
mod send;
mod set;
mod shutdown;
mod socket;
mod tls;

use std::net::SocketAddr;
use std::rc::Rc;

use socket2::SockAddr;

use crate::model::network::Network;
use crate::plan::template::Template;
use crate::plan::{Call, Condition, Target, Verb};

use super::endpoint::{Endpoint, New};
use super::lane::{Deadline, Done, Lane};
use super::net::{Socket, address};
use super::stop::Stop;

pub(crate) use accept::withdraw;
pub(crate) use attribute::state as tcp_state;

/// Runs one call.
pub(crate) async fn run(lane: &Lane<'_>, call: &Call, deadline: Deadline) -> Result<Done, Stop> {
    if let Ok(endpoint) = lane.endpoint(&call.endpoint)
        && let Some(file) = endpoint.file()
    {
        return file::run(lane, call, &endpoint, &file, deadline).await;
    }
    match &call.verb {
        Verb::Socket(network, triple) => socket::run(lane, call, *network, *triple),
        Verb::Bind(target) => bind::run(lane, call, target),
        Verb::Listen { address, backlog } => listen::run(lane, call, address.as_ref(), *backlog),
        Verb::Accept { listener, from } => accept::run(lane, call, listener, from.as_ref(), deadline).await,
        Verb::Connect { to, from } => connect::run(lane, call, to, from.as_ref(), deadline).await,
        Verb::Pair { other, network } => pair::run(lane, call, other, *network),
        Verb::Dup(of) => dup::run(lane, call, of),
        Verb::Send { payload, to, urgent, more, pass, raises } => {
            let how = send::How { to: to.as_ref(), urgent: *urgent, more: *more, pass, raises: *raises };
            send::run(lane, call, payload, how, deadline).await
        }
        Verb::Recv { pattern, from, stderr, sender, peek, urgent, takes, beside } => {
            let how = recv::How {
                from: from.as_ref(),
                stderr: *stderr,
                sender: sender.as_ref(),
                peek: *peek,
                urgent: *urgent,
                takes,
                beside,
            };
            recv::run(lane, call, pattern, how, deadline).await
        }
        Verb::Read { size, is, how } => read::run(lane, call, size, is.as_ref(), *how, deadline).await,
        Verb::Expect { conditions, status, stderr } if conditions.contains(&Condition::Exit) => {
            exit::run(lane, call, conditions, status, *stderr, deadline).await
        }
        Verb::Expect { conditions, stderr, .. } => expect::run(lane, call, conditions, *stderr, deadline).await,
        Verb::ExpectAttributes(attributes) => attribute::run(lane, call, attributes, deadline).await,
        Verb::Shutdown { how, notify } => shutdown::run(lane, call, *how, *notify, deadline).await,
        Verb::Close { notify } => close::run(lane, call, *notify, deadline).await,
        Verb::Tls(tls) => tls::run(lane, call, tls, deadline).await,
        Verb::Reset => close::reset(lane, call).await,
        Verb::Disconnect => disconnect::run(lane, call).await,
        Verb::Set(options) => set::run(lane, call, options),
        Verb::Open(path) => file::open(lane, call, path, deadline).await,
        Verb::Run(run) => run::run(lane, call, run, deadline).await,
        Verb::Signal(signal) => run::signal(lane, call, *signal).await,
    }
}

/// The call's endpoint with its open socket.
fn open(lane: &Lane<'_>, name: &Template) -> Result<(Rc<Endpoint>, Rc<Socket>), Stop> {
    let endpoint = lane.endpoint(name)?;
    match endpoint.socket() {
        Some(socket) => Ok((endpoint, socket)),
        None => Err(Stop::failed(format!("`{}` is closed", endpoint.name))),
    }
}

/// An endpoint whose socket somebody gets a descriptor of.
fn open_socket(lane: &Lane<'_>, name: &Template) -> Result<(Rc<Endpoint>, Rc<Socket>), Stop> {
    let (endpoint, socket) = open(lane, name).map_err(|stop| stop.at(name.span))?;
    let what = if endpoint.program().is_some() {
        "is a program, not a socket"
    } else if socket.tls().is_some() {
        "speaks TLS, and its keys are of one endpoint alone"
    } else {
        return Ok((endpoint, socket));
    };
    Err(Stop::failed(format!("`{}` {what}", endpoint.name)).at(name.span))
}

/// The call's endpoint, with what it sends on: of a program its input.
fn open_input(lane: &Lane<'_>, name: &Template) -> Result<(Rc<Endpoint>, Rc<Socket>), Stop> {
    let (endpoint, socket) = open(lane, name)?;
    let Some(program) = endpoint.program() else { return Ok((endpoint, socket)) };
    match program.input() {
        Some(input) => Ok((endpoint, input)),
        None => Err(Stop::failed(format!("the input of `{}` is closed", endpoint.name))),
    }
}

/// The call's endpoint, with what it receives from: of a program its output, or its error output.
fn open_output(lane: &Lane<'_>, name: &Template, stderr: bool) -> Result<(Rc<Endpoint>, Rc<Socket>), Stop> {
    let (endpoint, socket) = open(lane, name)?;
    if !stderr {
        if let Some(attempt) = &lane.attempt {
            attempt.receives(&endpoint);
        }
        return Ok((endpoint, socket));
    }
    match endpoint.program().map(|program| program.errors()) {
        Some(Some(errors)) => Ok((endpoint, errors)),
        Some(None) => Err(Stop::failed(format!("the error output of `{}` is not kept", endpoint.name))),
        None => Err(Stop::failed(format!("`{}` is a socket, and has no error output", endpoint.name))),
    }
}

/// The call's endpoint: the open one of that name, or a new one with a fresh socket of the network.
/// `None` where socket(2) fails, with its error.
fn open_or_new(
    lane: &Lane<'_>,
    call: &Call,
    place: &Place,
) -> Result<Result<Rc<Endpoint>, crate::model::errno::Errno>, Stop> {
    let name = lane.text(&call.endpoint)?;
    if let Some(endpoint) = lane.test.open_endpoint(&name) {
        return Ok(Ok(endpoint));
    }
    let socket = || Socket::new(place.network, i32::from(place.address.family()));
    match lane.test.on_host(call.host, socket)? {
        Ok(socket) => lane.create(&name, new(call, place.network, call.host, socket)).map(Ok),
        Err(errno) => fatal(errno).map_or(Ok(Err(errno)), Err),
    }
}

/// The address that a step on a host names, where it can be told.
pub(crate) fn address_of(
    lane: &Lane<'_>,
    target: &Target,
    of: Option<&Endpoint>,
    host: Option<usize>,
) -> Option<SockAddr> {
    resolve(lane, target, of, host).ok().map(|place| place.address)
}

/// The endpoint of a call that has created a socket.
fn new(call: &Call, network: Network, host: Option<usize>, socket: Socket) -> New {
    New { shown: call.endpoint.shown(), network, host, socket: Some(socket), shared: None }
}

/// Errors of the machine, not of the socket: the runner cannot do its work.
fn fatal(errno: crate::model::errno::Errno) -> Option<Stop> {
    [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS]
        .contains(&errno.0)
        .then(|| Stop::CouldNotRun(format!("the kernel gives no more sockets ({errno}): see `ulimit -n`")))
}

/// An address that a step names.
struct Place {
    network: Network,
    address: SockAddr,
    /// The endpoint whose address it is, where the step names one.
    endpoint: Option<Rc<Endpoint>>,
}

/// The host that a call is made on: that of its endpoint, or the one that it names for a new one.
fn host_of(lane: &Lane<'_>, call: &Call) -> Result<Option<usize>, Stop> {
    let name = lane.text(&call.endpoint)?;
    Ok(lane.test.open_endpoint(&name).map_or(call.host, |endpoint| endpoint.host))
}

/// The address at which an endpoint is reached from a host. One that is bound to every address of
/// another host is reached at its first.
fn reached_at(lane: &Lane<'_>, endpoint: &Endpoint, local: SockAddr, from: Option<usize>) -> SockAddr {
    let Some(bound) = local.as_socket().filter(|bound| bound.ip().is_unspecified() && from != endpoint.host) else {
        return local;
    };
    let v6 = lane.test.address_of(endpoint.host, true).filter(|_| bound.is_ipv6());
    match v6.or_else(|| lane.test.address_of(endpoint.host, false)) {
        Some(ip) => SocketAddr::new(ip, bound.port()).into(),
        None => local,
    }
}

/// Finds the address that a step on a host names.
fn resolve(lane: &Lane<'_>, target: &Target, of: Option<&Endpoint>, host: Option<usize>) -> Result<Place, Stop> {
    let mut named = None;
    let (network, address) = match target {
        Target::Endpoint(name) => {
            let endpoint = lane.endpoint(name)?;
            let local = endpoint.local().ok_or_else(|| {
                Stop::failed(format!("`{}` is not bound, so it has no address", endpoint.name))
                    .help(format!("bind it first: `- {}: {{bind: {}}}`", endpoint.name, endpoint.network))
            })?;
            named = Some(Rc::clone(&endpoint));
            (endpoint.network, reached_at(lane, &endpoint, local, host))
        }
        Target::Address(address) => (address.network(), lane.test.socket_address(address, host)?),
        Target::Computed(template) => {
            let text = lane.text(template)?;
            let address = crate::model::address::Address::parse(&text)
                .map_err(|error| Stop::failed(format!("`{text}` is no address: {error}")))?;
            (address.network(), lane.test.socket_address(&address, host)?)
        }
        Target::Sender => {
            let endpoint = of.ok_or_else(|| Stop::failed("`sender` stands where no datagram was received"))?;
            let sender = endpoint.last_sender.borrow().clone();
            let sender = sender.ok_or_else(|| {
                Stop::failed(format!("`{}` has not received a datagram with a sender's address", endpoint.name))
            })?;
            (endpoint.network, sender)
        }
    };
    // Nothing leaves an isolated network.
    if !lane.test.plan.allow_net && lane.test.net.is_none() && !address::is_local(&address) {
        return Err(Stop::failed(format!("`{}` is outside the loopback range", address::show(&address)))
            .help("run with `--allow-net` if this is meant"));
    }
    Ok(Place { network, address, endpoint: named })
}
