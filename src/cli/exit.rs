//! Exit codes.

use std::process::ExitCode;

use crate::suite::{FindError, Totals};

/// How the program ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All selected tests passed or were ignored.
    #[default]
    Success = 0,
    /// Something failed or changed.
    Failed = 1,
    /// A spec is invalid.
    Invalid = 2,
    /// Something could not be run or read.
    CouldNotRun = 3,
    /// Nothing was selected, or a folder has no specs.
    Nothing = 4,
    /// The command line is wrong.
    Usage = 64,
    /// Ctrl-C, or SIGTERM.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The exit code for what became of all tests.
    pub(super) fn of(totals: &Totals, flaky_is_ok: bool) -> Self {
        match totals {
            _ if totals.all() == 0 => Self::Nothing,
            Totals { could_not_run: 1.., .. } => Self::CouldNotRun,
            Totals { invalid: 1.., .. } => Self::Invalid,
            _ if totals.bad(flaky_is_ok) > 0 => Self::Failed,
            _ => Self::Success,
        }
    }
}

impl From<&FindError> for Exit {
    fn from(error: &FindError) -> Self {
        match error {
            FindError::Unreadable { .. } => Self::CouldNotRun,
            FindError::NoSpecs { .. } => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_counts() {
        let exit = |totals: Totals| Exit::of(&totals, false);
        let passed = Totals { passed: 3, ignored: 1, ..Totals::default() };
        assert_eq!(exit(Totals::default()), Exit::Nothing);
        assert_eq!(exit(passed), Exit::Success);
        assert_eq!(exit(Totals { ignored: 1, ..Totals::default() }), Exit::Success);
        let flaky = Totals { flaky: 1, ..passed };
        assert_eq!((exit(flaky), Exit::of(&flaky, true)), (Exit::Failed, Exit::Success));
        for failed in [Totals { failed: 1, ..passed }, Totals { changed: 1, ..passed }, Totals { new: 1, ..passed }] {
            assert_eq!(exit(failed), Exit::Failed);
            assert_eq!(exit(Totals { invalid: 1, ..failed }), Exit::Invalid);
            assert_eq!(exit(Totals { invalid: 1, could_not_run: 1, ..failed }), Exit::CouldNotRun);
        }
    }
}
