//! Resets, and what a send says after one.

use super::story::{Story, begins, bytes, succeeded, words};
use crate::trace::record::Happened;
use crate::trace::scene::{End, Role};

/// How one end has ended a connection.
pub(super) enum Ending<'r> {
    /// By `reset`.
    Reset(&'r Happened),
    /// By `disconnect`, after which the socket is there without a connection.
    Dissolved(&'r Happened),
    /// By a close with SO_LINGER 0, which was set there.
    Linger(&'r Happened, &'r Happened),
    /// By a close that left bytes unread: how many, as the trace has them.
    Unread(&'r Happened, &'r str),
    /// By a close.
    Close(&'r Happened),
    /// By shutting both directions down.
    Both(&'r Happened),
    /// By shutting down what it sends.
    Write(&'r Happened),
}

impl<'r> Ending<'r> {
    /// How that end has ended its connection, if the spec alone had it.
    pub(super) fn of(story: &Story<'r>, end: &End) -> Option<Self> {
        if let Some(dissolved) = story.dissolved(end) {
            return Some(Self::Dissolved(dissolved));
        }
        if end.open {
            let half = story.first(end, |words| words == "shutdown write").filter(|half| succeeded(half));
            let both = story.first(end, |words| words == "shutdown both").filter(|both| succeeded(both));
            return both.map(Self::Both).or(half.map(Self::Write));
        }
        let close = story.last(end, |words| begins(words, "close") || words == "reset")?;
        if words(close) == "reset" {
            return Some(Self::Reset(close));
        }
        if let Some((set, "0")) = linger(story, end) {
            return Some(Self::Linger(set, close));
        }
        Some(match words(close).split_once("unread ") {
            Some((_, unread)) => Self::Unread(close, unread),
            None => Self::Close(close),
        })
    }

    /// The step that did it.
    pub(super) fn step(&self) -> &'r Happened {
        match self {
            Self::Reset(step)
            | Self::Dissolved(step)
            | Self::Linger(_, step)
            | Self::Unread(step, _)
            | Self::Close(step)
            | Self::Both(step)
            | Self::Write(step) => step,
        }
    }

    /// Whether it was RST that told the other end, and what the sentence says of it.
    fn told_by_reset(&self, story: &Story<'_>, name: &str, is_unix: bool) -> Option<String> {
        let line = |step| story.line(step);
        Some(match self {
            Self::Reset(step) => format!("`{name}` reset the connection ({})", line(step)),
            Self::Dissolved(step) if !is_unix => {
                format!("`{name}` was disconnected ({}), and Linux tells that by RST", line(step))
            }
            Self::Linger(set, close) => format!(
                "`{name}` had SO_LINGER 0 ({}), so its close ({}) sent RST in place of FIN",
                line(set),
                line(close)
            ),
            Self::Unread(close, unread) if is_unix => {
                let unread = unread_bytes(unread);
                format!(
                    "`{name}` closed with {unread} ({}), and a Unix socket tells its peer that by ECONNRESET",
                    line(close)
                )
            }
            Self::Unread(close, unread) => {
                format!("`{name}` closed with {} ({}), so Linux sent RST", unread_bytes(unread), line(close))
            }
            _ => return None,
        })
    }
}

fn unread_bytes(count: &str) -> String {
    match count.parse() {
        Ok(count) => bytes(count).replacen(' ', " unread ", 1),
        Err(_) => "unread bytes".to_owned(),
    }
}

/// SO_LINGER as it was set at an end, or at the listener that it has it from.
fn linger<'r>(story: &Story<'r>, end: &End) -> Option<(&'r Happened, &'r str)> {
    story.set(end, "SO_LINGER").or_else(|| {
        let accept = story.last(end, |words| begins(words, "accept"))?;
        let client = words(accept).strip_prefix("accept ")?;
        let mut connects = story.all(|name, words| name == client && begins(words, "connect"));
        let listener = words(connects.next()?).split(' ').nth(1)?;
        let listener = End { name: listener.to_owned(), open: true, ..End::default() };
        story.set(&listener, "SO_LINGER").filter(|(set, _)| set.order < accept.order)
    })
}

/// ECONNRESET.
pub(super) fn reset(story: &Story<'_>) -> Option<String> {
    let (own, other) = (story.own()?, story.scene.other.as_ref()?);
    if other.role == Role::Listener {
        return abandoned(story, other);
    }
    if other.shared || story.speaks_tls(own) && !other.open {
        return of_tls(story, other);
    }
    let ending = Ending::of(story, other)?;
    let name = &other.name;
    if let Some(told) = ending.told_by_reset(story, name, other.network.starts_with("unix")) {
        return Some(told);
    }
    if !other.network.starts_with("tcp") {
        return None;
    }
    let step = ending.step();
    let sent = story.sent_after(own, step).map(|sent| format!("the bytes of {}", story.line(sent)));
    let sent = sent.or_else(|| story.sends().then(|| "the bytes of this step".to_owned()))?;
    matches!(ending, Ending::Close(_)).then(|| {
        format!("`{name}` closed ({}) while {sent} were on their way to it, so Linux sent RST", story.line(step))
    })
}

/// Where TLS has read ahead, or others have the socket, only what was done on purpose is known.
fn of_tls(story: &Story<'_>, other: &End) -> Option<String> {
    match Ending::of(story, other).filter(|_| !other.shared)? {
        ending @ (Ending::Reset(_) | Ending::Linger(..)) => ending.told_by_reset(story, &other.name, false),
        _ => None,
    }
}

/// A connection that nobody accepted.
fn abandoned(story: &Story<'_>, listener: &End) -> Option<String> {
    if listener.open || listener.shared {
        return None;
    }
    let close = story.last(listener, |words| begins(words, "close") || words == "reset")?;
    let name = &listener.name;
    Some(format!(
        "`{name}` was closed ({}) with this connection still in its queue, so Linux reset it",
        story.line(close)
    ))
}

/// EPIPE.
pub(super) fn broken_pipe(story: &Story<'_>) -> Option<String> {
    let own = story.own()?;
    let name = &own.name;
    let ends_writing = |words: &str| words == "shutdown write" || words == "shutdown both";
    if let Some(shut) = story.first(own, ends_writing).filter(|shut| succeeded(shut)) {
        return Some(format!("`{name}` itself has shut down its sending ({})", story.line(shut)));
    }
    if own.role == Role::Program {
        return Some(format!("`{name}` has closed its standard input, or has ended"));
    }
    let is_tcp = own.network.starts_with("tcp");
    if is_tcp && matches!(own.role, Role::Plain | Role::Listener) {
        let what = if own.role == Role::Listener { "a listener" } else { "not connected" };
        return Some(format!("`{name}` is {what}, and Linux says EPIPE to a send on such a TCP socket"));
    }
    let other = story.scene.other.as_ref()?;
    if other.role == Role::Listener {
        return abandoned(story, other).map(|told| format!("{told}; nothing can be sent any more"));
    }
    if other.shared {
        return None;
    }
    if is_tcp { broken_tcp(story, own, other) } else { broken_unix(story, other) }
}

fn broken_tcp(story: &Story<'_>, own: &End, other: &End) -> Option<String> {
    let ending = Ending::of(story, other)?;
    if let Some(told) = ending.told_by_reset(story, &other.name, false) {
        return Some(format!("{told}; nothing can be sent any more"));
    }
    let (name, at) = (&other.name, story.line(ending.step()));
    let how = match ending {
        Ending::Close(_) => "had closed",
        Ending::Both(_) => "had shut down both directions",
        _ => return None,
    };
    let sent = story.sent_after(own, ending.step())?;
    Some(format!(
        "`{name}` {how} ({at}), so Linux answered the bytes of {} with RST; a send after that says EPIPE",
        story.line(sent)
    ))
}

fn broken_unix(story: &Story<'_>, other: &End) -> Option<String> {
    let name = &other.name;
    match Ending::of(story, other) {
        Some(Ending::Write(_)) | None => {
            let shut = story.first(other, |words| words == "shutdown read").filter(|shut| succeeded(shut))?;
            let line = story.line(shut);
            Some(format!("`{name}` has shut down its receiving ({line}), and a Unix socket tells its peer at once"))
        }
        Some(Ending::Both(step)) => Some(format!("`{name}` has shut down both directions ({})", story.line(step))),
        Some(ending) => {
            let line = story.line(ending.step());
            Some(format!("`{name}` is closed ({line}), and a Unix socket tells its peer at once"))
        }
    }
}
