//! A conversation from a capture file: nobody is talked to.
//!
//! [`file`] gives the frames, `packet` what they carry, `flow` the connections that they belong to, whose
//! directions are put together by `stream`; `choose` says which of them are meant.

mod choose;
mod file;
mod flow;
mod packet;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::conversation::{Connection, Conversation, End, Side, What};
use crate::model::address::Address;
use crate::model::network::Network;
pub use choose::Choice;
use choose::Chosen;
use flow::{Flows, Missing, Seen};

/// So many bytes of connections are kept.
const MOST: usize = 256 * 1024 * 1024;

/// What was read of a capture.
#[derive(Debug)]
pub struct Capture {
    /// What its two sides said.
    pub conversation: Conversation,
    /// Where the server was.
    pub server: Address,
    /// What is to be known about it.
    pub notes: Vec<String>,
}

/// Why there is no conversation to be had of a capture.
#[derive(Debug)]
pub enum Problem {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// It has none that is meant; with those that there are.
    Nothing(Vec<String>),
    /// It has those of several servers.
    Several(Vec<String>),
    /// A part of it is not in the file.
    Incomplete(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |out: &mut fmt::Formatter<'_>, lines: &[String]| {
            lines.iter().try_for_each(|line| write!(out, "\n  {line}"))
        };
        match self {
            Self::Unreadable(error) => write!(out, "{error}"),
            Self::Nothing(there) if there.is_empty() => {
                out.write_str("there is no connection of TCP and no datagram of UDP in it")
            }
            Self::Nothing(there) => {
                out.write_str("no connection in it is the one that is meant. There are:")?;
                list(out, there)
            }
            Self::Several(there) => {
                out.write_str("it has connections to several servers; choose one:")?;
                list(out, there)
            }
            Self::Incomplete(what) => out.write_str(what),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Reads the conversation with one server from a capture file.
///
/// # Errors
/// Where there is none, or it is not known which; where a part of it is missing.
pub fn read(path: &Path, choice: &Choice) -> Result<Capture, Problem> {
    let mut flows = Flows::default();
    let mut reader = packet::Reader::new();
    let mut unknown = BTreeSet::new();
    let mut began = None;
    let mut headless = 0;
    let ends = file::read(path, &mut |frame| {
        if !packet::is_known(frame.link) {
            unknown.insert(u32::from(frame.link));
            return;
        }
        match reader.read(frame.link, frame.bytes) {
            Some(packet) if flows.size <= MOST => {
                let began = *began.get_or_insert(frame.at);
                flows.take(frame.at.saturating_sub(began), packet);
            }
            Some(_) => {}
            None => headless += usize::from(frame.is_cut),
        }
    })?;
    if flows.size > MOST {
        return Err(Problem::Incomplete("it has more bytes than a spec can show; cut a part out of it".to_owned()));
    }
    let mut notes = Vec::new();
    if ends == file::Ends::Cut {
        notes.push("the file ends in the middle of a frame".to_owned());
    }
    if !unknown.is_empty() {
        let numbers: Vec<String> = unknown.iter().map(u32::to_string).collect();
        notes.push(format!("frames of link type {} are not understood", numbers.join(", ")));
    }
    if headless > 0 {
        let cut = format!("{headless} frames were cut within their headers; capture them whole (`tcpdump -s 0`)");
        if flows.all.is_empty() {
            return Err(Problem::Incomplete(cut));
        }
        notes.push(cut);
    }
    let chosen = choose::choose(&flows.all, choice)?;
    notes.extend(about(&chosen));
    Ok(Capture { server: server(&chosen[0]), conversation: conversation(&chosen, began.unwrap_or_default())?, notes })
}

/// What is to be known about connections that were not captured as they were.
fn about(chosen: &[Chosen<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for Chosen { flow, .. } in chosen {
        if flow.began_before {
            notes.push(format!(
                "the connection from {} was there before the capture; what was said then is missing",
                flow.ends[0]
            ));
        }
        if flow.is_open() {
            notes.push(format!(
                "the connection from {} was still open when the capture ended; what came later is missing",
                flow.ends[0]
            ));
        }
        if flow.is_urgent {
            notes.push(format!("urgent data of the connection from {} stands among the other", flow.ends[0]));
        }
    }
    notes
}

fn network(address: SocketAddr, is_tcp: bool) -> Network {
    match (is_tcp, address.is_ipv6()) {
        (true, false) => Network::Tcp,
        (true, true) => Network::Tcp6,
        (false, false) => Network::Udp,
        (false, true) => Network::Udp6,
    }
}

fn server(first: &Chosen<'_>) -> Address {
    let address = first.flow.ends[1];
    Address::Inet { network: network(address, first.flow.is_tcp), address }
}

/// What happened on the connections, in the order of the frames.
fn conversation(chosen: &[Chosen<'_>], began: Duration) -> Result<Conversation, Problem> {
    let mut conversation = Conversation { began: UNIX_EPOCH + began, ..Conversation::default() };
    let mut events = Vec::new();
    for Chosen { flow, opened_by } in chosen {
        for end in [0, 1] {
            if let Some(missing) = flow.missing(end) {
                return Err(incomplete(flow.ends[end], flow.ends[1 - end], missing));
            }
        }
        let sides = [*opened_by, opened_by.other()];
        let [client, server] = if sides[0] == Side::Client { flow.ends } else { [flow.ends[1], flow.ends[0]] };
        let index = conversation.connect(Connection {
            network: network(server, flow.is_tcp),
            opened_by: *opened_by,
            client: End::Inet(client),
            server: End::Inet(server),
            known_as: None,
        });
        events.extend(flow.events.iter().map(|(frame, at, seen)| (*frame, *at, index, what(seen, sides))));
    }
    events.sort_by_key(|(frame, ..)| *frame);
    for (_, at, index, what) in events {
        conversation.add(at, index, what);
    }
    Ok(conversation)
}

fn what(seen: &Seen, sides: [Side; 2]) -> What {
    match seen {
        Seen::Opened => What::Opened,
        Seen::Refused(errno) => What::Refused(*errno),
        Seen::Sent(by, bytes) => What::Sent { by: sides[*by], bytes: bytes.clone() },
        Seen::Ended(by, closed) => What::Ended { by: sides[*by], closed: *closed },
        Seen::Reset(by) => What::Reset { by: sides[*by] },
        Seen::Unreachable(by) => What::Unreachable { by: sides[*by] },
    }
}

fn incomplete(from: SocketAddr, to: SocketAddr, missing: Missing) -> Problem {
    Problem::Incomplete(match missing {
        Missing::Frames(bytes) => format!(
            "frames with {bytes} bytes that {from} sent to {to} are not in it; capture both directions, from their beginning to their end"
        ),
        Missing::Ends(bytes) => {
            format!("frames that {from} sent to {to} were cut by {bytes} bytes; capture them whole (`tcpdump -s 0`)")
        }
    })
}
