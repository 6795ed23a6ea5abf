//! `run`: starts a program, and waits until it is ready.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockAddr;

use crate::model::errno::Errno;
use crate::model::network::{Kind, Network};
use crate::model::signal::Signal;
use crate::plan::Call;
use crate::plan::program::{Ready, Run, Uses};
use crate::plan::template::{Template, bare};

use super::super::endpoint::{Endpoint, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::net::{Direction, Socket, sys};
use super::super::program::{Program, Spawn, Stream, Told, find_program, hint};
use super::super::stop::Stop;
use super::{fatal, new, open_socket, resolve};

/// How long is waited between two tries to connect.
const BETWEEN: Duration = Duration::from_millis(10);

pub(super) async fn run(lane: &Lane<'_>, call: &Call, run: &Run, deadline: Deadline) -> Result<Done, Stop> {
    let name = lane.text(&call.endpoint)?;
    if lane.test.open_endpoint(&name).is_some() {
        return Err(Stop::failed(format!("`{name}` is already open"))
            .help("expect its end first, or give the new one another name"));
    }
    let spawn = match prepare(lane, call, run)? {
        Ok(spawn) => spawn,
        Err(errno) => return not_executed(lane, call, run, errno),
    };
    let handed = handed(lane, run)?;
    for (_, socket) in &handed {
        socket.let_wait();
    }
    let started = match lane.test.on_host(call.host, || spawn.start(&lane.test.programs))? {
        Ok(started) => started,
        Err(error) => {
            for (_, socket) in &handed {
                socket.never_wait();
            }
            let errno = Errno(error.raw_os_error().unwrap_or(libc::EIO));
            return fatal(errno).map_or_else(|| not_executed(lane, call, run, errno), Err);
        }
    };
    let endpoint = lane.create(&name, new(call, Network::Unix, call.host, started.output))?;
    endpoint.shared.role.set(Role::Program);
    endpoint.set_program(Rc::clone(&started.program));
    for (endpoint, _) in &handed {
        endpoint.shared.hand_over(&started.program);
        // Other endpoints may have descriptors of the same socket.
        endpoint.shared.each_socket(Socket::let_wait);
    }
    if let Some(perturb) = lane.test.options.perturb.filter(|_| run.ready.is_none() && !lane.test.plan.stops_programs())
        && let Some(time) = perturb.stop(call.verb_span.start, lane.turn)
    {
        started.program.stop_for(time, &lane.test.programs).await;
    }
    if let Some(ready) = &run.ready {
        wait(lane, call, &started.program, ready, deadline).await?;
    }
    Ok(Done::words(call, Ok(())))
}

/// A program that cannot be executed is an observation.
fn not_executed(lane: &Lane<'_>, call: &Call, run: &Run, errno: Errno) -> Result<Done, Stop> {
    let hint = hint(&lane.text(&run.program)?, &run.home, errno);
    Ok(Done { hint, ..Done::words(call, Err(errno)) })
}

/// An endpoint whose socket the program gets.
type Handed = (Rc<Endpoint>, Rc<Socket>);

/// The endpoints whose sockets the program gets.
fn handed(lane: &Lane<'_>, run: &Run) -> Result<Vec<Handed>, Stop> {
    run.pass.iter().map(|name| open_socket(lane, name)).collect()
}

/// A text that a process can be given.
fn text(lane: &Lane<'_>, template: &Template) -> Result<String, Stop> {
    let text = lane.text(template)?.into_owned();
    if text.contains('\0') {
        let message = format!("`{}` has a zero byte in it, which no argument can have", template.shown());
        return Err(Stop::failed(message).at(template.span));
    }
    Ok(text)
}

/// The folder that a program starts in.
fn folder(lane: &Lane<'_>, run: &Run, program: &str) -> Result<PathBuf, Stop> {
    let mut folder = lane.test.folder()?.to_owned();
    let Some(dir) = &run.dir else { return Ok(folder) };
    let dir = text(lane, dir)?;
    folder.push(&dir);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Stop::failed(format!("there is no folder `{dir}` to start `{program}` in"))
        .note(format!("`dir` is relative to the spec's temporary folder: {}", folder.display())))
}

