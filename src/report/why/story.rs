//! The events that led to a failure, as questions are asked of them.

use crate::trace::event::What;
use crate::trace::record::{Entry, Failure, Happened, Record};
use crate::trace::scene::{End, Scene};

/// A failure with what led to it.
pub(super) struct Story<'r> {
    pub(super) failure: &'r Failure,
    pub(super) scene: &'r Scene,
    /// The events, in the order in which their steps began.
    events: Vec<&'r Happened>,
}

impl<'r> Story<'r> {
    pub(super) fn new(record: &'r Record, failure: &'r Failure, scene: &'r Scene) -> Self {
        let mut events = Vec::new();
        collect(&record.entries, &mut events);
        events.sort_by_key(|happened| happened.order);
        Self { failure, scene, events }
    }

    /// The step's own socket.
    pub(super) fn own(&self) -> Option<&'r End> {
        self.scene.own.as_ref()
    }

    /// The verb of the step, or what it expects.
    pub(super) fn verb(&self) -> &'r str {
        self.scene.step.split(' ').next().unwrap_or_default()
    }

    /// Whether the step sends.
    pub(super) fn sends(&self) -> bool {
        self.verb() == "send"
    }

    /// The events of a socket, in order: since its name was given to it.
    pub(super) fn of(&self, end: &End) -> Vec<&'r Happened> {
        let is_its = |name: &str| name == end.name || end.alias.as_deref().is_some_and(|alias| alias == name);
        let all: Vec<_> = self.events.iter().copied().filter(|happened| is_its(&happened.event.endpoint)).collect();
        let mut ends = all.iter().enumerate().rev().filter(|(_, happened)| closes(happened)).map(|(at, _)| at);
        let last = if end.open { None } else { ends.next() };
        let from = ends.next().map_or(0, |at| at + 1);
        all[from..last.map_or(all.len(), |last| last + 1)].to_vec()
    }

    /// The last event of a socket whose words are as asked.
    pub(super) fn last(&self, end: &End, is_it: impl Fn(&str) -> bool) -> Option<&'r Happened> {
        self.of(end).into_iter().rev().find(|happened| is_it(words(happened)))
    }

    /// The first event of a socket whose words are as asked.
    pub(super) fn first(&self, end: &End, is_it: impl Fn(&str) -> bool) -> Option<&'r Happened> {
        self.of(end).into_iter().find(|happened| is_it(words(happened)))
    }

    /// The last event in which an option of a socket was set, with the value.
    pub(super) fn set(&self, end: &End, option: &str) -> Option<(&'r Happened, &'r str)> {
        self.of(end).into_iter().rev().find_map(|happened| {
            let settings = words(happened).strip_prefix("set ")?;
            let value = settings.split(' ').find_map(|setting| setting.strip_prefix(option)?.strip_prefix('='))?;
            succeeded(happened).then_some((happened, value))
        })
    }

    /// The step that dissolved what a socket was connected to, if nothing has connected it again.
    pub(super) fn dissolved(&self, end: &End) -> Option<&'r Happened> {
        let last = self.last(end, |words| words == "disconnect" || begins(words, "connect"))?;
        (words(last) == "disconnect" && succeeded(last)).then_some(last)
    }

    /// The first step of a socket that sent after another step.
    pub(super) fn sent_after(&self, end: &End, step: &Happened) -> Option<&'r Happened> {
        self.of(end).into_iter().find(|happened| happened.order > step.order && sends(happened))
    }

    /// All events whose words are as asked, with their endpoints.
    pub(super) fn all(&self, is_it: impl Fn(&str, &str) -> bool) -> impl Iterator<Item = &'r Happened> {
        self.events.iter().copied().filter(move |happened| is_it(&happened.event.endpoint, words(happened)))
    }

    /// Whether TLS lies over a socket.
    pub(super) fn speaks_tls(&self, end: &End) -> bool {
        self.of(end).iter().any(|step| begins(words(step), "tls"))
    }

    /// Whether the bytes that a socket sends are counted: those of a stream, and not of TLS.
    pub(super) fn counts(&self, end: &End) -> bool {
        !["unixgram", "unixpacket"].contains(&end.network.as_str()) && !self.speaks_tls(end)
    }

    /// The step that another lane is in, of that socket.
    pub(super) fn under_way(&self, end: &End) -> Option<&'r crate::trace::scene::UnderWay> {
        let is_its = |name: &str| name == end.name || end.alias.as_deref() == Some(name);
        self.scene.elsewhere.iter().find(|step| is_its(&step.endpoint))
    }

    /// The place of a step as the sentence has it: `line 9`.
    pub(super) fn line(&self, happened: &Happened) -> String {
        self.place(happened.line, happened.file.as_deref())
    }

    /// The same, of a line of a file.
    pub(super) fn place(&self, line: u32, file: Option<&str>) -> String {
        match (file, self.failure.file.as_deref()) {
            (one, other) if one == other => format!("line {line}"),
            (Some(file), _) => format!("line {line} of {file}"),
            (None, _) => format!("line {line} of the spec"),
        }
    }

    /// That the link of one of these ends is not `up`, and since when.
    pub(super) fn link(&self, ends: &[&End]) -> Option<String> {
        let hosts: Vec<&str> = ends.iter().filter_map(|end| end.host.as_deref()).collect();
        hosts.into_iter().find_map(|host| {
            let state = |happened: &'r Happened| {
                words(happened).split(", ").find_map(|change| change.strip_prefix(host)?.strip_prefix(' '))
            };
            let links = self.events.iter().copied().filter(|happened| happened.event.endpoint == "link");
            let (change, now) = links.rev().find_map(|one| Some((one, state(one)?)))?;
            (now != "up").then(|| format!("the link of `{host}` is {now} since {}", self.line(change)))
        })
    }
}

/// The events of entries, those in blocks among them.
fn collect<'r>(entries: &'r [Entry], events: &mut Vec<&'r Happened>) {
    for entry in entries {
        match entry {
            Entry::Event(happened) => events.push(happened),
            Entry::Parallel(lanes) => lanes.iter().for_each(|lane| collect(&lane.entries, events)),
            Entry::Repeat(groups) => groups.iter().for_each(|group| collect(&group.entries, events)),
            Entry::Retry(entries) => collect(entries, events),
        }
    }
}

/// The words of an event; of bytes the verb.
pub(super) fn words(happened: &Happened) -> &str {
    match &happened.event.what {
        What::Words(words) => words,
        What::Data { verb, .. } => verb,
    }
}

/// Whether words begin with a word.
pub(super) fn begins(words: &str, word: &str) -> bool {
    words.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a step did what it says, and not failed as it was allowed to.
pub(super) fn succeeded(happened: &Happened) -> bool {
    happened.facts.errno.is_none()
}

/// Whether a step closes its socket.
fn closes(happened: &Happened) -> bool {
    let words = words(happened);
    begins(words, "close") || words == "reset"
}

/// Whether a step sent bytes.
pub(super) fn sends(happened: &Happened) -> bool {
    matches!(&happened.event.what, What::Data { verb, .. } if verb == "send")
}

/// `1 byte`, `5 bytes`.
pub(super) fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}
