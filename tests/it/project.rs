//! A project of specs in a temporary folder, and the `sockspec` command run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A spec that passes.
pub(crate) const ECHO: &str = "\
about: The server answers what it was sent.
tags: [echo]
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn: {accept: server}
  - client: {send: ping}
  - conn: {recv: ping}
  - conn: {send: ping}
  - client: {recv: ping}
  - client: close
  - conn: {expect: eof}
  - conn: close
  - server: close
";

/// One of which a step does otherwise.
pub(crate) const FAILING: &str = "\
about: Nobody listens.
steps:
  - server: {listen: tcp}
  - server: close
  - client: {connect: server}
";

/// One that is wrong.
pub(crate) const INVALID: &str = "\
about: A slip of the hand.
steps:
  - server: {lisen: tcp}
";

/// One that waits for a client that never comes.
pub(crate) const HANGING: &str = "\
about: Nobody comes.
timeout: 60s
steps:
  - server: {listen: tcp}
  - conn: {accept: server}
";

/// A project.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a command gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// A project with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// The trace in a snapshot or pending file; `None` where there is no file.
    pub(crate) fn trace(&self, path: &str) -> Option<String> {
        let text = fs::read_to_string(self.path(path)).ok()?;
        Some(text.splitn(3, "---\n").nth(2).unwrap().to_owned())
    }

    /// The command, to be run here, away from what the environment of these tests says.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["CI", "TF_BUILD", "NO_COLOR", "COLUMNS", "TERM", "INSTA_UPDATE", "INSTA_FORCE_PASS"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs it as continuous integration does.
    pub(crate) fn run_in_ci(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).env("CI", "true"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// That the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// That the output has this in it.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stdout.contains(words) || self.stderr.contains(words), "no `{words}` in {self:#?}");
        self
    }
}
