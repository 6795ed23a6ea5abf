//! Starts a process in which nothing of the runner's is open but what it is to have.
//!
//! fork(2) copies every descriptor of every test, and keeps the copies until the program is executed.
//! A socket that a test closes meanwhile is then not closed: its listener still accepts, its FIN is
//! not sent, its port is still taken. So the new process shares the runner's descriptors at first
//! (CLONE_FILES), and leaves them in one system call that copies none but the lowest numbers:
//! close_range(2) with CLOSE_RANGE_UNSHARE. Among these is one end of the *channel*, a pair of sockets
//! that is made before any test has one, and over it the process gets descriptors of its own.
//!
//! Between clone(2) and execve(2) there are only system calls, since other threads may have held any
//! lock: the process allocates nothing.
#![expect(unsafe_code, reason = "clone(2) and what follows it are system calls without safe wrappers")]

use std::ffi::{CStr, CString, c_char};
use std::io::{self, PipeReader, Read as _};
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

use libc::{c_int, c_long, c_uint, c_void, pid_t};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, recv, sendmsg, socketpair};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::activity;
use crate::exec::program::image::Image;

/// The descriptors that every process gets first, in this order: where it hears from the runner, where it
/// tells that it was not executed, its input, output and error output.
const OWN: usize = 5;

/// SCM_MAX_FD, unix(7).
const MOST: usize = 253;

/// How many descriptors are closed one by one where the kernel cannot close them all.
const MOST_NUMBERS: c_uint = 65_536;

/// The first descriptor that is handed over: SD_LISTEN_FDS_START.
const FIRST: RawFd = 3;

/// The variable that says which process the sockets are for.
const PID: &[u8] = b"LISTEN_PID=";

/// A number of a process has no more.
const MOST_DIGITS: usize = 10;

/// A child of the runner.
#[derive(Debug)]
pub(crate) struct Child(Pid);

impl Child {
    /// Whether something of it or its descendants runs, or would if there were a processor for it.
    pub(crate) fn is_active(&self) -> bool {
        activity::is_active(self.0)
    }

    fn has_ended(&self) -> bool {
        !matches!(waitpid(Some(self.0), WaitOptions::NOHANG), Ok(None))
    }

    /// The error that it is where one has ended before its time.
    fn vanished(self) -> io::Error {
        self.wait();
        Errno::CHILD.into()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(self) {
        while let Err(Errno::INTR) = waitpid(Some(self.0), WaitOptions::empty()) {}
    }
}

/// The pair of sockets over which processes get their descriptors, one process at a time.
#[derive(Debug)]
struct Channel {
    ours: Mutex<OwnedFd>,
    theirs: OwnedFd,
}

/// Makes what programs are started with, where it is not there yet. A process does that before it opens
/// anything for a test: what has a lower number is in a new process for a moment.
pub fn prepare() {
    let _ = channel();
}

fn channel() -> Result<&'static Channel, Errno> {
    static CHANNEL: OnceLock<Result<Channel, Errno>> = OnceLock::new();
    let made = CHANNEL.get_or_init(|| {
        let (theirs, ours) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok(Channel { ours: Mutex::new(ours), theirs })
    });
    made.as_ref().map_err(|errno| *errno)
}

/// What follows in the new process: it gets what the runner wants of it and what it has, and never
/// returns.
pub(super) type Begin = fn(Prepared<'_>, Descriptors) -> !;

/// An image, in the form that execve(2) takes.
pub(super) struct Prepared<'a> {
    image: &'a Image<'a>,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// `LISTEN_PID=`, and room for the number, where sockets are handed over.
    pid: Vec<u8>,
}

/// The descriptors of a new process.
pub(super) struct Descriptors {
    /// Where it hears from the runner.
    pub(super) control: RawFd,
    /// Where it tells that it was not executed.
    status: RawFd,
    streams: [RawFd; 3],
    handed: [RawFd; MOST],
}

/// Starts the process, and waits until its program was executed: the child, and the number of the process
/// that the program is.
///
/// # Errors
/// Where there can be no process, and where execve(2) fails.
pub(super) fn start(image: &Image<'_>, begin: Begin) -> io::Result<(Child, pid_t)> {
    let channel = channel()?;
    let (mut status, theirs) = io::pipe()?;
    let prepared = Prepared::new(image);
    // One process at a time takes what is sent, so it takes its own.
    let ours = channel.ours.lock().unwrap_or_else(PoisonError::into_inner);
    send(image, &ours, theirs.as_fd())?;
    let child = clone(|| descend(channel.theirs.as_raw_fd(), prepared, begin));
    drop(theirs);
    let started =
        child.and_then(|child| if has_begun(&mut status, &child) { Ok(child) } else { Err(child.vanished()) });
    if started.is_err() {
        // Nobody else may take it.
        let _ = recv(&channel.theirs, &mut [0_u8; 1][..], RecvFlags::DONTWAIT);
    }
    drop(ours);
    let child = started?;
    let mut pid = 0;
    loop {
        match told(&mut status) {
            Some(number @ ..0) => pid = -number,
            Some(errno) => {
                child.wait();
                return Err(io::Error::from_raw_os_error(errno));
            }
            // The pipe ends when the program was executed.
            None => return Ok((child, pid)),
        }
    }
}

