//! Where programs are: looked up in PATH, as a shell does it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::model::errno::Errno;

/// Where servers are. An ordinary user's PATH often goes without, and a spec shall run for everybody
/// alike.
const ALSO: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The file of a program. With a slash in it, the name is a path relative to that folder; without, it
/// is looked up in PATH, and in the folders of servers.
///
/// # Errors
/// What execve(2) would say: ENOENT, or EACCES where there is only a file that cannot be executed.
pub fn find_program(name: &str, folder: &Path) -> Result<PathBuf, Errno> {
    if name.contains('/') {
        let path = std::path::absolute(folder.join(name)).map_err(|_| Errno(libc::ENOENT))?;
        return look(path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(ALSO.iter().map(PathBuf::from));
    let mut missing = Errno(libc::ENOENT);
    for folder in folders.filter(|folder| folder.is_absolute()) {
        let path = folder.join(name);
        // A folder that may not be looked into is as good as none.
        let is_there = path.is_file();
        match look(path) {
            Err(errno) if is_there => missing = errno,
            Err(_) => {}
            found => return found,
        }
    }
    Err(missing)
}

fn look(path: PathBuf) -> Result<PathBuf, Errno> {
    match fs::metadata(&path) {
        Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => Ok(path),
        Ok(_) => Err(Errno(libc::EACCES)),
        Err(error) => Err(Errno(error.raw_os_error().unwrap_or(libc::ENOENT))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn programs_are_found_as_a_shell_does() {
        assert!(find_program("sh", Path::new("/nowhere")).unwrap().ends_with("sh"));
        assert_eq!(find_program("no-such-program", Path::new("/")), Err(Errno(libc::ENOENT)));
        assert_eq!(find_program("bin/sh", Path::new("/")), Ok(PathBuf::from("/bin/sh")));
        assert_eq!(find_program("./etc", Path::new("/")), Err(Errno(libc::EACCES)), "a folder");
        assert_eq!(find_program("./passwd", Path::new("/etc")), Err(Errno(libc::EACCES)), "no program");
        assert_eq!(find_program("/etc/passwd/x", Path::new("/etc")), Err(Errno(libc::ENOTDIR)));
    }
}
