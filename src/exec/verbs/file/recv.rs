//! `recv` from a file: what the pattern frames, once it is there.
//!
//! A file has no end that tells: more may be written at any time. So the end that is there now ends a
//! pattern that goes up to the end (`rest`), if what stands before it fits; where it does not fit,
//! more is waited for, as where bytes are missing. Bytes that are wrong are wrong at once.

use std::time::Duration;

use tokio::time::Instant;

use super::{OnFile, Pause};
use crate::exec::lane::Done;
use crate::exec::pattern::{Boundary, Fed, Machine, Mismatch, Outcome, Want};
use crate::exec::payload::CHUNK;
use crate::exec::stop::Stop;
use crate::model::errno::Errno;
use crate::plan::pattern::Pattern;
use crate::trace::event::What;
use crate::trace::record::Facts;

/// How much is looked at first for a delimiter.
const LOOK: usize = 4 << 10;

/// A pattern on its way through a file.
struct Attempt {
    machine: Machine,
    /// The first byte that is not surely the pattern's.
    at: u64,
    /// How many bytes from there on were looked at and not taken.
    known: usize,
}

/// How far an attempt is.
enum Step {
    Done,
    /// The file ends here, and the pattern does not.
    AtEnd,
    Errno(Errno),
}

impl OnFile<'_> {
    pub(super) async fn recv(&self, pattern: &Pattern, peek: bool) -> Result<Done, Stop> {
        let mut buffer = self.lane.test.buffer();
        let goes_to_the_end = pattern.takes_rest();
        let mut pause = Pause::new();
        let mut attempt = self.attempt(pattern)?;
        let matched = loop {
            let began = Instant::now();
            match self.advance(&mut attempt, &mut buffer)? {
                Step::Done => break attempt,
                Step::Errno(errno) => return Ok(Done::words(self.call, Err(errno))),
                Step::AtEnd => {}
            }
            let seen = attempt.at + attempt.known as u64;
            let mut unfit = None;
            if goes_to_the_end {
                match self.end(&mut attempt, &mut buffer) {
                    None => break attempt,
                    Some(mismatch) => unfit = Some(mismatch),
                }
                attempt = self.attempt(pattern)?;
            }
            // An attempt that is made anew each time must not take all the time.
            let least = if goes_to_the_end { began.elapsed() } else { Duration::ZERO };
            if !self.grown(&mut pause, seen, least).await {
                match unfit.or_else(|| self.end(&mut attempt, &mut buffer)) {
                    None => break attempt,
                    Some(mismatch) => return Err(Stop::late(self.name, mismatch, self.deadline.within)),
                }
            }
        };
        self.lane.test.give_back(buffer);
        Ok(self.received(matched, peek))
    }

    /// The pattern at the first byte that nobody has received.
    fn attempt(&self, pattern: &Pattern) -> Result<Attempt, Stop> {
        Ok(Attempt { machine: self.lane.machine(pattern)?, at: self.file.position.get(), known: 0 })
    }

    /// Goes on as far as the file goes now.
    fn advance(&self, attempt: &mut Attempt, buffer: &mut Vec<u8>) -> Result<Step, Stop> {
        loop {
            let (len, known) = match attempt.machine.wants() {
                Want::Exact(bytes) => (usize::try_from(bytes).unwrap_or(CHUNK).min(CHUNK), 0),
                Want::Peek => ((attempt.known * 2).max(LOOK), attempt.known),
                Want::Nothing => (0, 0),
            };
            let seen = match self.see(attempt.at, len, buffer) {
                Ok(seen) => seen,
                Err(errno) => return Ok(Step::Errno(errno)),
            };
            if len > 0 && seen.len() <= known {
                return Ok(Step::AtEnd);
            }
            let Fed { taken, outcome } = attempt.machine.feed(seen, None);
            attempt.known = seen.len() - taken;
            attempt.at += taken as u64;
            match outcome {
                Outcome::More => {}
                Outcome::Done => return Ok(Step::Done),
                Outcome::Failed(unfit) => return Err(Stop::mismatch(self.name, *unfit)),
            }
        }
    }

    /// So many bytes at most from a place on.
    fn see<'b>(&self, at: u64, len: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Errno> {
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        if len == 0 {
            return Ok(&[]);
        }
        let read = self.file.read_at(&mut buffer[..len], at)?;
        Ok(&buffer[..read])
    }

    /// The file ends where it was seen to; what does not fit then.
    fn end(&self, attempt: &mut Attempt, buffer: &mut Vec<u8>) -> Option<Mismatch> {
        let tail = self.see(attempt.at, attempt.known, buffer).unwrap_or(&[]);
        let missing = attempt.machine.missing("the deadline passed", tail);
        let Fed { taken, outcome } = attempt.machine.feed(tail, Some(Boundary::Eof));
        match outcome {
            Outcome::Done => {
                attempt.at += taken as u64;
                None
            }
            Outcome::Failed(unfit) if !unfit.is_short() => Some(*unfit),
            Outcome::Failed(_) | Outcome::More => Some(missing),
        }
    }

    /// Waits until the file goes beyond what was seen; false where it does not before the deadline.
    async fn grown(&self, pause: &mut Pause, seen: u64, least: Duration) -> bool {
        loop {
            if !pause.wait(self.call, self.deadline, least).await {
                return false;
            }
            if self.file.reaches(seen) != Ok(false) {
                return true;
            }
        }
    }

    fn received(&self, attempt: Attempt, peek: bool) -> Done {
        let facts = Facts { pieces: vec![attempt.at - self.file.position.get()], ..Facts::default() };
        if !peek {
            self.file.position.set(attempt.at);
        }
        let bytes = self.lane.captured(attempt.machine.into_matched());
        let (verb, suffix) = (self.call.words.clone(), self.call.suffix.clone());
        Done { facts, what: What::Data { verb, bytes, suffix }, ..self.done() }
    }
}
