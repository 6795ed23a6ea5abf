//! The process between the runner and a program: it sees to it that nothing of the program is left,
//! whatever becomes of the runner.
//!
//! Every program has one. The runner starts it, and it starts the program; it is a *subreaper*,
//! so whatever the program starts and lets go, daemons included, becomes its child in the end, and
//! it is done only when it has no child any more. It hears from the runner over a socket: which
//! signals to send, and when to end them all. It does so, too, when that socket is closed, since then
//! the runner is no more, however it ended; and takes the temporary folder away in its place.
//!
//! Nothing else serves every runner alike. A group of processes, or a signal at the parent's death
//! (`PR_SET_PDEATHSIG`), does not reach daemons. A PID namespace does, but the ids in it are not
//! those outside, so a program could not signal another one by the number in its pid file. A program
//! of our own to be executed there is not at hand where the runner is a test of another crate.
//!
//! A process that a process of several threads has made (`launch.rs`) may make system calls only, so the
//! code here does nothing else: it allocates nothing, takes no lock, and never returns.
#![expect(unsafe_code, reason = "clone(2) and what follows it are system calls without safe wrappers")]

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, c_uint, c_void, pid_t};

use super::launch::{Descriptors, Prepared, raw_clone};
use crate::exec::program::image::{END, ENDED, GRACE_MS, Message, SIGNALLED};

/// What a new process of the runner does: it becomes the supervisor of its child, which becomes the
/// program.
pub(super) fn begin(prepared: Prepared<'_>, own: Descriptors) -> ! {
    // SAFETY: system calls on values of this frame.
    unsafe {
        // Away from the runner's terminal: what is meant for the runner ends nobody else.
        libc::setsid();
        libc::prctl(libc::PR_SET_NAME, c"supervisor".as_ptr(), 0, 0, 0);
        if libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 {
            own.failed();
        }
        match raw_clone(0) {
            -1 => own.failed(),
            0 => {
                libc::prctl(libc::PR_SET_NAME, c"program".as_ptr(), 0, 0, 0);
                become_program();
                prepared.execute(own)
            }
            program => {
                let (control, folder) = (own.control, prepared.temporary());
                Supervisor { program: program as pid_t, lives: true, control, folder }.run()
            }
        }
    }
}

/// The program's own session, and with that its own process group, without a terminal: it behaves
/// alike wherever the runner was started. Signals that the runner ignores are not ignored by it.
fn become_program() {
    // SAFETY: system calls without pointers.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        keep_network_rights();
        for signal in 1..libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        // The runner has blocked all of them for its child.
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}

/// What the runner may do in the networks of its specs, the program may, too. Root's programs may
/// anyway; those of an ordinary user, who has these rights inside a user namespace, would lose them when
/// they are executed: a server could not bind a port below 1024.
fn keep_network_rights() {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    /// The rights of 32 numbers, in `struct __user_cap_data_struct`.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Rights {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    /// CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW.
    const RIGHTS: [u32; 3] = [10, 12, 13];
    /// _LINUX_CAPABILITY_VERSION_3
    const VERSION: u32 = 0x2008_0522;
    let header = Header { version: VERSION, pid: 0 };
    let mut rights = [Rights { effective: 0, permitted: 0, inheritable: 0 }; 2];
    // SAFETY: both structures are those of capget(2), and live until the calls return.
    unsafe {
        if libc::geteuid() == 0 || libc::syscall(libc::SYS_capget, &raw const header, rights.as_mut_ptr()) < 0 {
            return;
        }
        let kept = RIGHTS.iter().fold(0, |kept, right| kept | 1 << right) & rights[0].permitted;
        rights[0].inheritable |= kept;
        if kept == 0 || libc::syscall(libc::SYS_capset, &raw const header, rights.as_ptr()) < 0 {
            return;
        }
        for right in RIGHTS.iter().filter(|right| kept & (1 << **right) != 0) {
            libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, *right, 0, 0);
        }
    }
}

struct Supervisor<'f> {
    program: pid_t,
    /// Whether the program itself was not waited for yet.
    lives: bool,
    control: RawFd,
    folder: &'f CStr,
}

/// What there was to reap.
enum Reaped {
    /// Children are left.
    Some,
    /// No child is left.
    All,
}

