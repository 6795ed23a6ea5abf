//! Signals, by their names in signal(7), and how a program has ended.

use std::fmt;

/// A signal of this platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(pub i32);

macro_rules! names {
    ($($name:ident)*) => {
        /// The names, with `SIG` before them, in the order of the alphabet.
        pub const NAMES: &[(&str, i32)] = &[$((stringify!($name), libc::$name)),*];
    };
}

names! {
    SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGKILL SIGPIPE SIGPROF SIGQUIT
    SIGSEGV SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM
    SIGWINCH SIGXCPU SIGXFSZ
}

impl Signal {
    /// The signal of that name, with `SIG` before it or without.
    pub fn parse(name: &str) -> Option<Self> {
        let short = name.strip_prefix("SIG").unwrap_or(name);
        NAMES.iter().find(|(known, _)| known[3..] == *short).map(|(_, number)| Self(*number))
    }

    /// The names without `SIG`.
    pub fn short_names() -> impl Iterator<Item = &'static str> + Clone {
        NAMES.iter().map(|(name, _)| &name[3..])
    }

    /// Its name without `SIG`, as `kill -l` has it.
    pub fn short(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, number)| *number == self.0).map(|(name, _)| &name[3..])
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.short() {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// How a program has ended: a fact about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with this status.
    Code(i32),
    /// By a signal.
    Signal(Signal),
}

impl ExitStatus {
    /// What wait(2) says.
    pub fn from_wait(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signal(Signal(libc::WTERMSIG(status)))
        } else {
            Self::Code(libc::WEXITSTATUS(status))
        }
    }

    /// In a sentence: `with status 1`, `by SIGTERM`.
    pub fn described(self) -> String {
        match self {
            Self::Code(code) => format!("with status {code}"),
            Self::Signal(signal) => format!("by {signal}"),
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Signal(signal) => signal.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn signals_have_names_with_and_without_sig() {
        assert_eq!(Signal::parse("TERM"), Some(Signal(libc::SIGTERM)));
        assert_eq!(Signal::parse("SIGTERM"), Signal::parse("TERM"));
        assert_eq!(Signal::parse("term"), None);
        assert_eq!(Signal::parse("SIGSIGTERM"), None);
        assert_eq!(Signal(libc::SIGKILL).to_string(), "SIGKILL");
        assert_eq!(Signal(libc::SIGHUP).short(), Some("HUP"));
        assert_eq!(Signal(64).to_string(), "signal 64");
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn a_status_is_told_by_wait() {
        assert_eq!(ExitStatus::from_wait(0), ExitStatus::Code(0));
        assert_eq!(ExitStatus::from_wait(3 << 8).to_string(), "3");
        assert_eq!(ExitStatus::from_wait(libc::SIGTERM).to_string(), "SIGTERM");
        assert_eq!(ExitStatus::from_wait(libc::SIGSEGV | 0x80).described(), "by SIGSEGV");
    }
}
