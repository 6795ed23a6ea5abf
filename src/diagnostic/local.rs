//! Findings in files that are included: at the place in their own file, with the way there.

use std::borrow::Cow;

use super::Diagnostic;
use crate::source::{Part, SourceFile};

/// A finding with the file that it is drawn on.
pub(super) struct Local<'f, 'd> {
    /// The file.
    pub(super) file: &'f SourceFile,
    /// The finding, its places being those in that file.
    pub(super) diagnostic: Cow<'d, Diagnostic>,
    /// What is to be told of other files.
    pub(super) notes: Vec<String>,
}

/// The finding in its own file.
pub(super) fn local<'f, 'd>(all: &'f SourceFile, diagnostic: &'d Diagnostic) -> Local<'f, 'd> {
    let Part { file, base, .. } = all.part(diagnostic.span.start);
    let is_here = |offset: u32| all.part(offset).base == base;
    if base == 0 && diagnostic.related.iter().all(|related| is_here(related.span.start)) {
        return Local { file, diagnostic: Cow::Borrowed(diagnostic), notes: Vec::new() };
    }
    let mut own = diagnostic.clone();
    let mut notes = Vec::new();
    own.span = own.span.down(base);
    own.related.retain_mut(|related| {
        let here = is_here(related.span.start);
        if here {
            related.span = related.span.down(base);
        } else {
            notes.push(format!("{}: {}", related.label, all.named(related.span.start)));
        }
        here
    });
    notes.extend(all.includes(diagnostic.span.start).iter().map(|place| format!("included from {place}")));
    Local { file, diagnostic: Cow::Owned(own), notes }
}
