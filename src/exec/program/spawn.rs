//! Starts a program: its streams, its place, its supervisor.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use regex::bytes::Regex;
use tokio::io::Interest;

use crate::model::network::Network;
use crate::plan::program::Uses;
use crate::source::Span;

use super::control::listen;
use super::image::Image;
use super::output::{LineWatch, Pump};
use super::state::{State, Stream};
use super::told::Told;
use super::{Program, Programs};
use crate::exec::limit;
use crate::exec::net::{Socket, sys};
use crate::exec::platform::process;

/// A program that is about to be started.
pub(crate) struct Spawn {
    /// Its file.
    pub(crate) path: PathBuf,
    /// Its name as written, and its arguments.
    pub(crate) arguments: Vec<String>,
    /// Variables of its environment.
    pub(crate) env: Vec<(String, String)>,
    /// The folder that it starts in.
    pub(crate) folder: PathBuf,
    /// The temporary folder of the test.
    pub(crate) temporary: PathBuf,
    /// The sockets that it gets, with their names.
    pub(crate) pass: Vec<(String, Arc<OwnedFd>)>,
    /// The line that it is ready by, and the stream.
    pub(crate) ready: Option<(Stream, Arc<Regex>)>,
    /// What the spec does with it.
    pub(crate) uses: Uses,
    /// The name of its endpoint, as a trace shows it.
    pub(crate) shown: String,
    /// The step that starts it.
    pub(crate) place: Span,
    /// What it is told.
    pub(crate) told: Told,
}

/// A program that was started, and what is received from it.
pub(crate) struct Started {
    /// The program.
    pub(crate) program: Rc<Program>,
    /// Its output.
    pub(crate) output: Socket,
}

/// The ends of its streams that are ours.
struct Streams {
    stdin: OwnedFd,
    /// Whether its input is a pipe.
    piped: bool,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

impl Spawn {
    /// Starts it, in the network of this thread.
    ///
    /// # Errors
    /// Where the kernel gives no descriptors or no process; where it does not execute the file.
    pub(crate) fn start(self, programs: &Programs) -> io::Result<Started> {
        let (streams, theirs) = Streams::open(self.uses.feeds)?;
        let (control, other) = sys::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET)
            .map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
        let (supervisor, pid) = process::start(&self.image(&other, &theirs)?)?;
        // The ends of the program: what only it has open ends with it.
        drop((theirs, other));
        let control = Arc::new(control);
        let state = Arc::new(State::default());
        let (output, errors, input) = self.attend(programs, streams, &state)?;
        programs.tasks.borrow_mut().spawn(listen(Arc::clone(&control), Arc::clone(&state)));
        let program = Rc::new(Program {
            shown: self.shown,
            pid,
            uses: self.uses,
            place: self.place,
            told: self.told,
            is_done: Cell::new(false),
            may_end: Cell::new(false),
            is_told: Cell::new(false),
            input: RefCell::new(Some(Rc::new(input))),
            errors: errors.map(Rc::new),
            state,
            control,
            supervisor: RefCell::new(Some(supervisor)),
        });
        programs.all.borrow_mut().push(Rc::clone(&program));
        Ok(Started { program, output })
    }

    /// What the process is to have and to be.
    fn image<'a>(&'a self, control: &'a OwnedFd, streams: &'a [OwnedFd; 3]) -> io::Result<Image<'a>> {
        let mut environment: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        environment.extend(self.env.iter().map(|(name, value)| (name.into(), value.into())));
        if !self.pass.is_empty() {
            let names: Vec<&str> = self.pass.iter().map(|(name, _)| name.as_str()).collect();
            environment.insert("LISTEN_FDS".into(), self.pass.len().to_string().into());
            environment.insert("LISTEN_FDNAMES".into(), names.join(":").into());
            // The process itself says that.
            environment.remove(OsStr::new("LISTEN_PID"));
        }
        let variable = |(name, value): (OsString, OsString)| [name.into_vec(), value.into_vec()].join(&b'=');
        let string = |bytes: &OsStr| CString::new(bytes.as_bytes());
        Ok(Image {
            path: string(self.path.as_os_str())?,
            arguments: self.arguments.iter().map(|argument| string(argument.as_ref())).collect::<Result<_, _>>()?,
            environment: environment.into_iter().map(variable).map(CString::new).collect::<Result<_, _>>()?,
            folder: string(self.folder.as_os_str())?,
            temporary: string(self.temporary.as_os_str())?,
            open_files: limit::of_programs(),
            control: control.as_fd(),
            streams: streams.each_ref().map(OwnedFd::as_fd),
            handed: self.pass.iter().map(|(_, socket)| socket.as_fd()).collect(),
        })
    }

    /// Sees to it that its streams are read; gives what its output, its errors and its input are for
    /// the steps.
    fn attend(
        &self,
        programs: &Programs,
        streams: Streams,
        state: &Arc<State>,
    ) -> io::Result<(Socket, Option<Socket>, Socket)> {
        let Streams { stdin, piped, stdout, stderr } = streams;
        let aside = if piped { None } else { Some(sys::register(Arc::new(stdin.try_clone()?), Interest::READABLE)?) };
        let input = if piped { Socket::of_pipe(stdin) } else { Socket::of_stream(stdin) };
        let watch = |stream| {
            let ready = self.ready.as_ref().filter(|(of, _)| *of == stream);
            ready.map(|(_, regex)| LineWatch::new(Arc::clone(regex)))
        };
        let (output, sink) = Socket::pair(Network::Unix).map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
        let pump = |source, aside, sink: Option<Arc<OwnedFd>>, stream| {
            let source = sys::register(Arc::new(source), Interest::READABLE)?;
            let sink = sink.map(|sink| sys::register(sink, Interest::WRITABLE)).transpose()?;
            let pump = Pump { source, aside, sink, watch: watch(stream), stream, state: Arc::clone(state) };
            programs.tasks.borrow_mut().spawn(pump.run());
            io::Result::Ok(())
        };
        let sink = Some(sink.into_fd()).filter(|_| self.uses.receives);
        pump(stdout, aside, sink, Stream::Stdout)?;
        let mut errors = None;
        let mut error_sink = None;
        if self.uses.receives_errors {
            let (near, far) = Socket::pair(Network::Unix).map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
            (errors, error_sink) = (Some(near), Some(far.into_fd()));
        }
        pump(stderr, None, error_sink, Stream::Stderr)?;
        Ok((output, errors, input))
    }
}

impl Streams {
    /// Opens the streams: our ends, which do not block, and those of the program.
    fn open(piped: bool) -> io::Result<(Self, [OwnedFd; 3])> {
        let (stdout, output) = io::pipe()?;
        let (stderr, errors) = io::pipe()?;
        let (input, stdin) = if piped {
            let (input, stdin) = io::pipe()?;
            (input.into(), stdin.into())
        } else {
            both_ways()?
        };
        let streams = Self { stdin, piped, stdout: stdout.into(), stderr: stderr.into() };
        for fd in [&streams.stdin, &streams.stdout, &streams.stderr] {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok((streams, [input, output.into(), errors.into()]))
    }
}

/// An input that nothing comes from, and what the program writes to it all the same. It is a pipe that is
/// open both ways: servers and shells take a socket there for a connection that inetd has handed them.
fn both_ways() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, _writer) = io::pipe()?;
    let path = format!("/proc/self/fd/{}", ours.as_raw_fd());
    let theirs = File::options().read(true).write(true).open(path)?;
    Ok((theirs.into(), ours.into()))
}