/// Finds out all that is needed, before anything happens.
fn prepare(lane: &Lane<'_>, call: &Call, run: &Run) -> Result<Result<Spawn, Errno>, Stop> {
    let text = |template: &Template| text(lane, template);
    let program = text(&run.program)?;
    let folder = folder(lane, run, &program)?;
    let arguments = [&run.program].into_iter().chain(&run.arguments).map(text).collect::<Result<Vec<_>, Stop>>()?;
    let pass = handed(lane, run)?;
    let pass = pass.iter().map(|(endpoint, socket)| (bare(&endpoint.name).to_owned(), socket.share())).collect();
    let env = run.env.iter().map(|(name, value)| Ok((name.clone(), text(value)?)));
    let env = env.collect::<Result<Vec<_>, Stop>>()?;
    let path = match find_program(&program, &run.home) {
        Ok(path) => path,
        Err(errno) => return Ok(Err(errno)),
    };
    let ready = match &run.ready {
        Some(Ready::Line { stderr, regex, .. }) => {
            Some((if *stderr { Stream::Stderr } else { Stream::Stdout }, std::sync::Arc::clone(regex)))
        }
        _ => None,
    };
    let told = Told {
        arguments: arguments.clone(),
        texts: env.iter().map(|(_, value)| value.clone()).chain(lane.test.texts_of_files()).collect(),
        folder: folder.clone(),
        home: run.home.clone(),
        has_ready: run.ready.is_some(),
    };
    let shown = call.endpoint.shown();
    let uses = Uses::of(&lane.test.plan.steps, &shown);
    Ok(Ok(Spawn {
        path,
        arguments,
        env,
        folder,
        temporary: lane.test.folder()?.to_owned(),
        pass,
        ready,
        uses,
        shown,
        place: call.endpoint.span.to(call.verb_span),
        told,
    }))
}

async fn wait(lane: &Lane<'_>, call: &Call, program: &Program, ready: &Ready, deadline: Deadline) -> Result<(), Stop> {
    let result = match ready {
        Ready::Line { .. } => tokio::time::timeout_at(deadline.at, program.ready_line()).await,
        Ready::Address { target, span, .. } => {
            let place = resolve(lane, target, None, call.host).map_err(|stop| stop.at(*span))?;
            if place.network.kind() == Kind::Datagram {
                let message = format!("{}: nothing accepts at an address of datagrams", program.shown);
                return Err(Stop::failed(message)
                    .help("write `ready: {steps: […]}`, or a line of its output")
                    .at(*span));
            }
            let accepted = async {
                tokio::select! {
                    biased;
                    accepted = accepts(lane, call, place.network, &place.address, deadline) => accepted.map(Ok),
                    status = program.ended() => Ok(Err(status)),
                }
            };
            tokio::time::timeout_at(deadline.at, accepted).await.map_or_else(|late| Ok(Err(late)), |it| it.map(Ok))?
        }
    };
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(status)) => Err(program.ended_early(status)),
        Err(_late) => Err(never_ready(program, ready).deadline(deadline.within)),
    }
}

fn never_ready(program: &Program, ready: &Ready) -> Stop {
    let name = &program.shown;
    let message = match ready {
        Ready::Line { stderr, source, .. } => {
            let stream = if *stderr { "error output" } else { "output" };
            format!("{name}: no line of its {stream} matched /{source}/")
        }
        Ready::Address { source, .. } => format!("{name}: nothing accepted a connection at {source}"),
    };
    Stop::failed(message).label("not ready")
}

/// Tries to connect, again and again, until somebody accepts.
async fn accepts(
    lane: &Lane<'_>,
    call: &Call,
    network: Network,
    address: &SockAddr,
    deadline: Deadline,
) -> Result<(), Stop> {
    loop {
        let domain = i32::from(address.family());
        let socket = lane.test.on_host(call.host, || Socket::new(network, domain))?;
        let socket = match socket {
            Ok(socket) => socket,
            Err(errno) => return Err(fatal(errno).unwrap_or_else(|| Stop::failed(format!("no socket: {errno}")))),
        };
        let mut result = sys::connect(socket.fd(), address);
        while matches!(result, Err(Errno(libc::EINPROGRESS | libc::EALREADY))) {
            lane.test.pump();
            if !deadline.wait(&socket, Direction::Out).await? {
                break;
            }
            result = sys::connect(socket.fd(), address);
        }
        // A port that nobody listens at may be given to the very socket that looks for it.
        let own = sys::local_address(socket.fd()).is_ok_and(|own| super::address::same(&own, address));
        if matches!(result, Ok(()) | Err(Errno(libc::EISCONN))) && !own {
            return Ok(());
        }
        drop(socket);
        tokio::time::sleep(BETWEEN).await;
    }
}

/// Sends a signal.
pub(super) async fn signal(lane: &Lane<'_>, call: &Call, signal: Signal) -> Result<Done, Stop> {
    let endpoint = lane.endpoint(&call.endpoint)?;
    let program = program_of(&endpoint)?;
    let result = program.signal(signal).await;
    Ok(Done::words(call, result))
}

/// The program that an endpoint is.
pub(super) fn program_of(endpoint: &Endpoint) -> Result<Rc<Program>, Stop> {
    endpoint.program().ok_or_else(|| Stop::failed(format!("`{}` is a socket, not a program", endpoint.name)))
}
