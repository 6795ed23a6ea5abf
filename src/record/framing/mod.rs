//! Where messages end, and what they are made of: decided by looking at the bytes, never by a port, and
//! never by the pieces in which they came.

mod counted;
mod dns;
mod http;
mod lines;
mod prefixed;
mod resp;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::network::Network;
use http::Method;

pub(super) use lines::is_text;
pub(super) use prefixed::Prefix;

/// How the messages of one side of a connection are framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Codec {
    /// Requests of HTTP/1.
    HttpRequest,
    /// Responses of HTTP/1 to requests of these methods.
    HttpResponse(Vec<Method>),
    /// The protocol of redis.
    Resp,
    /// A message of DNS in each datagram.
    Dns,
    /// Messages of DNS with their length before them.
    DnsStream,
    /// Messages with their length before them, all alike, but for so many bytes in the beginning.
    Prefixed(Prefix, usize),
    /// Lines of text, of which those that begin so say how many bytes follow them.
    Counted(Vec<Vec<u8>>),
    /// Lines of text.
    Lines,
    /// Whatever comes, by how much it is.
    Raw,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Atom {
    /// Where it stands.
    pub(super) at: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a part of a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes of any kind.
    Plain,
    /// Text with a number in it, at these places, that counts the bytes of the atom that is so many behind it.
    Counts {
        /// Where the digits stand.
        digits: Range<usize>,
        /// How many atoms further on what it counts begins.
        ahead: usize,
        /// Whether it is a hexadecimal number.
        hex: bool,
    },
    /// A body in chunks, each with its size before it.
    Chunks,
    /// A binary length, of all atoms of the message that follow it.
    Size(Prefix),
    /// A record of DNS, which may stand at another place among its neighbours of this kind.
    Record {
        /// Where its time to live stands, if that counts down.
        ttl: Option<Range<usize>>,
    },
}

/// What of a message tells what kind of answer it is: a status, a type.
pub(super) type Sign = Vec<u8>;

impl Atom {
    pub(super) fn new(at: Range<usize>, kind: Kind) -> Self {
        Self { at, kind }
    }
}

impl Codec {
    /// The framing of what one side sends, by all that both sides have sent, and by what the one side
    /// sent before the other one spoke, piece by piece.
    pub(super) fn detect(network: Network, theirs: &[&[u8]], ours: &[&[u8]], by_server: bool) -> Self {
        if network.has_boundaries() {
            let all_dns = !theirs.is_empty() && theirs.iter().chain(ours).all(|datagram| dns::is_message(datagram));
            return if all_dns { Self::Dns } else { Self::Raw };
        }
        let stream = theirs.concat();
        if by_server
            && let Some(methods) = http::methods(&ours.concat())
            && http::is_response(&stream)
        {
            return Self::HttpResponse(methods);
        }
        if !by_server && http::methods(&stream).is_some() {
            return Self::HttpRequest;
        }
        if resp::fits(&stream, by_server) {
            return Self::Resp;
        }
        if let Some(heads) = counted::detect(theirs) {
            return Self::Counted(heads);
        }
        if lines::fits(&stream) {
            return Self::Lines;
        }
        if dns::is_stream(&stream) {
            return Self::DnsStream;
        }
        if let Some(prefix) = prefixed::detect(theirs) {
            return Self::Prefixed(prefix, 0);
        }
        // What was said first may be of another kind: a greeting, or PostgreSQL's refusal of TLS.
        let later = theirs.split_first().and_then(|(first, later)| Some((first.len(), prefixed::detect(later)?)));
        later.map_or(Self::Raw, |(len, prefix)| Self::Prefixed(prefix, len))
    }

    /// Where the complete messages end that some bytes of a stream begin with, before which so many messages
    /// came. At the end of the stream, what is left is one, too.
    pub(super) fn ends(&self, stream: &[u8], before: usize, is_ended: bool) -> Vec<usize> {
        let mut ends = Vec::new();
        let (mut start, mut nth) = (0, before);
        while start < stream.len() {
            let rest = &stream[start..];
            match self.first(rest, nth, is_ended) {
                Some(len) if len > 0 => start += len,
                _ => break,
            }
            nth += usize::from(!self.is_interim(rest));
            ends.push(start);
        }
        if is_ended && start < stream.len() {
            ends.push(stream.len());
        }
        ends
    }

