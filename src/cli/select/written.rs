//! Tags that the file of settings names: one that no spec has is a slip of the hand there, too.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::tags::{Tags, known_besides, quoted};
use crate::cli::output::Output;
use crate::diagnostic::{Diagnostic, Format, render};
use crate::model::name::nearest;
use crate::plan::Settings;
use crate::source::SourceFile;
use crate::suite::config::Tag;
use crate::suite::{Config, Found};

/// The tags of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    file: PathBuf,
    /// What messages call it.
    name: PathBuf,
    taken: Vec<Tag>,
    skipped: Vec<Tag>,
}

impl Written {
    pub(super) fn new(config: &Config) -> Self {
        let (taken, skipped) = (config.tag.clone(), config.skip_tag.clone());
        Self { file: config.file.clone(), name: config.name(), taken, skipped }
    }

    fn all(&self) -> impl Iterator<Item = &Tag> {
        self.taken.iter().chain(&self.skipped)
    }

    /// Where the file says that these tags select, and what to do about it; nothing where they are not the file's.
    pub(super) fn says(&self, tags: &Tags) -> Option<String> {
        if tags.is_empty() || tags.is_given() {
            return None;
        }
        match (&self.taken[..], &self.skipped[..]) {
            ([], [first, ..]) => {
                let asked = tags.skipped.join(",");
                Some(format!("; `skip-tag` at {} asks for that, and `--tag {asked}` takes them", first.place))
            }
            ([first, ..], _) => Some(format!(
                "; `tag` at {} asks for that, and `--config /dev/null` goes without the file",
                first.place
            )),
            ([], []) => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Tells which of them no spec has, of those that were named and of all others, and whether there are such. It is an
    /// error where these are all the specs that there are, and else a warning.
    pub(super) fn tell_unknown(
        &self,
        named: &[Found],
        others: impl Fn() -> Vec<Found>,
        settings: &Settings,
        is_whole: bool,
        output: &mut Output,
    ) -> bool {
        let asked: BTreeSet<String> = self.all().map(|tag| tag.text.clone()).collect();
        let Some(known) = known_besides(asked, named, others, settings) else { return false };
        // It has just been read, and is read again only to be shown.
        let Ok(source) = SourceFile::read(&self.file, self.name.to_string_lossy()) else { return false };
        let mut unknown: Vec<&Tag> = self.all().filter(|tag| !known.contains(&tag.text)).collect();
        unknown.sort_by_key(|tag| tag.span);
        for tag in &unknown {
            let message = format!("no spec has the tag `{}`", tag.text);
            let make = if is_whole { Diagnostic::error } else { Diagnostic::warning };
            let finding = make("unknown-tag", tag.span, message).help(way_out(&tag.text, &known));
            output.explain(&(render(&source, &finding, Format::Full, output.style) + "\n"));
        }
        !unknown.is_empty()
    }
}

/// What to write instead.
fn way_out(tag: &str, known: &BTreeSet<String>) -> String {
    // On the command line a comma stands between two; here it is a part of one.
    let parts: Vec<&str> = tag.split(',').map(str::trim).collect();
    if parts.len() > 1 && parts.iter().all(|part| known.contains(*part)) {
        return format!("several are a list: `{parts:?}`");
    }
    match nearest(tag, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "no spec has any tag: leave this out".to_owned(),
        None => format!("there are {}", quoted(known)),
    }
}
