//! Programs: processes as endpoints.
//!
//! A program has pipes for its output and its error output, so that it can open `/dev/stdout`. What
//! it prints is passed on into a pair of sockets of which the endpoint has one; so everything that
//! receives from a socket receives from a program. Its input is a pipe, too, where the spec sends to
//! it; else one end of a pair of sockets, so that what it says there, as some servers do, is heard.

mod control;
mod hint;
pub(crate) mod image;
mod lookup;
mod output;
mod programs;
mod spawn;
mod state;
#[cfg(test)]
mod tests;
mod told;

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};

use crate::model::errno::Errno;
use crate::model::signal::{ExitStatus, Signal};
use crate::plan::program::Uses;
use crate::source::Span;
use crate::trace::record::{Bytes, Printed};

use super::net::Socket;
use super::platform::process::Child;
pub use super::platform::process::prepare as prepare_programs;
use super::stop::Stop;
use control::{signalled, tell};
pub(crate) use hint::hint;
use image::{END, GRACE_MS, Message};
pub use lookup::find_program;
pub(crate) use programs::Programs;
pub(crate) use spawn::Spawn;
use state::State;
pub(crate) use state::Stream;
pub(crate) use told::Told;

/// How long a supervisor may take beyond the time that it gives its program. A process that waits
/// for a dead disk cannot even be killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many lines of what a program printed a report shows.
const LINES: usize = 20;

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name of its endpoint, as a trace shows it.
    pub(crate) shown: String,
    /// The number of its process.
    pub(crate) pid: i32,
    /// What the spec does with it.
    pub(crate) uses: Uses,
    /// Where the spec starts it, in bytes.
    pub(crate) place: Span,
    /// What it was told, for those who ask why it does not do what was expected.
    told: Told,
    /// Whether a step has seen it end.
    pub(crate) is_done: Cell<bool>,
    /// Whether a step has given it a reason to end: a signal, or the end of its input.
    pub(crate) may_end: Cell<bool>,
    /// Whether a failure tells that it has ended.
    is_told: Cell<bool>,
    input: RefCell<Option<Rc<Socket>>>,
    errors: Option<Rc<Socket>>,
    state: Arc<State>,
    control: Arc<OwnedFd>,
    supervisor: RefCell<Option<Child>>,
}

impl Program {
    /// Whether it has started that process, which is in its session still.
    pub(crate) fn has_started(&self, pid: i32) -> bool {
        let session = rustix::process::Pid::from_raw(pid).and_then(|pid| rustix::process::getsid(Some(pid)).ok());
        session.is_some_and(|session| session.as_raw_nonzero().get() == self.pid)
    }

    /// Its input, unless that was closed.
    pub(crate) fn input(&self) -> Option<Rc<Socket>> {
        self.input.borrow().clone()
    }

    /// Closes its input.
    pub(crate) fn close_input(&self) {
        if let Some(input) = self.input.take() {
            // Both directions of a pair of sockets would be closed only with the last that has it.
            let _ = shutdown(input.fd(), Shutdown::Write);
        }
        self.may_end.set(true);
    }

    /// What its error output is received from, where somebody does.
    pub(crate) fn errors(&self) -> Option<Rc<Socket>> {
        self.errors.clone()
    }

    /// What to do where nobody listens at a port that it was told.
    pub(crate) fn not_listening(&self, port: u16, address: &str) -> Option<String> {
        if self.status().is_some() || !self.told.has_number(port) {
            return None;
        }
        let name = &self.shown;
        Some(if self.told.has_ready {
            format!("`{name}` runs, was told this port and is `ready`, but does not listen at this address")
        } else {
            format!(
                "`{name}` runs and was told this port, but does not listen yet: give its `run` a `ready`, \
                 `ready: \"{address}\"` or a line that it prints, `ready: {{stdout: REGEX}}`"
            )
        })
    }