    /// How many messages a stream has; what only says that an answer will come is none.
    pub(super) fn count(&self, stream: &[u8]) -> usize {
        let ends = self.ends(stream, 0, true);
        let starts = std::iter::once(0).chain(ends.iter().copied()).take(ends.len());
        starts.filter(|start| !self.is_interim(&stream[*start..])).count()
    }

    /// Whether a message begins there after which the answer to the same request is still to come.
    fn is_interim(&self, message: &[u8]) -> bool {
        matches!(self, Self::HttpResponse(_)) && http::is_interim(message)
    }

    /// The length of the first message, the `nth` of its stream. `None` where it is not complete.
    fn first(&self, bytes: &[u8], nth: usize, is_ended: bool) -> Option<usize> {
        match self {
            Self::HttpRequest => http::request_len(bytes),
            Self::HttpResponse(methods) => http::response_len(bytes, methods.get(nth), is_ended),
            Self::Resp => resp::len(bytes),
            Self::Dns | Self::Raw => Some(bytes.len()),
            Self::DnsStream => prefixed::DNS.len(bytes),
            Self::Prefixed(_, greeting) if nth == 0 && *greeting > 0 => (bytes.len() >= *greeting).then_some(*greeting),
            Self::Prefixed(prefix, _) => prefix.len(bytes),
            Self::Counted(heads) => counted::len(bytes, heads),
            Self::Lines => lines::len(bytes),
        }
    }

    /// The parts of a message.
    pub(super) fn atoms(&self, message: &[u8]) -> Vec<Atom> {
        match self {
            Self::HttpRequest | Self::HttpResponse(_) => http::atoms(message),
            Self::Resp => resp::atoms(message),
            Self::Dns => dns::atoms(message, 0),
            Self::DnsStream => {
                let mut atoms = vec![Atom::new(0..message.len().min(2), Kind::Size(prefixed::DNS))];
                atoms.extend(dns::atoms(message, 2));
                atoms
            }
            Self::Prefixed(prefix, _) => prefix.atoms(message),
            Self::Counted(heads) => counted::atoms(message, heads),
            Self::Lines => lines::atoms(message),
            Self::Raw => vec![Atom::new(0..message.len(), Kind::Plain)],
        }
    }

    /// The signs of the messages, before which so many came.
    pub(super) fn signs(&self, bytes: &[u8], before: usize) -> BTreeSet<Sign> {
        let ends = self.ends(bytes, before, true);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let sign = |(start, end): (usize, &usize)| -> Option<Sign> {
            let message = &bytes[start..*end];
            let sign = match self {
                Self::HttpRequest | Self::Raw if !is_text(message) => return None,
                Self::HttpResponse(_) => message.get(9..12)?,
                Self::Resp => resp::sign(message)?,
                Self::Dns => return Some(vec![message.get(3)? & 0xf]),
                Self::DnsStream => return Some(vec![message.get(5)? & 0xf]),
                Self::Prefixed(prefix, _) => message.get(..prefix.before)?,
                Self::Counted(_) | Self::Lines | Self::Raw | Self::HttpRequest => lines::status(message)?,
            };
            Some(sign.to_vec())
        };
        starts.zip(&ends).filter_map(sign).collect()
    }

    /// What a message says, without what only leads it on its way.
    pub(super) fn body<'m>(&self, message: &'m [u8]) -> &'m [u8] {
        match self {
            Self::Prefixed(prefix, 0) => message.get(prefix.before + prefix.width..).unwrap_or_default(),
            Self::HttpResponse(_) => http::body_of(message),
            _ => message,
        }
    }

    pub(super) fn is_dns(&self) -> bool {
        matches!(self, Self::Dns | Self::DnsStream)
    }

    /// Whether it tells by itself where a message ends, and that no more of it will come.
    pub(super) fn is_certain(&self) -> bool {
        !matches!(self, Self::Counted(_) | Self::Lines | Self::Raw)
    }
}
