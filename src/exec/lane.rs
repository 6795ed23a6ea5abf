//! A lane: steps that run one after the other. The steps of a spec outside `parallel` are a lane
//! too.

use std::borrow::Cow;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use socket2::SockAddr;
use tokio::time::Instant;

use crate::model::alert::Fault;
use crate::model::duration;
use crate::model::errno::Errno;
use crate::model::network::Kind;
use crate::model::topology::LinkState;
use crate::plan::template::{Piece, Template};
use crate::plan::{Action, Call, Mode, Number, Step, Verb};
use crate::source::Span;
use crate::trace::event::{Event, What};
use crate::trace::record::{Entry, Facts, Happened};

use super::attempt::Attempt;
use super::description::Peer;
use super::endpoint::{Endpoint, New};
use super::hold;
use super::net::tls::{End, Session, Trouble};
use super::net::{Direction, Socket, sys};
use super::parallel::Meeting;
use super::perturb::{self, Delay, Perturbation, Turn};
use super::steer::{LaneId, Steer};
use super::stop::Stop;
use super::test::Test;
use super::values::{Scope, Values};
use super::verbs::{self, expect::described};
use super::wire::{Route, Watch};
use super::witness::{self, Running};

/// What is said of a step that had no time left to begin.
pub(super) const TOO_LONG: &str = "the block around this step took too long";

/// Steps that run one after the other, and what they see.
pub(crate) struct Lane<'t> {
    /// The run that it belongs to.
    pub(crate) test: &'t Test<'t>,
    /// Variables, and the counters of the `repeat`s around.
    pub(crate) values: Values,
    /// Where lanes meet, and which of them this is; `None` outside `parallel`.
    pub(crate) meeting: Option<(Rc<Meeting>, usize)>,
    /// When a block around ends at the latest.
    pub(super) limit: Option<Deadline>,
    /// How long a step may take at most, in a `retry`.
    pub(super) share: Option<Duration>,
    /// The try of a `retry` that it belongs to.
    pub(super) attempt: Option<Rc<Attempt>>,
    /// The counters, as a trace shows them, of the `repeat`s around whose number varies.
    pub(super) varying: Vec<String>,
    /// The iterations of the loops around.
    pub(super) turn: Turn,
    /// The lanes that this is in, and is, as an endpoint that is created here has them.
    pub(super) lanes: Option<Rc<[u64]>>,
    /// What tells it from other lanes.
    pub(super) id: LaneId,
    /// Where the step begins that runs.
    pub(super) step: u32,
    /// Whether the step that runs, a send, may be joined with the next.
    pub(super) may_join: bool,
}

/// What a verb did.
pub(crate) struct Done {
    /// Whether the call succeeded, or its error.
    pub(crate) result: Result<(), Errno>,
    /// What the trace tells of it.
    pub(crate) what: What,
    /// What was true of this run only.
    pub(crate) facts: Facts,
    /// Where it went, for a run whose frames are watched.
    pub(crate) route: Option<Box<Route>>,
    /// What EPROTO means, where TLS says it.
    pub(crate) trouble: Option<Box<Trouble>>,
    /// What to do where nobody expected that it fails.
    pub(crate) hint: Option<String>,
}

impl Done {
    /// A call of which the trace shows its words alone.
    pub(crate) fn words(call: &Call, result: Result<(), Errno>) -> Self {
        let mut words = call.words.clone();
        for word in &call.suffix {
            words.push(' ');
            words.push_str(word);
        }
        Self { result, what: What::Words(words), facts: Facts::default(), route: None, trouble: None, hint: None }
    }
}

impl Done {
    /// What it failed with: where TLS knows more than the errno, the alert.
    fn fault(&self) -> Option<Fault> {
        let errno = self.result.err()?;
        Some(self.trouble.as_ref().map_or(Fault::Errno(errno), |trouble| Fault::Alert(trouble.alert)))
    }

    /// With what TLS knows of an EPROTO.
    fn explained(mut self, lane: &Lane<'_>, call: &Call) -> Result<Self, Stop> {
        if self.result == Err(Errno(libc::EPROTO))
            && let Some(socket) = lane.endpoint(&call.endpoint)?.socket()
            && let Some(End::Broken(trouble)) = socket.tls().and_then(Session::end)
        {
            self.trouble = Some(Box::new(trouble));
        }
        Ok(self)
    }
}

