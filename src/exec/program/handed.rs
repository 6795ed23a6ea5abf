//! Sockets that a program is started with, by the convention of systemd, sd_listen_fds(3): they have
//! the descriptors from 3 on, and the environment says how many, which process they are for, and what
//! they are called.
//!
//! `LISTEN_PID` is the number of the program's own process, which is not known before that is there.
//! So its environment is made here, whole, with room for the number, and completed by the process
//! itself; after fork(2) that may make system calls only, and write into memory that it has.
#![expect(
    unsafe_code,
    reason = "between fork(2) and execve(2) there are system calls, and the pointers of an environment"
)]

use std::collections::BTreeMap;
use std::ffi::{CString, NulError, OsString, c_char};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

/// The first descriptor that is handed over: SD_LISTEN_FDS_START.
const FIRST: RawFd = 3;

/// What the process says where the numbers are not free; execve(2) never does.
pub(super) const TAKEN: i32 = libc::EBUSY;

unsafe extern "C" {
    /// environ(7)
    static mut environ: *const *const c_char;
}

/// The sockets, and the environment that tells of them.
pub(super) struct Handed {
    sockets: Vec<Arc<OwnedFd>>,
    /// Copies of them beyond the numbers that they are to have.
    copies: Vec<RawFd>,
    /// `NAME=VALUE`, each with a zero at its end.
    #[expect(dead_code, reason = "what the addresses point to")]
    variables: Vec<CString>,
    /// `LISTEN_PID=`, and room for the number.
    pid: Vec<u8>,
    /// The addresses of all of them, and a null.
    addresses: Vec<usize>,
}

impl Handed {
    /// Sockets with their names, and the environment that the program has besides: that of the runner,
    /// with these changes.
    pub(super) fn new(sockets: &[(String, Arc<OwnedFd>)], changes: &[(String, String)]) -> Result<Self, NulError> {
        let names: Vec<&str> = sockets.iter().map(|(name, _)| name.as_str()).collect();
        let own = [("LISTEN_FDS", sockets.len().to_string()), ("LISTEN_FDNAMES", names.join(":"))];
        let changes = changes.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let mut all: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        all.extend(changes.chain(own).map(|(name, value)| (OsString::from(name), OsString::from(value))));
        all.remove(&OsString::from(PID));
        let variable =
            |(name, value): (OsString, OsString)| CString::new([name.into_vec(), value.into_vec()].join(&b'='));
        let variables = all.into_iter().map(variable).collect::<Result<Vec<_>, _>>()?;
        let mut pid = format!("{PID}=").into_bytes();
        pid.resize(pid.len() + MOST_DIGITS + 1, 0);
        let strings = variables.iter().map(|variable| variable.as_ptr().expose_provenance());
        let addresses = strings.chain([pid.as_ptr().expose_provenance(), 0]).collect();
        let sockets: Vec<_> = sockets.iter().map(|(_, socket)| Arc::clone(socket)).collect();
        Ok(Self { copies: vec![-1; sockets.len()], sockets, variables, pid, addresses })
    }

    /// In the process that is about to be the program: gives them their numbers, and the program its
    /// environment.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        let end = end(self.sockets.len());
        // SAFETY: system calls on descriptors; the environment's strings live until execve(2).
        unsafe {
            for (socket, copy) in self.sockets.iter().zip(&mut self.copies) {
                *copy = libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD_CLOEXEC, end);
                if *copy < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            if (FIRST..end).any(|number| tells_of_failure(number)) {
                return Err(io::Error::from_raw_os_error(TAKEN));
            }
            for (number, copy) in (FIRST..end).zip(&self.copies) {
                if libc::dup2(*copy, number) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            write_number(&mut self.pid[PID.len() + 1..], libc::getpid());
            environ = self.addresses.as_ptr().cast();
        }
        Ok(())
    }
}

/// The number behind those of so many sockets.
fn end(count: usize) -> RawFd {
    RawFd::try_from(count).map_or(RawFd::MAX, |count| count.saturating_add(FIRST))
}

/// Takes every number that is free among those that sockets are to have, so that nothing else gets one
/// which is opened while the process is started.
pub(super) fn occupy(sockets: &[(String, Arc<OwnedFd>)]) -> io::Result<Vec<OwnedFd>> {
    let mut taken = Vec::new();
    while let Some((_, socket)) = sockets.first() {
        let one = rustix::io::fcntl_dupfd_cloexec(socket.as_fd(), FIRST)?;
        if one.as_raw_fd() >= end(sockets.len()) {
            break;
        }
        taken.push(one);
    }
    Ok(taken)
}

/// The variable that says which process the sockets are for.
const PID: &str = "LISTEN_PID";

/// A number of a process has no more.
const MOST_DIGITS: usize = 10;

/// Writes a number in decimal; what follows it are zeros already.
fn write_number(room: &mut [u8], number: i32) {
    let mut rest = number.unsigned_abs();
    let mut digits = 1;
    while rest >= 10 {
        rest /= 10;
        digits += 1;
    }
    let mut rest = number.unsigned_abs();
    for digit in room.iter_mut().take(digits).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Whether this is, or may be, the pipe on which [`std::process::Command`] waits for the news that
/// execve(2) has failed. Another thread may have freed the number just when it was opened.
///
/// # Safety
/// System calls only.
unsafe fn tells_of_failure(number: RawFd) -> bool {
    // SAFETY: the status is valid for the call, and looked at where that has filled it in.
    unsafe {
        let mut status = MaybeUninit::<libc::stat>::zeroed();
        let flags = libc::fcntl(number, libc::F_GETFD);
        if flags < 0 || flags & libc::FD_CLOEXEC == 0 || libc::fstat(number, status.as_mut_ptr()) < 0 {
            return false;
        }
        let mode = libc::fcntl(number, libc::F_GETFL);
        status.assume_init().st_mode & libc::S_IFMT == libc::S_IFIFO
            && mode & libc::O_ACCMODE == libc::O_WRONLY
            && mode & libc::O_NONBLOCK == 0
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
            let text = std::ffi::CStr::from_bytes_until_nul(&room).unwrap();
            assert_eq!(text.to_str().unwrap(), number.to_string());
        }
    }

    #[test]
    fn a_pipe_that_is_waited_for_is_never_replaced() {
        let (reader, writer) = io::pipe().unwrap();
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        // SAFETY: system calls only.
        unsafe {
            assert!(tells_of_failure(writer.as_raw_fd()));
            assert!(!tells_of_failure(reader.as_raw_fd()));
            assert!(!tells_of_failure(socket.as_raw_fd()));
            assert!(!tells_of_failure(-1));
        }
    }
}
