//! Bytes in flight: a `recv` that the sends before it, all of this spec, can never satisfy; and
//! connections: an `accept` for which nobody has connected.
//!
//! Only what is certain is followed: connections between two endpoints of the spec, in steps that
//! run one after the other and must succeed. At the first thing that is not, it gives up.

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::model::address::{Address, UnixName};
use crate::model::bytes::escape;
use crate::plan::build::pattern::known;
use crate::plan::build::payload::part_size;
use crate::plan::pattern::{Form, Pattern};
use crate::plan::payload::{Part, Payload};
use crate::plan::{Call, Mode, Target, Verb};
use crate::source::Span;

use super::descriptors::Passed;
use super::walk::Outcome;

/// The connections that are followed.
#[derive(Debug)]
pub(super) struct Flow<'p> {
    following: bool,
    /// Clients that wait at listeners: listener, client.
    queue: Vec<(usize, usize)>,
    /// Sockets with an address that the kernel has chosen, so that only this spec can know it.
    private: Vec<usize>,
    /// Whether an address may be that of several sockets: then it is not known who is connected to.
    shared: bool,
    pipes: Vec<Pipe<'p>>,
}

/// One direction of a connection. An end that was not accepted yet is not known.
#[derive(Debug)]
struct Pipe<'p> {
    from: Option<usize>,
    to: Option<usize>,
    /// Whether what is in it is certain.
    certain: bool,
    /// Whether it carries messages, of which only the descriptors that come with them are followed.
    messages: bool,
    chunks: Vec<Chunk<'p>>,
    /// The descriptors that came with what the last receive took.
    taken: Vec<Passed>,
}

/// Bytes that were sent and not received.
#[derive(Debug)]
struct Chunk<'p> {
    /// The bytes; none where only their number is known.
    bytes: Option<&'p [u8]>,
    size: u64,
    sent: Span,
    /// The descriptors that come with its first byte.
    passed: Vec<Passed>,
}

/// Whose connection an `accept` takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Accepted {
    /// That of the next in the queue.
    Next,
    /// That of this client.
    Client(usize),
    /// That of somebody of whom nothing is known.
    Unknown,
}

/// What comes of a receive.
pub(super) enum Received {
    /// It takes what it must, and with it these descriptors.
    Certain(Vec<Passed>),
    /// It never can.
    Never(Box<Diagnostic>),
    /// That is not known.
    Unknown,
}

/// Why a pattern cannot be satisfied.
enum Never {
    /// So many bytes of what it needs are there.
    Short,
    /// Other bytes are there.
    Other { got: String, sent: Span },
    /// The delimiter is not among the bytes that are there.
    NoDelimiter,
}

/// What comes of a pattern.
enum Taken {
    Fits,
    Never(Span, Never),
    Unknown,
}

impl<'p> Flow<'p> {
    pub(super) fn new(following: bool) -> Self {
        Self { following, queue: Vec::new(), private: Vec::new(), shared: false, pipes: Vec::new() }
    }

    /// From here on, nothing is certain.
    pub(super) fn give_up(&mut self) {
        self.following = false;
        self.pipes.clear();
    }

    /// `messages`: whether it carries datagrams or packets.
    pub(super) fn pair(&mut self, one: usize, two: usize, messages: bool) {
        if self.following {
            self.add(Some(one), Some(two), messages);
            self.add(Some(two), Some(one), messages);
        }
    }

    /// A socket gets an address.
    pub(super) fn bound(&mut self, socket: usize, address: &Target) {
        match address {
            Target::Address(Address::Any(_) | Address::Unix { name: UnixName::Autobind, .. }) => {
                self.private.push(socket);
            }
            Target::Address(Address::Inet { address, .. }) if address.port() == 0 => self.private.push(socket),
            Target::Address(_) => {}
            Target::Endpoint(_) | Target::Computed(_) | Target::Sender => self.shared = true,
        }
    }

    /// Whether it is certain that nobody has connected to this listener who was not accepted.
    pub(super) fn nobody_waits(&self, listener: usize) -> bool {
        self.following
            && !self.shared
            && self.private.contains(&listener)
            && self.queue.iter().all(|(at, _)| *at != listener)
    }

    /// A socket has no connection any more.
    pub(super) fn part(&mut self, socket: usize) {
        self.queue.retain(|(listener, client)| *listener != socket && *client != socket);
        self.pipes.retain(|pipe| pipe.from != Some(socket) && pipe.to != Some(socket));
    }

    pub(super) fn connect(&mut self, listener: usize, client: usize, messages: bool) {
        if self.following {
            self.queue.push((listener, client));
            self.add(Some(client), None, messages);
            self.add(None, Some(client), messages);
        }
    }

