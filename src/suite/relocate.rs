//! Moves specs with all that belongs to them: snapshots, overlays, pending traces, and the paths by
//! which files name each other.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::model::bytes::escape;
use crate::snapshot::place::{self, Home, absolute, is_spec};
use crate::snapshot::stale::Kept;
use crate::snapshot::{self, write_whole};
use crate::source::SourceFile;
use crate::spec::paths::{PathWord, paths};

/// What is moved, and what is changed for that. All paths are absolute.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Relocation {
    /// Files and folders of specs, from where to where.
    pub specs: Vec<(PathBuf, PathBuf)>,
    /// Snapshots and pending traces, from where to where, with the spec that each is to name.
    pub snapshots: Vec<(PathBuf, PathBuf, String)>,
    /// Files whose paths are changed, by where they are afterwards, with their new text.
    pub edits: BTreeMap<PathBuf, String>,
    /// Snapshots and pending traces that show such paths, by where they are afterwards, with what the paths were
    /// and are.
    pub traces: BTreeMap<PathBuf, Renamed>,
}

/// Paths as they were written, and as they are.
pub type Renamed = Vec<(String, String)>;

/// What was done, to be taken back.
enum Done {
    Moved(PathBuf, PathBuf),
    Written(PathBuf, Vec<u8>),
    Created(PathBuf),
}

impl Relocation {
    /// What is to be done to have the spec or folder `from` at `to`, which must not be there.
    ///
    /// # Errors
    /// A sentence: what is in the way, or why a path cannot be kept right.
    pub fn plan(from: &Path, to: &Path, snapshots: Option<&Path>) -> Result<Self, String> {
        let text = |error: io::Error| error.to_string();
        let (from, to) = (absolute(from).map_err(text)?, absolute(to).map_err(text)?);
        if fs::symlink_metadata(&to).is_ok() {
            return Err(format!("`{}` is there already", to.display()));
        }
        let home = |path: &Path| Home::of_folder(path.parent().unwrap_or(path)).base;
        if home(&from).ends_with("specs") && !home(&to).ends_with("specs") {
            return Err(format!(
                "`{}` is in no folder called `specs`, so no run of the specs would find it there; where that is meant, \
                 move the file and its snapshots by hand",
                to.display()
            ));
        }
        if to.starts_with(&from) && from.is_dir() {
            return Err(format!("`{}` cannot be moved into itself", from.display()));
        }
        let mut plan = Self { specs: vec![(from.clone(), to.clone())], ..Self::default() };
        let files = if from.is_dir() { files_below(&from).map_err(text)? } else { vec![from.clone()] };
        let moves: Vec<(PathBuf, PathBuf)> = files.iter().map(|file| (file.clone(), moved(file, &from, &to))).collect();
        for (old, new) in moves.iter().filter(|(old, _)| is_spec(old)) {
            plan.add_snapshots(old, new, snapshots);
        }
        plan.add_edits(&moves, &from, &to, snapshots)?;
        for (_, target, _) in &plan.snapshots {
            if fs::symlink_metadata(target).is_ok() {
                return Err(format!(
                    "`{}` is there already; a stale one is removed by `sockspec accept`",
                    target.display()
                ));
            }
        }
        Ok(plan)
    }

    fn add_snapshots(&mut self, old: &Path, new: &Path, snapshots: Option<&Path>) {
        let (folder, stem) = home(old, snapshots);
        let (new_folder, new_stem) = home(new, snapshots);
        let (bare, new_bare) = (place::file(&folder, &stem, None), place::file(&new_folder, &new_stem, None));
        let (bare, new_bare) = (bare.with_extension(""), new_bare.with_extension(""));
        for snapshot in kept(old, snapshots) {
            let name = snapshot.to_string_lossy().into_owned();
            let Some(rest) = name.strip_prefix(&*bare.to_string_lossy()) else { continue };
            let target = PathBuf::from(format!("{}{rest}", new_bare.to_string_lossy()));
            let above = new_folder.parent().unwrap_or(&new_folder);
            self.snapshots.push((snapshot, target, place::relative(above, new)));
        }
    }

