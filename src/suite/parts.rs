//! Files in the folders of specs that are no specs, but parts of those that include them.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::find::Found;
use super::load::{Loaded, is_error};
use crate::plan::Settings;
use crate::source;

/// A file that includes others.
struct Including {
    path: PathBuf,
    /// Those that it includes, and those that these include.
    included: HashSet<PathBuf>,
}

/// Leaves out what is a part of another: a file that is no spec by itself and that a spec among these
/// includes. What is wrong with it is found where it is included.
pub fn leave_out(found: &mut Vec<Found>, settings: &Settings) {
    let including: Vec<Including> = found.iter().filter_map(|found| including(found, settings)).collect();
    // Files that only include each other are nobody's parts.
    let is_part = |path: &PathBuf| including.iter().any(|other| other.path != *path && other.included.contains(path));
    let specs = including.iter().filter(|file| !is_part(&file.path));
    let parts: HashSet<&PathBuf> =
        specs.flat_map(|spec| spec.included.iter().filter(|path| **path != spec.path)).collect();
    if parts.is_empty() {
        return;
    }
    found.retain(|found| !canonical(found).is_some_and(|path| parts.contains(&path)) || is_spec(found, settings));
}

/// Most specs do not have the word in them, so they are not parsed for it.
fn including(found: &Found, settings: &Settings) -> Option<Including> {
    let (text, _) = source::bytes(&found.path, source::MAX_SIZE).ok()?;
    memchr::memmem::find(&text, b"include")?;
    let loaded = Loaded::read(found, settings).ok()?;
    let included: HashSet<_> = loaded.source.included_paths().filter_map(|path| fs::canonicalize(path).ok()).collect();
    (!included.is_empty()).then_some(Including { path: canonical(found)?, included })
}

fn canonical(found: &Found) -> Option<PathBuf> {
    fs::canonicalize(&found.path).ok()
}

/// Whether it could run by itself.
fn is_spec(found: &Found, settings: &Settings) -> bool {
    Loaded::read(found, settings).is_ok_and(|loaded| !loaded.check(&found.name, settings).iter().any(is_error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::suite::{Layout, find};

    const SPEC: &str = "about: x\nsteps:\n  - a: {pair: b}\n";

    /// The names of the specs among these files.
    fn specs(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("specs").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let layout = Layout::Nearest { snapshots: None };
        let mut found = find::find(&[folder.path().join("specs")], &layout).unwrap();
        leave_out(&mut found, &Settings::default());
        found.into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn what_is_included_and_is_no_spec_is_a_part() {
        let main = format!("{SPEC}  - include: common/login.yaml\n    with: {{a: a}}\n");
        let login = "steps:\n  - a: {send: x}\n  - include: ../deeper.yaml\n";
        let deeper = "about: No spec either, since nobody listens here.\nsteps:\n  - c: {connect: server}\n";
        let files = [("main.yaml", main.as_str()), ("common/login.yaml", login), ("deeper.yaml", deeper)];
        assert_eq!(specs(&files), ["main"]);
        assert_eq!(specs(&files[1..]), ["common/login"], "nobody includes it, and so it is a spec that is wrong");
    }

    #[test]
    fn a_spec_that_is_included_is_still_one() {
        let files = [("main.yaml", "about: x\nsteps: [{include: base.yaml}]\n"), ("base.yaml", SPEC)];
        assert_eq!(specs(&files), ["base", "main"]);
    }

    #[test]
    fn files_that_include_each_other_are_no_parts() {
        let one = "steps:\n  - include: two.yaml\n";
        let two = "steps:\n  - include: one.yaml\n";
        assert_eq!(specs(&[("one.yaml", one), ("two.yaml", two)]), ["one", "two"]);
        assert_eq!(specs(&[("one.yaml", "about: x\nsteps: [{include: one.yaml}]\n")]), ["one"]);
        let main = format!("{SPEC}  - include: one.yaml\n");
        assert_eq!(specs(&[("one.yaml", one), ("two.yaml", two), ("main.yaml", &main)]), ["main"]);
    }
}
