//! `open`, and what can be done with a file: it is read as a stream is received, and what is not in
//! it yet is waited for, since a server may still be writing.
//!
//! Nobody tells that a file has grown, so it is looked at again and again, seldom enough to cost
//! nothing that counts.

mod recv;
mod socket_call;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::duration;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::plan::template::Template;
use crate::plan::{Attribute, AttributeCheck, Call, Condition, Mode, Number, Verb};
use crate::trace::event::What;
use crate::trace::record::{Difference, Facts};
use crate::trace::shown::Shown;

use super::super::endpoint::{Endpoint, New, Role};
use super::super::lane::{Deadline, Done, Lane};
use super::super::pattern::Boundary;
use super::super::stop::Stop;
use super::{fatal, read};
use crate::exec::endpoint::opened::{OpenFile, Refused};

pub(super) use socket_call::accept;

/// How much of bytes that were not expected a report shows.
const SHOWN: usize = 1024;
/// How many names of a folder a report lists.
const LISTED: usize = 10;

/// How long it is waited before a file is looked at again: longer each time.
struct Pause(Duration);

impl Pause {
    const FIRST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(20);

    fn new() -> Self {
        Self(Self::FIRST)
    }

    /// Waits, at least for so long; false where the deadline has passed, or nothing is waited for.
    async fn wait(&mut self, call: &Call, deadline: Deadline, least: Duration) -> bool {
        if call.mode == Mode::Nonblocking {
            return false;
        }
        let pause = self.0.max(least);
        self.0 = (self.0 * 2).min(Self::LONGEST);
        deadline.sleep(pause).await
    }
}

/// Opens a file; waits for one that is not there, unless the step says what it may fail with.
pub(super) async fn open(lane: &Lane<'_>, call: &Call, path: &Template, deadline: Deadline) -> Result<Done, Stop> {
    let text = lane.text(path)?;
    // An absolute path stays what it is.
    let full = if text.starts_with('/') { text.as_ref().into() } else { lane.test.folder()?.join(text.as_ref()) };
    let mut pause = Pause::new();
    let file = loop {
        match OpenFile::open(&full) {
            Ok(file) => break file,
            Err(Refused::Errno(Errno(libc::ENOENT))) if call.fails.is_empty() && call.mode != Mode::Nonblocking => {
                if !pause.wait(call, deadline, Duration::ZERO).await {
                    return Err(missing(call, &text, &full).deadline(deadline.within));
                }
            }
            Err(Refused::Errno(errno)) => return fatal(errno).map_or(Ok(Done::words(call, Err(errno))), Err),
            Err(Refused::NotRegular) => {
                let message = format!("{}: `{text}` is not a regular file", call.endpoint.shown());
                return Err(Stop::failed(message).label("not a file").help("a device or a FIFO may never end"));
            }
        }
    };
    let new = New { shown: call.endpoint.shown(), network: Network::Unix, host: None, socket: None, shared: None };
    let endpoint = lane.create(&lane.text(&call.endpoint)?, new)?;
    endpoint.shared.role.set(Role::File);
    endpoint.set_file(file);
    Ok(Done::words(call, Ok(())))
}

/// The file did not appear; its folder may have another one.
fn missing(call: &Call, text: &str, full: &Path) -> Stop {
    let stop = Stop::failed(format!("{}: there is no file `{text}`", call.endpoint.shown())).label("it did not appear");
    let Some(entries) = full.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
        return stop.note("its folder is not there either");
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| format!("`{}`", entry.file_name().to_string_lossy())).collect();
    names.sort();
    let more = if names.len() > LISTED { ", …" } else { "" };
    names.truncate(LISTED);
    match names.as_slice() {
        [] => stop.note("its folder is empty"),
        names => stop.note(format!("its folder has {}{more}", names.join(", "))),
    }
}

/// A verb on a file.
pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    endpoint: &Endpoint,
    file: &Rc<OpenFile>,
    deadline: Deadline,
) -> Result<Done, Stop> {
    // What only sockets do is done where it is to fail.
    if !call.fails.is_empty()
        && let Some(done) = socket_call::run(lane, call, file)?
    {
        return Ok(done);
    }
    let on = OnFile { lane, call, name: &endpoint.name, file, deadline };
    match &call.verb {
        Verb::Recv { pattern, from: None, stderr: false, sender: None, urgent: false, peek, takes, beside }
            if takes.is_empty() && beside.word().is_none() =>
        {
            on.recv(pattern, *peek).await
        }
        Verb::Read { size, is, how } if how.word().is_none() => on.read(size, is.as_ref()),
        Verb::Expect { conditions, stderr: false, .. } => match conditions.as_slice() {
            [Condition::Silence(time)] => on.silence(*time).await,
            conditions => on.expect(conditions).await,
        },
        Verb::ExpectAttributes(attributes) => on.attributes(attributes).await,
        Verb::Close { .. } => {
            drop(endpoint.take_socket());
            Ok(Done::words(call, Ok(())))
        }
        Verb::Open(_) => {
            Err(Stop::failed(format!("`{}` is already open", endpoint.name))
                .help("close it first, or take another name"))
        }
        _ => Err(Stop::failed(format!("`{}` is a file, and has nothing of the kind", endpoint.name))
            .help("a file is read: `recv`, `read`, `expect: eof`, `close`")),
    }
}