/// The deadline of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// When it passes.
    pub(crate) at: Instant,
    /// How long it was, for messages.
    pub(crate) within: Duration,
}

impl Deadline {
    /// One that begins now.
    pub(super) fn new(within: Duration) -> Self {
        Self { at: Instant::now() + within, within }
    }

    /// Waits until something happens at the socket; false where the deadline passes first.
    pub(crate) async fn wait(self, socket: &Socket, direction: Direction) -> Result<bool, Stop> {
        match tokio::time::timeout_at(self.at, socket.wait(direction)).await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(error)) => Err(Stop::CouldNotRun(format!("cannot wait for a socket: {error}"))),
            Err(_) => Ok(false),
        }
    }

    /// Sleeps for so long, or up to the deadline; false where the deadline has passed.
    pub(crate) async fn sleep(self, time: Duration) -> bool {
        tokio::time::sleep_until((Instant::now() + time).min(self.at)).await;
        Instant::now() < self.at
    }
}

impl<'t> Lane<'t> {
    /// The steps outside any block.
    pub(crate) fn of(test: &'t Test<'t>) -> Self {
        Self {
            test,
            values: test.values.clone(),
            meeting: None,
            limit: None,
            share: test.options.longest,
            attempt: None,
            varying: Vec::new(),
            turn: Turn::ONCE,
            lanes: None,
            id: LaneId::default(),
            step: 0,
            may_join: false,
        }
    }

    /// A lane of a `parallel` in this lane.
    /// It is that lane of the block that begins there; before the block, so many endpoints were created.
    pub(crate) fn child(
        &self,
        meeting: &Rc<Meeting>,
        (step, index): (u32, usize),
        limit: Option<Deadline>,
        created: u64,
    ) -> Self {
        let around = self.lanes.as_deref().unwrap_or_default();
        Self {
            test: self.test,
            values: self.values.clone(),
            meeting: Some((Rc::clone(meeting), index)),
            limit: limit.map(|limit| earlier(limit, self.limit)).or(self.limit),
            share: self.share,
            attempt: self.attempt.clone(),
            varying: self.varying.clone(),
            turn: self.turn,
            id: self.turn.lane(self.id, step, index),
            step,
            lanes: Some(around.iter().copied().chain([created, index as u64]).collect()),
            may_join: false,
        }
    }

