//! A file that a step has opened, to be read by the steps after it.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::model::errno::Errno;

/// An open file, with the place up to which it was received.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    /// The first byte that nobody has received.
    pub(crate) position: Cell<u64>,
}

/// Why a file cannot be opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// open(2) said no.
    Errno(Errno),
    /// It is a device or a FIFO, which may never end.
    NotRegular,
}

impl OpenFile {
    /// Opens a regular file from its beginning.
    pub(crate) fn open(path: &Path) -> Result<Self, Refused> {
        // Without O_NONBLOCK, opening a FIFO would wait for a writer.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if metadata.is_dir() {
            // open(2) gives a descriptor for a folder, and read(2) says no.
            return Err(Refused::Errno(Errno(libc::EISDIR)));
        }
        if !metadata.is_file() {
            return Err(Refused::NotRegular);
        }
        Ok(Self { file, position: Cell::new(0) })
    }

    /// Its descriptor.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Reads from a place on; nothing where the file ends there now.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|error| errno(&error)),
            }
        }
    }

    /// Whether there is a byte at that place.
    pub(crate) fn reaches(&self, offset: u64) -> Result<bool, Errno> {
        self.read_at(&mut [0], offset).map(|len| len > 0)
    }

    /// How many bytes nobody has received.
    pub(crate) fn unread(&self) -> Result<u64, Errno> {
        let size = self.file.metadata().map_err(|error| errno(&error))?.len();
        Ok(size.saturating_sub(self.position.get()))
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(libc::EIO))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn refused(error: io::Error) -> Refused {
    Refused::Errno(errno(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| OpenFile::open(&folder.path().join(name)).map(drop);
        assert_eq!(at("missing"), Err(Refused::Errno(Errno(libc::ENOENT))));
        assert_eq!(at(""), Err(Refused::Errno(Errno(libc::EISDIR))));
        assert_eq!(at("/dev/zero"), Err(Refused::NotRegular));
        std::fs::write(folder.path().join("file"), "text").unwrap();
        assert_eq!(at("file"), Ok(()));
        assert_eq!(at("file/more"), Err(Refused::Errno(Errno(libc::ENOTDIR))));
    }

    #[test]
    fn a_file_that_grows_is_seen_to() {
        let mut writer = tempfile::NamedTempFile::new().unwrap();
        let file = OpenFile::open(writer.path()).unwrap();
        assert_eq!((file.reaches(0), file.unread()), (Ok(false), Ok(0)));
        io::Write::write_all(&mut writer, b"abc").unwrap();
        assert_eq!((file.reaches(2), file.reaches(3), file.unread()), (Ok(true), Ok(false), Ok(3)));
        let mut buffer = [0; 8];
        assert_eq!(file.read_at(&mut buffer, 1), Ok(2));
        assert_eq!(&buffer[..2], b"bc");
    }
}
