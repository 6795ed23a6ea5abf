//! What programs send. Nobody knows which step of the spec made them do it, if any did, nor when
//! they did; but what a step got of it is the same in every run, however it was cut and however
//! early it came. So bytes belong to the step that took them, by their place in the stream; a FIN
//! to the first step that saw the end, a reset to the first that saw it; a SYN to the `accept`
//! that took the connection. What no step got is not told: whether it came before the test ended is
//! a race.

use std::collections::HashSet;

use super::super::act::{Act, Did, Protocol};
use super::line::Word;
use super::{Seen, Teller, Way};

impl Teller<'_> {
    /// What is sent on connections by nobody of this spec, or by who knows whom: by it, or by a program that
    /// has the same socket.
    pub(super) fn find_strangers(&self) -> HashSet<Way> {
        let back = |(local, remote): Way| (remote, local);
        let with_one = |acts: &[usize]| acts.iter().any(|act| self.acts[*act].stranger);
        let shared = |acts: &Vec<usize>| acts.iter().any(|act| self.acts[*act].outside);
        let ways = self
            .of_flow
            .iter()
            .filter(|(way, acts)| with_one(acts) && self.of_flow.get(&back(**way)).is_none_or(shared));
        ways.map(|(way, _)| back(*way)).collect()
    }

    /// What this spec did on the connection on which a stranger sends; none of it before the
    /// connection began, where there was one of the same addresses earlier.
    fn getting(&self, way: Way) -> impl Iterator<Item = usize> {
        let begun = self.flows.get(way).map_or(0, |flow| flow.begun);
        let acts = self.of_flow.get(&(way.1, way.0)).map_or(&[][..], Vec::as_slice);
        acts.iter().copied().filter(move |act| self.acts[*act].until > begun)
    }

    /// The `accept` that took the connection which a SYN asks for.
    pub(super) fn accepted(&self, at: usize, way: Way) -> Option<usize> {
        self.getting(way).find(|act| self.acts[*act].did == Did::Accept && self.acts[*act].until > at)
    }

    /// The first act that saw the end of what a stranger sends, or its reset.
    pub(super) fn who_saw(&self, way: Way, did: Did) -> Option<usize> {
        self.getting(way).find(|act| self.acts[*act].did == did)
    }

    pub(super) fn reset_by_stranger(&mut self, way: Way) -> Seen {
        let flow = self.flows.entry(way);
        let again = std::mem::replace(&mut flow.reset, true);
        let cause = self.who_saw(way, Did::SeeReset);
        let tells = cause.filter(|_| !again).map(|cause| (cause, Word::Plain("RST")));
        Seen { cause, tells: tells.into_iter().collect(), again }
    }

    /// Bytes of a stranger's stream, each for the step that took it.
    pub(super) fn taken(&mut self, frame: usize, way: Way, (mut at, end): (i64, i64), seen: &mut Seen) {
        let begun = self.flows.get(way).map_or(0, |flow| flow.begun);
        let Some(acts) = self.of_flow.get(&(way.1, way.0)) else { return };
        let (mut next, reached) = self.flows.entry(way).cursor;
        // What another segment overtook lies behind.
        if at < reached {
            next = 0;
        }
        while at < end && next < acts.len() {
            let index = acts[next];
            let Act { did: Did::Take { from, to, varies, urgent }, until, .. } = self.acts[index] else {
                next += 1;
                continue;
            };
            let (from, to) = (from.cast_signed(), to.cast_signed());
            if until <= begun || to <= at || from == to {
                next += 1;
                continue;
            }
            at = at.max(from).min(end);
            let until = end.min(to);
            if at < until {
                seen.cause = Some(index);
                seen.tells.push((index, Word::Data { bytes: (until - at).unsigned_abs(), urgent, varies }));
                at = until;
            }
        }
        self.flows.entry(way).cursor = (next, at);
        // Records of TLS: whoever took something next, had them.
        let uncounted = |act: &usize| self.is_uncounted(*act) && self.acts[*act].until > frame;
        if at < end
            && let Some(index) = self.getting(way).find(uncounted)
        {
            seen.cause = Some(index);
            seen.tells.push((index, Word::Data { bytes: (end - at).unsigned_abs(), urgent: false, varies: true }));
        }
    }

    /// Whether an act took bytes that nobody can count.
    fn is_uncounted(&self, act: usize) -> bool {
        matches!(self.acts[act].did, Did::Take { from, to, .. } if from == to)
    }

    /// Tells of every act that took uncounted bytes that it did, whichever records they came in: one
    /// may have had those of several steps.
    pub(super) fn tell_uncounted(&mut self) {
        for (index, act) in self.acts.iter().enumerate() {
            let (Some(local), Some(remote)) = (act.local, act.remote) else { continue };
            let way = (remote, local);
            let is_seen = self.flows.get(way).is_some_and(|flow| flow.first.is_some());
            if !self.is_uncounted(index) || !is_seen || !self.strangers.contains(&way) {
                continue;
            }
            let tells = vec![(index, Word::Data { bytes: 0, urgent: false, varies: true })];
            self.put(act.since, Protocol::Tcp, way, &Seen { tells, ..Seen::default() });
        }
    }

    /// The act that received a datagram of a stranger.
    pub(super) fn receipt(&mut self, at: usize, way: Way, len: u64) -> Option<usize> {
        let acts = self.acts;
        let fits = |index: &usize| {
            let act = &acts[*index];
            let same = matches!(act.did, Did::Receive { len: seen, .. } if seen.is_none_or(|seen| seen == len));
            same && act.until > at && act.sends_from(way.1)
        };
        let waiting = self.received.get_mut(&way.0)?;
        let place = waiting.iter().position(fits)?;
        waiting.remove(place)
    }
}
