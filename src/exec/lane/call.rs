//! Making the call of a step: what it does is judged, and becomes what has happened.

use std::borrow::Cow;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockAddr;
use tokio::time::Instant;

use crate::exec::endpoint::Endpoint;
use crate::exec::endpoint::description::Peer;
use crate::exec::steer::Steer;
use crate::exec::stop::Stop;
use crate::exec::verbs;
use crate::exec::wire::{Route, Watch};
use crate::exec::witness::{self, Running};
use crate::plan::{Action, Call, Mode, Step, Verb};
use crate::source::Span;
use crate::trace::event::Event;
use crate::trace::record::{Entry, Facts, Happened};

use super::judge::{judge, unmet};
use super::{Deadline, Done, Lane, earlier};

impl<'t> Lane<'t> {
    /// Runs one call, judges it, and records it.
    pub(super) async fn call(&mut self, span: Span, call: &Call, entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let made = self.make(span, call).await?;
        entries.borrow_mut().push(made);
        Ok(())
    }

    /// Whether a step and the next are the two ends of one handshake: one waits for the other.
    pub(super) fn shake_hands(&self, call: &Call, next: &Step) -> bool {
        let Action::Call(other) = &next.action else { return false };
        if !matches!((&call.verb, &other.verb), (Verb::Tls(_), Verb::Tls(_))) {
            return false;
        }
        let ends = (self.endpoint(&call.endpoint), self.endpoint(&other.endpoint));
        let (Ok(one), Ok(other)) = ends else { return false };
        matches!(one.peer(), Peer::Known(peer) if Rc::ptr_eq(&peer, &other.shared))
    }

    /// Runs two calls at once. Where one fails, that is the failure, and the other is given up.
    pub(super) async fn both(
        &mut self,
        one: (Span, &Call),
        other: (Span, &Call),
        entries: &RefCell<Vec<Entry>>,
    ) -> Result<(), Stop> {
        let (one, other) = tokio::try_join!(self.make(one.0, one.1), self.make(other.0, other.1))?;
        entries.borrow_mut().extend([one, other]);
        Ok(())
    }

    /// Runs one call, and judges it; what has happened.
    async fn make(&self, span: Span, call: &Call) -> Result<Entry, Stop> {
        let began = Instant::now();
        let order = self.test.next_order();
        let within = self.at_most(call.within);
        let deadline = earlier(Deadline { at: began + within, within }, self.limit);
        let watched = self.watch(call)?;
        let here = |stop: Stop| stop.of(&call.endpoint.shown()).at(span);
        let _running = self.lanes.is_some().then(|| Running::begin(self.test, span.start));
        // The runtime does not see what a helper thread does.
        let is_elsewhere = call.mode == Mode::Blocking || matches!(call.verb, Verb::Close { .. });
        let _busy = self.test.steer.as_ref().filter(|_| is_elsewhere).map(Steer::busy);
        let name = self.test.steer.as_ref().map(|_| self.text(&call.endpoint)).transpose().map_err(here)?;
        let _called = self.test.steer.as_ref().zip(name.as_deref()).map(|(steer, name)| steer.calls(name));
        let _pausing = call.is_silence().then(|| self.test.activity.pauses());
        let run = pin!(verbs::run(self, call, deadline));
        let done = if self.test.programs.is_empty() {
            run.await
        } else {
            // Programs are rare: waiting for two things does not make every lane larger.
            Box::pin(self.unless_lost(span, call, run)).await
        };
        let done = done.map_err(|stop| witness::of_call(self, call, here(unmet(call, stop)), None))?;
        let mut done = done.explained(self, call)?;
        done.facts.errno = done.result.err().map(|errno| errno.to_string());
        self.test.pump();
        if let Some((watch, name)) = watched {
            let line = self.test.source.line_in_words(span.start);
            watch.note(self.test, &name, call, order, &line, &done);
        }
        if let Err(stop) = judge(call, &done, began.elapsed()) {
            return Err(witness::of_call(self, call, here(stop), Some(&done)));
        }
        let fails = call.fails_words.clone();
        let event = Event { endpoint: call.endpoint.shown(), what: done.what, fails, wire: Vec::new() };
        Ok(self.happened(span, order, began, event, done.facts))
    }

    /// Waits for a call, but not for one that a program has left alone that has ended.
    async fn unless_lost(
        &self,
        span: Span,
        call: &Call,
        run: impl Future<Output = Result<Done, Stop>>,
    ) -> Result<Done, Stop> {
        let own = call.endpoint.shown();
        tokio::select! {
            biased;
            result = run => result,
            stop = self.test.programs.until_lost(&own) => {
                let line = self.test.source.line_in_words(span.start);
                Err(stop.note(format!("`{own}` was waiting then ({line})")))
            }
        }
    }

    /// Watches a call whose traces on the wire somebody wants.
    fn watch<'c>(&self, call: &'c Call) -> Result<Option<(Watch<'t>, Cow<'c, str>)>, Stop> {
        let Some(wire) = &self.test.wire else { return Ok(None) };
        let name = self.text(&call.endpoint)?;
        Ok(Some((Watch::begin(wire, self.test, &name), name)))
    }

    /// What has happened in a step that ends now.
    pub(super) fn happened(&self, span: Span, order: u64, began: Instant, event: Event, facts: Facts) -> Entry {
        Entry::Event(Happened {
            line: self.test.source.line(span.start),
            file: self.test.source.included_name(span.start).map(str::to_owned),
            order,
            began: micros(began.saturating_duration_since(self.test.began)),
            took: micros(began.elapsed()),
            event,
            facts,
        })
    }

    /// Where a call goes, for a run whose frames are watched.
    pub(crate) fn route(&self, endpoint: &Endpoint, remote: SockAddr) -> Option<Box<Route>> {
        self.test.wire.as_ref().map(|_| Box::new(Route { local: endpoint.local(), remote }))
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}