    /// How many bytes certainly wait at a socket, and the last that were sent.
    pub(super) fn waiting(&self, socket: usize) -> Option<(u64, Span)> {
        let pipe = self.pipes.iter().find(|pipe| pipe.to == Some(socket) && pipe.certain && !pipe.messages)?;
        Some((pipe.chunks.iter().map(|chunk| chunk.size).sum(), pipe.chunks.last()?.sent))
    }

    fn add(&mut self, from: Option<usize>, to: Option<usize>, messages: bool) {
        self.pipes.push(Pipe { from, to, certain: true, messages, chunks: Vec::new(), taken: Vec::new() });
    }

    /// A connection is accepted: that of `client`, or of the only one that waits.
    pub(super) fn accept(&mut self, listener: Option<usize>, client: Accepted, conn: usize) {
        let mut waiting = self.queue.iter().filter(|(at, _)| Some(*at) == listener).map(|(_, client)| *client);
        let client = match client {
            Accepted::Client(client) => waiting.any(|waits| waits == client).then_some(client),
            Accepted::Unknown => None,
            Accepted::Next => waiting.next().filter(|_| waiting.next().is_none()),
        };
        let Some(client) = client else {
            // Which connection this is depends on the kernel.
            self.give_up();
            return;
        };
        self.queue.retain(|(_, waits)| *waits != client);
        for pipe in &mut self.pipes {
            if pipe.from == Some(client) {
                pipe.to = Some(conn);
            } else if pipe.to == Some(client) {
                pipe.from = Some(conn);
            }
        }
    }

    pub(super) fn send(&mut self, socket: usize, call: &'p Call, outcome: Outcome, passed: Vec<Passed>) {
        let Verb::Send { payload, to, urgent, .. } = &call.verb else { return };
        let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.from == Some(socket)) else { return };
        let plain = outcome == Outcome::Succeeds && call.mode != Mode::Nonblocking && !urgent;
        match chunks(payload) {
            // Where it goes is another pipe's business.
            _ if pipe.messages && to.is_some() => pipe.certain = false,
            _ if plain && pipe.messages => {
                pipe.chunks.push(Chunk { bytes: None, size: 0, sent: payload.span, passed });
            }
            Some(mut chunks) if plain => {
                if let Some(first) = chunks.iter_mut().find(|chunk| chunk.size > 0) {
                    first.passed = passed;
                }
                pipe.chunks.extend(chunks);
            }
            _ => pipe.certain = false,
        }
    }

    /// What a receive takes; a finding where that can never come.
    pub(super) fn receive(&mut self, socket: usize, name: &str, call: &'p Call, outcome: Outcome) -> Received {
        let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.to == Some(socket) && pipe.certain) else {
            return Received::Unknown;
        };
        let pattern = match &call.verb {
            Verb::Recv { peek: true, urgent: false, .. } => return Received::Unknown,
            Verb::Recv { pattern, urgent: false, .. } if outcome == Outcome::Succeeds => pattern,
            _ => {
                pipe.certain = false;
                return Received::Unknown;
            }
        };
        pipe.taken.clear();
        if pipe.messages {
            return pipe.message();
        }
        let there: u64 = pipe.chunks.iter().map(|chunk| chunk.size).sum();
        let last = pipe.chunks.last().map(|chunk| chunk.sent);
        match pipe.take(pattern) {
            Taken::Fits => Received::Certain(std::mem::take(&mut pipe.taken)),
            Taken::Unknown => {
                pipe.certain = false;
                Received::Unknown
            }
            Taken::Never(span, never) => {
                pipe.certain = false;
                Received::Never(Box::new(report(name, span, never, there, last)))
            }
        }
    }
}

fn report(name: &str, span: Span, never: Never, there: u64, last: Option<Span>) -> Diagnostic {
    // Where bytes come, other ones or without their delimiter, it is a warning: the run shows them
    // beside what was wanted. Where there are too few, a run would only wait for its deadline.
    let error = |message: String| Diagnostic::error("never-received", span, message);
    let other = |message: String| Diagnostic::warning("never-received", span, message);
    let finding = match never {
        Never::Other { got, sent } => other(format!("`{name}` can never receive this: \"{got}\" comes here"))
            .related(sent, "sent here")
            .help("what is received must be what was sent"),
        Never::NoDelimiter => other(format!("`{name}` can never receive this: nothing that was sent ends it")),
        Never::Short if there == 0 => error(format!("`{name}` can never receive this: nothing was sent to it before")),
        Never::Short => {
            let bytes = if there == 1 { "1 byte waits" } else { &format!("{there} bytes wait") };
            error(format!("`{name}` can never receive this: only {bytes} for it, and this takes more"))
        }
    };
    match (last, finding.related.is_empty()) {
        (Some(last), true) => finding
            .related(last, "the last that was sent")
            .help("send the rest before, or in another lane of `parallel`"),
        (None, true) => finding.help("steps run in written order: send it before, or in another lane of `parallel`"),
        _ => finding,
    }
}

