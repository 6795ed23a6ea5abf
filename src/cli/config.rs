//! `sockspec.toml` under the flags of the command line: what a flag does not say, the file may.

use std::env;
use std::path::{Path, PathBuf};

use super::output::Output;
use super::{Command, Exit};
use crate::suite::config::{self, Config, ConfigError};

/// Options that a file may set.
pub(super) trait Configure {
    /// Takes over what was not given on the command line.
    fn configure(&mut self, config: &Config);
}

/// Applies the file that counts, where one does and the command has use for it.
pub(super) fn apply(command: &mut Command, file: Option<&Path>, output: &mut Output) -> Result<(), Exit> {
    let command: &mut dyn Configure = match command {
        Command::Run(command) => command,
        Command::Check(command) => command,
        Command::List(command) => command,
        Command::Fmt(command) => command,
        Command::Coverage(command) => command,
        Command::New(command) => command,
        Command::Record(command) => command,
        Command::Stress(command) => command,
        Command::Show(command) => command,
        Command::Doctor(command) => command,
        Command::Accept(command) => &mut command.choose,
        Command::Reject(command) => &mut command.choose,
        Command::Pending(command) => &mut command.choose,
        Command::Review(command) => &mut command.choose,
        Command::Mv(command) => command,
        _ => return Ok(()),
    };
    let found = load(file).map_err(|error| {
        output.explain(&error.text(output.style));
        match error {
            ConfigError::Unreadable { .. } => Exit::CouldNotRun,
            ConfigError::Invalid { .. } => Exit::Usage,
        }
    })?;
    if let Some(config) = found {
        command.configure(&config);
    }
    Ok(())
}

fn load(file: Option<&Path>) -> Result<Option<Config>, ConfigError> {
    // Where there is no current folder, specs are not found either, and that is then said.
    let here = env::current_dir().unwrap_or_default();
    match file {
        // The usual word for no file at all.
        Some(file) if file == Path::new("/dev/null") => Ok(None),
        Some(file) => config::read(file, &here).map(Some),
        None => config::load(&here),
    }
}

/// The value of an environment variable. One that is no text is as good as none.
pub(super) fn environment(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// A path of the file, where none was given.
pub(super) fn or_path(given: &mut Option<PathBuf>, config: &Config, configured: Option<&PathBuf>) {
    if given.is_none() {
        *given = configured.map(|path| config.path(path));
    }
}
