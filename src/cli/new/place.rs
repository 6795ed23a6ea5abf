//! Where a new spec goes, from its name or path, and whether it can go there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::snapshot::place::{self, Home};

/// The name of the schema's file, beside `specs`.
const SCHEMA: &str = "sockspec.schema.json";

/// Where the files of a new spec go. The paths are absolute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The spec.
    pub(super) spec: PathBuf,
    /// Its snapshot.
    pub(super) snapshot: PathBuf,
    /// The schema that editors read.
    pub(super) schema: PathBuf,
}

/// From where somebody names a spec.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standpoint<'a> {
    /// The current folder.
    pub(super) here: &'a Path,
    /// The folder of the specs, if a file of settings says.
    pub(super) specs: Option<&'a Path>,
    /// The folder of the snapshots, if it says.
    pub(super) snapshots: Option<&'a Path>,
}

impl Place {
    /// The place that somebody means who is in the folder `here`, where the snapshots are in the folder that is
    /// given or else the usual one; else why there can be none.
    pub(super) fn of(written: &str, from: Standpoint<'_>) -> Result<Self, String> {
        let Standpoint { here, snapshots, .. } = from;
        let (stem, extension) = split(written);
        if stem.is_empty() {
            return Err("a spec needs a name, such as `tcp/close/my-case`".to_owned());
        }
        if written.ends_with('/') {
            return Err(format!("`{written}` is a folder; add the name of the spec: `{written}my-case`"));
        }
        let root = from.specs.map(|specs| here.join(specs));
        let stem = below(stem, here, root.as_deref())?;
        let folder = stem.parent().unwrap_or(&stem);
        let home = Home::of_folder(folder);
        let name = place::relative(&home.base, &stem);
        check_names(&home.base, &name)?;
        let root = root.as_deref().filter(|root| stem.starts_with(root));
        let place = Self {
            spec: with(&stem, extension),
            schema: schema_of(&home, root),
            snapshot: place::file(&snapshots.map_or(home.snapshots, |folder| here.join(folder)), &name, None),
        };
        place.check_free(&stem, here)?;
        Ok(place)
    }

    /// The place of a spec that goes there whatever is in the way.
    pub(super) fn at(spec: &Path) -> io::Result<Self> {
        let spec = place::absolute(spec)?;
        let home = Home::of_folder(spec.parent().unwrap_or(&spec));
        let name = place::relative(&home.base, &spec.with_extension(""));
        let snapshot = place::file(&home.snapshots, &name, None);
        Ok(Self { schema: schema_of(&home, None), snapshot, spec })
    }

    /// The line by which editors find the schema.
    pub(super) fn schema_line(&self) -> String {
        let folder = self.spec.parent().unwrap_or(&self.spec);
        format!("# yaml-language-server: $schema={}\n", place::relative(folder, &self.schema))
    }

    /// That nothing is in the way.
    fn check_free(&self, stem: &Path, here: &Path) -> Result<(), String> {
        for extension in ["yaml", "yml"] {
            let other = with(stem, extension);
            if fs::symlink_metadata(&other).is_ok() {
                return Err(format!("`{}` is there already; choose another name", shown(&other, here)));
            }
        }
        if stem.is_dir() {
            let folder = shown(stem, here);
            return Err(format!("`{folder}` is a folder; give the spec a name in it: `{folder}/my-case`"));
        }
        for path in [&self.spec, &self.snapshot] {
            let in_the_way = path.ancestors().skip(1).find(|above| above.exists()).filter(|above| !above.is_dir());
            if let Some(file) = in_the_way {
                return Err(format!(
                    "`{}` is a file, so no folder can be there; choose another name",
                    shown(file, here)
                ));
            }
        }
        if fs::symlink_metadata(&self.snapshot).is_ok() {
            let snapshot = shown(&self.snapshot, here);
            return Err(format!(
                "there is an accepted trace of that name already, of a spec that is gone: choose another name, or remove `{snapshot}`"
            ));
        }
        Ok(())
    }
}

/// Where the schema of a tree lies: beside its folder of specs, which settings may call otherwise.
fn schema_of(home: &Home, root: Option<&Path>) -> PathBuf {
    let root = if home.base.ends_with("specs") { Some(home.base.as_path()) } else { root };
    root.and_then(Path::parent).unwrap_or(&home.base).join(SCHEMA)
}

/// A path as somebody sees it who is in that folder.
pub(in crate::cli) fn shown(path: &Path, here: &Path) -> String {
    match place::absolute(here).map(|here| place::relative(&here, path)) {
        Ok(relative) if !relative.starts_with("../../..") => relative,
        _ => path.to_string_lossy().into_owned(),
    }
}

