//! What a program prints: read as it comes, its end kept for a report, its lines looked at for the
//! one that says that it is ready, and passed on to whoever receives it.
//!
//! Where nobody of the spec receives a stream, it is read and let go, so that a program that prints
//! without end neither blocks nor takes memory. Where somebody does, [`MOST_WAITING`] bytes may wait;
//! then the program has to.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use regex::bytes::Regex;
use tokio::io::unix::AsyncFd;

use super::state::{State, Stream};
use crate::exec::net::sys;

/// How many bytes that nobody has received yet are kept.
const MOST_WAITING: usize = 16 << 20;
/// How many bytes of the end of a stream are kept for a report.
const TAIL: usize = 8 << 10;
/// How much of a line is looked at.
const LONGEST_LINE: usize = 64 << 10;
/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// The end of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Twice as many bytes as are kept, at most, so that they are seldom moved. Where others came before
    /// them, more than a report shows, however they were read.
    bytes: Vec<u8>,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        const KEPT: usize = TAIL + 1;
        let bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        if self.bytes.len() + bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len().saturating_sub(KEPT - bytes.len()));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// So many lines at most, the last ones. One that comes over and over counts once.
    pub(super) fn last_lines(&self, most: usize) -> Vec<u8> {
        let start = self.bytes.len().saturating_sub(TAIL);
        let mut bytes = &self.bytes[start..];
        if start > 0
            && self.bytes[start - 1] != b'\n'
            && let Some(first) = bytes.iter().position(|byte| *byte == b'\n').filter(|at| at + 1 < bytes.len())
        {
            // Half a line says less than none.
            bytes = &bytes[first + 1..];
        }
        let mut start = bytes.len();
        let mut last: Option<&[u8]> = None;
        let mut lines = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n').rev() {
            lines += usize::from(last != Some(line));
            if lines > most {
                break;
            }
            start -= line.len();
            last = Some(line);
        }
        bytes[start..].to_vec()
    }
}

/// Looks for a line that matches, also in one that has not ended yet.
#[derive(Debug)]
pub(super) struct LineWatch {
    regex: Arc<Regex>,
    line: Vec<u8>,
}

impl LineWatch {
    pub(super) fn new(regex: Arc<Regex>) -> Self {
        Self { regex, line: Vec::new() }
    }

    /// Whether a line up to here matches.
    fn found(&mut self, bytes: &[u8]) -> bool {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = part.ends_with(b"\n");
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            if self.regex.is_match(line) {
                return true;
            }
            if ends {
                self.line.clear();
            }
        }
        false
    }
}

/// One stream on its way from the program.
pub(super) struct Pump {
    /// What the program writes into.
    pub(super) source: AsyncFd<Arc<OwnedFd>>,
    /// Its input, where that carries bytes in both directions: some servers complain there.
    pub(super) aside: Option<AsyncFd<Arc<OwnedFd>>>,
    /// The other end of the endpoint's socket, where somebody receives.
    pub(super) sink: Option<AsyncFd<Arc<OwnedFd>>>,
    pub(super) watch: Option<LineWatch>,
    pub(super) stream: Stream,
    pub(super) state: Arc<State>,
}

impl Pump {
    /// Passes everything on, up to the end.
    pub(super) async fn run(mut self) {
        let mut waiting = VecDeque::new();
        let mut buffer = vec![0; CHUNK];
        let mut small = [0; 1024];
        let mut full = false;
        loop {
            let is_full = waiting.len() >= MOST_WAITING;
            if is_full != full {
                full = is_full;
                self.state.change(|inner| inner.output(self.stream).is_full = full);
            }
            tokio::select! {
                read = read(Some(&self.source), &mut buffer), if !full => match read {
                    Ok(0) | Err(_) => break,
                    Ok(len) => self.take(&buffer[..len], &mut waiting),
                },
                read = read(self.aside.as_ref(), &mut small), if !full => match read {
                    Ok(0) | Err(_) => self.aside = None,
                    Ok(len) => self.take(&small[..len], &mut waiting),
                },
                sent = send(self.sink.as_ref(), &waiting), if !waiting.is_empty() => if let Ok(len) = sent {
                    waiting.drain(..len);
                } else {
                    // The endpoint is gone.
                    self.sink = None;
                    waiting = VecDeque::new();
                },
            }
            // A program that never stops must not keep the steps from running.
            tokio::task::consume_budget().await;
        }
        self.finish(waiting, &mut buffer).await;
    }

