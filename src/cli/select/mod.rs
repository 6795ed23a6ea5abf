//! The options by which several subcommands choose specs, and say how they are understood.

mod tags;
mod written;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::config::{Configure, environment};
use super::named::{self, Standpoint};
use super::output::Output;
use crate::model::name::{is_name, nearest};
use crate::plan::{self, Configured};
use crate::suite::{Config, Found, Layout, Loaded, Runner, Selection, parts};
use tags::{Tags, quoted};
use written::Written;

/// Which specs.
#[derive(Debug, Args)]
pub(super) struct Select {
    /// Specs, or folders of specs, by path or by name; the tree that one is in, or `specs`, if none is given
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    tags: Tags,

    /// Take only tests with this text in their name (may be repeated: with one of them)
    #[arg(long = "filter", value_name = "TEXT")]
    names: Vec<String>,

    /// Give a variable that specs declare in `vars` or `matrix` another value
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = assignment)]
    vars: Vec<(String, String)>,

    /// Allow addresses outside the loopback range
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_net: Option<bool>,

    #[arg(skip)]
    configured: Vec<Configured>,

    /// Where specs are, if none are named and there is no folder `specs` here.
    #[arg(skip)]
    usual: Vec<PathBuf>,

    /// The tags of the file of settings, whether they select or not.
    #[arg(skip)]
    written: Written,

    /// The file of settings from which the texts in names are.
    #[arg(skip)]
    filter_of: Option<PathBuf>,
}

impl Configure for Select {
    fn configure(&mut self, config: &Config) {
        self.understand(config);
        self.tags.configure(config);
        if self.names.is_empty() && !config.filter.is_empty() {
            self.names.clone_from(&config.filter);
            self.filter_of = Some(config.name());
        }
    }
}

impl Select {
    /// The specs, or the exit code where there are none; that is then explained.
    pub(super) fn find(&self, snapshots: Option<&Path>, output: &mut Output) -> Result<Vec<Found>, Exit> {
        let layout = Layout::Nearest { snapshots: snapshots.map(Path::to_owned) };
        let mut found = Standpoint::new(&self.usual).find(&self.paths, &layout).map_err(|lack| lack.tell(output))?;
        if !self.paths.is_empty() {
            self.refuse_unknown_cases(&found, output)?;
        }
        self.refuse_unknown_tags(&found, &layout, output)?;
        self.refuse_unknown_written(&found, &layout, output)?;
        if self.gives_values() {
            parts::keep_specs(&mut found, &Selection::default(), &self.settings());
            self.refuse_undeclared(&found, output)?;
        }
        parts::keep_specs(&mut found, &self.selection(), &self.settings());
        Ok(found)
    }

    /// Looks whether the file of settings is right about tags, for who needs no specs.
    pub(super) fn refuse_wrong_settings(&self, output: &mut Output) -> Result<(), Exit> {
        if self.written.is_empty() {
            return Ok(());
        }
        let layout = Layout::Nearest { snapshots: None };
        let all = Standpoint::new(&self.usual).find(&[], &layout).unwrap_or_default();
        if all.is_empty() { Ok(()) } else { self.refuse_unknown_written(&all, &layout, output) }
    }

    /// Takes over how specs are understood, but not which.
    pub(super) fn understand(&mut self, config: &Config) {
        self.allow_net = self.allow_net.or(config.allow_net);
        self.configured = config.values(environment);
        self.usual = config.roots();
        self.written = Written::new(config);
    }

    /// The files and folders in which specs are looked for.
    pub(super) fn watched(&self) -> Vec<PathBuf> {
        Standpoint::new(&self.usual).watched(&self.paths)
    }

    /// Whether a whole tree of specs is meant, and nothing of it left out.
    pub(super) fn is_whole(&self) -> bool {
        let is_tree = |path: &PathBuf| path.file_name().is_some_and(|name| name == "specs") && path.is_dir();
        self.tags.is_empty() && self.names.is_empty() && self.paths.iter().all(is_tree)
    }

    /// Whether specs were asked for in any way.
    pub(super) fn is_given(&self) -> bool {
        !(self.paths.is_empty() && self.tags.is_empty() && self.names.is_empty())
    }

    pub(super) fn selection(&self) -> Selection {
        Selection {
            tags: self.tags.taken.clone(),
            skip_tags: self.tags.skipped.clone(),
            names: self.names.clone(),
            cases: named::cases(&self.paths),
            only: None,
        }
    }

    pub(super) fn settings(&self) -> plan::Settings {
        plan::Settings {
            vars: self.vars.clone(),
            configured: self.configured.clone(),
            allow_net: self.allow_net.unwrap_or_default(),
            ..plan::Settings::default()
        }
    }

    /// Whether variables have other values than those written.
    pub(super) fn gives_values(&self) -> bool {
        !self.vars.is_empty()
    }