    /// Everything that `${…}` can name now.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { values: &self.values, endpoints: self.test }
    }

    /// The text of a template.
    pub(crate) fn text<'a>(&self, template: &'a Template) -> Result<Cow<'a, str>, Stop> {
        if let [Piece::Literal(text)] = template.pieces.as_slice() {
            return Ok(Cow::Borrowed(text));
        }
        self.scope().text(template).map(Cow::Owned).map_err(Stop::failed)
    }

    /// A number.
    pub(crate) fn number(&self, number: &Number) -> Result<u64, Stop> {
        self.scope().number(number).map_err(Stop::failed)
    }

    /// The endpoint of a call.
    pub(crate) fn endpoint(&self, name: &Template) -> Result<Rc<Endpoint>, Stop> {
        self.test.endpoint(&self.text(name)?)
    }

    /// An endpoint that a step waits for anyway: in a lane, another one may be about to create it.
    pub(crate) async fn awaited(&self, name: &Template, deadline: Deadline) -> Result<Rc<Endpoint>, Stop> {
        loop {
            match self.endpoint(name) {
                Err(_) if self.lanes.is_some() && self.pause_between(deadline, Duration::from_millis(1)).await => {}
                found => return found,
            }
        }
    }

    /// Waits between two looks at something that nobody tells of; false where the deadline has passed.
    pub(crate) async fn pause_between(&self, deadline: Deadline, time: Duration) -> bool {
        match &self.test.steer {
            None => deadline.sleep(time).await,
            Some(steer) => {
                steer.pause((Instant::now() + time).min(deadline.at)).await;
                Instant::now() < deadline.at
            }
        }
    }

    /// Runs steps in their order.
    pub(crate) async fn steps(&mut self, steps: &[Step], entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let mut steps = steps.iter().peekable();
        while let Some(step) = steps.next() {
            if self.test.options.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            self.in_time(step.span)?;
            if self.test.options.perturb.is_some() {
                self.perturb(step, steps.peek().copied()).await?;
            }
            self.step = step.span.start;
            if let Some(steer) = self.test.steer.as_ref().filter(|_| self.takes_turns() && is_seen(step)) {
                steer.turn(self.id, step.span.start).await;
                self.in_time(step.span)?;
            }
            self.nobody_is_lost(step)?;
            self.test.current.set(Some(step.span.start));
            self.test.activity.begins();
            match &step.action {
                Action::Call(call) => match steps.next_if(|next| self.shake_hands(call, next)) {
                    Some(Step { span, action: Action::Call(other) }) => {
                        // Handshakes are rare: two calls at once do not make every lane larger.
                        Box::pin(self.both((step.span, call), (*span, other), entries)).await?;
                    }
                    _ => self.call(step.span, call, entries).await?,
                },
                Action::Pause(time) => self.pause(step.span, *time).await?,
                Action::Let(assignments) => self.compute(assignments)?,
                Action::Assert(assertion) => self.assert(assertion)?,
                Action::Link { changes, words } => self.link(step.span, changes, words, entries)?,
                Action::Barrier { name, within } => self.barrier(step.span, name, *within).await?,
                Action::Parallel { .. }
                | Action::Repeat { .. }
                | Action::Table { .. }
                | Action::Retry { .. }
                | Action::Include { .. } => self.block(step, entries).await?,
            }
        }
        Ok(())
    }

    /// Whether it waits for its turn, in a run where somebody gives turns.
    pub(crate) fn takes_turns(&self) -> bool {
        self.lanes.is_some() && self.attempt.is_none()
    }

    /// In a perturbed run, delays a step, and looks whether it may be joined with the next.
    async fn perturb(&mut self, step: &Step, next: Option<&Step>) -> Result<(), Stop> {
        let Some(perturb) = &self.test.options.perturb else { return Ok(()) };
        let delay = perturb.delay(step.span.start, self.turn);
        self.delay(delay, self.limit).await;
        if self.lanes.is_some() && perturb.holds(step.span.start, self.turn) {
            hold::until_others_rest(self.test, self.limit).await;
        }
        self.may_join = next.is_some_and(|next| is_joinable(step, next));
        self.in_time(step.span)
    }

    /// Lets others run for a while, unless that would bring the end of a deadline near.
    pub(super) async fn delay(&self, delay: Delay, deadline: Option<Deadline>) {
        for _ in 0..delay.yields {
            tokio::task::yield_now().await;
        }
        let far = |deadline: &Deadline| deadline.at > Instant::now() + deadline.within.mul_f32(0.75);
        if !delay.sleep.is_zero() && deadline.as_ref().is_none_or(far) {
            tokio::time::sleep(delay.sleep).await;
        }
    }

    /// No program may have ended that the spec needs. A step of that program itself shows what has
    /// become of it, so its report does not hang on which of the two was sooner.
    fn nobody_is_lost(&self, step: &Step) -> Result<(), Stop> {
        let own = match &step.action {
            Action::Call(call) => Some(call.endpoint.shown()),
            _ => None,
        };
        self.test.programs.lost(true, own.as_deref()).map_or(Ok(()), Err)
    }

    /// The block around must not be over. A step that never waits would not notice.
    fn in_time(&self, span: Span) -> Result<(), Stop> {
        match self.limit {
            Some(limit) if Instant::now() >= limit.at => Err(Stop::failed(TOO_LONG).at(span).deadline(limit.within)),
            _ => Ok(()),
        }
    }

    /// Sleeps, but not beyond the end of the block around.
    async fn pause(&self, span: Span, time: Duration) -> Result<(), Stop> {
        let end = Instant::now() + time;
        let _pausing = self.test.activity.pauses();
        tokio::time::sleep_until(self.limit.map_or(end, |limit| limit.at.min(end))).await;
        self.in_time(span)
    }

    /// Runs one call, judges it, and records it.
    async fn call(&mut self, span: Span, call: &Call, entries: &RefCell<Vec<Entry>>) -> Result<(), Stop> {
        let made = self.make(span, call).await?;
        entries.borrow_mut().push(made);
        Ok(())
    }

    /// Whether a step and the next are the two ends of one handshake: one waits for the other.
    fn shake_hands(&self, call: &Call, next: &Step) -> bool {
        let Action::Call(other) = &next.action else { return false };
        if !matches!((&call.verb, &other.verb), (Verb::Tls(_), Verb::Tls(_))) {
            return false;
        }
        let ends = (self.endpoint(&call.endpoint), self.endpoint(&other.endpoint));
        let (Ok(one), Ok(other)) = ends else { return false };
        matches!(one.peer(), Peer::Known(peer) if Rc::ptr_eq(&peer, &other.shared))
    }

    /// Runs two calls at once. Where one fails, that is the failure, and the other is given up.
    async fn both(
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

    /// What has happened in a step that ends now.
    fn happened(&self, span: Span, order: u64, began: Instant, event: Event, facts: Facts) -> Entry {
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

    /// How long a step may take.
    fn at_most(&self, within: Duration) -> Duration {
        self.share.map_or(within, |share| share.min(within))
    }

    /// Gives a socket a name.
    pub(crate) fn create(&self, name: &str, new: New) -> Result<Rc<Endpoint>, Stop> {
        let replaced = self.attempt.as_ref().and_then(|_| self.test.endpoint(name).ok());
        let endpoint = self.test.create(name, new)?;
        endpoint.varies.set(self.varying.iter().any(|counter| endpoint.shown.contains(counter)));
        if let Some(perturb) = &self.test.options.perturb {
            self.shrink(&endpoint, perturb);
        }
        if let Some(lanes) = &self.lanes {
            let _ = endpoint.lanes.set(Rc::clone(lanes));
        }
        if let Some(attempt) = &self.attempt {
            attempt.created(&endpoint, replaced);
        }
        Ok(endpoint)
    }

    /// In a perturbed run, gives a new stream small buffers.
    fn shrink(&self, endpoint: &Endpoint, perturb: &Perturbation) {
        let Some(socket) = endpoint.socket().filter(|_| endpoint.network.kind() == Kind::Stream) else { return };
        for (size, option) in
            perturb.buffers(&endpoint.name, self.turn).into_iter().zip([libc::SO_SNDBUF, libc::SO_RCVBUF])
        {
            if let Some(size) = size {
                // A buffer that stays as it was perturbs nothing, and does no harm.
                let _ = sys::set_int(socket.fd(), libc::SOL_SOCKET, option, size);
            }
        }
    }

    /// Changes the links of hosts.
    fn link(
        &self,
        span: Span,
        changes: &[(usize, LinkState)],
        words: &str,
        entries: &RefCell<Vec<Entry>>,
    ) -> Result<(), Stop> {
        let began = Instant::now();
        let order = self.test.next_order();
        let Some(net) = &self.test.net else {
            return Err(Stop::failed("there is no isolated network whose links could change").at(span));
        };
        for (host, state) in changes {
            net.set_link(*host, *state).map_err(|error| Stop::CouldNotRun(format!("cannot change a link: {error}")))?;
        }
        let what = What::Words(words.to_owned());
        let event = Event { endpoint: "link".to_owned(), what, fails: Vec::new(), wire: Vec::new() };
        entries.borrow_mut().push(self.happened(span, order, began, event, Facts::default()));
        Ok(())
    }

    /// Watches a call whose traces on the wire somebody wants.
    fn watch<'c>(&self, call: &'c Call) -> Result<Option<(Watch<'t>, Cow<'c, str>)>, Stop> {
        let Some(wire) = &self.test.wire else { return Ok(None) };
        let name = self.text(&call.endpoint)?;
        Ok(Some((Watch::begin(wire, self.test, &name), name)))
    }

    /// Where a call goes, for a run whose frames are watched.
    pub(crate) fn route(&self, endpoint: &Endpoint, remote: SockAddr) -> Option<Box<Route>> {
        self.test.wire.as_ref().map(|_| Box::new(Route { local: endpoint.local(), remote }))
    }

    /// Waits for the other lanes.
    async fn barrier(&mut self, span: Span, name: &str, within: Duration) -> Result<(), Stop> {
        let Some((meeting, lane)) = &self.meeting else {
            return Err(Stop::failed(format!("the barrier `{name}` stands outside `parallel`")).at(span));
        };
        let deadline = earlier(Deadline::new(self.at_most(within)), self.limit);
        let _idle = self.test.steer.as_ref().map(Steer::idle);
        meeting.meet(*lane, name, span, deadline).await.map_err(|stop| stop.at(span))
    }
}

