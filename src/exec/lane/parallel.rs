//! Lanes that run at once, and the barriers where they meet.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use tokio::sync::Notify;

use crate::plan::{Barrier, Lane as PlannedLane};
use crate::source::Span;
use crate::trace::record::{Entry, Lane as RecordedLane};

use super::{Deadline, Lane};
use crate::exec::steer::Steer;
use crate::exec::stop::Stop;
use crate::exec::test::Test;

/// Runs lanes at once, up to the end of the last or to the first failure, which cancels the others.
pub(crate) async fn run(
    outer: &Lane<'_>,
    lanes: &[PlannedLane],
    barriers: &[Barrier],
    limit: Option<Deadline>,
    step: u32,
    entries: &RefCell<Vec<Entry>>,
) -> Result<(), Stop> {
    let meeting = Rc::new(Meeting::new(lanes, barriers));
    let created = outer.test.created();
    let recorded: Vec<RefCell<Vec<Entry>>> = lanes.iter().map(|_| RefCell::default()).collect();
    let futures = lanes.iter().zip(&recorded).enumerate().map(|(index, (lane, entries))| {
        let mut child = outer.child(&meeting, (step, index), limit, created);
        let meeting = Rc::clone(&meeting);
        Box::pin(async move {
            let _lane = child.test.steer.as_ref().map(Steer::lane);
            let result = child.steps(&lane.steps, entries).await;
            // Whoever waits for a lane that failed is cancelled with that failure, and has none of its own.
            if result.is_ok() {
                meeting.end(index);
            }
            result.map_err(|stop| in_lane(stop, &lane.name))
        }) as Pin<Box<dyn Future<Output = Result<(), Stop>>>>
    });
    let steer = outer.test.steer.as_ref().filter(|_| outer.lanes.is_some());
    let _idle = steer.map(Steer::idle);
    let perturb = outer.test.options.perturb;
    let order = perturb.map(|perturb| move |round| perturb.order(step, outer.turn, round, lanes.len()));
    let result = all(futures.map(Some).collect(), order).await;
    let result = result.map_err(|stop| meeting.with_waiting(stop, outer.test));
    let recorded = lanes
        .iter()
        .zip(recorded)
        .map(|(lane, entries)| RecordedLane { name: lane.name.clone(), entries: entries.into_inner() });
    entries.borrow_mut().push(Entry::Parallel(recorded.collect()));
    result
}

type LaneFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>>;

/// Drives every future to its end; the first error drops the others, once each has come to where
/// it waits: lanes begin at once, so none is left before its first step because it is polled last.
/// They are resumed in their order, or in the one that a perturbed run gives for each round.
async fn all(
    mut futures: Vec<Option<LaneFuture<'_>>>,
    order: Option<impl Fn(u64) -> Vec<usize> + Unpin>,
) -> Result<(), Stop> {
    let mut round = 0;
    poll_fn(move |context| {
        let mut failed = None;
        let order = order.as_ref().map(|order| order(round));
        round += 1;
        for at in 0..futures.len() {
            let slot = &mut futures[order.as_ref().map_or(at, |order| order[at])];
            let Some(future) = slot else { continue };
            match future.as_mut().poll(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => *slot = None,
                Poll::Ready(Err(stop)) => {
                    *slot = None;
                    failed = failed.or(Some(stop));
                }
            }
        }
        if let Some(stop) = failed {
            futures.clear();
            return Poll::Ready(Err(stop));
        }
        if futures.iter().any(Option::is_some) { Poll::Pending } else { Poll::Ready(Ok(())) }
    })
    .await
}

fn in_lane(stop: Stop, lane: &str) -> Stop {
    stop.note(format!("this happened in lane `{lane}`"))
}

/// Where the lanes of one `parallel` meet.
#[derive(Debug)]
pub(crate) struct Meeting {
    names: Vec<String>,
    barriers: Vec<Barrier>,
    lanes: RefCell<Vec<Status>>,
    changed: Notify,
}

/// What a lane does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It runs its steps.
    Runs,
    /// It waits at the barrier of that index, at that place.
    Waits(usize, Span),
    /// It has ended.
    Ended,
}

