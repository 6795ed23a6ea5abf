//! Programs: processes as endpoints.
//!
//! A program has pipes for its output and its error output, so that it can open `/dev/stdout`. What
//! it prints is passed on into a pair of sockets of which the endpoint has one; so everything that
//! receives from a socket receives from a program. Its input is a pipe, too, where the spec sends to
//! it; else one end of a pair of sockets, so that what it says there, as some servers do, is heard.

mod activity;
mod hint;
mod launch;
mod lookup;
mod output;
mod spawn;
mod state;
mod supervisor;
#[cfg(test)]
mod tests;
mod told;

use std::cell::{Cell, RefCell};
use std::future::{Future as _, poll_fn};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use tokio::task::JoinSet;

use crate::model::errno::Errno;
use crate::model::signal::{ExitStatus, Signal};
use crate::plan::program::Uses;
use crate::source::Span;
use crate::trace::record::{Bytes, Printed};

use super::net::{Socket, sys};
use super::stop::Stop;
pub(crate) use hint::hint;
use launch::Child;
pub use launch::prepare_programs;
pub use lookup::find_program;
pub(crate) use spawn::Spawn;
use state::State;
pub(crate) use state::Stream;
use supervisor::{END, ENDED, GRACE_MS, Message, SIGNALLED};
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
        self.supervisor.borrow().as_ref().is_some_and(|supervisor| activity::is_active(supervisor.pid()))
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
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let _ = send(&*self.control, &END.to_ne_bytes(), flags);
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

/// Has its supervisor send a program a signal, and waits until that is done.
async fn signalled(control: &OwnedFd, state: &State, signal: i32) -> Result<(), Errno> {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    if send(control, &signal.to_ne_bytes(), flags).is_err() {
        return Err(Errno(libc::ESRCH));
    }
    match state.until(|inner| inner.signalled.pop_front().or(inner.is_gone.then_some(libc::ESRCH))).await {
        0 => Ok(()),
        errno => Err(Errno(errno)),
    }
}

/// The programs of a test. All of them have ended when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    all: RefCell<Vec<Rc<Program>>>,
    tasks: RefCell<JoinSet<()>>,
}

