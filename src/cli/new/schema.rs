//! The schema that the first line of a new spec names, so that editors find it.

use std::fs;
use std::io::{self, ErrorKind, Write};

use serde_json::Value;

use super::place::Place;
use super::undo::Undo;
use crate::snapshot;
use crate::spec::schema;

/// What became of the schema's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// It is there as it should be.
    Current,
    /// It was missing.
    Written,
    /// Another version had written it.
    Renewed,
    /// It is somebody else's, and stays.
    Foreign,
}

impl Schema {
    /// What there is to say about it, where there is something.
    pub(super) fn told(self, path: &str) -> Option<String> {
        match self {
            Self::Current => None,
            Self::Written => Some(format!("wrote     {path}  (for editors)")),
            Self::Renewed => Some(format!("renewed   {path}  (it was another version's)")),
            Self::Foreign => Some(format!(
                "left      {path}  (it is no schema of sockspec's; `sockspec schema` prints the one that the first line of the spec means)"
            )),
        }
    }
}

/// Sees to it that the schema is there.
pub(super) fn write(place: &Place, undo: &mut Undo) -> io::Result<Schema> {
    let current = schema::json();
    let path = &place.schema;
    match fs::read_to_string(path) {
        Ok(text) if text == current => Ok(Schema::Current),
        Ok(text) if is_ours(&text) => {
            // Where it is a link, what it leads to is renewed.
            snapshot::write_whole(&fs::canonicalize(path)?, |file| file.write_all(current.as_bytes()))?;
            Ok(Schema::Renewed)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            undo.folders_of(path);
            snapshot::create_whole(path, |file| file.write_all(current.as_bytes()))?;
            undo.file(path);
            Ok(Schema::Written)
        }
        // Another file, a folder, a link to nothing, a file that is not readable: whoever made it wants it so.
        Ok(_) | Err(_) => Ok(Schema::Foreign),
    }
}

fn is_ours(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|schema| schema["$id"] == "urn:sockspec:spec")
}
