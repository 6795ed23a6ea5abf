//! `sockspec fmt`

mod files;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::config::Configure;
use super::decide::shown;
use super::named::Standpoint;
use super::output::Output;
use crate::diagnostic::{Format, Style, render};
use crate::report::unified;
use crate::snapshot::{self, place};
use crate::source::{self, MAX_SIZE, SourceFile};
use crate::spec::format::{self, Unformatted};
use crate::suite::Config;

/// Format specs: blanks, indentation and line ends; every word, quote and comment stays
#[derive(Debug, Args)]
pub(super) struct Fmt {
    /// Specs, files that specs include, or folders of them, by path or by name; the tree that one is in, or
    /// `specs`, if none is given; `-` for standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Change nothing; show what would be, and exit with 1 where there is something
    #[arg(long)]
    check: bool,

    /// Where specs are, if none are named.
    #[arg(skip)]
    usual: Vec<PathBuf>,
}

impl Configure for Fmt {
    fn configure(&mut self, config: &Config) {
        self.usual = config.roots();
    }
}

/// What became of the files.
#[derive(Default)]
struct Counts {
    files: usize,
    formatted: usize,
    /// That could not be written.
    failed: usize,
    exit: Exit,
}

impl Fmt {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if self.paths.iter().any(|path| path == Path::new("-")) {
            if self.paths.len() > 1 {
                output.error("`-` is standard input, and stands alone");
                return Exit::Usage;
            }
            return self.standard_input(output);
        }
        let mut counts = Counts::default();
        let paths = Standpoint::new(&self.usual)
            .paths(&self.paths, &mut |lack| counts.exit = counts.exit.max(lack.tell(output)));
        if paths.is_empty() {
            return counts.exit;
        }
        let mut failed = Vec::new();
        let found =
            files::all(&paths, &mut |path, error| failed.push(format!("cannot read {}: {error}", path.display())));
        for message in failed {
            counts.could_not(&message, output);
        }
        for file in found {
            if let Err(error) = self.file(&file, &mut counts, output) {
                counts.could_not(&error.to_string(), output);
            }
        }
        self.conclude(&counts, output)
    }

    fn conclude(&self, counts: &Counts, output: &mut Output) -> Exit {
        if counts.files == 0 && counts.exit == Exit::Success {
            output.error("there is no spec: no file ends in `.yaml` or `.yml` and has `steps`");
            return Exit::Nothing;
        }
        let plural = if counts.files == 1 { "" } else { "s" };
        let done = match (self.check, counts.formatted) {
            (_, 0) if counts.failed > 0 => "none formatted".to_owned(),
            (_, 0) => "none to be formatted".to_owned(),
            (true, formatted) => format!("{formatted} to be formatted, by `sockspec fmt`"),
            (false, formatted) => format!("{formatted} formatted"),
        };
        output.line(format_args!("{} file{plural}: {done}", counts.files));
        counts.exit
    }

    fn file(&self, file: &files::File, counts: &mut Counts, output: &mut Output) -> io::Result<()> {
        let name = self.shown(&file.path);
        let unreadable = |error: io::Error| io::Error::new(error.kind(), format!("cannot read {name}: {error}"));
        let source = SourceFile::read(&file.path, name.as_str()).map_err(unreadable)?;
        // In a folder of specs there may be other files of YAML.
        if !file.is_named && !format::may_be_spec(&source) {
            return Ok(());
        }
        counts.files += 1;
        let Some(formatted) = formatted(&source, counts, output) else { return Ok(()) };
        let (bytes, _) = source::bytes(&file.path, MAX_SIZE).map_err(unreadable)?;
        if formatted.as_bytes() == bytes {
            return Ok(());
        }
        if self.check {
            counts.formatted += 1;
            let old = String::from_utf8_lossy(&bytes);
            output.print(&unified::diff(&name, &old, &formatted, output.style));
            counts.exit = counts.exit.max(Exit::Failed);
            return Ok(());
        }
        replace(&file.path, &name, &formatted).inspect_err(|_| counts.failed += 1)?;
        counts.formatted += 1;
        output.line(format_args!("formatted  {name}"));
        Ok(())
    }

    /// A file as one sees it from here. Only those of a tree that one is in are found by absolute paths.
    fn shown(&self, path: &Path) -> String {
        match env::current_dir() {
            Ok(here) if self.paths.is_empty() && self.usual.is_empty() && path.is_absolute() => {
                place::relative(&here, path)
            }
            _ => shown(path),
        }
    }

    fn standard_input(&self, output: &mut Output) -> Exit {
        let mut bytes = Vec::new();
        if let Err(error) = io::stdin().lock().take(MAX_SIZE + 1).read_to_end(&mut bytes) {
            output.error(format!("cannot read standard input: {error}"));
            return Exit::CouldNotRun;
        }
        let source = SourceFile::of_bytes("<stdin>", bytes.clone());
        let mut counts = Counts::default();
        let formatted = formatted(&source, &mut counts, output);
        let is_same = formatted.as_ref().is_none_or(|formatted| formatted.as_bytes() == bytes);
        match formatted {
            Some(formatted) if self.check && !is_same => {
                let old = String::from_utf8_lossy(&bytes);
                output.print(&unified::diff("<stdin>", &old, &formatted, output.style));
                return Exit::Failed;
            }
            Some(formatted) if !self.check => output.print(&formatted),
            // An editor that puts the output in place of its text must get the text.
            None if !self.check && counts.exit == Exit::Success => output.print(source.text()),
            _ => {}
        }
        counts.exit
    }
}

/// The text as it should be; `None` where it cannot be formatted, which is then explained.
fn formatted(source: &SourceFile, counts: &mut Counts, output: &mut Output) -> Option<String> {
    match format::format(source) {
        Ok(formatted) => Some(formatted),
        Err(Unformatted::Kept) => {
            output.note(format!(
                "{} stays as it is: it is written in a way that the formatter does not know, and might say something else afterwards",
                source.name()
            ));
            None
        }
        Err(Unformatted::Invalid(findings)) => {
            let style = Style { color: output.style.color && io::stderr().is_terminal(), ..output.style };
            for finding in findings {
                output.explain(&format!("{}\n", render(source, &finding, Format::Full, style)));
            }
            counts.exit = counts.exit.max(Exit::Invalid);
            None
        }
    }
}

/// Puts the text in place of the file: whole or not at all, and with the file's permissions. Of a link, what
/// it leads to is replaced.
fn replace(path: &Path, name: &str, text: &str) -> io::Result<()> {
    let cannot = |error: io::Error| io::Error::new(error.kind(), format!("cannot write {name}: {error}"));
    let path = fs::canonicalize(path).map_err(cannot)?;
    let permissions = fs::metadata(&path).map_err(cannot)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::other(format!("cannot write {name}: it is read-only")));
    }
    snapshot::write_whole(&path, |file| {
        file.write_all(text.as_bytes())?;
        file.get_ref().set_permissions(permissions)
    })
}

impl Counts {
    fn could_not(&mut self, message: &str, output: &mut Output) {
        output.error(message);
        self.exit = self.exit.max(Exit::CouldNotRun);
    }
}