fn send(image: &Image<'_>, ours: &OwnedFd, status: BorrowedFd<'_>) -> io::Result<()> {
    let fds: Vec<_> =
        [image.control, status].into_iter().chain(image.streams).chain(image.handed.iter().copied()).collect();
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if fds.len() > MOST || !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::MFILE.into());
    }
    sendmsg(ours, &[io::IoSlice::new(b"d")], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What a new process says once it has its descriptors; no error has this number. The process that is
/// about to be the program says its own, negative.
const BEGUN: c_int = 0;

/// The next number that a new process tells.
fn told(status: &mut PipeReader) -> Option<c_int> {
    let mut number = [0; size_of::<c_int>()];
    status.read_exact(&mut number).ok().map(|()| c_int::from_ne_bytes(number))
}

/// Waits until a process has its descriptors; false where it ends before.
fn has_begun(status: &mut PipeReader, child: &Child) -> bool {
    loop {
        // The pipe does not end with the process: as long as nobody took it, its other end is in the channel.
        let look = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        match poll(&mut [PollFd::new(&*status, PollFlags::IN)], Some(&look)) {
            Ok(0) if child.has_ended() => return false,
            Ok(0) | Err(Errno::INTR) => {}
            _ => return told(status).is_some(),
        }
    }
}

/// A process of one thread that shares the descriptors of this one, and runs the closure with all signals
/// blocked.
fn clone(run: impl FnOnce()) -> io::Result<Child> {
    // SAFETY: the sets are filled in before they are read. The new process has a copy of this stack, runs
    // the closure on it, and leaves by _exit(2); signal handlers of the runner never run in it.
    unsafe {
        let (mut all, mut before) = (MaybeUninit::<libc::sigset_t>::uninit(), MaybeUninit::<libc::sigset_t>::uninit());
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        let child = raw_clone(libc::CLONE_FILES);
        if child == 0 {
            run();
            libc::_exit(127);
        }
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        pid_t::try_from(child).ok().and_then(Pid::from_raw).map(Child).ok_or(error)
    }
}

/// clone(2) with a copy of the memory. fork(3) would wait for locks of the C library that a thread of the
/// runner may have held.
///
/// # Safety
/// In the new process only system calls may follow.
pub(super) unsafe fn raw_clone(flags: c_int) -> c_long {
    // SAFETY: no stack and no addresses are given.
    unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) }
}

/// In the new process: leaves the runner's descriptors, and gets its own.
fn descend(channel: RawFd, prepared: Prepared<'_>, begin: Begin) {
    // SAFETY: system calls on numbers.
    unsafe {
        let above = channel.cast_unsigned() + 1;
        if libc::syscall(libc::SYS_close_range, above, c_uint::MAX, libc::CLOSE_RANGE_UNSHARE) < 0 {
            // Before Linux 5.9: a copy of all of them, for as long as it takes to close them. Without it they
            // would be the runner's that are closed.
            if libc::unshare(libc::CLONE_FILES) < 0 {
                return;
            }
            for fd in above..MOST_NUMBERS {
                libc::close(fd.cast_signed());
            }
        }
        for fd in 3..channel {
            libc::close(fd);
        }
    }
    let Some(own) = receive(channel, prepared.image.handed.len()) else { return };
    // SAFETY: a descriptor that nothing else uses.
    unsafe { libc::close(channel) };
    own.tell(BEGUN);
    begin(prepared, own)
}