/// The name without the ending of spec files, and the ending that the file is to have.
fn split(written: &str) -> (&str, &'static str) {
    match written.strip_suffix(".yml") {
        Some(stem) => (stem, "yml"),
        None => (written.strip_suffix(".yaml").unwrap_or(written), "yaml"),
    }
}

/// The spec's path without its ending. A name means a place below `specs`: the tree that `here` is in,
/// else that which settings name, else one in `here`. What begins with `/`, `.` or `..`, or has `specs` in it, is a path.
fn below(stem: &str, here: &Path, root: Option<&Path>) -> Result<PathBuf, String> {
    let absolute = |path: PathBuf| place::absolute(&path).map_err(|error| error.to_string());
    let tree = Some(Home::of_folder(here).base).filter(|base| base.ends_with("specs"));
    let tree = tree.or_else(|| root.filter(|root| here.starts_with(root)).map(Path::to_owned));
    let first = stem.split('/').next().unwrap_or_default();
    if matches!(first, "" | "." | "..") {
        return absolute(here.join(stem));
    }
    if stem.split('/').any(|part| part == "specs") {
        // Inside of `specs`, its path is still the one seen from where `specs` lies.
        let project = tree.as_deref().and_then(Path::parent).filter(|_| first == "specs" && !here.join(first).is_dir());
        return absolute(project.unwrap_or(here).join(stem));
    }
    let base = match &tree {
        // A whole name, as `sockspec list` shows it, rather than one that goes on from here.
        Some(specs) if specs.join(first).is_dir() && !here.join(first).is_dir() => specs.clone(),
        Some(_) => here.to_owned(),
        None => root.map_or_else(|| here.join("specs"), Path::to_owned),
    };
    let (path, base) = (absolute(base.join(stem))?, absolute(base)?);
    if path.starts_with(&base) {
        return Ok(path);
    }
    Err(format!("`{stem}` leads out of `specs`; leave the `..` out"))
}

/// That the parts of the name that are not there yet can be typed, and are found when specs are looked for.
fn check_names(base: &Path, name: &str) -> Result<(), String> {
    let mut path = base.to_owned();
    for part in name.split('/') {
        path.push(part);
        if !path.is_dir() {
            check_name(part)?;
        }
    }
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.starts_with('_') {
        return Err(format!(
            "`{last}` is no name of a spec: files whose names begin with `_` are there to be included; try `{}`",
            last.trim_start_matches('_')
        ));
    }
    Ok(())
}

fn check_name(part: &str) -> Result<(), String> {
    let is_good = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
    let problem = match part.chars().find(|character| !is_good(*character)) {
        Some(' ') => "has a blank in it".to_owned(),
        Some(other) => format!("has {other:?} in it"),
        None if part.starts_with('.') => "begins with a dot, so that it is not found".to_owned(),
        None if part.starts_with('-') => "begins with a dash, like an option".to_owned(),
        None => return Ok(()),
    };
    let words = part.split(|character| !is_good(character)).filter(|word| !word.is_empty());
    let better = words.collect::<Vec<_>>().join("-");
    let better = better.trim_start_matches(['.', '-']);
    let way_out = if better.is_empty() { String::new() } else { format!("; try `{better}`") };
    Err(format!("`{part}` {problem}; names have letters, digits, `-`, `_` and `.`{way_out}"))
}

