//! Files that are written before the first step.

use std::path::PathBuf;
use std::sync::Arc;

use super::template::Template;

/// A file, or an empty folder, in the temporary folder of the test.
#[derive(Debug, Clone)]
pub struct File {
    /// Where, relative to that folder and never outside of it.
    pub path: PathBuf,
    /// What is in it.
    pub content: Content,
    /// Its permissions, as chmod(1) takes them.
    pub mode: u32,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// A text with the numbers of ports, or the path of the folder.
    Text(Template),
    /// Bytes that are known.
    Bytes(Arc<[u8]>),
    /// It is a folder.
    Folder,
}
