//! A terminal that a command runs in: what stands on its screen, and keys for it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Parser;

/// How long anything may take before the test has failed.
const DEADLINE: Duration = Duration::from_mins(1);

/// What has come from the command so far.
struct Seen {
    parser: Parser,
    raw: Vec<u8>,
    is_over: bool,
}

impl Seen {
    /// Whether no part of a screen is missing.
    fn is_drawn(&self) -> bool {
        let last = |sequence: &[u8]| self.raw.windows(sequence.len()).rposition(|bytes| bytes == sequence);
        last(b"\x1b[?2026h") <= last(b"\x1b[?2026l")
    }
}

/// A command in a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    master: File,
    /// Held open, so that what the terminal is set to can be asked when the command has ended.
    slave: OwnedFd,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Terminal {
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        tcsetwinsize(&master, size(columns, rows)).unwrap();
        let child = command.stdin(Stdio::from(open())).stdout(Stdio::from(open())).stderr(Stdio::from(open()));
        let child = child.env("TERM", "xterm-256color").spawn().unwrap();
        let slave = OwnedFd::from(open());
        let master = File::from(master);
        let parser = Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, raw: Vec::new(), is_over: false }), Condvar::new()));
        let (mut reader, shared) = (master.try_clone().unwrap(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.parser.process(&buffer[..read]);
                seen.raw.extend_from_slice(&buffer[..read]);
                seen.is_over = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { child, master, slave, seen }
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is so, and gives it.
    #[track_caller]
    pub(crate) fn until(&self, so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let screen = seen.parser.screen().contents();
            if seen.is_drawn() && so(&screen) {
                return screen;
            }
            let left = DEADLINE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero(), "the screen stays\n{screen}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until this stands on the screen, and gives the screen.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) -> String {
        self.until(|screen| screen.contains(words))
    }

    /// All that has come so far, as it came.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }

    /// Whether the screen is one that a program has taken for itself.
    pub(crate) fn is_taken(&self) -> bool {
        self.seen.0.lock().unwrap().parser.screen().alternate_screen()
    }

    /// Whether typed lines are edited and shown by the terminal, as a shell expects it.
    pub(crate) fn is_usual(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        tcsetwinsize(&self.master, size(columns, rows)).unwrap();
        // It is no controlling terminal here, so that nobody else tells.
        self.signal(Signal::WINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the command's end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nonzero(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