impl Supervisor<'_> {
    fn run(mut self) -> ! {
        close_all_but(self.control);
        let children = child_signals();
        loop {
            if let Reaped::All = self.reap() {
                self.leave();
            }
            if wait_for(self.control, children, -1) && self.is_to_end() {
                self.end(children);
            }
        }
    }

    /// Reaps every child that has ended.
    fn reap(&mut self) -> Reaped {
        loop {
            let mut status = 0;
            // SAFETY: the status is valid for the call.
            let child = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
            match child {
                0 => return Reaped::Some,
                -1 => return Reaped::All,
                child if child == self.program => {
                    self.lives = false;
                    self.tell([ENDED, status]);
                }
                _ => {}
            }
        }
    }

    fn tell(&self, message: Message) {
        // SAFETY: the message is valid for its size. Where nobody listens any more, nobody misses it.
        unsafe {
            let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
            libc::send(self.control, message.as_ptr().cast::<c_void>(), size_of::<Message>(), flags);
        }
    }

    /// Does what the runner asks for: sends a signal. True where everything is to end, also since the
    /// runner has.
    fn is_to_end(&self) -> bool {
        let mut signal: c_int = 0;
        // SAFETY: the signal is valid for its size.
        let read = unsafe {
            libc::recv(self.control, (&raw mut signal).cast::<c_void>(), size_of::<c_int>(), libc::MSG_DONTWAIT)
        };
        if read <= 0 || signal == END {
            return true;
        }
        // Not waited for yet, so its number is not that of another process.
        // SAFETY: no pointers.
        let failed = !self.lives || unsafe { libc::kill(self.program, signal) } < 0;
        self.tell([SIGNALLED, if failed { libc::ESRCH } else { 0 }]);
        false
    }

    /// Ends the program with everything that it has started: SIGTERM, some time, SIGKILL. What is stopped
    /// must go on to see the first.
    fn end(&mut self, children: RawFd) -> ! {
        self.signal_all(libc::SIGTERM);
        self.signal_all(libc::SIGCONT);
        let end = now_ms() + i64::from(GRACE_MS);
        while now_ms() < end {
            let lived = self.lives;
            if let Reaped::All = self.reap() {
                self.leave();
            }
            if lived && !self.lives {
                // What it leaves behind has become ours only now.
                self.signal_all(libc::SIGTERM);
            }
            wait_for(-1, children, 10);
        }
        // Each round may make orphans of the next ones.
        loop {
            self.signal_all(libc::SIGKILL);
            if let Reaped::All = self.reap() {
                self.leave();
            }
            wait_for(-1, children, 10);
        }
    }

    /// Ends this process, and with that says that nothing is left.
    fn leave(&self) -> ! {
        // SAFETY: execve(2) on strings that end in a zero; _exit(2) runs nothing of ours, and nothing of
        // the runner's.
        unsafe {
            let mut nothing = [0_u8; 1];
            let read = libc::recv(self.control, nothing.as_mut_ptr().cast::<c_void>(), 1, libc::MSG_DONTWAIT);
            let is_reset = read < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ECONNRESET);
            // The runner is no more, and has left its folder to us.
            if read == 0 || is_reset {
                let arguments = [c"rm".as_ptr(), c"-rf".as_ptr(), c"--".as_ptr(), self.folder.as_ptr(), ptr::null()];
                libc::execve(c"/bin/rm".as_ptr(), arguments.as_ptr(), [ptr::null()].as_ptr());
            }
            libc::_exit(0)
        }
    }

    /// Sends a signal to the program's group, and to every other child.
    fn signal_all(&self, signal: c_int) {
        if self.lives {
            // SAFETY: no pointers.
            unsafe { libc::kill(-self.program, signal) };
        }
        let skipped = if self.lives && signal == libc::SIGTERM { self.program } else { 0 };
        // SAFETY: the path ends in a zero; the buffer is valid for its length.
        unsafe {
            let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            let mut buffer = [0_u8; 4096];
            let mut number: pid_t = 0;
            loop {
                let read = libc::read(file, buffer.as_mut_ptr().cast::<c_void>(), buffer.len());
                let Ok(read @ 1..) = usize::try_from(read) else { break };
                for byte in buffer.iter().take(read) {
                    if byte.is_ascii_digit() {
                        number = number.wrapping_mul(10).wrapping_add(pid_t::from(byte - b'0'));
                    } else {
                        if number > 1 && number != skipped {
                            libc::kill(number, signal);
                        }
                        number = 0;
                    }
                }
            }
            libc::close(file);
        }
    }
}

/// Waits until the runner says something (true), a child ends, or the time has passed.
fn wait_for(control: RawFd, children: RawFd, timeout_ms: c_int) -> bool {
    let mut fds = [control, children].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: the entries and the buffer are valid for the calls.
    unsafe {
        libc::poll(fds.as_mut_ptr(), 2, timeout_ms);
        let mut signals = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        libc::read(children, signals.as_mut_ptr().cast::<c_void>(), size_of::<libc::signalfd_siginfo>());
    }
    fds[0].revents != 0
}

/// Milliseconds of a clock that nobody sets.
fn now_ms() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is valid for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

/// A descriptor that says when a child has ended.
fn child_signals() -> RawFd {
    // SAFETY: the set is initialised by sigemptyset(3).
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    }
}

/// Closes every descriptor but one: an end of a stream that stays open here would never end there.
fn close_all_but(kept: RawFd) {
    let kept = kept.cast_unsigned();
    // The streams of the program have the numbers below it.
    for (first, last) in [(0, kept.saturating_sub(1)), (kept + 1, c_uint::MAX)] {
        // SAFETY: this process uses no other descriptor.
        let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if closed < 0 {
            // Before Linux 5.9.
            for fd in first..=last.min(65_536) {
                // SAFETY: as above.
                unsafe { libc::close(fd.cast_signed()) };
            }
        }
    }
}
