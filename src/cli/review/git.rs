//! The snapshots that differ from those of a revision, as git tells it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A snapshot that is not the same in a revision and in the working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differing {
    /// Its file; where it was, if it is gone.
    pub(super) path: PathBuf,
    /// Its text in the revision.
    pub(super) old: Option<String>,
    /// Its text in the working tree.
    pub(super) new: Option<String>,
}

/// All snapshots that differ from those at the commit at which the working tree has left a revision's
/// line; from those of the revision itself, where git does not know that. In the repository that a
/// folder is in, in the order of their paths.
///
/// # Errors
/// Where there is no git, no repository or no such revision, or a file cannot be read.
pub(super) fn differences(folder: &Path, revision: &str) -> Result<Vec<Differing>, String> {
    let top = PathBuf::from(git(folder, &["rev-parse", "--show-toplevel"])?.trim_end_matches('\n'));
    // A revision that begins with `-` must not be taken for an option.
    let commit =
        git(&top, &["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")]).map_err(|_| {
            format!("there is no revision `{revision}` in this repository; a shallow clone has to fetch it first")
        })?;
    let commit = commit.trim_end();
    let from = git(&top, &["merge-base", commit, "HEAD"])
        .map_or_else(|_| commit.to_owned(), |base| base.trim_end().to_owned());
    let mut paths = listed(&git(&top, &["diff", "--name-only", "--no-renames", "-z", &from, "--", "*.snap"])?);
    paths.extend(listed(&git(&top, &["ls-files", "--others", "--exclude-standard", "-z", "--", "*.snap"])?));
    paths.sort();
    paths.dedup();
    let mut snapshots = Vec::with_capacity(paths.len());
    for path in paths {
        let old = git(&top, &["show", &format!("{from}:{path}")]).ok();
        let file = top.join(&path);
        let new = match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(format!("cannot read {}: {error}", file.display())),
        };
        snapshots.push(Differing { path: file, old, new });
    }
    Ok(snapshots)
}

fn listed(text: &str) -> Vec<String> {
    text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

/// What git prints.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let run = Command::new("git").arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).output();
    let output = run.map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            "`--base` asks git for the snapshots of a revision, and there is no `git` in PATH".to_owned()
        }
        _ => format!("cannot run git: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("git {}: {}", arguments[0], said.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn repository(commands: &[&[&str]], files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
        git(folder.path(), &["init", "-q", "-b", "main"]).unwrap();
        write(folder.path(), files);
        for command in commands {
            let all: Vec<&str> = identity.iter().chain(*command).copied().collect();
            git(folder.path(), &all).unwrap();
        }
        folder
    }

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn what_differs_is_changed_new_or_gone() {
        let files = [("snapshots/a b.snap", "one"), ("snapshots/same.snap", "x"), ("snapshots/gone.snap", "was")];
        let folder = repository(&[&["add", "-A"], &["commit", "-qm", "first"]], &files);
        let root = folder.path().canonicalize().unwrap();
        fs::remove_file(root.join("snapshots/gone.snap")).unwrap();
        write(&root, &[("snapshots/a b.snap", "two"), ("snapshots/new.snap", "new"), ("other.txt", "")]);
        let found = differences(&root.join("snapshots"), "main").unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                (one.path.strip_prefix(&root).unwrap().to_str().unwrap(), one.old.as_deref(), one.new.as_deref())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("snapshots/a b.snap", Some("one"), Some("two")),
                ("snapshots/gone.snap", Some("was"), None),
                ("snapshots/new.snap", None, Some("new")),
            ]
        );
    }

    #[test]
    fn what_others_have_changed_since_is_not_shown() {
        let commit: &[&str] = &["commit", "-qam", "x"];
        let folder = repository(
            &[&["add", "-A"], commit, &["checkout", "-qb", "topic"]],
            &[("s/a.snap", "1"), ("s/b.snap", "1")],
        );
        let root = folder.path();
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let run = |command: &[&str]| git(root, &identity.iter().chain(command).copied().collect::<Vec<_>>()).unwrap();
        write(root, &[("s/a.snap", "2")]);
        run(commit);
        run(&["checkout", "-q", "main"]);
        write(root, &[("s/b.snap", "2")]);
        run(commit);
        run(&["checkout", "-q", "topic"]);
        let found = differences(root, "main").unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].path.ends_with("s/a.snap"));
    }

    #[test]
    fn what_is_missing_is_told() {
        let nowhere = tempfile::tempdir().unwrap();
        assert!(differences(nowhere.path(), "main").unwrap_err().contains("not a git repository"));
        let folder = repository(&[&["add", "-A"], &["commit", "-qm", "x"]], &[("a.snap", "1")]);
        assert!(differences(folder.path(), "--help").unwrap_err().contains("no revision `--help`"));
        assert!(differences(folder.path(), "nope").unwrap_err().contains("no revision `nope`"));
    }
}
