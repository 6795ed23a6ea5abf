//! The snapshots in use, for `cargo insta test --unreferenced`: all whose spec is there, whether
//! this run selects it or not, so that a filter never makes one look unused.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{file, place, walk};

/// Appends every snapshot whose spec exists to the list that `cargo insta` reads, unless another
/// process of the same run has.
///
/// # Errors
/// Where a folder cannot be read, or the list cannot be written.
pub fn append(list: &Path, specs: &Path, snapshots: &Path) -> io::Result<()> {
    let used = |path: &PathBuf| {
        let below = path.strip_prefix(snapshots).unwrap_or(path);
        walk::is_snapshot(path) && place::test_of(below).is_some_and(|(spec, _)| has_spec(specs, &spec))
    };
    write(list, walk::files(snapshots)?.into_iter().filter(used))
}

/// Appends every snapshot of a project, whoever made it: where a filter leaves tests out, no
/// snapshot can be told to be unused.
///
/// # Errors
/// Where the list cannot be written.
pub fn append_all(list: &Path, project: &Path) -> io::Result<()> {
    write(list, walk::snapshots_of(project).into_iter())
}

fn write(list: &Path, snapshots: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    let mut lines = String::new();
    for path in snapshots {
        lines.push_str(&path.to_string_lossy());
        lines.push('\n');
    }
    if fs::read_to_string(list).is_ok_and(|written| written.contains(&lines)) {
        return Ok(());
    }
    let append = || OpenOptions::new().create(true).append(true).open(list)?.write_all(lines.as_bytes());
    append().map_err(|error| file::at("cannot write", list, &error))
}

fn has_spec(specs: &Path, name: &str) -> bool {
    ["yaml", "yml"].iter().any(|extension| specs.join(format!("{name}.{extension}")).is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn snapshots_without_a_spec_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (specs, snapshots) = (folder.path().join("specs"), folder.path().join("snapshots"));
        fs::create_dir_all(specs.join("tcp")).unwrap();
        fs::create_dir_all(snapshots.join("tcp")).unwrap();
        fs::write(specs.join("tcp/echo.yaml"), "").unwrap();
        for file in ["tcp/echo@net=tcp6.snap", "tcp/echo.linux.snap", "tcp/gone.snap", "tcp/echo.snap.new"] {
            fs::write(snapshots.join(file), "").unwrap();
        }
        let list = folder.path().join("list");
        append(&list, &specs, &snapshots).unwrap();
        append(&list, &specs, &snapshots).unwrap();
        let text = fs::read_to_string(&list).unwrap();
        let mut lines: Vec<_> =
            text.lines().map(|line| Path::new(line).file_name().unwrap().to_str().unwrap()).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines, ["echo.linux.snap", "echo@net=tcp6.snap"]);
        assert_eq!(text.lines().count(), 2, "each process of nextest appends, and none again");
    }

    #[test]
    fn all_snapshots_of_a_project_are_found_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["tests/snapshots/a.snap", "src/data/b.snap", "target/c.snap", "src/d.snap.new"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let list = folder.path().join("list");
        append_all(&list, folder.path()).unwrap();
        let text = fs::read_to_string(list).unwrap();
        assert!(text.contains("/a.snap\n") && text.contains("/b.snap\n"), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
