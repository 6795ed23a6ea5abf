//! What clap has to say: help that was asked for, or what is wrong with the usage.

use std::io;
use std::io::Write as _;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Cli, Exit};
use crate::model::name::nearest;

/// Other tools' words for subcommands.
const ELSEWHERE: &[(&str, &str)] = &[
    ("test", "run"),
    ("exec", "run"),
    ("watch", "run --watch"),
    ("init", "new"),
    ("add", "new"),
    ("create", "new"),
    ("ls", "list"),
    ("lint", "check"),
    ("validate", "check"),
    ("format", "fmt"),
    ("move", "mv"),
    ("rename", "mv"),
    ("diff", "review"),
    ("approve", "accept"),
    ("status", "pending"),
    ("draw", "show"),
    ("flaky", "stress"),
    ("completion", "completions"),
];

/// Prints it.
pub(super) fn tell(error: clap::Error) -> Exit {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let printed = with_nearest(error).print().and_then(|()| io::stdout().flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: cannot write the output: {error}");
            Exit::CouldNotRun
        }
        _ if asked => Exit::Success,
        _ => Exit::Usage,
    }
}

/// With the subcommand that is nearest to one that does not exist. What clap finds by itself begins alike, but is not
/// always what two mistyped letters make of it.
fn with_nearest(mut error: clap::Error) -> clap::Error {
    let near = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => nearest_command(word),
        _ => None,
    };
    if let Some(near) = near {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
    }
    error
}

fn nearest_command(word: &str) -> Option<String> {
    if let Some((_, command)) = ELSEWHERE.iter().find(|(other, _)| *other == word) {
        return Some((*command).to_owned());
    }
    let command = Cli::command();
    nearest(word, command.get_subcommands().map(clap::Command::get_name)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_subcommand_has_the_nearest() {
        for (word, near) in [
            ("rnu", "run"),
            ("chekc", "check"),
            ("stres", "stress"),
            ("reveiw", "review"),
            ("watch", "run --watch"),
            ("init", "new"),
            ("test", "run"),
        ] {
            assert_eq!(nearest_command(word).as_deref(), Some(near), "{word}");
        }
        assert_eq!(nearest_command("xyzzy"), None);
    }
}
