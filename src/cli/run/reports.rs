//! `--report`: what came of a run, in files or on standard output.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use rustix::fs::{Access, access};

use crate::cli::Exit;
use crate::cli::output::Output;
use crate::model::name::nearest;
use crate::report::run::RunReport;
use crate::report::{github, html, json, junit, tap};
use crate::snapshot;
use crate::suite::{Config, Detail};

/// A report that was asked for: `junit=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    form: Form,
    to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Junit,
    Json,
    Html,
    Tap,
    Github,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum To {
    Stdout,
    File(PathBuf),
}

impl Form {
    const ALL: [Self; 5] = [Self::Junit, Self::Json, Self::Html, Self::Tap, Self::Github];

    const fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Json => "json",
            Self::Html => "html",
            Self::Tap => "tap",
            Self::Github => "github",
        }
    }

    const fn detail(self) -> Detail {
        match self {
            Self::Html => Detail::Records,
            _ => Detail::Facts,
        }
    }
}

impl Wanted {
    /// Reads `FORM` or `FORM=FILE`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let form = Form::ALL.into_iter().find(|form| form.name() == name).ok_or_else(|| unknown(name))?;
        let to = match file {
            None | Some("-") => To::Stdout,
            Some("") => return Err(format!("there is no file after `{name}=`; write `{name}=FILE`")),
            Some(file) => To::File(file.into()),
        };
        Ok(Self { form, to })
    }

    /// One of a file of settings, whose form was looked at when that was read.
    pub(super) fn configured(text: &str, config: &Config) -> Option<Self> {
        let mut wanted = Self::parse(text).ok()?;
        if let To::File(path) = &mut wanted.to {
            *path = config.path(path);
        }
        Some(wanted)
    }

    /// Whether standard output is for this one alone. Workflow commands stand among other lines.
    fn takes_stdout(&self) -> bool {
        self.to == To::Stdout && self.form != Form::Github
    }

    /// Whether it would go to standard output, though nobody can read it there.
    fn is_no_text(&self) -> bool {
        self.to == To::Stdout && self.form == Form::Html
    }

    fn text(&self, report: &RunReport) -> String {
        match self.form {
            Form::Junit => junit::run(report),
            Form::Json => json::run(report),
            Form::Html => html::run(report),
            Form::Tap => tap::run(report),
            Form::Github => github::commands(report, env::var_os("GITHUB_WORKSPACE").as_deref().map(Path::new)),
        }
    }
}

/// Reads `FORM` or `FORM=FILE`; help and shells are told the forms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms;

impl TypedValueParser for Forms {
    type Value = Wanted;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Wanted, clap::Error> {
        let parse = |text: String| Wanted::parse(&text);
        StringValueParser::new().try_map(parse).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Form::ALL.into_iter().map(|form| PossibleValue::new(form.name()))))
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = Form::ALL.iter().map(|form| form.name()).collect();
    let near =
        nearest(name, names.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("there is no report `{name}`, but {}{near}", names.join(", "))
}

/// How much results must hold for all of them.
pub(super) fn detail(wanted: &[Wanted]) -> Detail {
    wanted.iter().map(|wanted| wanted.form.detail()).max().unwrap_or_default()
}

/// Looks, before anything runs, whether all can be written; else tells why, and gives the exit code. Where one
/// goes to standard output, what people read goes to standard error.
pub(super) fn prepare(wanted: &[Wanted], output: &mut Output) -> Result<(), Exit> {
    if wanted.iter().filter(|wanted| wanted.takes_stdout()).count() > 1 {
        output.error("only one report can go to standard output; give the others files: `--report junit=FILE`");
        return Err(Exit::Usage);
    }
    if wanted.iter().any(Wanted::is_no_text) && io::stdout().is_terminal() {
        output.error("a page of HTML is nothing for a terminal; give it a file: `--report html=report.html`");
        return Err(Exit::Usage);
    }
    for (at, report) in wanted.iter().enumerate() {
        let To::File(path) = &report.to else { continue };
        if wanted[..at].iter().any(|other| other.to == report.to) {
            output.error(format!("two reports are to be written to {}", path.display()));
            return Err(Exit::Usage);
        }
        if let Err(error) = can_be_written(path) {
            output.error(format!("cannot write the report {}: {error}", path.display()));
            return Err(Exit::CouldNotRun);
        }
    }
    if wanted.iter().any(Wanted::takes_stdout) {
        output.keep_for_data();
    }
    Ok(())
}