/// Receives the descriptors.
fn receive(channel: RawFd, handed: usize) -> Option<Descriptors> {
    const SPACE: usize = 2048;
    #[repr(align(8))]
    struct Space([u8; SPACE]);
    let (mut space, mut byte) = (Space([0; SPACE]), 0_u8);
    // SAFETY: the header points to memory of this frame, whose lengths it says; the kernel's answer is
    // walked by the macros of cmsg(3).
    unsafe {
        let mut vector = libc::iovec { iov_base: (&raw mut byte).cast::<c_void>(), iov_len: 1 };
        let mut header: libc::msghdr = mem::zeroed();
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        header.msg_control = space.0.as_mut_ptr().cast::<c_void>();
        header.msg_controllen = SPACE as _;
        if libc::recvmsg(channel, &raw mut header, libc::MSG_CMSG_CLOEXEC) <= 0 {
            return None;
        }
        let control = libc::CMSG_FIRSTHDR(&raw const header);
        if control.is_null() || (*control).cmsg_type != libc::SCM_RIGHTS {
            return None;
        }
        let count = ((*control).cmsg_len as usize - libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
        if count != OWN + handed || count > MOST {
            return None;
        }
        let data = libc::CMSG_DATA(control).cast::<[u8; size_of::<RawFd>()]>();
        let at = |index: usize| RawFd::from_ne_bytes(*data.add(index));
        let mut own = Descriptors { control: at(0), status: at(1), streams: [at(2), at(3), at(4)], handed: [-1; MOST] };
        for index in 0..handed {
            own.handed[index] = at(OWN + index);
        }
        Some(own)
    }
}

impl Descriptors {
    /// Tells the runner that the last system call has failed, and ends the process.
    pub(super) fn failed(&self) -> ! {
        self.tell(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL));
        // SAFETY: nothing of the runner's is run.
        unsafe { libc::_exit(127) }
    }

    /// Tells the runner a number.
    fn tell(&self, number: c_int) {
        // SAFETY: the number is valid for its size.
        unsafe { libc::write(self.status, (&raw const number).cast::<c_void>(), size_of::<c_int>()) };
    }
}

impl<'a> Prepared<'a> {
    fn new(image: &'a Image<'a>) -> Self {
        let addresses = |strings: &[CString]| strings.iter().map(|string| string.as_ptr()).collect::<Vec<_>>();
        let arguments = [addresses(&image.arguments), vec![ptr::null()]].concat();
        let mut environment = addresses(&image.environment);
        let mut pid = Vec::new();
        if !image.handed.is_empty() {
            pid.extend(PID);
            pid.resize(PID.len() + MOST_DIGITS + 1, 0);
            environment.push(pid.as_ptr().cast());
        }
        environment.push(ptr::null());
        Self { image, arguments, environment, pid }
    }

    /// The temporary folder of the test.
    pub(super) fn temporary(&self) -> &CStr {
        &self.image.temporary
    }

    /// In the process that is to be the program: becomes it. Where that fails, the runner is told why.
    pub(super) fn execute(mut self, mut own: Descriptors) -> ! {
        // SAFETY: system calls on descriptors of this process alone, and on strings that end in a zero.
        unsafe {
            if self.take_places(&mut own).is_some() {
                own.tell(-libc::getpid());
                libc::execve(self.image.path.as_ptr(), self.arguments.as_ptr(), self.environment.as_ptr());
            }
            own.failed()
        }
    }

    /// Gives every descriptor its number, and the process its folder; tells in the environment which
    /// process it is. `None` where errno says why not.
    ///
    /// # Safety
    /// Only in the process that is to be the program.
    unsafe fn take_places(&mut self, own: &mut Descriptors) -> Option<()> {
        let done = |result: c_int| (result >= 0).then_some(result);
        // SAFETY: system calls on descriptors of this process alone.
        unsafe {
            for (number, stream) in (0..).zip(own.streams) {
                done(libc::dup2(stream, number))?;
            }
            // Beyond the numbers that are wanted, so that none is overwritten before it was used.
            let end = FIRST + RawFd::try_from(self.image.handed.len()).unwrap_or(0);
            own.status = done(libc::fcntl(own.status, libc::F_DUPFD_CLOEXEC, end))?;
            for fd in own.handed.iter_mut().take(self.image.handed.len()) {
                *fd = done(libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, end))?;
            }
            for (number, fd) in (FIRST..end).zip(own.handed) {
                done(libc::dup2(fd, number))?;
            }
            if let Some(room) = self.pid.get_mut(PID.len()..) {
                write_number(room, libc::getpid());
            }
            done(libc::chdir(self.image.folder.as_ptr()))?;
            if let Some(limit) = &self.image.open_files {
                done(libc::setrlimit(libc::RLIMIT_NOFILE, limit))?;
            }
        }
        Some(())
    }
}

/// Writes a number in decimal, into room that is zeros.
fn write_number(room: &mut [u8], number: pid_t) {
    let mut rest = number.unsigned_abs();
    let digits = rest.checked_ilog10().unwrap_or(0) as usize + 1;
    for digit in room.iter_mut().take(digits).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_number_is_written_in_place() {
        for number in [0, 7, 10, 999, 4_194_304, i32::MAX] {
            let mut room = [0; MOST_DIGITS + 1];
            write_number(&mut room, number);
            let text = CStr::from_bytes_until_nul(&room).unwrap();
            assert_eq!(text.to_str().unwrap(), number.to_string());
        }
    }
}
