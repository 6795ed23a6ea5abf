//! `sockspec.toml`: what the command line would say, said once for a tree.

mod keys;
mod load;
mod value;
mod vars;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::diagnostic::Diagnostic;
use crate::model::name::nearest;
use crate::plan::{Configured, Origin};
use crate::source::{Location, SourceFile, Span};
use keys::{FLAGS_ONLY, KEYS};

pub use keys::REPORTS;
pub use load::{ConfigError, NAME, load, nearest_file, read};

/// The settings of a file. What it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file.
    pub file: PathBuf,
    /// The folder that it lies in, from which its paths go on; empty for the one that it was looked for from.
    pub folder: PathBuf,
    /// The specs, or folders of specs, where none are named.
    pub specs: Vec<PathBuf>,
    /// The folder of the snapshots.
    pub snapshots: Option<PathBuf>,
    /// The catalogue that specs show lines of.
    pub catalogue: Option<PathBuf>,
    /// Tags, of which a spec must have one.
    pub tag: Vec<Tag>,
    /// Tags, of which a spec must have none.
    pub skip_tag: Vec<Tag>,
    /// Texts, of which one must be in a test's name.
    pub filter: Vec<String>,
    /// Values of variables.
    pub var: Vec<Var>,
    /// Whether addresses outside the loopback range are allowed.
    pub allow_net: Option<bool>,
    /// By what every deadline is multiplied.
    pub timeout_factor: Option<f64>,
    /// How many specs run at once.
    pub jobs: Option<NonZeroUsize>,
    /// Where the record of every run is written.
    pub record: Option<PathBuf>,
    /// Where captures are written.
    pub pcap: Option<PathBuf>,
    /// How often a test that fails runs again.
    pub retries: Option<u32>,
    /// Whether a test that fails first and passes then counts as passed.
    pub flaky_is_ok: Option<bool>,
    /// The reports that are written, `FORM` or `FORM=FILE`.
    pub report: Vec<String>,
}

/// A tag that the file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The word.
    pub text: String,
    /// Where in the file it stands.
    pub span: Span,
    /// The same as messages call it: `sockspec.toml:3:8`.
    pub place: String,
}

/// The value of a variable of specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// Its name.
    pub name: String,
    /// Where its value stands: `sockspec.toml:3:8`.
    pub place: String,
    /// The value.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It stands there.
    Written(String),
    /// The environment.
    Environment {
        /// The variable of the environment.
        variable: String,
        /// Its value where it is not set.
        default: Option<String>,
    },
}

/// Understands the text of a file. All that is wrong with it is found at once, unless it is no TOML.
pub fn parse(file: &SourceFile) -> (Config, Vec<Diagnostic>) {
    let mut config = Config::default();
    let table = match DeTable::parse(file.text()) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let span = error.span().map_or_else(Span::default, |span| Span::new(span.start, span.end));
            return (config, vec![Diagnostic::error("toml", span, format!("this is no TOML: {}", error.message()))]);
        }
    };
    let mut findings = Vec::new();
    for (name, value) in &table {
        let span = Span::new(name.span().start, name.span().end);
        match KEYS.iter().find(|key| key.name == name.get_ref()) {
            Some(key) => (key.set)(&mut config, &value::Value::new(file, key, value), &mut findings),
            None => findings.push(unknown(name.get_ref(), span)),
        }
    }
    findings.sort_by_key(|finding| finding.span);
    (config, findings)
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::error("unknown-setting", span, format!("there is no setting `{name}`"));
    if let Some((_, why)) = FLAGS_ONLY.iter().find(|(flag, _)| *flag == name) {
        return finding.help(format!("{why}: give `--{name}` on the command line"));
    }
    let names = || KEYS.iter().map(|key| key.name);
    match nearest(name, names()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("the settings are {}", names().collect::<Vec<_>>().join(", "))),
    }
}

impl Config {
    /// What messages call the file.
    pub fn name(&self) -> PathBuf {
        self.folder.join(self.file.file_name().unwrap_or_default())
    }

    /// A path that the file names.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Where specs are if none are named: where the file says, or the folder `specs` beside it. Empty where
    /// neither is so.
    pub fn roots(&self) -> Vec<PathBuf> {
        let beside = || Some(self.path(Path::new("specs"))).filter(|folder| folder.is_dir());
        match &self.specs[..] {
            [] => beside().into_iter().collect(),
            specs => specs.iter().map(|path| self.path(path)).collect(),
        }
    }

    /// The values of variables, with what the environment says now.
    pub fn values(&self, environment: impl Fn(&str) -> Option<String>) -> Vec<Configured> {
        let value = |source: &Source| match source {
            Source::Written(text) => Origin::Written(text.clone()),
            Source::Environment { variable, default } => {
                let value = environment(variable).or_else(|| default.clone());
                Origin::Environment { variable: variable.clone(), value }
            }
        };
        let configured =
            |var: &Var| Configured { name: var.name.clone(), place: var.place.clone(), value: value(&var.source) };
        self.var.iter().map(configured).collect()
    }
}

/// A place as messages call it: `sockspec.toml:3:8`.
fn place(file: &SourceFile, span: Span) -> String {
    let Location { line, column } = file.location(span.start);
    format!("{}:{line}:{column}", file.name())
}

#[cfg(test)]
mod tests;
