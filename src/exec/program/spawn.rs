//! Starts a program: its streams, its place, its supervisor.

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;

use regex::bytes::Regex;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::io::Interest;

use crate::model::network::Network;
use crate::plan::program::Uses;
use crate::source::Span;

use super::handed::{Handed, TAKEN, occupy};
use super::output::{LineWatch, Pump};
use super::state::{State, Stream};
use super::{Program, Programs, listen, supervisor};
use crate::exec::forks::Fork;
use crate::exec::net::{Socket, sys};

/// How often a process is started whose sockets find their numbers taken, by other threads.
const TRIES: usize = 8;

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
        let mut command = Command::new(&self.path);
        if let Some((name, arguments)) = self.arguments.split_first() {
            command.arg0(name).args(arguments);
        }
        command.current_dir(&self.folder);
        let streams = Streams::open(&mut command, self.uses.sends)?;
        let (control, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        let other = Arc::new(other);
        let temporary = CString::new(self.temporary.as_os_str().as_bytes())?;
        let supervisor = self.spawn(&mut command, Arc::clone(&other), temporary)?;
        // The ends of the program: what only it has open ends with it.
        drop((command, other));
        let control = Arc::new(control);
        let state = Arc::new(State::default());
        let (output, errors, input) = self.attend(programs, streams, &state)?;
        programs.tasks.borrow_mut().spawn(listen(Arc::clone(&control), Arc::clone(&state)));
        let program = Rc::new(Program {
            shown: self.shown,
            uses: self.uses,
            place: self.place,
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

    /// Starts the process, with its environment and the sockets that it gets.
    fn spawn(&self, command: &mut Command, control: Arc<OwnedFd>, temporary: CString) -> io::Result<Child> {
        let _under_way = Fork::begin();
        if self.pass.is_empty() {
            command.envs(self.env.iter().map(|(name, value)| (name, value)));
            supervisor::supervise(command, control, temporary, None);
            return command.spawn();
        }
        let handed = Handed::new(&self.pass, &self.env)?;
        let mut occupied = occupy(&self.pass)?;
        supervisor::supervise(command, control, temporary, Some(handed));
        for _ in 0..TRIES {
            match command.spawn() {
                Err(error) if error.raw_os_error() == Some(TAKEN) => occupied.append(&mut occupy(&self.pass)?),
                started => return started,
            }
        }
        command.spawn()
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
    /// Opens the streams of a command: the ends that are ours do not block.
    fn open(command: &mut Command, piped: bool) -> io::Result<Self> {
        let (stdout, theirs) = io::pipe()?;
        command.stdout(theirs);
        let (stderr, theirs) = io::pipe()?;
        command.stderr(theirs);
        let stdin: OwnedFd = if piped {
            let (theirs, stdin) = io::pipe()?;
            command.stdin(theirs);
            stdin.into()
        } else {
            let (theirs, stdin) = std::os::unix::net::UnixStream::pair()?;
            command.stdin(Stdio::from(OwnedFd::from(theirs)));
            stdin.into()
        };
        let streams = Self { stdin, piped, stdout: stdout.into(), stderr: stderr.into() };
        for fd in [&streams.stdin, &streams.stdout, &streams.stderr] {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(streams)
    }
}