/// A step that reads a file.
struct OnFile<'a> {
    lane: &'a Lane<'a>,
    call: &'a Call,
    name: &'a str,
    file: &'a OpenFile,
    deadline: Deadline,
}

impl OnFile<'_> {
    fn done(&self) -> Done {
        Done::words(self.call, Ok(()))
    }

    /// One read(2), which never waits.
    fn read(&self, size: &Number, is: Option<&crate::plan::pattern::Pattern>) -> Result<Done, Stop> {
        let size = self.lane.number(size)?;
        if size > read::MOST {
            return Err(Stop::failed(format!("a read of {size} bytes is more than one call gives")));
        }
        let mut bytes = vec![0; size as usize];
        let len = match self.file.read_at(&mut bytes, self.file.position.get()) {
            Ok(len) => len,
            Err(errno) => return Ok(Done::words(self.call, Err(errno))),
        };
        bytes.truncate(len);
        let facts = Facts { pieces: vec![len as u64], ..Facts::default() };
        let shown = match is {
            None => vec![Shown::Bytes(bytes)],
            Some(pattern) => read::compare(self.lane, self.name, pattern, &bytes, Boundary::Read)?,
        };
        self.file.position.set(self.file.position.get() + len as u64);
        let (verb, suffix) = (self.call.words.clone(), self.call.suffix.clone());
        Ok(Done { facts, what: What::Data { verb, bytes: shown, suffix }, ..self.done() })
    }

    /// The end of the file, or bytes that nobody has received.
    async fn expect(&self, conditions: &[Condition]) -> Result<Done, Stop> {
        let (eof, readable) = (conditions.contains(&Condition::Eof), conditions.contains(&Condition::Readable));
        let mut pause = Pause::new();
        loop {
            match self.file.reaches(self.file.position.get()) {
                Ok(true) if readable => return Ok(self.done()),
                Ok(true) => return Err(self.more_came("the end of the file")),
                Ok(false) if eof => return Ok(self.done()),
                Ok(false) => {}
                Err(errno) => return Ok(Done::words(self.call, Err(errno))),
            }
            if !pause.wait(self.call, self.deadline, Duration::ZERO).await {
                let message = format!("{}: something to receive did not come", self.name);
                return Err(Stop::failed(message).label("nothing came").deadline(self.deadline.within));
            }
        }
    }

    /// Nothing is written for so long.
    async fn silence(&self, time: Duration) -> Result<Done, Stop> {
        let quiet = Instant::now() + time;
        if quiet > self.deadline.at {
            let within = duration::show(self.deadline.within);
            let message = format!("{}: {} does not end before the deadline of {within}", self.name, self.call.words);
            return Err(Stop::failed(message).help("give the step, or the block around it, more time with `within`"));
        }
        let deadline = Deadline { at: quiet, within: time };
        let mut pause = Pause::new();
        loop {
            match self.file.reaches(self.file.position.get()) {
                Ok(true) => return Err(self.more_came(&format!("silence for {}", duration::show(time)))),
                Ok(false) => {}
                Err(errno) => return Ok(Done::words(self.call, Err(errno))),
            }
            if Instant::now() >= quiet {
                return Ok(self.done());
            }
            deadline.sleep(pause.0).await;
            pause.0 = (pause.0 * 2).min(Pause::LONGEST);
        }
    }

    fn more_came(&self, expected: &str) -> Stop {
        let mut buffer = [0; SHOWN];
        let len = self.file.read_at(&mut buffer, self.file.position.get()).unwrap_or(0);
        let came = if len == 1 { "1 byte came" } else { "bytes came" };
        Stop::failed(format!("{}: {came}, where {expected} was expected", self.name))
            .label(came)
            .difference(Difference::to_words(expected, &buffer[..len]))
    }

    /// How many bytes nobody has received.
    async fn attributes(&self, attributes: &[Attribute]) -> Result<Done, Stop> {
        for attribute in attributes {
            let AttributeCheck::Unread(wanted) = &attribute.check else {
                let message = format!("`{}` is a file, and has no such attribute", self.name);
                return Err(Stop::failed(message).at(attribute.span).help("of a file, `unread` can be expected"));
            };
            let wanted = wanted.iter().map(|number| self.lane.number(number)).collect::<Result<Vec<u64>, Stop>>()?;
            let mut pause = Pause::new();
            loop {
                let seen = match self.file.unread() {
                    Ok(seen) if wanted.contains(&seen) => break,
                    Ok(seen) => seen,
                    Err(errno) => return Ok(Done::words(self.call, Err(errno))),
                };
                if !pause.wait(self.call, self.deadline, Duration::ZERO).await {
                    let (_, shown) = attribute.shown.split_once('=').unwrap_or(("", &attribute.shown));
                    let message = format!("{}: unread is {seen}, where {shown} was expected", self.name);
                    let stop = Stop::failed(message).label(format!("it is {seen}")).at(attribute.span);
                    return Err(stop.deadline(self.deadline.within));
                }
            }
        }
        Ok(self.done())
    }
}
