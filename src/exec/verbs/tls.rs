//! `tls`: an upgrade of a connection. What follows goes through its session.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::model::errno::Errno;
use crate::model::network::Kind;
use crate::plan::tls::{Certificate, Pem, Side, Tls, Verify};
use crate::plan::{Call, Mode};
use crate::trace::event::What;
use crate::trace::record::Difference;
use crate::trace::scene::Came;

use super::super::endpoint::Endpoint;
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::tls::{Accepted, Agreement, End, Options, Session, Shown, record};
use super::super::net::{Direction, Socket, sys};
use super::super::settle;
use super::super::stop::Stop;
use super::open;

/// The largest PEM file that is read.
const MOST_IN_FILE: u64 = 1 << 20;

/// How much of bytes that wait unread a report shows.
const SHOWN: usize = 1024;

pub(super) async fn run(lane: &Lane<'_>, call: &Call, tls: &Tls, deadline: Deadline) -> Result<Done, Stop> {
    let (endpoint, socket) = open(lane, &call.endpoint)?;
    check(call, tls, &endpoint, &socket)?;
    let session = session(lane, tls, &endpoint)?;
    let shaking = Handshake { endpoint: &endpoint, socket: &socket, session: &session, deadline };
    let done = match shaking.run().await? {
        Outcome::Agreed => {
            let mut done = Done::words(call, Ok(()));
            if call.fails.is_empty() {
                done.what = What::Words(agreed(&session.agreement(), tls));
            }
            socket.lay_over(session);
            done
        }
        Outcome::Errno(errno) => Done::words(call, Err(errno)),
        Outcome::Broken(trouble) => {
            session.note_told();
            socket.lay_over(session);
            Done { trouble: Some(Box::new(trouble)), ..Done::words(call, Err(Errno(libc::EPROTO))) }
        }
    };
    let settled = settle::sent(lane.test, &endpoint, &socket).await;
    Ok(Done {
        facts: crate::trace::record::Facts { notes: settled.note().into_iter().collect(), ..done.facts },
        ..done
    })
}

/// What stands in the trace: what was agreed, as the spec writes it where it does, and what the spec
/// says beside it.
fn agreed(agreement: &Agreement, tls: &Tls) -> String {
    let version = tls.version_shown.as_deref().unwrap_or(agreement.version.name());
    let mut words = format!("tls {version}");
    if let Some(alpn) = &agreement.alpn {
        let written = tls.alpn.iter().position(|protocol| protocol == alpn);
        let shown = written.and_then(|at| tls.alpn_shown.get(at)).unwrap_or(alpn);
        let _ = write!(words, " alpn {shown}");
    }
    words + &tls.words
}

/// Whether TLS can begin here.
fn check(call: &Call, tls: &Tls, endpoint: &Endpoint, socket: &Socket) -> Result<(), Stop> {
    let name = &endpoint.name;
    if endpoint.network.kind() != Kind::Stream {
        return Err(Stop::failed(format!("`{name}` is not a stream, and cannot speak TLS")));
    }
    if let Some(tls) = socket.tls() {
        let why = if tls.is_broken() { "TLS has failed at" } else { "TLS lies already over" };
        return Err(Stop::failed(format!("{why} `{name}`")).help("connect once more"));
    }
    if call.mode != Mode::Waiting {
        return Err(Stop::failed("a handshake of TLS is not one system call").help("leave the modifier out"));
    }
    let mut buffer = [0; SHOWN];
    let len = sys::recv(socket.fd(), &mut buffer, libc::MSG_PEEK | libc::MSG_DONTWAIT).unwrap_or(0);
    let waiting = &buffer[..len];
    // The client of another lane, or of a program, may have begun.
    if waiting.is_empty() || tls.side == Side::Server && record::begins_handshake(waiting) {
        return Ok(());
    }
    let stop = Stop::failed(format!("{name}: bytes wait unread where TLS begins"))
        .label("bytes wait unread")
        .difference(Difference::to_words("nothing, before TLS begins", waiting))
        .help("receive them before `tls`: what was sent in clear is no part of TLS");
    Err(match record::described(waiting) {
        Some(what) => stop.note(format!("these bytes are {what}, which a {} does not get first", tls.side.name())),
        None => stop,
    })
}