    fn take(&mut self, bytes: &[u8], waiting: &mut VecDeque<u8>) {
        let is_ready = self.watch.as_mut().is_some_and(|watch| watch.found(bytes));
        if is_ready {
            self.watch = None;
        }
        if self.sink.is_some() {
            waiting.extend(bytes);
        }
        self.state.change(|inner| {
            inner.output(self.stream).tail.push(bytes);
            inner.is_ready |= is_ready;
        });
    }

    /// The stream has ended: so has what was printed aside, as far as it is there.
    async fn finish(mut self, mut waiting: VecDeque<u8>, buffer: &mut [u8]) {
        if let Some(aside) = self.aside.take() {
            while let Ok(len @ 1..) = rustix::io::read(aside.get_ref(), &mut *buffer) {
                self.take(&buffer[..len], &mut waiting);
            }
        }
        self.state.change(|inner| inner.output(self.stream).has_ended = true);
        while !waiting.is_empty() {
            match send(self.sink.as_ref(), &waiting).await {
                Ok(len) => drop(waiting.drain(..len)),
                Err(_) => return,
            }
        }
        // With its last end closed, the endpoint sees the end of the stream.
    }
}

/// Reads what comes next; never comes back where there is no such stream.
async fn read(from: Option<&AsyncFd<Arc<OwnedFd>>>, buffer: &mut [u8]) -> io::Result<usize> {
    let Some(fd) = from else { return std::future::pending().await };
    loop {
        let mut ready = fd.readable().await?;
        if let Ok(read) = ready.try_io(|fd| Ok(rustix::io::read(fd, &mut *buffer)?)) {
            return read;
        }
    }
}

/// Sends what there is room for.
async fn send(to: Option<&AsyncFd<Arc<OwnedFd>>>, bytes: &VecDeque<u8>) -> io::Result<usize> {
    let Some(fd) = to else { return std::future::pending().await };
    loop {
        let mut ready = fd.writable().await?;
        let (first, _) = bytes.as_slices();
        if let Ok(sent) = ready.try_io(|fd| {
            let sent = sys::send(fd.get_ref().as_fd(), first, libc::MSG_NOSIGNAL, None);
            sent.map_err(|errno| io::Error::from_raw_os_error(errno.0))
        }) {
            return sent;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let mut tail = Tail::default();
        for number in 0..5000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        assert!(tail.bytes.len() <= 2 * TAIL + 2);
        assert_eq!(tail.last_lines(2), b"line 4998\nline 4999\n");
        tail.push(b"half");
        assert_eq!(tail.last_lines(2), b"line 4999\nhalf");
        tail.push(&vec![b'x'; 3 * TAIL]);
        assert_eq!(tail.last_lines(20).len(), TAIL);
        assert_eq!(Tail::default().last_lines(20), b"");
    }

    #[test]
    fn a_line_that_comes_over_and_over_counts_once() {
        let mut tail = Tail::default();
        tail.push(b"first\nsecond\n");
        (0..100).for_each(|_| tail.push(b"flood\n"));
        tail.push(b"last\n");
        let lines = |most| String::from_utf8(tail.last_lines(most)).unwrap();
        assert_eq!(lines(3), format!("second\n{}last\n", "flood\n".repeat(100)));
        assert_eq!(lines(1), "last\n");
    }

    #[test]
    fn how_it_was_read_makes_no_difference() {
        let all = [b"flood\n".repeat(4 * TAIL).as_slice(), b"last\n"].concat();
        let read = |size: usize| {
            let mut tail = Tail::default();
            all.chunks(size).for_each(|chunk| tail.push(chunk));
            tail.last_lines(20)
        };
        for size in [1, 7, 4096, TAIL - 1, TAIL, TAIL + 1, TAIL + 2, 2 * TAIL, 2 * TAIL + 1, 64 << 10, all.len()] {
            assert_eq!(read(size), read(1), "{size}");
        }
    }

    #[test]
    fn half_a_line_is_no_line() {
        let mut tail = Tail::default();
        tail.push(&[b"beginning ".repeat(TAIL).as_slice(), b"of a line\nthe last\n"].concat());
        assert_eq!(tail.last_lines(20), b"the last\n");
    }

    #[test]
    fn a_line_is_found_however_it_is_cut() {
        let text = b"starting\r\nnow Ready to go\r\nafter";
        let regex = Arc::new(Regex::new("Ready to go$").unwrap());
        for cut in 1..text.len() {
            let mut watch = LineWatch::new(Arc::clone(&regex));
            assert!(watch.found(&text[..cut]) || watch.found(&text[cut..]), "cut at {cut}");
        }
        let mut watch = LineWatch::new(Arc::new(Regex::new("^after go").unwrap()));
        assert!(!watch.found(text));
        assert!(watch.found(b" go"), "a prompt has no line break");
    }
}
