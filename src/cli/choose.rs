//! The options by which several subcommands choose among what waits for a decision.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::config::{Configure, or_path};
use super::output::Output;
use crate::model::name::nearest;
use crate::snapshot::place::{self, absolute};
use crate::suite::waiting::{self, State, Waiting};
use crate::suite::{Config, Layout, find};

/// Which of the traces that wait.
#[derive(Debug, Args)]
pub(super) struct Choose {
    /// Tests, specs or folders of specs, by name or by path; all that waits if none is given
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,

    /// The folder of the snapshots; all folders called `snapshots` of the tree that one is in, or from here on, if not given
    #[arg(long, value_name = "DIR")]
    pub(super) snapshots: Option<PathBuf>,

    /// The folder of the file of settings, and where specs are by it.
    #[arg(skip)]
    configured: Option<(PathBuf, Vec<PathBuf>)>,
}

/// Whether stale snapshots are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stale {
    /// As all others are.
    Included,
    /// Only where a name says so exactly, that of a test, of a spec or of a file.
    Named,
}

impl Configure for Choose {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
        self.configured = Some((config.folder.clone(), config.roots()));
    }
}

impl Choose {
    /// What is meant, or the exit code where nothing is; that is then explained.
    pub(super) fn choose(&self, stale: Stale, output: &mut Output) -> Result<Vec<Waiting>, Exit> {
        let mut waiting = self.waiting(stale == Stale::Included, output)?;
        if self.names.is_empty() {
            return Ok(waiting);
        }
        let (mut chosen, mut without) = (Vec::new(), Vec::new());
        for name in &self.names {
            let mut named = self.named(name, &waiting);
            if named.is_empty() && stale == Stale::Named {
                let all = self.waiting(true, output)?;
                let is_it = |waiting: &&Waiting| waiting.state == State::Stale && is_exactly(waiting, name);
                named = all.iter().filter(is_it).cloned().collect();
            }
            match named {
                // Whoever decides on what he has just run names specs that passed, too.
                named if named.is_empty() && Path::new(name).exists() => without.push(name),
                named if named.is_empty() => {
                    output.error(unknown(name, &waiting));
                    return Err(Exit::Nothing);
                }
                named => chosen.extend(named),
            }
        }
        if let (true, Some(name)) = (chosen.is_empty(), without.first()) {
            output.error(unknown(name, &waiting));
            return Err(Exit::Nothing);
        }
        for name in without {
            output.line(format_args!("nothing is pending in {name}"));
        }
        chosen.sort_by(|one, other| one.pending.cmp(&other.pending));
        chosen.dedup();
        waiting.clear();
        Ok(chosen)
    }

    fn waiting(&self, with_stale: bool, output: &mut Output) -> Result<Vec<Waiting>, Exit> {
        waiting::waiting(self.snapshots.as_deref(), &self.project(), with_stale).map_err(|error| {
            output.error(error);
            Exit::CouldNotRun
        })
    }

    /// The folder from which on snapshots are looked for: that of the tree that one is in, or this one.
    fn project(&self) -> PathBuf {
        let here = env::current_dir().unwrap_or_default();
        if let Some(project) = place::tree(&here).as_deref().and_then(Path::parent) {
            return plain(place::relative(&here, project));
        }
        let is_in = |root: &PathBuf| here.starts_with(here.join(root));
        match &self.configured {
            Some((folder, roots))
                if roots.iter().any(is_in) || !["specs", "snapshots"].iter().any(|name| here.join(name).is_dir()) =>
            {
                plain(place::relative(&here, &here.join(folder)))
            }
            _ => PathBuf::from("."),
        }
    }

    /// Those that a name means: that of a file or folder first, then that of a test.
    fn named(&self, name: &str, waiting: &[Waiting]) -> Vec<Waiting> {
        let by_path = self.at(Path::new(name), waiting);
        if !by_path.is_empty() {
            return by_path;
        }
        waiting.iter().filter(|waiting| waiting.pending.is_named(name)).cloned().collect()
    }

    fn at(&self, path: &Path, waiting: &[Waiting]) -> Vec<Waiting> {
        if !path.exists() {
            return Vec::new();
        }
        let file: Vec<Waiting> = waiting.iter().filter(|waiting| is_file(waiting, path)).cloned().collect();
        if let ([], Some(pending)) = (file.as_slice(), Waiting::at(path)) {
            return vec![pending];
        }
        if !file.is_empty() {
            return file;
        }
        let layout = Layout::Nearest { snapshots: self.snapshots.clone() };
        let specs = find::find(&[path.to_owned()], &layout).unwrap_or_default();
        specs.iter().flat_map(|spec| waiting::of_spec(spec, waiting)).collect()
    }
}

fn plain(relative: String) -> PathBuf {
    if relative.is_empty() { PathBuf::from(".") } else { relative.into() }
}

/// Whether a path is that of its pending file, or of its stale snapshot.
fn is_file(waiting: &Waiting, path: &Path) -> bool {
    let same = |other: &Path| matches!((absolute(path), absolute(other)), (Ok(one), Ok(other)) if one == other);
    same(&waiting.pending.path) || waiting.state == State::Stale && same(&waiting.pending.snapshot)
}

fn is_exactly(waiting: &Waiting, name: &str) -> bool {
    name == waiting.name() || name == waiting.pending.spec || is_file(waiting, Path::new(name))
}

fn unknown(name: &str, waiting: &[Waiting]) -> String {
    let names: Vec<String> = waiting.iter().map(Waiting::name).collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("nothing called `{name}` is pending; `{near}` is"),
        None if names.is_empty() => {
            format!(
                "nothing called `{name}` is pending, nor is anything else from here on; a path of a spec may be given, too"
            )
        }
        None => format!("nothing called `{name}` is pending; these are: {}", names.join(", ")),
    }
}
