//! The tags that specs have.

use std::collections::BTreeSet;

use super::find::Found;
use super::glance::Word;
use super::load::Loaded;
use crate::plan::Settings;
use crate::source::SourceFile;

/// The tag of specs that wait for a timer of the kernel or of a program: they begin first, beside all others.
pub const SLOW: &str = "slow";

/// Takes from these tags those that a spec has. Specs are understood only where their text has such a word in it,
/// and only until no tag is left.
pub fn take_known(tags: &mut BTreeSet<String>, found: &[Found], settings: &Settings) {
    for found in found {
        if tags.is_empty() {
            return;
        }
        let Some(source) = with_tags(found) else { continue };
        if tags.iter().any(|tag| source.text().contains(tag.as_str())) {
            for tag in Loaded::of(found, source, settings).spec.tags {
                tags.remove(&tag.text);
            }
        }
    }
}

/// All tags that specs have; `None` where one of them is such that nobody can tell.
pub fn all(found: &[Found], settings: &Settings) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for found in found {
        let loaded = Loaded::read(found, settings).ok()?;
        if loaded.is_unknown() {
            return None;
        }
        all.extend(loaded.spec.tags.into_iter().map(|tag| tag.text));
    }
    Some(all)
}

/// The text of a spec that may have tags.
fn with_tags(found: &Found) -> Option<SourceFile> {
    if !found.glance().has(Word::Tags) {
        return None;
    }
    SourceFile::read(&found.path, found.path.to_string_lossy()).ok()
}
