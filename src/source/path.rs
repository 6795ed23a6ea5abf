//! Paths as messages call files.

use std::borrow::Cow;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A path without `.`, and without a folder that `..` leaves again: `kv.py` for `specs/kv/../../kv.py`. Where that
/// would lead to another file, since a folder is a link, it stays as it is.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let is_left = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_left => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let leads_elsewhere = || match (fs::canonicalize(path), fs::canonicalize(&plain)) {
        (Ok(one), Ok(other)) => one != other,
        (one, other) => one.is_ok() || other.is_ok(),
    };
    let is_shorter = path.components().any(|part| part == Component::ParentDir);
    if plain.as_os_str().is_empty() || is_shorter && leads_elsewhere() { path.to_owned() } else { plain }
}

/// The path to a file as seen from a folder, with `/` between its parts; both absolute.
pub fn relative(folder: &Path, file: &Path) -> String {
    let mut above = folder.components().peekable();
    let mut below = file.components().peekable();
    while above.peek().is_some() && above.peek() == below.peek() {
        above.next();
        below.next();
    }
    let up = above.filter(|part| matches!(part, Component::Normal(_))).map(|_| Cow::Borrowed(".."));
    let down = below.map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_that_is_left_again_is_not_shown() {
        let of = |path: &str| plain(Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(of("specs/kv/../../kv.py"), "kv.py");
        assert_eq!(of("./specs/./a.yaml"), "specs/a.yaml");
        assert_eq!(of("../../kv.py"), "../../kv.py");
        assert_eq!(of("/no/such/../where"), "/no/where");
        assert_eq!(of("a/.."), "a/..");
    }

    #[test]
    fn a_path_over_a_link_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("far/away")).unwrap();
        fs::write(path("far/kv.py"), "").unwrap();
        std::os::unix::fs::symlink("far/away", path("link")).unwrap();
        assert_eq!(plain(&path("link/../kv.py")), path("link/../kv.py"));
        assert_eq!(plain(&path("far/away/../kv.py")), path("far/kv.py"));
    }
}