/// The bytes of a payload, as far as they are known; none where not even their number is.
fn chunks<'p>(payload: &'p Payload) -> Option<Vec<Chunk<'p>>> {
    let chunk = |part: &'p Part| match part {
        Part::Bytes(bytes) | Part::File { bytes, .. } => {
            Some(Chunk { bytes: Some(bytes), size: bytes.len() as u64, sent: payload.span, passed: Vec::new() })
        }
        other => Some(Chunk { bytes: None, size: part_size(other)?, sent: payload.span, passed: Vec::new() }),
    };
    payload.parts.iter().map(chunk).collect()
}

impl Pipe<'_> {
    /// Takes the next message.
    fn message(&mut self) -> Received {
        if self.chunks.is_empty() {
            self.certain = false;
            return Received::Unknown;
        }
        Received::Certain(self.chunks.remove(0).passed)
    }

    fn take(&mut self, pattern: &Pattern) -> Taken {
        let never = |never| Taken::Never(pattern.span, never);
        match &pattern.form {
            Form::Exactly(payload) => match self.exactly(payload) {
                Some(Ok(())) => Taken::Fits,
                Some(Err(reason)) => never(reason),
                None => Taken::Unknown,
            },
            Form::Hex(bytes) => self.wild(bytes).map_or_else(never, |()| Taken::Fits),
            Form::Bytes(size) => match known(size) {
                Some(size) => self.skip(size).map_or_else(never, |()| Taken::Fits),
                None => Taken::Unknown,
            },
            Form::Number { width, .. } => self.skip(u64::from(width.bytes)).map_or_else(never, |()| Taken::Fits),
            Form::Until(payload) => match payload.parts.as_slice() {
                [Part::Bytes(delimiter)] => self.until(delimiter).map_or_else(
                    || Taken::Unknown,
                    |found| if found { Taken::Fits } else { never(Never::NoDelimiter) },
                ),
                _ => Taken::Unknown,
            },
            Form::Sequence(patterns) => {
                for pattern in patterns {
                    match self.take(pattern) {
                        Taken::Fits => {}
                        other => return other,
                    }
                }
                Taken::Fits
            }
            _ => Taken::Unknown,
        }
    }

    fn exactly(&mut self, payload: &Payload) -> Option<Result<(), Never>> {
        for part in &payload.parts {
            let taken = match part {
                Part::Bytes(bytes) => self.wild(&bytes.iter().map(|byte| Some(*byte)).collect::<Vec<_>>()),
                other => self.skip(part_size(other)?),
            };
            if taken.is_err() {
                return Some(taken);
            }
        }
        Some(Ok(()))
    }

    /// Takes so many bytes, whatever they are.
    fn skip(&mut self, mut size: u64) -> Result<(), Never> {
        while size > 0 {
            let Some(chunk) = self.chunks.first_mut() else { return Err(Never::Short) };
            let taken = size.min(chunk.size);
            if taken > 0 {
                self.taken.append(&mut chunk.passed);
            }
            chunk.size -= taken;
            chunk.bytes = chunk.bytes.map(|bytes| &bytes[taken as usize..]);
            size -= taken;
            if chunk.size == 0 {
                self.chunks.remove(0);
            }
        }
        Ok(())
    }

    /// Takes these bytes; `None` is any byte.
    fn wild(&mut self, wanted: &[Option<u8>]) -> Result<(), Never> {
        let mut rest = wanted;
        while !rest.is_empty() {
            let Some(chunk) = self.chunks.first() else { return Err(Never::Short) };
            let here = (rest.len() as u64).min(chunk.size) as usize;
            if let Some(bytes) = chunk.bytes
                && rest[..here].iter().zip(bytes).any(|(wanted, byte)| wanted.is_some_and(|wanted| wanted != *byte))
            {
                let shown = &bytes[..bytes.len().min(32)];
                let more = if bytes.len() > 32 { "…" } else { "" };
                return Err(Never::Other { got: format!("{}{more}", escape(shown)), sent: chunk.sent });
            }
            self.skip(here as u64)?;
            rest = &rest[here..];
        }
        Ok(())
    }

    /// Takes up to the delimiter; whether it is there, where all bytes are known.
    fn until(&mut self, delimiter: &[u8]) -> Option<bool> {
        let all: Option<Vec<Cow<'_, [u8]>>> = self.chunks.iter().map(|chunk| chunk.bytes.map(Cow::Borrowed)).collect();
        let all = all?.concat();
        match memchr::memmem::find(&all, delimiter) {
            Some(at) => {
                let length = (at + delimiter.len()) as u64;
                Some(self.skip(length).is_ok())
            }
            None => Some(false),
        }
    }
}
