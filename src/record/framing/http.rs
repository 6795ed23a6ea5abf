//! HTTP/1: a head of lines, and a body whose length the head says.

use std::ops::Range;

use super::{Atom, Kind};

/// What a request asks for, as far as it decides whether its response has a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) enum Method {
    /// HEAD: the response has none.
    Head,
    /// CONNECT: what follows is no HTTP any more.
    Connect,
    /// Any other.
    Other,
}

/// The methods of the requests that a stream consists of. `None` where it is no HTTP.
pub(super) fn methods(stream: &[u8]) -> Option<Vec<Method>> {
    let mut methods = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let line = &rest[..memchr::memchr(b'\n', rest)?];
        let text = std::str::from_utf8(line).ok()?.trim_end();
        let words: Vec<&str> = text.split(' ').collect();
        let [method, _, version] = words[..] else { return None };
        if !version.starts_with("HTTP/1.") || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            return None;
        }
        methods.push(match method {
            "HEAD" => Method::Head,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        });
        // A request that was not sent to its end is one all the same.
        rest = &rest[request_len(rest).unwrap_or(rest.len())..];
    }
    (!methods.is_empty()).then_some(methods)
}

pub(super) fn is_response(stream: &[u8]) -> bool {
    stream.starts_with(b"HTTP/1.")
}

/// The length of the first request.
pub(super) fn request_len(bytes: &[u8]) -> Option<usize> {
    let head = head_len(bytes)?;
    body(bytes, head).len(bytes, head, Some(0))
}

/// The length of the first response, to a request of that method.
pub(super) fn response_len(bytes: &[u8], method: Option<&Method>, is_ended: bool) -> Option<usize> {
    let head = head_len(bytes)?;
    let status = bytes.get(9..12)?;
    let is_bare = method == Some(&Method::Head) || status[0] == b'1' || matches!(status, b"204" | b"304");
    if is_bare {
        return Some(head);
    }
    body(bytes, head).len(bytes, head, is_ended.then_some(bytes.len() - head))
}

/// Whether a response says only that another one will come to the same request (RFC 9110 section 15.2).
pub(super) fn is_interim(response: &[u8]) -> bool {
    response.get(9..12).is_some_and(|status| status[0] == b'1' && status != b"101")
}

/// What follows the head.
pub(super) fn body_of(message: &[u8]) -> &[u8] {
    &message[head_len(message).unwrap_or(message.len())..]
}

/// How the length of a body is told.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Length(usize, Range<usize>),
    Chunked,
    Unknown,
}

impl Body {
    /// The length of the message. What has no length has so many bytes, where that is known.
    fn len(&self, bytes: &[u8], head: usize, unknown: Option<usize>) -> Option<usize> {
        let body = match self {
            Self::Length(length, _) => *length,
            Self::Chunked => chunks_len(&bytes[head..])?,
            Self::Unknown => unknown?,
        };
        (bytes.len() >= head.checked_add(body)?).then_some(head + body)
    }
}

fn head_len(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// What a head says about the body.
fn body(bytes: &[u8], head: usize) -> Body {
    let mut found = Body::Unknown;
    for at in lines(&bytes[..head]) {
        let line = &bytes[at.clone()];
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let blanks = value.iter().take_while(|byte| **byte == b' ').count();
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
            return Body::Chunked;
        }
        if name.eq_ignore_ascii_case(b"content-length")
            && let Some(length) = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok())
        {
            let start = at.start + colon + 1 + blanks;
            found = Body::Length(length, start..start + value.len());
        }
    }
    found
}

/// The length of a body in chunks, with the trailer.
fn chunks_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = memchr::memmem::find(&bytes[at..], b"\r\n")?;
        let digits = bytes[at..at + line].split(|byte| *byte == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            // What ends the trailer may be the line end of the last chunk's size.
            return memchr::memmem::find(&bytes[at - 2..], b"\r\n\r\n").map(|end| at - 2 + end + 4);
        }
        at = at.checked_add(size)?.checked_add(2)?;
        if at > bytes.len() {
            return None;
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        start += line.len();
        start - line.len()..start
    })
}

/// A line each, then the body.
pub(super) fn atoms(message: &[u8]) -> Vec<Atom> {
    let Some(head) = head_len(message) else { return super::lines::atoms(message) };
    let body = body(message, head);
    let mut atoms: Vec<Atom> = lines(&message[..head]).map(|at| Atom::new(at, Kind::Plain)).collect();
    if head == message.len() {
        return atoms;
    }
    let count = atoms.len();
    if let Body::Length(_, digits) = &body
        && let Some(index) = atoms.iter().position(|atom| atom.at.contains(&digits.start))
    {
        atoms[index].kind = Kind::Counts { digits: digits.clone(), ahead: count - index, hex: false };
    }
    let kind = if body == Body::Chunked { Kind::Chunks } else { Kind::Plain };
    atoms.push(Atom::new(head..message.len(), kind));
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_framed_by_their_heads() {
        for (response, method) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Method::Other),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Method::Head),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", Method::Other),
            ("HTTP/1.1 100 Continue\r\n\r\n", Method::Other),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Method::Other),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", Method::Other),
        ] {
            assert_eq!(response_len(response.as_bytes(), Some(&method), false), Some(response.len()), "{response:?}");
            for cut in 0..response.len() {
                assert_eq!(response_len(&response.as_bytes()[..cut], Some(&method), false), None, "{response:?} {cut}");
            }
        }
        let until_the_end = b"HTTP/1.0 200 OK\r\n\r\nabc";
        assert_eq!(response_len(until_the_end, None, false), None);
        assert_eq!(response_len(until_the_end, None, true), Some(until_the_end.len()));
    }

    #[test]
    fn requests_are_told_by_their_first_line() {
        assert_eq!(methods(b"GET / HTTP/1.1\r\n\r\nHEAD /x HTTP/1.1\r\n\r\n"), Some(vec![Method::Other, Method::Head]));
        assert_eq!(methods(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"), Some(vec![Method::Other]));
        assert_eq!(methods(b"PING\r\n"), None);
        assert_eq!(methods(b""), None);
    }

    #[test]
    fn the_length_counts_the_body() {
        let atoms = atoms(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc");
        assert_eq!(atoms[1].kind, Kind::Counts { digits: 33..34, ahead: 3, hex: false });
        assert_eq!(atoms[4].at, 44..47);
    }
}
