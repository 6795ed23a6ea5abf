//! Blocks: steps that run again, and steps that are tried again.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::duration;
use crate::model::value::Value;
use crate::plan::expression::{Expression, shown};
use crate::plan::template::bare;
use crate::plan::{Action, Row, Step};
use crate::source::{SourceFile, Span};
use crate::trace::record::{Entry, Failure, Group};
use crate::trace::same_events;

use super::attempt::Attempt;
use super::parallel;
use super::{Deadline, Lane, TOO_LONG, earlier};
use crate::exec::program::Program;
use crate::exec::stop::Stop;

/// How long a `retry` waits after the first try; after each other half as long again, up to a bound.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The steps of a `repeat`, as they run for the first time and again.
#[derive(Clone, Copy)]
enum Again<'a> {
    /// The same, so many times, with a counter.
    Counted {
        count: u64,
        counter: Option<&'a str>,
        until: Option<&'a (Expression, Span)>,
        vary: bool,
        steps: &'a [Step],
    },
    /// Those of each row.
    Rows(&'a [Row]),
}

impl Again<'_> {
    fn count(self) -> u64 {
        match self {
            Self::Counted { count, .. } => count,
            Self::Rows(rows) => rows.len() as u64,
        }
    }

    /// Whether the number of iterations is of no interest.
    fn varies(self) -> bool {
        matches!(self, Self::Counted { vary: true, .. })
    }
}

