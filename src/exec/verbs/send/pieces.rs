//! In a perturbed run: a send on a stream is cut into pieces, or joined with the next.

use std::rc::Rc;

use crate::model::errno::Errno;
use crate::model::platform::numbers;
use crate::model::state::TcpState;
use crate::plan::Call;

use super::super::super::endpoint::Endpoint;
use super::super::super::lane::Lane;
use super::super::super::net::tls::Session;
use super::super::super::net::{Socket, sys};
use super::super::super::payload::PayloadBytes;
use super::super::super::perturb::{Cut, is_plain_send};
use super::super::super::settle::{self, Reader};
use super::super::super::stop::Stop;
use super::Sending;

/// Whether a send is held back until the next, which follows at once.
pub(super) fn is_joined(lane: &Lane<'_>, call: &Call, endpoint: &Rc<Endpoint>, socket: &Socket) -> bool {
    let Some(perturb) = lane.test.options.perturb.filter(|_| lane.may_join) else { return false };
    let may = socket.network().is_tcp() && socket.tls().is_none();
    may && perturb.joins(call.verb_span.start, lane.turn) && reader(call, endpoint, socket).is_some()
}

/// Who receives what a call sends, if that may come in any pieces.
fn reader(call: &Call, endpoint: &Rc<Endpoint>, socket: &Socket) -> Option<Reader> {
    if !is_plain_send(call) || endpoint.network.has_boundaries() || endpoint.shared.corked.get() {
        return None;
    }
    let reader = if socket.is_pipe() { Reader::Stranger } else { settle::reader(endpoint) };
    match reader {
        // The first piece is answered by a reset, and the second fails.
        Reader::Closed => None,
        Reader::Stranger if has_ended(socket) => None,
        reader => Some(reader),
    }
}

/// Whether the other side of a TCP connection has sent its end: it may be gone altogether.
fn has_ended(socket: &Socket) -> bool {
    let state = || sys::tcp_info(socket.fd()).ok().and_then(|info| TcpState::from_linux(info.state));
    socket.network().is_tcp() && state() != Some(TcpState::Established)
}

/// What the kernel counts, or a little more, for what is in a Unix socket beside its bytes: each send is
/// a buffer of its own there, however small.
const UNIX_BUFFER: u64 = 1024;

impl Sending<'_> {
    /// Whether a piece more in the queue leaves room enough for all that the spec itself leaves there.
    fn has_room(&self) -> bool {
        let fd = self.socket.fd();
        if !self.socket.network().is_unix() || self.socket.is_pipe() {
            return true;
        }
        let size =
            sys::get_int(fd, libc::SOL_SOCKET, libc::SO_SNDBUF).map_or(0, |size| u64::try_from(size).unwrap_or(0));
        sys::unsent(fd).is_ok_and(|queued| queued + UNIX_BUFFER <= size / 4)
    }

    /// All bytes of a stream; in a perturbed run in several pieces.
    pub(super) async fn in_pieces(&mut self, bytes: &PayloadBytes) -> Result<Result<(), Errno>, Stop> {
        let mut from = self.first_part(bytes).await?;
        if self.lane.test.options.perturb.is_some() {
            for cut in self.cuts(bytes.len()) {
                if !self.has_room() {
                    continue;
                }
                match self.piece(bytes, from, cut).await? {
                    Ok(()) => from = cut.at,
                    failed => return Ok(failed),
                }
            }
        }
        self.stream(bytes, from, bytes.len()).await
    }

    /// In a run whose lanes take turns, and whose sends are cut in two: sends the first part, and waits for the
    /// turn of the second. How much was sent.
    async fn first_part(&mut self, bytes: &PayloadBytes) -> Result<u64, Stop> {
        let lane = self.lane;
        let Some((steer, split)) = lane.test.steer.as_ref().and_then(|steer| Some((steer, steer.split()?))) else {
            return Ok(0);
        };
        let (part, reader) = (split.of(bytes.len()), || reader(self.call, self.endpoint, self.socket));
        if part == 0 || !lane.takes_turns() || reader().is_none_or(|reader| reader == Reader::Stranger) {
            return Ok(0);
        }
        if self.stream(bytes, 0, part).await?.is_err() {
            // The whole says the same.
            return Ok(0);
        }
        settle::sent(lane.test, self.endpoint, self.socket).await;
        steer.rest(lane.id, lane.step).await;
        Ok(part)
    }

    /// One piece, which arrives before the next is sent, unless both are to arrive as one.
    async fn piece(&mut self, bytes: &PayloadBytes, from: u64, cut: Cut) -> Result<Result<(), Errno>, Stop> {
        let joined = cut.joined && self.socket.network().is_tcp();
        let flags = self.flags;
        self.flags |= if joined { numbers::MSG_MORE } else { 0 };
        let sent = self.stream(bytes, from, cut.at).await;
        self.flags = flags;
        if !joined && matches!(sent, Ok(Ok(()))) {
            settle::sent(self.lane.test, self.endpoint, self.socket).await;
            self.lane.delay(cut.delay, Some(self.deadline)).await;
        }
        sent
    }

    /// Decides where the records of all of a send are cut, wherever each of them begins, by the size of the
    /// first of them.
    pub(super) fn cut_records(&mut self, tls: &Session, sealed: u64, len: u64) {
        if self.lane.test.options.perturb.is_some() && sealed > 0 {
            let (before, first) = (tls.sent(), tls.unflushed() as u64);
            let in_all = first.saturating_mul(len) / sealed;
            self.cuts = self.cuts(in_all).into_iter().map(|cut| Cut { at: before + cut.at, ..cut }).collect();
        }
    }

    /// Gives the kernel what it takes of TLS's records; in a perturbed run piece by piece.
    pub(super) async fn flush(&mut self, tls: &Session) -> Result<(), Errno> {
        let fd = self.socket.fd();
        while let Some(cut) = self.cuts.front().copied() {
            let left = (tls.sent() + tls.unflushed() as u64).saturating_sub(cut.at);
            if left == 0 {
                break;
            }
            if !self.has_room() {
                self.cuts.clear();
                break;
            }
            tls.flush_to(fd, left as usize)?;
            self.cuts.pop_front();
            settle::sent(self.lane.test, self.endpoint, self.socket).await;
            self.lane.delay(cut.delay, Some(self.deadline)).await;
        }
        tls.flush(fd)
    }

    /// Where the bytes are cut.
    fn cuts(&self, len: u64) -> Vec<Cut> {
        let reader = reader(self.call, self.endpoint, self.socket);
        let (Some(perturb), Some(reader)) = (self.lane.test.options.perturb, reader) else { return Vec::new() };
        perturb.cuts(self.call.verb_span.start, self.lane.turn, len, reader == Reader::Stranger)
    }
}
