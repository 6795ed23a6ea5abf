//! `--tag` and `--skip-tag`: which specs, by the words that they have for that.

use std::collections::BTreeSet;

use clap::Args;

use crate::model::name::nearest;
use crate::plan::Settings;
use crate::suite::config::Tag;
use crate::suite::{Config, Found, tags};

/// Which tags.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Tags {
    /// Take only specs with this tag (may be repeated: with one of them)
    #[arg(id = "tags", long = "tag", value_name = "TAG", value_delimiter = ',')]
    pub(super) taken: Vec<String>,

    /// Leave out specs with this tag (may be repeated: with one of them), such as `slow`
    #[arg(id = "skip_tags", long = "skip-tag", value_name = "TAG", value_delimiter = ',')]
    pub(super) skipped: Vec<String>,

    /// Whether they are those of the file of settings.
    #[arg(skip)]
    is_configured: bool,
}

/// Why there is no such tag.
pub(super) struct Unknown {
    message: String,
    /// Whether nothing is selected by that, and not only something else.
    pub(super) leaves_nothing: bool,
}

impl Tags {
    /// Takes over what the file says, where the command line says nothing of tags: whoever asks for slow specs does
    /// not want to be told that the file leaves them out.
    pub(super) fn configure(&mut self, config: &Config) {
        if self.is_empty() {
            let texts = |tags: &[Tag]| tags.iter().map(|tag| tag.text.clone()).collect();
            self.taken = texts(&config.tag);
            self.skipped = texts(&config.skip_tag);
            self.is_configured = true;
        }
    }

    /// Whether the command line says something of tags.
    pub(super) fn is_given(&self) -> bool {
        !self.is_empty() && !self.is_configured
    }

    /// Whether all specs are meant, whatever their tags.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.skipped.is_empty()
    }

    /// What is wrong with tags of the command line that no spec has: of those that were named, or of all others.
    pub(super) fn unknown(
        &self,
        named: &[Found],
        others: impl Fn() -> Vec<Found>,
        settings: &Settings,
    ) -> Option<Unknown> {
        if !self.is_given() {
            return None;
        }
        let asked = self.taken.iter().chain(&self.skipped).cloned().collect();
        let known = known_besides(asked, named, others, settings)?;
        let tag = self.taken.iter().chain(&self.skipped).filter(|tag| !known.contains(*tag)).min()?;
        let leaves_nothing = !self.taken.is_empty() && self.taken.iter().all(|tag| !known.contains(tag));
        let nothing = if leaves_nothing { "nothing is selected: " } else { "" };
        let message = format!("{nothing}no spec has the tag `{tag}`{}", way_out(tag, &known));
        Some(Unknown { message, leaves_nothing })
    }

    /// What keeps everything from being selected.
    pub(super) fn explain(&self, names: &str) -> String {
        let (tags, skipped) = (quoted(&self.taken), quoted(&self.skipped));
        match (names.is_empty(), tags.is_empty(), skipped.is_empty()) {
            (_, true, true) => format!("no test has {names} in its name"),
            (true, false, true) => format!("no spec has the tag {tags}"),
            (false, false, true) => format!("no test has the tag {tags} and {names} in its name"),
            (true, true, false) => format!("each spec has the tag {skipped}, and such are left out"),
            (false, true, false) => {
                format!("each test with {names} in its name has the tag {skipped}, and such are left out")
            }
            (true, false, false) => {
                format!("each spec with the tag {tags} has the tag {skipped}, too, and such are left out")
            }
            (false, false, false) => {
                format!("no test has the tag {tags}, not the tag {skipped}, and {names} in its name")
            }
        }
    }
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

/// All tags that specs have, if some of those that are asked for are not among them; `None` where nobody can tell, too.
pub(super) fn known_besides(
    mut asked: BTreeSet<String>,
    named: &[Found],
    others: impl Fn() -> Vec<Found>,
    settings: &Settings,
) -> Option<BTreeSet<String>> {
    tags::take_known(&mut asked, named, settings);
    if asked.is_empty() {
        return None;
    }
    let others = others();
    tags::take_known(&mut asked, &others, settings);
    if asked.is_empty() {
        return None;
    }
    let mut known = tags::all(named, settings)?;
    known.extend(tags::all(&others, settings)?);
    Some(known)
}

/// What may be meant by a tag that no spec has.
fn way_out(tag: &str, known: &BTreeSet<String>) -> String {
    // In other tools `!slow`, `~slow` and `not slow` are everything else.
    let left_out = ["!", "~", "^", "-", "not "].iter().find_map(|not| tag.strip_prefix(not)).map(str::trim);
    if let Some(left_out) = left_out.filter(|tag| known.contains(*tag)) {
        return format!("; `--skip-tag {left_out}` leaves out those with the tag `{left_out}`");
    }
    match nearest(tag, known.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => "; no spec has any".to_owned(),
        None => format!("; there are {}", quoted(known)),
    }
}

/// Words as a message shows them.
pub(super) fn quoted<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}