    /// How it has ended, if it has.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        self.state.look(|inner| inner.status)
    }

    /// How it has ended, if no step has seen it or given it a reason.
    fn lost(&self) -> Option<ExitStatus> {
        if self.is_to_live() { self.status() } else { None }
    }

    /// Whether nobody has seen it end or given it a reason to.
    fn is_to_live(&self) -> bool {
        !self.is_done.get() && !self.may_end.get()
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&self) -> ExitStatus {
        self.state.until(|inner| inner.status).await
    }

    /// Waits until the line has come that it is ready by, or it has ended without.
    pub(crate) async fn ready_line(&self) -> Result<(), ExitStatus> {
        tokio::select! {
            biased;
            () = self.state.until(|inner| inner.is_ready.then_some(())) => Ok(()),
            status = self.ended_and_quiet() => Err(status),
        }
    }

    /// Waits until it has ended and what it has printed was read, as far as nobody else has its
    /// streams.
    async fn ended_and_quiet(&self) -> ExitStatus {
        let status = self.ended().await;
        self.quiet().await;
        status
    }

    /// Waits until what a program has printed that has ended was read. Where something that it has
    /// started has its streams, they do not end.
    pub(crate) async fn quiet(&self) {
        const BOUND: Duration = Duration::from_millis(50);
        let ended = self.state.until(|inner| inner.streams_ended().then_some(()));
        let _ = tokio::time::timeout(BOUND, ended).await;
    }

    /// Waits until it does nothing any more but wait, or has ended, where its end would matter: what the
    /// last step has led to is over then. Not for ever, since some programs never rest.
    async fn rest(&self) {
        const BOUND: Duration = Duration::from_millis(250);
        const LOOK: Duration = Duration::from_millis(1);
        let until = Instant::now() + BOUND;
        let matters = || self.is_to_live() && self.status().is_none();
        while matters() && self.is_active() && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn is_active(&self) -> bool {
        self.supervisor.borrow().as_ref().is_some_and(Child::is_active)
    }

    /// Where it is about to have ended, for its streams have, or the other way round: waits for the rest.
    async fn settle(&self) {
        const BOUND: Duration = Duration::from_millis(200);
        let is_ending = self.state.look(|inner| inner.streams_ended() || inner.status.is_some());
        if is_ending {
            let ended = self.state.until(|inner| inner.status);
            let _ = tokio::time::timeout(BOUND, ended).await;
            self.quiet().await;
        }
    }

    /// Whether so much of its output waits that it has to wait, too.
    pub(crate) fn is_blocked(&self) -> bool {
        self.state.look(|inner| inner.output(Stream::Stdout).is_full || inner.output(Stream::Stderr).is_full)
    }

    /// The failure that its end is while a step waits until it is ready.
    pub(crate) fn ended_early(&self, status: ExitStatus) -> Stop {
        // It is told here, so not once more.
        self.is_told.set(true);
        let ended = format!("ended {}", status.described());
        Stop::failed(format!("{}: it {ended} before it was ready", self.shown)).label(ended)
    }

    /// Sends a signal to it, and waits until that is done.
    pub(crate) async fn signal(&self, signal: Signal) -> Result<(), Errno> {
        if matches!(signal.0, libc::SIGTERM | libc::SIGINT | libc::SIGQUIT | libc::SIGKILL | libc::SIGABRT) {
            self.may_end.set(true);
        }
        signalled(&self.control, &self.state, signal.0).await
    }

    /// Stops it for a while: as if the machine had been slow to start it.
    pub(crate) async fn stop_for(&self, time: Duration, programs: &Programs) {
        if self.signal(Signal(libc::SIGSTOP)).await.is_err() {
            return;
        }
        let (control, state) = (Arc::clone(&self.control), Arc::clone(&self.state));
        programs.tasks.borrow_mut().spawn(async move {
            tokio::time::sleep(time).await;
            let _ = signalled(&control, &state, libc::SIGCONT).await;
        });
    }

    /// The last lines that it has printed, stream by stream.
    pub(crate) fn printed(&self) -> impl Iterator<Item = Printed> + '_ {
        [Stream::Stdout, Stream::Stderr].into_iter().filter_map(|stream| {
            let bytes = self.state.look(|inner| inner.output(stream).tail.last_lines(LINES));
            let stderr = stream == Stream::Stderr;
            (!bytes.is_empty()).then(|| Printed { by: self.shown.clone(), stderr, bytes: Bytes(bytes) })
        })
    }

    /// Tells its supervisor to end it.
    fn end(&self) {
        let _ = tell(&self.control, END);
    }

    /// Waits until nothing of it is left; not for ever.
    fn wait(&self) {
        let Some(supervisor) = self.supervisor.take() else { return };
        let end = Instant::now() + Duration::from_millis(GRACE_MS.unsigned_abs().into()) + PATIENCE;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let timeout = rustix::event::Timespec::try_from(left).ok();
            let _ = poll(&mut [PollFd::new(&*self.control, PollFlags::IN)], timeout.as_ref());
            match recv(&*self.control, &mut [0_u8; size_of::<Message>()][..], RecvFlags::DONTWAIT) {
                // Its last message, or the end.
                Ok((_, 0)) | Err(rustix::io::Errno::CONNRESET) => {
                    supervisor.wait();
                    return;
                }
                _ => {}
            }
        }
    }
}
