//! Where what is temporary lies: a folder of the user's own for all runs, in it one for each test
//! that needs it. A test's folder is gone when the test is; one that a killed runner left behind
//! goes with the next runner that makes one.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// A folder that others can pass through, if they know where to: a server may give up its rights
/// before it opens its files.
const PASSABLE: u32 = 0o711;
/// What its owner needs to empty a folder.
const REMOVABLE: u32 = 0o700;
/// What the names of the folders of tests begin with.
const OF_A_TEST: &str = "test-";

/// The folder of this user's own among the temporary ones, the same for every run. `None` where
/// somebody else could write into it.
pub fn own_folder() -> Option<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("sockspec-{user}"));
    is_own(&folder, user).then_some(folder)
}

/// Whether the folder is there, made where it was not, and nobody but this user can write to it.
fn is_own(folder: &Path, user: u32) -> bool {
    match DirBuilder::new().mode(PASSABLE).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => false,
        _ => fs::symlink_metadata(folder).is_ok_and(|found| {
            let is_own = found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0;
            // Whatever the umask was when it was made.
            is_own && (found.mode() & 0o777 == PASSABLE || fs::set_permissions(folder, passable()).is_ok())
        }),
    }
}

fn passable() -> Permissions {
    Permissions::from_mode(PASSABLE)
}

/// The temporary folder of a test; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Open and locked for as long as the runner lives: so others see that it is in use.
    _lock: Option<File>,
}

impl Folder {
    /// A folder of the test's own.
    pub(crate) fn make() -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        let Some(own) = own_folder() else { return Self::make_in(&std::env::temp_dir()) };
        SWEPT.call_once(|| sweep(&own));
        // Nobody sweeps between its making and its lock.
        let _making = File::open(&own).and_then(|own| own.lock_shared().map(|()| own));
        Self::make_in(&own)
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix(OF_A_TEST).tempdir_in(parent)?.keep();
        let lock = alone(&path);
        let folder = Self { path, _lock: lock };
        fs::set_permissions(&folder.path, passable())?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The folder, open and locked, if nobody else has locked it.
fn alone(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.try_lock().ok()?;
    Some(folder)
}

/// Removes the folders of tests that no runner holds any more.
fn sweep(own: &Path) {
    let Some(_alone) = alone(own) else { return };
    let Ok(entries) = fs::read_dir(own) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(OF_A_TEST)) {
        if alone(&entry.path()).is_some() {
            remove(&entry.path());
        }
    }
}

/// Removes a folder with all that is in it, also where a mode forbids that to its own owner.
fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        allow_removal(path);
        let _ = fs::remove_dir_all(path);
    }
}

/// Gives back the right to empty a folder and those in it.
fn allow_removal(path: &Path) {
    let _ = fs::set_permissions(path, Permissions::from_mode(REMOVABLE));
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            allow_removal(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_folder_is_gone_with_its_test_whatever_the_modes_say() {
        let folder = Folder::make().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("c"), "").unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o000)).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, PASSABLE);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_runner_left_goes_and_what_is_in_use_stays() {
        let own = tempfile::tempdir().unwrap();
        let in_use = Folder::make_in(own.path()).unwrap();
        let left = own.path().join("test-left");
        fs::create_dir_all(left.join("inner")).unwrap();
        let records = own.path().join("records");
        fs::create_dir(&records).unwrap();
        let making = File::open(own.path()).unwrap();
        making.lock_shared().unwrap();
        sweep(own.path());
        assert!(left.exists(), "somebody is about to make one");
        drop(making);
        sweep(own.path());
        assert!(!left.exists());
        assert!(in_use.path().exists() && records.exists());
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_own() {
        let folder = tempfile::tempdir().unwrap();
        let user = rustix::process::geteuid().as_raw();
        let (open, link) = (folder.path().join("open"), folder.path().join("link"));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(is_own(&folder.path().join("new"), user));
        fs::set_permissions(folder.path().join("new"), Permissions::from_mode(0o700)).unwrap();
        assert!(is_own(&folder.path().join("new"), user), "it is there by now");
        assert_eq!(fs::metadata(folder.path().join("new")).unwrap().mode() & 0o777, PASSABLE);
        assert!(!is_own(&open, user));
        assert!(!is_own(&link, user));
        assert!(!is_own(&folder.path().join("new"), user + 1));
    }
}