/// Whether others can see what a step does.
fn is_seen(step: &Step) -> bool {
    matches!(step.action, Action::Call(_) | Action::Link { .. } | Action::Retry { .. })
}

/// Whether two steps send on one endpoint, one right after the other, so that the kernel may as well
/// be given both at once.
fn is_joinable(step: &Step, next: &Step) -> bool {
    match (&step.action, &next.action) {
        (Action::Call(one), Action::Call(other)) => {
            perturb::is_plain_send(one) && perturb::is_plain_send(other) && one.endpoint.pieces == other.endpoint.pieces
        }
        _ => false,
    }
}

/// A call that came to nothing, with the error that its step was waiting for.
fn unmet(call: &Call, stop: Stop) -> Stop {
    match &stop {
        Stop::Failed(failure) if failure.deadline.is_some() && !call.fails.is_empty() => {
            let wanted = any_of(&call.fails_words);
            stop.note(format!("the step was to fail with {wanted}"))
        }
        _ => stop,
    }
}

/// Compares what a call did with what its step allows.
fn judge(call: &Call, done: &Done, took: Duration) -> Result<(), Stop> {
    let verb = verb(call);
    let who = call.endpoint.shown();
    let fault = done.fault();
    let allowed = match fault {
        None => call.fails.is_empty() || call.fails.contains(&None),
        fault => call.fails.contains(&fault),
    };
    let wanted = || any_of(&call.fails_words);
    match fault {
        None if !allowed => {
            let stop = Stop::failed(format!("{who}: {verb} succeeded, where {} was expected", wanted()));
            return Err(stop.label("succeeded").help("if success is right, remove `fails`, or add `none` to it"));
        }
        Some(fault) if !allowed => {
            let stop = match &call.verb {
                _ if !call.fails.is_empty() => {
                    Stop::failed(format!("{who}: {verb} failed with {fault}, where {} was expected", wanted()))
                }
                Verb::Expect { conditions, .. } => {
                    Stop::failed(format!("{who}: {fault} came, where {} was expected", described(conditions)))
                        .help(if_shown(fault))
                }
                _ => {
                    let stop = Stop::failed(format!("{who}: {verb} failed with {fault}{}", sent(call, done)));
                    let stop = done.hint.iter().fold(stop, Stop::help);
                    // A program that is not ready yet is nothing that a step shows.
                    let is_early = matches!(call.verb, Verb::Connect { .. }) && done.hint.is_some();
                    if is_early { stop } else { stop.help(if_shown(fault)) }
                }
            };
            let notes = done.trouble.iter().flat_map(|trouble| trouble.notes.iter().cloned());
            return Err(notes.fold(stop.label(fault.to_string()), Stop::note));
        }
        _ => {}
    }
    match call.after {
        Some(after) if took < after => Err(Stop::failed(format!(
            "{who}: {verb} completed after {}, earlier than {}",
            duration::show(Duration::from_millis(took.as_millis() as u64)),
            duration::show(after)
        ))
        .label("too early")),
        _ => Ok(()),
    }
}

/// How much of a send was sent before it failed: it has taken several calls, of which the spec says
/// nothing.
fn sent(call: &Call, done: &Done) -> String {
    match done.facts.pieces.iter().sum::<u64>() {
        _ if !matches!(call.verb, Verb::Send { .. }) => String::new(),
        0 => String::new(),
        1 => ", after 1 byte".to_owned(),
        taken => format!(", after {taken} bytes"),
    }
}

/// The verb of a call. The words of an `expect` begin with what it expects.
pub(crate) fn verb(call: &Call) -> &str {
    match &call.verb {
        Verb::Expect { .. } => "expect",
        _ => call.words.split(' ').next().unwrap_or_default(),
    }
}

fn if_shown(fault: Fault) -> String {
    format!("if that is what this step shows, write `fails: {fault}` beside it")
}

/// The words as a message lists alternatives: `EPIPE`, `EPIPE or ECONNRESET`.
pub(crate) fn any_of(words: &[String]) -> String {
    words.join(" or ")
}

/// A deadline, or that of the block around where it passes first.
pub(super) fn earlier(own: Deadline, around: Option<Deadline>) -> Deadline {
    around.filter(|around| around.at < own.at).unwrap_or(own)
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}