    /// Paths in files that move to other folders, and those in all specs that name what moves.
    fn add_edits(
        &mut self,
        moves: &[(PathBuf, PathBuf)],
        from: &Path,
        to: &Path,
        snapshots: Option<&Path>,
    ) -> Result<(), String> {
        let mut looked_at: Vec<(PathBuf, PathBuf)> = moves.to_vec();
        for root in [from, to].map(|path| Home::of_folder(path.parent().unwrap_or(path)).base) {
            let others = files_below(&root).unwrap_or_default();
            let is_new = |file: &PathBuf| !moves.iter().any(|(old, _)| old == file);
            looked_at.extend(others.into_iter().filter(is_new).map(|file| (file.clone(), file)));
        }
        looked_at.retain(|(old, _)| is_spec(old));
        looked_at.sort();
        looked_at.dedup();
        let (mut renamed, mut includes) = (BTreeMap::new(), BTreeMap::new());
        for (old, new) in &looked_at {
            let Ok(source) = SourceFile::read(old, old.to_string_lossy()) else { continue };
            includes.insert(old.clone(), specs_named_in(&source, old));
            if let Some((text, words)) = edited(&source, old, new, (from, to))? {
                self.edits.insert(new.clone(), text);
                renamed.insert(old.clone(), words);
            }
        }
        for (old, _) in &looked_at {
            let mut words = Renamed::new();
            let mut files = vec![old];
            let mut at = 0;
            // What an included file sends is in the traces of those that include it.
            while let Some(file) = files.get(at).copied() {
                words.extend(renamed.get(file).into_iter().flatten().cloned());
                let more = includes.get(file).into_iter().flatten().filter(|more| !files.contains(more));
                let more: Vec<&PathBuf> = more.collect();
                files.extend(more);
                at += 1;
            }
            if !words.is_empty() {
                self.add_traces(&kept(old, snapshots), &words);
            }
        }
        Ok(())
    }

    /// Those of a spec's snapshots that show paths that are others now.
    fn add_traces(&mut self, snapshots: &[PathBuf], words: &Renamed) {
        for snapshot in snapshots {
            let Ok(Some(trace)) = snapshot::trace_at(snapshot) else { continue };
            if retold(&trace, words) != trace {
                let target = self.snapshots.iter().find(|(from, ..)| from == snapshot).map(|(_, to, _)| to);
                self.traces.insert(target.unwrap_or(snapshot).clone(), words.clone());
            }
        }
    }

    /// Moves everything. Where something cannot be done, what was done is taken back.
    ///
    /// # Errors
    /// What could not be done, and what of it could not be taken back.
    pub fn execute(&self) -> io::Result<()> {
        let mut done = Vec::new();
        let Err(error) = self.attempt(&mut done) else { return Ok(()) };
        let failed: Vec<String> =
            done.into_iter().rev().filter_map(|done| done.undo().err()).map(|error| error.to_string()).collect();
        match failed.as_slice() {
            [] => Err(io::Error::new(error.kind(), format!("{error}; nothing was moved"))),
            failed => Err(io::Error::other(format!("{error}; not all could be moved back: {}", failed.join("; ")))),
        }
    }

    fn attempt(&self, done: &mut Vec<Done>) -> io::Result<()> {
        let snapshots = self.snapshots.iter().map(|(from, to, _)| (from, to));
        for (from, to) in self.specs.iter().map(|(from, to)| (from, to)).chain(snapshots) {
            create_folders(to, done)?;
            fs::rename(from, to).map_err(|error| named("cannot move", from, &error))?;
            done.push(Done::Moved(from.clone(), to.clone()));
        }
        for (path, text) in &self.edits {
            replace(path, done, |file| write_whole(file, |out| out.write_all(text.as_bytes())))?;
        }
        for (_, path, source) in &self.snapshots {
            replace(path, done, |file| snapshot::set_source(file, source))?;
        }
        for (path, words) in &self.traces {
            replace(path, done, |file| snapshot::set_trace(file, |trace| retold(trace, words)))?;
        }
        for from in self.specs.iter().map(|(from, _)| from).chain(self.snapshots.iter().map(|(from, ..)| from)) {
            remove_empty(from);
        }
        Ok(())
    }
}

