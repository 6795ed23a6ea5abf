//! `sockspec mv`

use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::config::{Configure, or_path};
use super::new::place::shown;
use super::output::Output;
use crate::snapshot::place::{Home, absolute, is_spec};
use crate::suite::Config;
use crate::suite::relocate::Relocation;

/// Move or rename a spec, or a folder of specs, with its snapshots and pending traces; the paths by which files
/// name each other are kept right
#[derive(Debug, Args)]
pub(super) struct Move {
    /// The spec or the folder, by path or by name
    #[arg(value_name = "FROM")]
    from: String,

    /// Its new path or name; a folder that is there is moved into
    #[arg(value_name = "TO")]
    to: String,

    /// The folder of the snapshots; `snapshots` beside `specs` if not given
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,

    /// Change nothing; show what would be done
    #[arg(long)]
    dry_run: bool,

    /// List the snapshots that go with a folder, too
    #[arg(short, long)]
    verbose: bool,
}

impl Configure for Move {
    fn configure(&mut self, config: &Config) {
        or_path(&mut self.snapshots, config, config.snapshots.as_ref());
    }
}

impl Move {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let Some(from) = existing(&self.from) else {
            output.error(format!("there is no spec or folder `{}`", self.from));
            return Exit::Nothing;
        };
        let to = target(&self.to, &from);
        let plan = match Relocation::plan(&from, &to, self.snapshots.as_deref()) {
            Ok(plan) => plan,
            Err(why) => {
                output.error(why);
                return Exit::CouldNotRun;
            }
        };
        if !self.dry_run
            && let Err(error) = plan.execute()
        {
            output.error(error);
            return Exit::CouldNotRun;
        }
        self.tell(&plan, output);
        Exit::Success
    }

    fn tell(&self, plan: &Relocation, output: &mut Output) {
        let here = Path::new(".");
        let shown = |path: &Path| shown(path, here);
        let (moved, changed) = if self.dry_run { ("would move", "would change") } else { ("moved", "changed") };
        // The snapshots of a folder are many, and say nothing that its name does not.
        let is_short = !self.verbose && plan.specs.iter().any(|(from, to)| from.is_dir() || to.is_dir());
        for (from, to) in &plan.specs {
            let with = match plan.snapshots.len() {
                1 if is_short => ", with 1 snapshot (`-v` names it)".to_owned(),
                count if is_short && count > 0 => format!(", with {count} snapshots (`-v` lists them)"),
                _ => String::new(),
            };
            output.line(format_args!("{moved}  {} to {}{with}", shown(from), shown(to)));
        }
        for (from, to, _) in plan.snapshots.iter().filter(|_| !is_short) {
            output.line(format_args!("{moved}  {} to {}", shown(from), shown(to)));
        }
        for path in plan.edits.keys() {
            output.line(format_args!("{changed}  {}, in which paths are other ones now", shown(path)));
        }
        for path in plan.traces.keys() {
            output.line(format_args!("{changed}  {}, which shows these paths", shown(path)));
        }
        if !plan.edits.is_empty() {
            output.note(
                "a trace shows endpoints of an included file by that file's name: run the specs in which paths changed",
            );
        }
    }
}

/// What is meant by a path, or by a name below `specs`.
fn existing(written: &str) -> Option<PathBuf> {
    let specs = Path::new("specs");
    let named = ["", ".yaml", ".yml"].map(|ending| format!("{}{ending}", written.trim_end_matches('/')));
    let paths = named.iter().map(PathBuf::from).chain(named.iter().map(|name| specs.join(name)));
    paths.into_iter().find(|path| path.exists())
}

/// Where it is to be: a path, where it looks like one; else a name in the same tree.
fn target(written: &str, from: &Path) -> PathBuf {
    let name = from.file_name().unwrap_or_default();
    let path = Path::new(written);
    let is_folder = path.is_dir() || written.ends_with('/');
    if is_folder && !(path.is_dir() && from.is_dir() && same(path, from)) {
        return path.join(name);
    }
    let base = from.parent().and_then(|parent| absolute(parent).ok()).map(|parent| Home::of_folder(&parent).base);
    let is_path = is_spec(path) && path.parent().is_some_and(|parent| parent.as_os_str().is_empty() || parent.exists())
        || path.components().any(|part| matches!(part.as_os_str().to_str(), Some("specs" | "." | "..")))
        || path.is_absolute();
    let stem = match &base {
        Some(base) if !is_path && base.ends_with("specs") => base.join(path),
        _ => path.to_owned(),
    };
    if stem.is_dir() {
        return stem.join(name);
    }
    match from.extension() {
        Some(extension) if from.is_file() && !is_spec(&stem) => {
            let mut name = stem.into_os_string();
            name.push(".");
            name.push(extension);
            name.into()
        }
        _ => stem,
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((absolute(one), absolute(other)), (Ok(one), Ok(other)) if one == other)
}
