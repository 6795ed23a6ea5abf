//! The lines under a step: who sent what to whom.

use super::Way;

/// What a frame tells of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// So many bytes of a stream.
    Data { bytes: u64, urgent: bool, varies: bool },
    /// A datagram.
    Datagram { bytes: u64, varies: bool },
    /// Anything else.
    Plain(&'static str),
    /// An ICMP error.
    Icmp(&'static str),
}

impl Word {
    /// As a trace shows it.
    pub(super) fn text(&self) -> String {
        let count = |bytes: &u64, varies: &bool| if *varies { "~".to_owned() } else { bytes.to_string() };
        match self {
            Self::Data { bytes, urgent, varies } => {
                format!("DATA {}{}", count(bytes, varies), if *urgent { " URG" } else { "" })
            }
            Self::Datagram { bytes, varies } => format!("UDP {}", count(bytes, varies)),
            Self::Plain(word) => (*word).to_owned(),
            Self::Icmp(says) => format!("ICMP {says}"),
        }
    }
}

/// A line under a step.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) way: Way,
    pub(super) word: Word,
}

impl Line {
    /// Takes more of what it tells already: more data, or one more reset, of which the kernel sends
    /// one for each segment that it has cut the data into.
    pub(super) fn takes(&mut self, more: &Word) -> bool {
        match (&mut self.word, more) {
            (Word::Data { bytes, urgent, varies }, Word::Data { bytes: more, urgent: with, varies: vary }) => {
                *bytes += more;
                *urgent |= with;
                *varies |= vary;
                true
            }
            (Word::Plain("RST"), Word::Plain("RST")) => true,
            _ => false,
        }
    }
}