/// The path with an ending, whatever dots it has.
fn with(stem: &Path, extension: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(here: &Path) -> Standpoint<'_> {
        Standpoint { here, specs: None, snapshots: None }
    }

    /// A folder with these folders and files in it.
    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in paths {
            let path = folder.path().join(path);
            if path.extension().is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            } else {
                fs::create_dir_all(path).unwrap();
            }
        }
        folder
    }

    #[track_caller]
    fn check(paths: &[&str], here: &str, cases: &[(&str, &str)]) {
        let folder = tree(paths);
        for (written, spec) in cases {
            let place = Place::of(written, at(&folder.path().join(here)));
            let spec = folder.path().join(spec);
            assert_eq!(place.map(|place| place.spec), Ok(spec), "`{written}` in `{here}`");
        }
    }

    #[test]
    fn a_name_is_below_specs_and_a_path_is_where_it_says() {
        check(
            &["other"],
            "",
            &[
                ("tcp/close/my-case", "specs/tcp/close/my-case.yaml"),
                ("my-case.yaml", "specs/my-case.yaml"),
                ("specs/tcp/my-case", "specs/tcp/my-case.yaml"),
                ("specs/tcp/my-case.yml", "specs/tcp/my-case.yml"),
                ("./my-case", "my-case.yaml"),
                ("./tcp//./a", "tcp/a.yaml"),
                ("other/specs/a", "other/specs/a.yaml"),
                ("tls-1.3", "specs/tls-1.3.yaml"),
                ("ünïcode", "specs/ünïcode.yaml"),
            ],
        );
    }

    #[test]
    fn inside_of_specs_a_name_goes_on_from_there_or_is_whole() {
        let paths = ["specs/tcp/close", "specs/udp"];
        check(
            &paths,
            "specs/tcp",
            &[
                ("a", "specs/tcp/a.yaml"),
                ("close/a", "specs/tcp/close/a.yaml"),
                ("tcp/close/a", "specs/tcp/close/a.yaml"),
                ("udp/a", "specs/udp/a.yaml"),
                ("new/a", "specs/tcp/new/a.yaml"),
                ("./udp/a", "specs/tcp/udp/a.yaml"),
                ("../a", "specs/a.yaml"),
                ("specs/udp/a", "specs/udp/a.yaml"),
            ],
        );
        check(&paths, "specs", &[("tcp/a", "specs/tcp/a.yaml"), ("specs/a", "specs/a.yaml")]);
    }

    #[test]
    fn settings_say_where_specs_are() {
        let folder = tree(&["tests/sockets/tcp", "src"]);
        let root = folder.path();
        for (here, written, spec) in [
            ("src", "tcp/a", "tests/sockets/tcp/a.yaml"),
            ("", "b", "tests/sockets/b.yaml"),
            ("tests/sockets/tcp", "c", "tests/sockets/tcp/c.yaml"),
            ("tests/sockets/tcp", "tcp/d", "tests/sockets/tcp/d.yaml"),
            ("src", "./e", "src/e.yaml"),
        ] {
            let (here, specs) = (root.join(here), root.join("tests/sockets"));
            let place = Place::of(written, Standpoint { here: &here, specs: Some(&specs), snapshots: None }).unwrap();
            assert_eq!(place.spec, root.join(spec), "{written}");
            let schema = if written == "./e" { "src" } else { "tests" };
            assert_eq!(place.schema, root.join(schema).join(SCHEMA), "{written}");
        }
    }

    #[test]
    fn the_schema_is_beside_specs_and_the_spec_points_at_it() {
        let folder = tree(&["specs/tcp"]);
        let line = |name: &str| Place::of(name, at(folder.path())).unwrap().schema_line();
        assert_eq!(line("tcp/close/a"), "# yaml-language-server: $schema=../../../sockspec.schema.json\n");
        assert_eq!(line("a"), "# yaml-language-server: $schema=../sockspec.schema.json\n");
        assert_eq!(line("./a"), "# yaml-language-server: $schema=sockspec.schema.json\n");
    }

    #[test]
    fn names_that_cannot_be_had_are_refused_with_a_way_out() {
        let folder = tree(&["specs/tcp/close", "specs/udp.yml", "specs/file.txt", "snapshots/old.snap", "specs/a b"]);
        let refused = |written: &str| Place::of(written, at(folder.path())).unwrap_err();
        for (written, words) in [
            ("", "such as `tcp/close/my-case`"),
            (".yaml", "such as `tcp/close/my-case`"),
            ("tcp/", "`tcp/my-case`"),
            ("tcp/close", "`specs/tcp/close` is a folder; give the spec a name in it: `specs/tcp/close/my-case`"),
            ("udp", "`specs/udp.yml` is there already"),
            ("file.txt/a", "`specs/file.txt` is a file"),
            ("old.snap/a", "`snapshots/old.snap` is a file"),
            ("old", "remove `snapshots/old.snap`"),
            (
                "my first case",
                "`my first case` has a blank in it; names have letters, digits, `-`, `_` and `.`; try `my-first-case`",
            ),
            ("tcp/a[b]", "has '[' in it"),
            ("tcp/.hidden", "try `hidden`"),
            ("-a", "try `a`"),
            ("a/_b", "try `b`"),
            ("tcp/a\n", "has '\\n' in it"),
            ("a/../../b", "leads out of `specs`"),
        ] {
            let message = refused(written);
            assert!(message.contains(words), "{written:?}: {message}");
        }
        assert!(Place::of("a b/c", at(folder.path())).is_ok(), "a folder that is there may be called as it likes");
    }
}