impl Done {
    fn undo(self) -> io::Result<()> {
        match self {
            Self::Moved(from, to) => fs::rename(&to, &from).map_err(|error| named("cannot move back", &to, &error)),
            Self::Written(path, bytes) => write_whole(&path, |file| file.write_all(&bytes)),
            // Something else may be in it by now.
            Self::Created(folder) => fs::remove_dir(&folder).or(Ok(())),
        }
    }
}

/// Changes a file, keeping what it was.
fn replace(path: &Path, done: &mut Vec<Done>, change: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let before = fs::read(path).map_err(|error| named("cannot read", path, &error))?;
    change(path)?;
    done.push(Done::Written(path.to_owned(), before));
    Ok(())
}

fn create_folders(file: &Path, done: &mut Vec<Done>) -> io::Result<()> {
    let missing: Vec<&Path> = file.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder).map_err(|error| named("cannot create", folder, &error))?;
        done.push(Done::Created(folder.to_owned()));
    }
    Ok(())
}

/// Removes the folders that a file has left empty, up to the one called `specs` or `snapshots`.
fn remove_empty(file: &Path) {
    for folder in file.ancestors().skip(1) {
        let is_root = folder.file_name().is_none_or(|name| name == "specs" || name == "snapshots");
        if is_root || fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

fn named(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| named("cannot read", &folder, &error))? {
            let entry = entry.map_err(|error| named("cannot read", &folder, &error))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if is_folder && !is_hidden {
                folders.push(entry.path());
            } else if !is_folder {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where a path is afterwards.
fn moved(path: &Path, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(below) if below.as_os_str().is_empty() => to.to_owned(),
        Ok(below) => to.join(below),
        Err(_) => path.to_owned(),
    }
}

/// The folder of a spec's snapshots, and its name.
fn home(spec: &Path, snapshots: Option<&Path>) -> (PathBuf, String) {
    let home = Home::of_folder(spec.parent().unwrap_or(spec));
    let folder = snapshots.and_then(|folder| absolute(folder).ok()).unwrap_or_else(|| home.snapshots.clone());
    (folder, place::relative(&home.base, &spec.with_extension("")))
}

/// The snapshots and pending traces of a spec.
fn kept(spec: &Path, snapshots: Option<&Path>) -> Vec<PathBuf> {
    let (folder, stem) = home(spec, snapshots);
    let file = place::file(&folder, &stem, None);
    let there = file.parent().map(fs::read_dir).and_then(Result::ok).into_iter().flatten().flatten();
    let kept = there.filter_map(|entry| Kept::at(&folder, &entry.path())).filter(|kept| kept.spec == stem);
    let mut paths: Vec<PathBuf> = kept.map(|kept| kept.path).collect();
    paths.sort();
    paths
}

/// The files that a spec names which may be included.
fn specs_named_in(source: &SourceFile, file: &Path) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(file);
    let named = paths(source).into_iter().filter(|word| is_spec(Path::new(&word.text)));
    named.filter_map(|word| absolute(&folder.join(&word.text)).ok()).collect()
}

/// A trace with the paths of files and programs as they are now. Bytes that look like one are left.
fn retold(trace: &str, words: &Renamed) -> String {
    let mut out = String::with_capacity(trace.len());
    for line in trace.split_inclusive('\n') {
        if line.trim_start().starts_with("| ") {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some((before, place, after)) = next_path(rest) {
            out.push_str(before);
            out.push_str(place);
            let ends = |path: &str| after.strip_prefix(path).is_some_and(|rest| rest.starts_with(['"', ' ', '\n']));
            let path = |word: &str| escape(word.as_bytes());
            rest = after;
            if let Some((old, new)) = words.iter().find(|(old, _)| ends(&path(old))) {
                out.push_str(&path(new));
                rest = &after[path(old).len()..];
            }
        }
        out.push_str(rest);
    }
    out
}

/// What stands before the next path in a line of a trace, the words that a path follows, and the rest.
fn next_path(line: &str) -> Option<(&str, &'static str, &str)> {
    let places = [" file \"", " run "];
    let (at, place) = places.into_iter().filter_map(|place| Some((line.find(place)?, place))).min()?;
    Some((&line[..at], place, &line[at + place.len()..]))
}

/// The text of a file with its paths as they must be afterwards, and which have changed; `None` where all
/// stay.
fn edited(
    source: &SourceFile,
    old: &Path,
    new: &Path,
    (from, to): (&Path, &Path),
) -> Result<Option<(String, Renamed)>, String> {
    let mut changes: Vec<(PathWord, String)> = Vec::new();
    let (old_folder, new_folder) = (old.parent().unwrap_or(old), new.parent().unwrap_or(new));
    for word in paths(source) {
        if word.text.contains("${") {
            if old_folder != new_folder && !word.text.starts_with("${tmp}") && !word.text.starts_with('/') {
                return Err(format!(
                    "{}:{}: the path `{}` has a variable in it, so nobody knows what it must be from the new folder; \
                     write it without one, or move the file by hand",
                    old.display(),
                    source.line(word.span.start),
                    word.text
                ));
            }
            continue;
        }
        let Ok(target) = absolute(&old_folder.join(&word.text)) else { continue };
        if !target.exists() {
            continue;
        }
        let target_after = moved(&target, from, to);
        if old_folder == new_folder && target_after == target {
            continue;
        }
        let path = if Path::new(&word.text).is_absolute() {
            target_after.to_string_lossy().into_owned()
        } else {
            relative(new_folder, &target_after, &word.text)
        };
        if path != word.text {
            changes.push((word, path));
        }
    }
    if changes.is_empty() {
        return Ok(None);
    }
    changes.sort_by_key(|(word, _)| word.span.start);
    let (mut text, mut at) = (String::new(), 0);
    let renamed = changes.iter().map(|(word, path)| (word.text.clone(), path.clone())).collect();
    for (word, path) in changes {
        let written = source.slice(word.span);
        text.push_str(&source.text()[at..word.span.start as usize]);
        let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
        text.extend(quote);
        text.push_str(&path);
        text.extend(quote);
        at = word.span.end as usize;
    }
    text.push_str(&source.text()[at..]);
    Ok(Some((text, renamed)))
}

/// A path as seen from a folder, written as the one that it is in place of.
fn relative(folder: &Path, target: &Path, written: &str) -> String {
    let path = place::relative(folder, target);
    let dotted = written.starts_with("./") && !path.starts_with("../");
    if dotted { format!("./{path}") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_traces_are_those_of_the_spec() {
        let words = [("b.bin", "../a/b.bin"), ("./x", "../a/x")].map(|(old, new)| (old.to_owned(), new.to_owned()));
        let is = |old: &str, new: &str| assert_eq!(retold(old, &words.to_vec()), new);
        is("c         send 5 file \"b.bin\"\n", "c         send 5 file \"../a/b.bin\"\n");
        is("c         send 9 \"ab\" file \"b.bin\" \"c\"\n", "c         send 9 \"ab\" file \"../a/b.bin\" \"c\"\n");
        is("p         run ./x ./x\n", "p         run ../a/x ./x\n");
        is("p         run ./xy\n", "p         run ./xy\n");
        for same in [
            "c         send 5 \" file \\\"b.bin\\\"\"\n",
            "          | file \"b.bin\"\n",
            "c         send 5 file \"b.bin2\"\n",
        ] {
            is(same, same);
        }
    }
}
