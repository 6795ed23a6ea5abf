//! Which tests of those found are run.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::find::Found;
use super::glance::Word;
use super::load::Loaded;

/// What a test must have to be selected. Empty lists select all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Tags, of which the spec must have one.
    pub tags: Vec<String>,
    /// Tags, of which the spec must have none.
    pub skip_tags: Vec<String>,
    /// Texts, of which one must be in the test's name.
    pub names: Vec<String>,
    /// Cases that were named, as `tcp/echo[net=tcp6]`: of their specs these alone.
    pub cases: Vec<String>,
    /// Where this is given, the tests of these names alone, whatever else is asked for.
    pub only: Option<Arc<BTreeSet<String>>>,
}

impl Selection {
    /// Whether the spec has one of the tags, and none of those that are left out. A file that could not be
    /// understood at all has no tags to go by, and is not passed over in silence.
    pub fn takes_spec(&self, loaded: &Loaded) -> bool {
        let has_one = |tags: &[String]| loaded.spec.tags.iter().any(|tag| tags.contains(&tag.text));
        loaded.is_unknown() || (self.tags.is_empty() || has_one(&self.tags)) && !has_one(&self.skip_tags)
    }

    /// Whether it is their tags alone for which specs are left out.
    pub fn is_of_tags(&self) -> bool {
        let asks_for_tags = !self.tags.is_empty() || !self.skip_tags.is_empty();
        asks_for_tags && self.names.is_empty() && self.only.is_none()
    }

    /// Whether which tags a spec has decides whether it is taken.
    pub(super) fn asks_for_tags(&self, found: &Found) -> bool {
        !self.tags.is_empty() || !self.skip_tags.is_empty() && found.glance().has(Word::Tags)
    }

    /// Whether a spec may have a test with one of the texts in its name: only cases have more in it than
    /// the name of the spec.
    pub(super) fn may_take(&self, found: &Found) -> bool {
        self.has_text(&found.name) || found.glance().has(Word::Matrix)
    }

    /// Whether the name of a test has one of the texts in it, and is one of those that alone are run.
    pub fn takes_name(&self, name: &str) -> bool {
        self.has_text(name) && self.is_meant(name)
    }

    /// Whether the name of a test has one of the texts in it.
    pub(super) fn has_text(&self, name: &str) -> bool {
        (self.names.is_empty() || self.names.iter().any(|text| name.contains(text.as_str()))) && self.has_case(name)
    }

    /// Whether a test is not left out by a sister that was named.
    fn has_case(&self, name: &str) -> bool {
        let spec_of = |test: &str| test.split_once('[').map_or(test.len(), |(spec, _)| spec.len());
        let is_sister = |case: &&String| case[..spec_of(case)] == name[..spec_of(name)];
        // The name of the spec alone may yet be that of any.
        let mut sisters = self.cases.iter().filter(is_sister).peekable();
        sisters.peek().is_none() || !name.contains('[') || sisters.any(|case| case == name)
    }

    /// Whether a test is one of those that alone are run.
    pub(super) fn is_meant(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_is_named_leaves_out_its_sisters_alone() {
        let selection = Selection { cases: vec!["tcp/echo[net=tcp6]".to_owned()], ..Selection::default() };
        assert!(selection.takes_name("tcp/echo[net=tcp6]") && selection.takes_name("tcp/close[net=tcp4]"));
        assert!(selection.takes_name("tcp/echo"), "a case of it may be meant");
        assert!(!selection.takes_name("tcp/echo[net=tcp4]"));
    }
}