    /// Whether there are tests of these names, whatever their tags.
    fn has_names(&self) -> bool {
        let settings = self.settings();
        let selection =
            Selection { names: self.names.clone(), cases: named::cases(&self.paths), ..Selection::default() };
        let runner = Runner { settings, selection, ..Runner::default() };
        let found = Standpoint::new(&self.usual).find(&self.paths, &Layout::Nearest { snapshots: None });
        found.unwrap_or_default().iter().any(|spec| !runner.list(spec, false).is_empty())
    }

    /// Says that nothing is selected.
    pub(super) fn explain_nothing(&self, output: &mut Output) {
        let names = quoted(&self.names);
        // Tags are the reason only where there are such names.
        let tags = if self.names.is_empty() || self.has_names() { &self.tags } else { &Tags::default() };
        let by_tags = self.written.says(tags);
        let by_names =
            self.filter_of.as_ref().filter(|_| !names.is_empty()).map(|file| {
                format!("; `filter` in {} asks for that, `--filter TEXT` for something else", file.display())
            });
        let by = by_tags.into_iter().chain(by_names).collect::<String>();
        output.error(format!("nothing is selected: {}{by}", tags.explain(&names)));
    }

    /// What `sockspec.toml` gives variables that none of all specs declares, and so to nobody.
    pub(super) fn tell_of_undeclared(&self, declared: &BTreeSet<String>, output: &mut Output) {
        if self.is_given() {
            return;
        }
        for Configured { name, place, .. } in self.configured.iter().filter(|var| !declared.contains(&var.name)) {
            let near = nearest(name, declared.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; there is `{near}`"));
            output.note(format!("no spec declares the variable `{name}`, which has a value at {place}{near}"));
        }
    }

    /// A case that its spec has not.
    fn refuse_unknown_cases(&self, found: &[Found], output: &mut Output) -> Result<(), Exit> {
        let settings = self.settings();
        for name in named::cases(&self.paths) {
            let Some(spec) = found.iter().find(|spec| spec.is_called(&name)) else { continue };
            let Ok(loaded) = Loaded::read(spec, &settings) else { continue };
            let cases: Vec<String> = loaded.cases.iter().map(|case| case.test_name(&spec.name)).collect();
            // Of a spec that is wrong, that is to be told.
            if !cases.contains(&name) && !loaded.is_invalid() {
                let has = if cases.contains(&spec.name) { "no cases".to_owned() } else { cases.join(", ") };
                output.error(format!("there is no test `{name}`: `{}` has {has}", spec.name));
                return Err(Exit::Nothing);
            }
        }
        Ok(())
    }

    /// A tag that no spec of the tree has is a slip of the hand. One that none of those has that were named is not.
    fn refuse_unknown_tags(&self, found: &[Found], layout: &Layout, output: &mut Output) -> Result<(), Exit> {
        let others = || self.others(layout);
        let Some(unknown) = self.tags.unknown(found, others, &self.settings()) else { return Ok(()) };
        output.error(&unknown);
        Err(if unknown.leaves_nothing { Exit::Nothing } else { Exit::Usage })
    }

    /// So is one of the file of settings, unless the command line takes its place.
    fn refuse_unknown_written(&self, found: &[Found], layout: &Layout, output: &mut Output) -> Result<(), Exit> {
        if self.tags.is_given() {
            return Ok(());
        }
        // Of specs that the file does not know of, others may be elsewhere that have the tag.
        let is_whole = !self.usual.is_empty();
        let is_wrong = self.written.tell_unknown(found, || self.others(layout), &self.settings(), is_whole, output);
        if is_wrong && is_whole { Err(Exit::Usage) } else { Ok(()) }
    }

    /// The specs of the tree, where others were named.
    fn others(&self, layout: &Layout) -> Vec<Found> {
        let all = || Standpoint::new(&self.usual).find(&[], layout).unwrap_or_default();
        if self.paths.is_empty() { Vec::new() } else { all() }
    }

    /// A variable that no spec declares is a slip of the hand. One that only some declare is not.
    fn refuse_undeclared(&self, found: &[Found], output: &mut Output) -> Result<(), Exit> {
        let settings = self.settings();
        let mut declared: Vec<String> = Vec::new();
        for spec in found {
            let Ok(loaded) = Loaded::read(spec, &settings) else { return Ok(()) };
            declared.extend(loaded.declared().map(str::to_owned));
        }
        for (name, _) in &self.vars {
            if !declared.contains(name) {
                let near = nearest(name, declared.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; there is `{near}`"));
                output.error(format!("no spec declares the variable `{name}` in `vars` or `matrix`{near}"));
                return Err(Exit::Usage);
            }
        }
        Ok(())
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        Some((name, _)) => Err(format!("`{name}` is not a name of a variable")),
        None => Err("write NAME=VALUE".to_owned()),
    }
}
