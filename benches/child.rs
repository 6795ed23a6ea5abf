//! Processes, how long they take from start to exit, and the most memory they have at once.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A process that runs another one, and prints what that took, is this program, called with this
/// argument. The kernel counts what a process has before its execve(2) as its own, so whoever starts
/// it must be smaller than it is.
pub(crate) const WATCH: &str = "--watch";

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From start to exit.
    pub(crate) time: Duration,
    /// The most memory at once, in KiB.
    pub(crate) peak: u64,
}

/// Runs a command, which must succeed, and tells what it took.
pub(crate) fn watch(command: &Command) -> Took {
    let this = std::env::current_exe().expect("this program has a path");
    let mut watcher = Command::new(this);
    watcher.arg(WATCH).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        watcher.current_dir(folder);
    }
    let output = watcher.stderr(Stdio::inherit()).output().expect("this program can be started");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("numbers");
    let (nanos, peak) = text.trim().split_once(' ').expect("two numbers");
    Took { time: Duration::from_nanos(nanos.parse().expect("a number")), peak: peak.parse().expect("a number") }
}

/// Runs the program of these arguments, and prints the nanoseconds that it took and its peak.
pub(crate) fn print(arguments: &[String]) -> io::Result<()> {
    let (program, arguments) = arguments.split_first().expect("the name of a program");
    let begun = Instant::now();
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let (status, peak) = wait(child.id())?;
    let time = begun.elapsed();
    assert!(status.success(), "{program} {arguments:?}: {status}");
    println!("{} {peak}", time.as_nanos());
    Ok(())
}

/// Waits for the end of a process; its status, and its peak in KiB.
#[allow(unsafe_code, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
fn wait(pid: u32) -> io::Result<(ExitStatus, u64)> {
    use std::os::unix::process::ExitStatusExt as _;
    let mut status = 0;
    // SAFETY: the kernel fills both, for which all zeroes are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid to be written to until it returns.
    if unsafe { libc::wait4(pid as libc::pid_t, &raw mut status, 0, &raw mut usage) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((ExitStatus::from_raw(status), usage.ru_maxrss as u64))
}

/// `sockspec run` with these arguments.
pub(crate) fn sockspec() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
    command.arg("run");
    command
}

/// Runs a command, which must succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program can be started");
    assert!(status.success(), "{command:?}: {status}");
}
