//! Where snapshots lie: the folder for a spec, and the file for a case.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::model::platform;
pub use crate::source::relative;

/// The name of the folders that snapshots mirror.
const SPECS: &str = "specs";

/// A spec's place among the others: its name, and the folder of its snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder that the name is relative to.
    pub base: PathBuf,
    /// The folder of the snapshots.
    pub snapshots: PathBuf,
}

impl Home {
    /// The home of the specs directly in a folder: beside the nearest folder called `specs`, this
    /// one included; else in the folder itself. The folder's path must be absolute.
    pub fn of_folder(folder: &Path) -> Self {
        let specs = folder.ancestors().find(|above| above.file_name().is_some_and(|name| name == SPECS));
        match specs {
            Some(specs) => Self { base: specs.to_owned(), snapshots: specs.with_file_name("snapshots") },
            None => Self { base: folder.to_owned(), snapshots: folder.join("snapshots") },
        }
    }
}

/// The folder called `specs` of the tree that a folder is in: the nearest above it, this one included, or
/// that beside the folder of snapshots that it is in. The folder's path must be absolute.
pub fn tree(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find_map(|above| match above.file_name()?.to_str()? {
        SPECS => Some(above.to_owned()),
        "snapshots" => Some(above.with_file_name(SPECS)).filter(|specs| specs.is_dir()),
        _ => None,
    })
}

/// Whether a file is a spec, going by its name.
pub fn is_spec(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The name of a case in a file name, from its matrix values: `net=tcp6,size=1`.
pub fn case_label<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut label = String::new();
    for (name, value) in values {
        if !label.is_empty() {
            label.push(',');
        }
        label.push_str(name);
        label.push('=');
        escape_into(value, &mut label);
    }
    label
}

/// The snapshot of a spec, or of one of its cases: `snapshots/tcp/half-close@net=tcp6.snap`.
pub fn file(snapshots: &Path, spec: &str, case: Option<&str>) -> PathBuf {
    let folder = snapshots.as_os_str().len();
    let mut name = String::with_capacity(folder + spec.len() + case.map_or(0, str::len) + 16);
    name.push_str(&escape_stem(spec));
    if let Some(case) = case {
        name.push('@');
        name.push_str(case);
    }
    name.push_str(".snap");
    snapshots.join(name)
}

/// The overlay of this platform for a snapshot: `half-close.linux.snap`.
pub fn overlay(base: &Path) -> PathBuf {
    base.with_extension(overlay_extension())
}

/// The pending file of a snapshot: `half-close.snap.new`.
pub fn pending(snapshot: &Path) -> PathBuf {
    snapshot.with_extension("snap.new")
}

/// The test that a snapshot or pending file belongs to, from its path in the folder of snapshots:
/// the spec's name, and its case in brackets. `None` where it is not the name of such a file.
pub fn test_of(file: &Path) -> Option<(String, Option<String>)> {
    let text = file.to_str()?;
    let text = text.strip_suffix(".new").unwrap_or(text).strip_suffix(".snap")?;
    let text = without_platform(text).unwrap_or(text);
    match text.split_once('@') {
        Some((spec, case)) => Some((unescape(spec)?, Some(unescape(case)?))),
        None => Some((unescape(text)?, None)),
    }
}

/// An absolute path without `..` in it; what is not there yet may be named, too.
///
/// # Errors
/// Where the current folder cannot be told.
pub fn absolute(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    if absolute.components().all(|part| part != Component::ParentDir) {
        return Ok(absolute);
    }
    fs::canonicalize(&absolute).or_else(|_| {
        let mut plain = PathBuf::new();
        for part in absolute.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                part => plain.push(part),
            }
        }
        Ok(plain)
    })
}

fn overlay_extension() -> &'static str {
    match platform::CURRENT {
        "linux" => "linux.snap",
        "macos" => "macos.snap",
        "windows" => "windows.snap",
        _ => "other.snap",
    }
}

fn without_platform(stem: &str) -> Option<&str> {
    let (rest, last) = stem.rsplit_once('.')?;
    platform::ALL.contains(&last).then_some(rest)
}

/// A spec's name as it stands in the name of its snapshot. Only what would be taken for a case or
/// for an overlay is escaped.
fn escape_stem(spec: &str) -> Cow<'_, str> {
    let plain = !spec.contains(['@', '%']) && without_platform(spec).is_none();
    if plain {
        return Cow::Borrowed(spec);
    }
    let (spec, platform) = match without_platform(spec) {
        Some(rest) => (rest, Some(&spec[rest.len() + 1..])),
        None => (spec, None),
    };
    let mut escaped = spec.replace('%', "%25").replace('@', "%40");
    if let Some(platform) = platform {
        escaped.push_str("%2E");
        escaped.push_str(platform);
    }
    Cow::Owned(escaped)
}