fn session(lane: &Lane<'_>, tls: &Tls, endpoint: &Endpoint) -> Result<Session, Stop> {
    let certificate = match &tls.certificate {
        None => None,
        Some(Certificate::OfTheRun) => Some(Shown::OfTheRun),
        Some(Certificate::Own(chain, key)) => Some(Shown::Own(read(lane, chain)?, read(lane, key)?)),
    };
    let accepted = match &tls.verify {
        Verify::OfTheRun => Accepted::OfTheRun,
        Verify::Authorities(pem) => Accepted::Authorities(read(lane, pem)?),
        Verify::Nothing => Accepted::Anything,
    };
    let options = Options { certificate, accepted, alpn: &tls.alpn, version: tls.version };
    let sent = Rc::clone(&endpoint.shared.sent);
    let session = match tls.side {
        Side::Client => Session::client(&options, server_name(lane, tls, endpoint)?, sent),
        Side::Server => Session::server(&options, own_names(endpoint), sent),
    };
    session.map_err(|error| Stop::failed(format!("{}: TLS cannot begin: {error}", endpoint.name)))
}

fn read(lane: &Lane<'_>, pem: &Pem) -> Result<Arc<[u8]>, Stop> {
    match pem {
        Pem::Read(bytes) => Ok(Arc::clone(bytes)),
        Pem::At { folder, path } => {
            let path = folder.join(lane.text(path)?.as_ref());
            match crate::source::bytes(&path, MOST_IN_FILE) {
                Ok((bytes, _)) => Ok(bytes.into()),
                Err(error) => Err(Stop::failed(format!("the file `{}` cannot be read: {error}", path.display()))),
            }
        }
    }
}

/// The name that a client wants the certificate to have: the one that the spec says, else the
/// address that it connected to.
fn server_name(lane: &Lane<'_>, tls: &Tls, endpoint: &Endpoint) -> Result<ServerName<'static>, Stop> {
    if let Some(sni) = &tls.sni {
        let name = lane.text(sni)?.into_owned();
        return ServerName::try_from(name.clone())
            .map_err(|_| Stop::failed(format!("`{name}` is not the name of a server")).at(sni.span));
    }
    let address = endpoint.remote().and_then(|remote| remote.as_socket());
    Ok(match address {
        Some(address) => ServerName::IpAddress(address.ip().to_canonical().into()),
        None => ServerName::try_from("localhost").map_err(|error| Stop::failed(error.to_string()))?,
    })
}

/// What a server is called, apart from what a client calls it.
fn own_names(endpoint: &Endpoint) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let own = endpoint.local().and_then(|local| local.as_socket()).map(|local| local.ip().to_canonical().to_string());
    names.extend(own.filter(|own| !names.contains(own)));
    names
}

/// A handshake that goes on.
struct Handshake<'a> {
    endpoint: &'a Endpoint,
    socket: &'a Socket,
    session: &'a Session,
    deadline: Deadline,
}

enum Outcome {
    Agreed,
    Errno(Errno),
    Broken(super::super::net::tls::Trouble),
}

impl Handshake<'_> {
    async fn run(&self) -> Result<Outcome, Stop> {
        loop {
            // What went wrong is told to the other side before anything else.
            let flushed = self.session.flush(self.socket.fd());
            match (self.session.end(), flushed) {
                (Some(End::Broken(trouble)), flushed) if flushed != Err(Errno(libc::EAGAIN)) => {
                    return Ok(Outcome::Broken(trouble));
                }
                (_, Err(errno)) if errno.0 == libc::EAGAIN => {
                    self.wait(Direction::Out).await?;
                    continue;
                }
                (_, Err(errno)) | (Some(End::Errno(errno)), _) => return Ok(Outcome::Errno(errno)),
                _ if !self.session.is_handshaking() => return Ok(Outcome::Agreed),
                (Some(_), _) => return Err(self.ended()),
                (None, _) => {}
            }
            if !self.session.advance(self.socket.fd()) {
                self.wait(Direction::In).await?;
            }
        }
    }

    async fn wait(&self, direction: Direction) -> Result<(), Stop> {
        if self.deadline.wait(self.socket, direction).await? {
            return Ok(());
        }
        let stop = Stop::failed(format!("{}: the handshake of TLS did not end", self.endpoint.name))
            .label("the other side said nothing more")
            .deadline(self.deadline.within);
        Err(stop.help("the `tls` step of the other end stands next to this one, or in another lane of `parallel`"))
    }

    fn ended(&self) -> Stop {
        Stop::failed(format!("{}: the other side ended the connection in the handshake of TLS", self.endpoint.name))
            .label("the stream ended")
            .came(Came::End)
    }
}