impl Lane<'_> {
    /// Runs a block. Blocks nest, so their futures are boxed.
    pub(crate) fn block<'a>(
        &'a mut self,
        step: &'a Step,
        entries: &'a RefCell<Vec<Entry>>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>> {
        Box::pin(async move {
            match &step.action {
                Action::Parallel { lanes, within, barriers } => {
                    let limit = within.map(Deadline::new);
                    parallel::run(self, lanes, barriers, limit, step.span.start, entries).await
                }
                Action::Repeat { count, counter, until, vary, within, steps } => {
                    let (counter, until) = (counter.as_deref(), until.as_ref());
                    let again = Again::Counted { count: *count, counter, until, vary: *vary, steps };
                    self.repeat_within(*within, again, step.span.start, entries).await
                }
                Action::Table { rows, within } => {
                    self.repeat_within(*within, Again::Rows(rows), step.span.start, entries).await
                }
                Action::Include { given, within, steps } => {
                    let outer = (self.limit, self.turn);
                    self.limit = within.map(|within| earlier(Deadline::new(within), outer.0)).or(outer.0);
                    self.turn = self.turn.iteration(step.span.start, 0, 1);
                    let result = match self.compute(given) {
                        Ok(()) => self.steps(steps, entries).await,
                        failed => failed,
                    };
                    (self.limit, self.turn) = outer;
                    result
                }
                Action::Retry { time, ready, sets, steps } => {
                    let ready = ready.as_ref().map(|name| self.endpoint(name)).transpose()?;
                    let program = ready.and_then(|endpoint| endpoint.program());
                    self.retry(*time, program.as_deref(), sets, steps, entries).await
                }
                _ => Ok(()),
            }
        })
    }

    async fn repeat_within(
        &mut self,
        within: Option<Duration>,
        again: Again<'_>,
        step: u32,
        entries: &RefCell<Vec<Entry>>,
    ) -> Result<(), Stop> {
        let outer = (self.limit, self.turn);
        self.limit = within.map(|within| earlier(Deadline::new(within), outer.0)).or(outer.0);
        let result = self.repeat(again, step, entries).await;
        (self.limit, self.turn) = outer;
        result
    }

    /// Runs steps again and again; iterations that give the same events are kept once.
    async fn repeat(&mut self, again: Again<'_>, block: u32, entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let (outer, turn) = (self.values.clone(), self.turn);
        let varying = self.varying.len();
        if let Again::Counted { counter: Some(counter), vary: true, .. } = again {
            self.varying.push(format!("<{}>", bare(counter)));
        }
        let mut groups = Vec::new();
        let mut result = Ok(());
        for iteration in 0..again.count() {
            let (steps, until) = match again {
                Again::Counted { counter, until, steps, .. } => {
                    if let Some(counter) = counter {
                        self.values = outer.with(counter, Value::Number(iteration.into()));
                    }
                    (steps, until)
                }
                Again::Rows(rows) => {
                    let row = &rows[iteration as usize];
                    (row.steps.as_slice(), row.until.as_ref())
                }
            };
            self.turn = turn.iteration(block, iteration, again.count());
            let inner = RefCell::new(Vec::new());
            result = self.steps(steps, &inner).await.map_err(|stop| self.in_row(stop, again, iteration));
            self.keep(&mut groups, again.varies(), inner.into_inner());
            if result.is_err() {
                break;
            }
            match self.ends(until) {
                Ok(false) => {}
                Ok(true) => break,
                Err(stop) => {
                    result = Err(stop);
                    break;
                }
            }
            // A long repetition that never waits must not keep other lanes, or Ctrl-C, from running.
            tokio::task::consume_budget().await;
        }
        self.values = outer;
        self.varying.truncate(varying);
        entries.borrow_mut().push(Entry::Repeat(groups));
        result
    }

    /// A failure in a table says in which row, and what stands there.
    fn in_row(&self, stop: Stop, again: Again<'_>, iteration: u64) -> Stop {
        let Again::Rows(rows) = again else { return stop };
        let row = &rows[iteration as usize];
        let line = self.test.source.line_in_words(row.span.start);
        let values: Vec<String> = row.values.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
        let (row, values) = (iteration + 1, values.join(", "));
        stop.note(format!("this happened in row {row} of the table ({line}): {{{values}}}"))
    }

    /// Whether the expression of `until` is true.
    fn ends(&self, until: Option<&(Expression, Span)>) -> Result<bool, Stop> {
        let Some((expression, span)) = until else { return Ok(false) };
        self.is_true(expression).map_err(|error| Stop::failed(error).at(*span))
    }

    fn keep(&self, groups: &mut Vec<Group>, varies: bool, entries: Vec<Entry>) {
        if let Some(last) = groups.last_mut()
            && !self.test.options.keep_all
            && self.test.wire.is_none()
            && same_events(&last.entries, &entries)
        {
            last.count += 1;
            return;
        }
        groups.push(Group { count: 1, varies, entries });
    }

    /// Runs steps until they all do as written. Of a try that failed nothing is left.
    async fn retry(
        &mut self,
        time: Duration,
        program: Option<&Program>,
        sets: &[String],
        steps: &[Step],
        entries: &RefCell<Vec<Entry>>,
    ) -> Result<(), Stop> {
        let outer = (self.limit, self.share, self.attempt.clone());
        self.limit = Some(earlier(Deadline::new(time), self.limit));
        self.share = Some(self.share.map_or(time / 4, |share| share.min(time / 4)));
        let (result, held) = self.tries(time, program, sets, steps, outer.2.as_ref()).await;
        (self.limit, self.share, self.attempt) = outer;
        entries.borrow_mut().push(Entry::Retry(held));
        result
    }

    /// The tries; what the last of them gave, and its events.
    async fn tries(
        &mut self,
        time: Duration,
        program: Option<&Program>,
        sets: &[String],
        steps: &[Step],
        around: Option<&Rc<Attempt>>,
    ) -> (Result<(), Stop>, Vec<Entry>) {
        let mut failed: Option<(Stop, Vec<Entry>)> = None;
        let mut first: Option<FirstTry> = None;
        let mut pause = FIRST_PAUSE;
        for tried in 1_u64.. {
            let attempt = Rc::new(Attempt::begin(&self.values, sets));
            self.attempt = Some(Rc::clone(&attempt));
            let held = RefCell::new(Vec::new());
            let stop = match unless_ended(program, self.steps(steps, &held)).await {
                Ok(()) => {
                    if let Some(around) = around {
                        around.absorb(&attempt);
                    }
                    return (Ok(()), held.into_inner());
                }
                Err(stop) => stop,
            };
            let Stop::Failed(failure) = stop else { return (Err(stop), held.into_inner()) };
            // Who is gone does not come back.
            if self.test.programs.lost(true, None).is_some()
                || program.is_some_and(|program| program.status().is_some())
            {
                return (Err(Stop::Failed(failure)), held.into_inner());
            }
            let first = first.get_or_insert_with(|| FirstTry::of(&failure, self.test.source));
            // What came to no step any more says nothing: then the try before does.
            let (stop, held) = match failed.take() {
                Some(before) if failure.message == TOO_LONG => before,
                _ => (Stop::Failed(failure), held.into_inner()),
            };
            if self.limit.is_none_or(|limit| Instant::now() + pause >= limit.at) {
                let tries = if tried == 1 { "1 try".to_owned() } else { format!("{tried} tries") };
                let who = program.map_or("`retry` gave up", |_| "it was not ready");
                let note = format!("{who} after {tries} in {}; this is the last", duration::show(time));
                return (Err(first.beside(stop.note(note))), held);
            }
            attempt.undo(self.test, &self.values).await;
            failed = Some((stop, held));
            tokio::time::sleep(pause).await;
            attempt.discard_answers(self.test);
            // What takes long is asked seldom, and answered a third too late at most.
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
        (Ok(()), Vec::new())
    }
}

/// How the first try of a `retry` failed: the later ones may have met what it left behind.
struct FirstTry {
    start: u32,
    message: String,
    /// With what came, and its line.
    said: String,
}

impl FirstTry {
    fn of(failure: &Failure, source: &SourceFile) -> Self {
        let message = failure.message.clone();
        let got = failure.difference.iter().map(|difference| &difference.got.0).find(|got| !got.is_empty());
        let got = got.map(|got| format!(", got {}", shown(&Value::Bytes(got.clone())))).unwrap_or_default();
        let said = format!("{message}{got} ({})", source.line_in_words(failure.start));
        Self { start: failure.start, message, said }
    }

    /// The failure of the last try, with that of the first where it was another.
    fn beside(&self, last: Stop) -> Stop {
        match &last {
            Stop::Failed(failure) if (failure.start, &failure.message) != (self.start, &self.message) => {
                last.note(format!("the first try failed otherwise: {}", self.said))
            }
            _ => last,
        }
    }
}

/// Steps that tell that a program is ready: it must not end meanwhile.
async fn unless_ended(program: Option<&Program>, steps: impl Future<Output = Result<(), Stop>>) -> Result<(), Stop> {
    let Some(program) = program else { return steps.await };
    tokio::select! {
        biased;
        status = program.ended() => Err(program.ended_early(status)),
        result = steps => result,
    }
}