impl Programs {
    /// Whether there are none, as in most tests.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.borrow().is_empty()
    }

    /// The programs, in the order in which they were started.
    pub(crate) fn all(&self) -> Vec<Rc<Program>> {
        self.all.borrow().clone()
    }

    /// What to do where nobody listens at a port that a program was told.
    pub(crate) fn not_listening(&self, port: u16, address: &str) -> Option<String> {
        self.all.borrow().iter().find_map(|program| program.not_listening(port, address))
    }

    /// The failure that a program is that has ended though no step has seen it, or, where more steps
    /// come, will see it. `but` is one that is not asked about.
    pub(crate) fn lost(&self, more_come: bool, but: Option<&str>) -> Option<Stop> {
        let all = self.all.borrow();
        let mut all =
            all.iter().filter(|program| !(program.uses.exits && more_come) && but != Some(program.shown.as_str()));
        all.find_map(|program| {
            let status = program.lost()?;
            program.is_told.set(true);
            let message = format!("{}: it ended {}, and nobody expected that", program.shown, status.described());
            let stop = Stop::failed(message).label(format!("ended {}", status.described()));
            let stop = stop.of(&program.shown).at(program.place);
            Some(stop.help(format!("if it shall end, write `- {}: {{expect: exit, status: {status}}}`", program.shown)))
        })
    }

    /// The failure of [`Programs::lost`], as soon as there is one. What a program has sent before its
    /// end has time to arrive at who waits for it.
    pub(crate) async fn until_lost(&self, but: &str) -> Stop {
        /// As long as a step waits for its effect.
        const ARRIVAL: Duration = Duration::from_millis(50);
        loop {
            self.next_end(but).await;
            tokio::time::sleep(ARRIVAL).await;
            if let Some(stop) = self.lost(true, Some(but)) {
                return stop;
            }
        }
    }

    /// Waits until one of the programs ends that must not.
    async fn next_end(&self, but: &str) {
        self.first_end(|program| {
            let counts = program.status().is_none() || program.lost().is_some();
            counts && !program.uses.exits && program.shown != but
        })
        .await;
    }

    /// After a failure that the end of a connection is: whoever had it may be about to end, which then
    /// takes some time, of an interpreter many milliseconds. It waits for that, unless the end of a
    /// program is known that explains it. `but` is the program at which it failed.
    pub(crate) async fn await_cause(&self, but: &str) {
        const BOUND: Duration = Duration::from_millis(200);
        let others: Vec<_> = self.all().into_iter().filter(|program| program.shown != but).collect();
        if others.iter().any(|program| program.lost().is_some()) || !others.iter().any(|program| program.is_to_live()) {
            return;
        }
        let end = self.first_end(|program| program.is_to_live() && program.shown != but);
        let _ = tokio::time::timeout(BOUND, end).await;
    }

    /// Waits until one of these programs has ended.
    async fn first_end(&self, is_one: impl Fn(&Program) -> bool) {
        let these = self.all().into_iter().filter(|program| is_one(program));
        let mut ends: Vec<_> = these.map(|program| Box::pin(async move { program.ended().await })).collect();
        poll_fn(|context| {
            let has_ended = ends.iter_mut().any(|end| end.as_mut().poll(context).is_ready());
            if has_ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Ends a program that was never to be, and waits until nothing of it is left.
    pub(crate) async fn discard(&self, program: &Rc<Program>) {
        program.may_end.set(true);
        program.is_done.set(true);
        program.end();
        let bound = Duration::from_millis(GRACE_MS.unsigned_abs().into()) + PATIENCE;
        let gone = program.state.until(|inner| inner.is_gone.then_some(()));
        if tokio::time::timeout(bound, gone).await.is_ok() {
            program.wait();
            self.all.borrow_mut().retain(|known| !Rc::ptr_eq(known, program));
        }
    }

    /// Whether one of them does something, or is about to.
    pub(crate) fn are_active(&self) -> bool {
        self.all.borrow().iter().any(|program| program.status().is_none() && program.is_active())
    }

    /// Waits a moment for what programs do last: one that is about to end, and what it has printed.
    pub(crate) async fn settle(&self) {
        /// The kernel closes the connections of a process before it says that it has ended.
        const MOMENT: Duration = Duration::from_millis(5);
        tokio::time::sleep(MOMENT).await;
        for program in self.all() {
            program.rest().await;
            program.settle().await;
        }
    }

    /// A failure with what the programs have printed, and which of them have ended by then. First
    /// comes the program at which it failed, last those that ended as they were to; of these, the
    /// ones that found nothing wrong have nothing to tell.
    pub(crate) fn told(&self, mut stop: Stop) -> Stop {
        let all = self.all.borrow();
        for program in all.iter().filter(|program| !program.is_told.get()) {
            if let Some(status) = program.lost() {
                stop = stop.note(format!("`{}` had ended by then, {}", program.shown, status.described()));
            }
        }
        let failed = all.iter().filter(|program| !matches!(program.status(), None | Some(ExitStatus::Code(0))));
        stop = failed.filter_map(|program| program.told.misplaced()).take(1).fold(stop, Stop::help);
        let rank = |program: &Program| match program.status() {
            _ if stop.is_of(&program.shown) => Some(0),
            None => Some(1),
            Some(_) if program.lost().is_some() => Some(1),
            Some(ExitStatus::Code(0)) => None,
            Some(_) => Some(2),
        };
        let mut told: Vec<_> = all.iter().filter_map(|program| Some((rank(program)?, program))).collect();
        told.sort_by_key(|(rank, _)| *rank);
        told.into_iter().fold(stop, |stop, (_, program)| stop.printed(program.printed()))
    }

    /// Ends every program with all that it has started, and waits until nothing is left: the last one
    /// first, since it may need those before it to end well.
    pub(crate) fn end(&self) {
        for program in self.all.take().iter().rev() {
            program.end();
            program.wait();
        }
    }

    /// The tasks that look after them, to be shut down at the end.
    pub(crate) fn take_tasks(&self) -> JoinSet<()> {
        self.tasks.take()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.end();
    }
}

/// Hears what the supervisor tells.
async fn listen(control: Arc<OwnedFd>, state: Arc<State>) {
    let heard = async {
        let control = sys::register(control, tokio::io::Interest::READABLE)?;
        loop {
            let mut ready = control.readable().await?;
            let mut message = [0_u8; size_of::<Message>()];
            match ready.try_io(|fd| Ok(recv(fd.as_fd(), &mut message[..], RecvFlags::DONTWAIT)?.1)) {
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(_)) => state.change(|inner| inner.told(message)),
                // It has ended before it read a signal that was under way; what it said before still comes.
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    };
    let _: io::Result<()> = heard.await;
    state.change(|inner| inner.is_gone = true);
}

impl state::Inner {
    fn told(&mut self, message: [u8; size_of::<Message>()]) {
        let number = |at: usize| i32::from_ne_bytes(std::array::from_fn(|byte| message[4 * at + byte]));
        let (what, value) = (number(0), number(1));
        match what {
            ENDED => self.status = Some(ExitStatus::from_wait(value)),
            SIGNALLED => self.signalled.push_back(value),
            _ => {}
        }
    }
}
