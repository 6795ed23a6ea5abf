//! A conversation as one of its two sides has it: what it does, and what it hears, step by step.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use super::answers::Refusal;
use super::conversation::{Connection, Conversation, Side};
use crate::model::errno::Errno;

/// What one side does and hears.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Whose view it is.
    pub(super) side: Side,
    /// When the conversation began.
    pub(super) began: SystemTime,
    /// The connections.
    pub(super) links: Vec<Link>,
    /// What happens, in order.
    pub(super) steps: Vec<Step>,
    /// The values that are heard and said again.
    pub(super) captures: Vec<Capture>,
    /// Where they are said again.
    pub(super) uses: Vec<Use>,
    /// What looked like a value that is said again, and was not: the step that hears it, and where.
    pub(super) coincidences: Vec<(usize, Range<usize>)>,
    /// The steps whose answers no replay has got: what the client has heard stands as it is.
    pub(super) refused: Vec<Refusal>,
}

/// A connection.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) connection: Connection,
    /// The link before it whose socket it shares: datagrams from another port to the same one.
    pub(super) shares: Option<usize>,
    /// Where its address was told, if it was.
    pub(super) told: Option<Told>,
}

/// An address that was told in the middle of the talk, as FTP does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The step that tells it.
    pub(super) step: usize,
    /// Where the line begins that tells it, in the bytes of the step.
    pub(super) line: Range<usize>,
    /// Where the numbers of the port stand there: one number, or its high and its low byte.
    pub(super) port: Vec<Range<usize>>,
}

/// A step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) link: usize,
    pub(super) act: Act,
    /// How long it took until it had happened, since whatever happened before.
    pub(super) waited: Duration,
}

/// What happens in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// The connection is opened, by whoever opens it.
    Open,
    /// It cannot be opened.
    Refused(Errno),
    /// This side says so many bytes, or a datagram.
    Say(Vec<u8>),
    /// It hears these.
    Hear(Vec<u8>),
    /// It hears the other side's end.
    HearEnd(Ending),
    /// It ends its direction, and hears on.
    Shut,
    /// It closes.
    Close,
    /// It resets.
    Reset,
    /// What it has sent found nobody.
    Unreachable,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// In order.
    Eof,
    /// By a reset.
    Reset,
    /// The one or the other, by chance.
    Either,
}

/// A value that is heard, and said again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    /// What it is called.
    pub(super) name: String,
    /// The step that hears it.
    pub(super) step: usize,
    /// Where it stands in what was recorded of that step.
    pub(super) at: Range<usize>,
}

/// A captured value in what is said, or in what is heard once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    /// The index of the capture.
    pub(super) capture: usize,
    /// The step.
    pub(super) step: usize,
    /// Where it stands in what was recorded of that step.
    pub(super) at: Range<usize>,
}

impl Script {
    /// The view of one side.
    pub(super) fn of(conversation: &Conversation, side: Side) -> Self {
        super::arrange::arrange(conversation, side)
    }

    /// The steps of one link, with their indices.
    pub(super) fn of_link(&self, link: usize) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter(move |(_, step)| step.link == link)
    }

    /// The next step of the same link.
    pub(super) fn next_of_link(&self, step: usize) -> Option<&Step> {
        let link = self.steps[step].link;
        self.steps[step + 1..].iter().find(|next| next.link == link)
    }

    /// The answer that a step hears, if no replay has got it.
    pub(super) fn refusal(&self, step: usize) -> Option<&Refusal> {
        self.refused.iter().find(|refusal| refusal.step == step)
    }

    /// What one step hears, if it does.
    pub(super) fn heard(&self, step: usize) -> Option<&[u8]> {
        match &self.steps.get(step)?.act {
            Act::Hear(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The link whose socket a link has.
    pub(super) fn socket_of(&self, link: usize) -> usize {
        self.links[link].shares.unwrap_or(link)
    }
}

impl Step {
    /// Whether this side does something in it, where otherwise it only hears.
    pub(super) fn is_deed(&self) -> bool {
        !matches!(self.act, Act::Hear(_) | Act::HearEnd(_) | Act::Unreachable)
    }
}