/// Makes the folder, and tries whether there can be a new file in it.
fn can_be_written(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return Ok(access(path, Access::WRITE_OK)?),
        _ => {}
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // What access(2) says of /proc or a full disk is not what will be.
    tempfile::tempfile_in(folder).map(drop)
}

/// Writes all, each whole or not at all. One that cannot be written keeps no other from it.
pub(super) fn write(wanted: &[Wanted], report: &RunReport, output: &mut Output) -> Exit {
    let mut exit = Exit::Success;
    for wanted in wanted {
        let text = wanted.text(report);
        let written = match &wanted.to {
            To::File(path) => put(path, &text),
            To::Stdout if wanted.takes_stdout() => {
                output.data(&text);
                Ok(())
            }
            To::Stdout => {
                output.print(&text);
                Ok(())
            }
        };
        if let Err(error) = written.and_then(|()| wanted.summarize(report)) {
            output.error(format!("the report is missing: {error}"));
            exit = Exit::CouldNotRun;
        }
    }
    exit
}

impl Wanted {
    /// Adds to the summary of the job, where GitHub says in which file that is.
    fn summarize(&self, report: &RunReport) -> io::Result<()> {
        let file = env::var_os("GITHUB_STEP_SUMMARY").filter(|file| self.form == Form::Github && !file.is_empty());
        let Some(file) = file.map(PathBuf::from) else { return Ok(()) };
        let add = || {
            let mut summary = OpenOptions::new().append(true).create(true).open(&file)?;
            summary.write_all(github::summary(report).as_bytes())
        };
        add().map_err(|error: io::Error| at(&file, &error))
    }
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    // Nothing is put in place of a pipe or a terminal.
    let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        let mut file = OpenOptions::new().write(true).open(path).map_err(|error| at(path, &error))?;
        return file.write_all(text.as_bytes()).map_err(|error| at(path, &error));
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    snapshot::write_whole(&path, |file| file.write_all(text.as_bytes()))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_report_is_a_form_and_a_place() {
        let file = |form, file: &str| Ok(Wanted { form, to: To::File(file.into()) });
        assert_eq!(Wanted::parse("junit=a=b.xml"), file(Form::Junit, "a=b.xml"));
        assert_eq!(Wanted::parse("tap"), Ok(Wanted { form: Form::Tap, to: To::Stdout }));
        assert_eq!(Wanted::parse("json=-"), Ok(Wanted { form: Form::Json, to: To::Stdout }));
        assert!(Wanted::parse("html=").unwrap_err().contains("`html=FILE`"));
    }

    #[test]
    fn the_nearest_form_is_told() {
        let message = Wanted::parse("junti=x").unwrap_err();
        assert_eq!(message, "there is no report `junti`, but junit, json, html, tap, github; did you mean `junit`?");
        assert!(!Wanted::parse("sarif").unwrap_err().contains("did you mean"));
    }

    #[test]
    fn only_a_page_wants_records() {
        let of = |texts: &[&str]| detail(&texts.iter().map(|text| Wanted::parse(text).unwrap()).collect::<Vec<_>>());
        assert_eq!(of(&[]), Detail::Verdicts);
        assert_eq!(of(&["junit=a", "github"]), Detail::Facts);
        assert_eq!(of(&["html=a", "github"]), Detail::Records);
    }
}