fn escape_into(text: &str, escaped: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(char::from(HEX[usize::from(byte >> 4)]));
            escaped.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_snapshots_lie_beside_the_nearest_specs_folder() {
        let home = Home::of_folder(Path::new("/p/specs/tcp/close"));
        assert_eq!(home.base, Path::new("/p/specs"));
        assert_eq!(home.snapshots, Path::new("/p/snapshots"));
        let nested = Home::of_folder(Path::new("/p/specs/old/specs"));
        assert_eq!(nested.snapshots, Path::new("/p/specs/old/snapshots"));
    }

    #[test]
    fn without_a_specs_folder_they_lie_beside_the_spec() {
        let home = Home::of_folder(Path::new("/p/try"));
        assert_eq!(home.base, Path::new("/p/try"));
        assert_eq!(home.snapshots, Path::new("/p/try/snapshots"));
    }

    #[test]
    fn a_folder_knows_the_tree_that_it_is_in() {
        let root = tempfile::tempdir().unwrap();
        let specs = root.path().join("specs");
        for folder in ["specs/kv", "snapshots/kv", "src"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for folder in ["specs", "specs/kv", "snapshots", "snapshots/kv"] {
            assert_eq!(tree(&root.path().join(folder)), Some(specs.clone()), "{folder}");
        }
        assert_eq!(tree(&root.path().join("src")), None);
        fs::remove_dir_all(&specs).unwrap();
        assert_eq!(tree(&root.path().join("snapshots")), None, "it may be another tool's");
    }

    #[test]
    fn a_case_is_part_of_the_file_name() {
        let label = case_label([("net", "tcp6"), ("to", "a b/ü")]);
        assert_eq!(label, "net=tcp6,to=a%20b%2F%C3%BC");
        let file = file(Path::new("/s"), "tcp/half-close", Some(&label));
        assert_eq!(file, Path::new("/s/tcp/half-close@net=tcp6,to=a%20b%2F%C3%BC.snap"));
        assert_eq!(pending(&file), Path::new("/s/tcp/half-close@net=tcp6,to=a%20b%2F%C3%BC.snap.new"));
    }

    #[test]
    fn a_dot_in_a_value_is_not_an_extension() {
        let file = file(Path::new("/s"), "tcp/v1.3", Some("version=1.3"));
        assert_eq!(file, Path::new("/s/tcp/v1.3@version=1.3.snap"));
        assert_eq!(overlay(&file), Path::new(&format!("/s/tcp/v1.3@version=1.3.{}", overlay_extension())));
        assert_eq!(pending(&file), Path::new("/s/tcp/v1.3@version=1.3.snap.new"));
    }

    #[test]
    fn names_that_look_like_a_case_or_an_overlay_are_escaped() {
        for spec in ["a@net=tcp6", "close.linux", "100%", "a@b.macos"] {
            let path = file(Path::new("/s"), spec, None);
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(!stem.contains('@') && without_platform(stem).is_none(), "{stem}");
            assert_eq!(test_of(path.strip_prefix("/s").unwrap()), Some((spec.to_owned(), None)));
        }
    }

    #[test]
    fn a_file_tells_its_test() {
        let of = |file: &str| test_of(Path::new(file));
        assert_eq!(of("tcp/echo.snap"), Some(("tcp/echo".into(), None)));
        assert_eq!(of("tcp/echo@net=tcp6.linux.snap.new"), Some(("tcp/echo".into(), Some("net=tcp6".into()))));
        assert_eq!(of("tcp/echo@to=a%20b.snap.new"), Some(("tcp/echo".into(), Some("to=a b".into()))));
        assert_eq!(of("tcp/echo.yaml"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_an_absolute_path() {
        assert_eq!(absolute(Path::new("/nowhere/a/../b")).unwrap(), Path::new("/nowhere/b"));
        assert_eq!(absolute(Path::new("x")).unwrap(), std::env::current_dir().unwrap().join("x"));
    }

    #[test]
    fn a_path_is_seen_from_a_folder() {
        assert_eq!(relative(Path::new("/p"), Path::new("/p/specs/a.yaml")), "specs/a.yaml");
        assert_eq!(relative(Path::new("/tmp/s"), Path::new("/p/a.yaml")), "../../p/a.yaml");
        assert_eq!(relative(Path::new("/p/q"), Path::new("/p/a.yaml")), "../a.yaml");
    }
}