impl Meeting {
    fn new(lanes: &[PlannedLane], barriers: &[Barrier]) -> Self {
        Self {
            names: lanes.iter().map(|lane| lane.name.clone()).collect(),
            barriers: barriers.to_vec(),
            lanes: RefCell::new(vec![Status::Runs; lanes.len()]),
            changed: Notify::new(),
        }
    }

    /// Waits until every lane that names the barrier is there. A meeting that cannot come about
    /// any more fails at once.
    pub(crate) async fn meet(&self, lane: usize, name: &str, span: Span, deadline: Deadline) -> Result<(), Stop> {
        let Some(barrier) = self.barriers.iter().position(|barrier| barrier.name == name) else {
            return Err(Stop::failed(format!("no lane knows a barrier `{name}`")));
        };
        self.lanes.borrow_mut()[lane] = Status::Waits(barrier, span);
        if self.release(barrier) {
            return Ok(());
        }
        loop {
            let changed = self.changed.notified();
            if self.lanes.borrow()[lane] == Status::Runs {
                return Ok(());
            }
            if let Some(stop) = self.hopeless(lane, barrier) {
                return Err(stop);
            }
            if tokio::time::timeout_at(deadline.at, changed).await.is_err() {
                let stop = Stop::failed(format!("the lanes did not meet at barrier `{name}`"));
                return Err(self.missing(stop, barrier).deadline(deadline.within));
            }
        }
    }

    /// Lets everybody at the barrier go on, if all are there.
    fn release(&self, barrier: usize) -> bool {
        let mut lanes = self.lanes.borrow_mut();
        let wanted = &self.barriers[barrier].lanes;
        let there = |lane: &usize| matches!(lanes[*lane], Status::Waits(at, _) if at == barrier);
        if !wanted.iter().all(there) {
            // Whoever waits elsewhere may wait for this lane: it looks whether that is hopeless now.
            self.changed.notify_waiters();
            return false;
        }
        for lane in wanted {
            lanes[*lane] = Status::Runs;
        }
        self.changed.notify_waiters();
        true
    }

    /// A lane has ended; whoever waits for it looks again.
    fn end(&self, lane: usize) {
        self.lanes.borrow_mut()[lane] = Status::Ended;
        self.changed.notify_waiters();
    }

    /// The failure of a lane that waits for somebody who will never come: a lane that has ended,
    /// or lanes that wait for each other at different barriers.
    fn hopeless(&self, lane: usize, barrier: usize) -> Option<Stop> {
        let lanes = self.lanes.borrow();
        let wanted = &self.barriers[barrier].lanes;
        let name = &self.barriers[barrier].name;
        if let Some(ended) = wanted.iter().find(|other| lanes[**other] == Status::Ended) {
            return Some(
                Stop::failed(format!(
                    "barrier `{name}` is never reached by lane `{}`, which has ended",
                    self.names[*ended]
                ))
                .label(format!("lane `{}` waits here", self.names[lane])),
            );
        }
        let stuck = lanes.iter().all(|status| !matches!(status, Status::Runs));
        stuck.then(|| {
            let stop = Stop::failed("the lanes wait for each other at different barriers");
            self.missing(stop, barrier)
        })
    }

    /// Says which lanes are not at a barrier.
    fn missing(&self, stop: Stop, barrier: usize) -> Stop {
        let lanes = self.lanes.borrow();
        let absent = self.barriers[barrier]
            .lanes
            .iter()
            .filter(|lane| !matches!(lanes[**lane], Status::Waits(at, _) if at == barrier));
        let absent: Vec<String> = absent.map(|lane| format!("`{}`", self.names[*lane])).collect();
        stop.note(format!("lane {} has not reached it", absent.join(", ")))
    }

    /// Says who was waiting where when a lane failed.
    fn with_waiting(&self, mut stop: Stop, test: &Test<'_>) -> Stop {
        for (lane, status) in self.names.iter().zip(self.lanes.borrow().iter()) {
            if let Status::Waits(barrier, span) = status {
                let (name, line) = (&self.barriers[*barrier].name, test.source.line_in_words(span.start));
                stop = stop.note(format!("lane `{lane}` was waiting at barrier `{name}` ({line})"));
            }
        }
        stop
    }
}
