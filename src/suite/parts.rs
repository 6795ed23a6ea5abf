//! Files in the folders of specs that are no specs, but parts of those that include them.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::find::Found;
use super::glance::{self, Word};
use super::load::{Loaded, is_error};
use super::select::Selection;
use crate::plan::Settings;

/// A file that includes others.
struct Including {
    path: PathBuf,
    /// Those that it includes, and those that these include.
    included: HashSet<PathBuf>,
}

/// Keeps what may have selected tests, and leaves out what is a part of another: a file that is no spec
/// by itself and that a spec among these includes. What is wrong with it is found where it is included.
pub fn keep_specs(found: &mut Vec<Found>, selection: &Selection, settings: &Settings) {
    if found.len() < 2 {
        return;
    }
    glance::at_all(found);
    let (selected, others) = std::mem::take(found).into_iter().partition(|found| selection.may_take(found));
    *found = selected;
    // Of a few, those that are specs by themselves can be told without understanding all others.
    if found.len() > others.len() || found.iter().any(|found| !is_spec(found, settings)) {
        leave_out(found, &others, settings);
    }
}

/// Leaves out the parts of specs among these and others.
fn leave_out(found: &mut Vec<Found>, others: &[Found], settings: &Settings) {
    let all = found.iter().chain(others);
    let including: Vec<Including> = all.filter_map(|found| including(found, settings)).collect();
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
    if !found.glance().has(Word::Include) {
        return None;
    }
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
        keep_specs(&mut found, &Selection::default(), &Settings::default());
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
    fn a_part_is_none_of_the_few_that_are_selected() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a-login.yaml", "steps:\n  - a: {send: x}\n");
        write("a-spec.yaml", SPEC);
        write("cases.yaml", &format!("matrix: {{x: [a-1, b]}}\n{SPEC}"));
        for name in ["main.yaml", "other.yaml", "third.yaml"] {
            write(name, &format!("{SPEC}  - include: a-login.yaml\n    with: {{a: a}}\n"));
        }
        let layout = Layout::Nearest { snapshots: None };
        let kept = |name: &str| -> Vec<String> {
            let mut found = find::find(&[folder.path().to_owned()], &layout).unwrap();
            let selection = Selection { names: vec![name.to_owned()], ..Selection::default() };
            keep_specs(&mut found, &selection, &Settings::default());
            found.into_iter().map(|found| found.name).collect()
        };
        assert_eq!(kept("a-"), ["a-spec", "cases"]);
        assert_eq!(kept("main"), ["cases", "main"], "only who reads a matrix knows the names of its cases");
        assert_eq!(kept("r"), ["cases", "other", "third"]);
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
