//! What a program was told when it was started, to find out why it does not do what was expected of it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::relative;

/// What it was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Its name as written, and its arguments.
    pub(crate) arguments: Vec<String>,
    /// The values of its environment that the spec gives, and the texts of files.
    pub(crate) texts: Vec<String>,
    /// The folder that it starts in.
    pub(crate) folder: PathBuf,
    /// The folder of the file that the step stands in.
    pub(crate) home: PathBuf,
    /// Whether something says when it is ready.
    pub(crate) has_ready: bool,
}

impl Told {
    /// Whether it was told a number.
    pub(super) fn has_number(&self, number: u16) -> bool {
        let digits = number.to_string();
        let is_it = |word: &str| word == digits;
        let texts = self.arguments.iter().skip(1).chain(&self.texts);
        texts.into_iter().any(|text| text.split(|character: char| !character.is_ascii_digit()).any(is_it))
    }

    /// What to do about an argument that names a file which is there, but not where it was started.
    pub(super) fn misplaced(&self) -> Option<String> {
        let here = env::current_dir().ok()?;
        let home = fs::canonicalize(&self.home).ok()?;
        let arguments = self.arguments.iter().skip(1);
        arguments.into_iter().find_map(|argument| self.misplaced_in(argument, &here, &home))
    }

    fn misplaced_in(&self, argument: &str, here: &Path, home: &Path) -> Option<String> {
        let name = argument.rsplit_once('=').map_or(argument, |(_, value)| value);
        let is_path = name.contains(['.', '/']) && !name.starts_with(['/', '-']);
        if !is_path || self.folder.join(name).exists() {
            return None;
        }
        let is_file = |folder: &&Path| folder.join(name).is_file();
        let there = [here, home].into_iter().find(is_file)?;
        let place = if there == here { "where sockspec was started" } else { "beside the spec" };
        let file = fs::canonicalize(there.join(name)).ok()?;
        let path = relative(home, &file);
        let path = if path.contains('/') { path } else { format!("./{path}") };
        Some(format!(
            "`{name}` is {place}, but programs start in the test's own folder: execute the file itself (`#!` and \
             chmod +x) by its path from the spec, `run: [{path}, …]`, or write it in `files`"
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(arguments: &[&str], root: &Path) -> Told {
        Told {
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: root.join("own"),
            home: root.join("specs/kv"),
            ..Told::default()
        }
    }

    #[test]
    fn a_number_is_found_in_what_it_was_told() {
        let root = Path::new("/");
        assert!(told(&["kv", "--port=4711"], root).has_number(4711));
        assert!(told(&["kv", "127.0.0.1:4711"], root).has_number(4711));
        assert!(!told(&["kv", "14711", "47110"], root).has_number(4711));
        assert!(!told(&["4711"], root).has_number(4711));
        let texts = vec!["port 4711\n".to_owned()];
        assert!(Told { texts, ..told(&["kv"], root) }.has_number(4711));
    }

    #[test]
    fn a_file_that_lies_elsewhere_is_told_of() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        for folder in ["own", "specs/kv"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["kv.py", "specs/kv/own.py", "own/there.py"] {
            fs::write(root.join(file), "").unwrap();
        }
        let home = root.join("specs/kv");
        let hint = |argument: &str| told(&["python3", argument], &root).misplaced_in(argument, &root, &home);
        assert!(hint("kv.py").unwrap().contains("`kv.py` is where sockspec was started"));
        assert!(hint("kv.py").unwrap().contains("`run: [../../kv.py, …]`"));
        assert!(hint("--script=kv.py").unwrap().contains("`kv.py` is where"));
        assert!(hint("own.py").unwrap().contains("`run: [./own.py, …]`"));
        for other in ["there.py", "gone.py", "-kv.py", "/kv.py", "kv"] {
            assert_eq!(hint(other), None, "{other}");
        }
    }
}
