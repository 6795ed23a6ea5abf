//! Topics: a word with all that there is to say about it.

use serde::Serialize;

use super::names;
use super::text::{self, Text};

/// A word with what it means.
#[derive(Debug, Clone, Serialize)]
pub struct Topic {
    /// The word.
    pub name: String,
    /// What kinds of words it is one of; the first is the one that it is listed under.
    pub groups: Vec<Group>,
    /// The number of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
    /// What it is, in a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it means as a word of the language, in each of its places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub senses: Vec<Sense>,
    /// What it means, and how it comes about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<Block>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<&'static str>,
    /// Specs of the bundled suite that show it, by their paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specs: Vec<String>,
    /// Other topics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub see_also: Vec<&'static str>,
}

/// What a word means in one place of the language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sense {
    /// The place: `verb`, `modifier of accept`.
    pub place: String,
    /// What it means there.
    pub doc: String,
    /// What stands beside it: modifiers of a verb.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<&'static str>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// A paragraph.
    Paragraph(String),
    /// An item of a list.
    Item(String),
    /// Lines as they are.
    Code(String),
}

/// Kinds of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What is behind it all.
    Concept,
    /// Errors of system calls.
    Error,
    /// States of TCP.
    State,
    /// Words of traces.
    Trace,
    /// What becomes of a test.
    Verdict,
    /// What a step does.
    Verb,
    /// What a step can wait for.
    Expectation,
    /// What stands beside a verb.
    Modifier,
    /// Forms of payloads and patterns, with what stands beside them.
    Form,
    /// The keys of a spec, and what they take.
    Key,
    /// Socket options.
    Option,
    /// Alerts of TLS.
    Alert,
    /// What the checker finds.
    Finding,
}

impl Group {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 13] = [
        Self::Concept,
        Self::Error,
        Self::State,
        Self::Trace,
        Self::Verdict,
        Self::Verb,
        Self::Expectation,
        Self::Modifier,
        Self::Form,
        Self::Key,
        Self::Option,
        Self::Alert,
        Self::Finding,
    ];

    /// The heading of its list.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Concept => "Concepts",
            Self::Error => "Errors",
            Self::State => "States of TCP",
            Self::Trace => "Traces",
            Self::Verdict => "Verdicts",
            Self::Verb => "Steps",
            Self::Expectation => "Expectations",
            Self::Modifier => "Modifiers",
            Self::Form => "Payloads and patterns",
            Self::Key => "Keys of a spec",
            Self::Option => "Socket options",
            Self::Alert => "Alerts of TLS",
            Self::Finding => "Findings of the checker",
        }
    }
}

/// The files, each with the kind of most of its words. Those of the language have theirs from where
/// they stand.
const FILES: &[(Option<Group>, &str)] = &[
    (Some(Group::Concept), include_str!("topics/concepts.md")),
    (Some(Group::Error), include_str!("topics/errors.md")),
    (Some(Group::State), include_str!("topics/states.md")),
    (Some(Group::Trace), include_str!("topics/trace.md")),
    (Some(Group::Verdict), include_str!("topics/verdicts.md")),
    (None, include_str!("topics/words.md")),
    (Some(Group::Option), include_str!("topics/options.md")),
    (Some(Group::Alert), include_str!("topics/alerts.md")),
    (Some(Group::Finding), include_str!("topics/findings.md")),
];

/// Every topic.
pub fn topics() -> Vec<Topic> {
    let mut topics = Vec::new();
    for (group, file) in FILES {
        for text in text::read(file) {
            let known = topics.iter_mut().find(|topic: &&mut Topic| topic.name == text.name);
            match known {
                Some(topic) => topic.add(*group, text),
                None => topics.push(Topic::new(*group, text)),
            }
        }
    }
    for (name, group, sense) in names::senses() {
        let at = topics.iter().position(|topic| topic.name == name);
        let at = at.unwrap_or_else(|| {
            topics.push(Topic::new(None, Text { name, ..Text::default() }));
            topics.len() - 1
        });
        topics[at].senses.extend(sense);
        if !topics[at].groups.contains(&group) {
            topics[at].groups.push(group);
        }
    }
    for topic in &mut topics {
        topic.number = names::number(&topic.name);
        topic.groups.sort_unstable();
        topic.senses.dedup_by(|one, other| one.doc == other.doc && one.place == other.place);
    }
    topics
}

impl Topic {
    fn new(group: Option<Group>, text: Text) -> Self {
        Self {
            name: text.name.to_owned(),
            groups: group.into_iter().collect(),
            number: None,
            title: text.title.to_owned(),
            senses: Vec::new(),
            text: text.body,
            references: text.refs,
            specs: text.specs.into_iter().map(path).collect(),
            see_also: text.see,
        }
    }

    /// More of the same name in another file.
    fn add(&mut self, group: Option<Group>, text: Text) {
        let more = Self::new(group, text);
        self.groups.extend(more.groups);
        self.text.extend(more.text);
        self.references
            .extend(more.references.into_iter().filter(|one| !self.references.contains(one)).collect::<Vec<_>>());
        self.specs.extend(more.specs.into_iter().filter(|one| !self.specs.contains(one)).collect::<Vec<_>>());
        self.see_also.extend(more.see_also.into_iter().filter(|one| !self.see_also.contains(one)).collect::<Vec<_>>());
        if self.title.is_empty() {
            self.title = more.title;
        }
    }
}

/// The path of a bundled spec.
fn path(name: &str) -> String {
    format!("specs/{name}.yaml")
}
