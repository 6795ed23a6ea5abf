//! Bytes of a file, and their text.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{Fault, Span};

/// The bytes of a regular file with its size; none of them where there are more than `most`.
///
/// # Errors
/// Where the file cannot be read, or is none: a device or a FIFO may never end.
pub fn bytes(path: &Path, most: u64) -> io::Result<(Vec<u8>, u64)> {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let size = metadata.len();
    if size > most {
        return Ok((Vec::new(), size));
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    // The file may have grown since, and some report no size.
    file.take(most + 1).read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    Ok((bytes, size))
}

/// The text of the bytes, with the first byte that is not UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> (String, Option<Fault>) {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (text, None),
        Err(error) => error,
    };
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes()[at];
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let mark = if text.starts_with(super::BYTE_ORDER_MARK) { super::BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let start = at - mark;
    let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
    (text, Some(Fault::NotUtf8 { span, byte }))
}
