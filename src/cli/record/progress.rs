//! What is done once the client has gone: on a terminal it is shown, elsewhere told where it takes long.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::Output;
use crate::cli::signals::Ticker;
use crate::record::Stage;

/// How often it is looked whether something is to be shown.
const LOOKED: Duration = Duration::from_millis(200);
/// What takes longer than this is told where there is no terminal, and then again after each of these.
const LONG: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(10);

/// Shows what is done.
pub(super) struct Progress {
    state: Arc<Mutex<State>>,
    is_terminal: bool,
}

#[derive(Default)]
struct State {
    /// What is done now, since when things of its kind are, and when that was told.
    doing: Option<(Stage, Instant, Option<Instant>)>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(output: &Output) -> Self {
        Self { state: Arc::default(), is_terminal: output.shows_progress() }
    }

    /// What is to be done now and then.
    pub(super) fn ticker(&self) -> Ticker {
        let (state, is_terminal) = (Arc::clone(&self.state), self.is_terminal);
        let tick = move || {
            let mut state = lock(&state);
            if is_terminal {
                state.draw();
            } else if let Some(words) = state.due(Instant::now()) {
                let _ = writeln!(io::stderr(), "note: {words}");
            }
        };
        Ticker { first: LOOKED, every: LOOKED, tick: Box::new(tick) }
    }

    /// Takes note of what is done next.
    pub(super) fn goes_on(&self, stage: Stage) {
        lock(&self.state).goes_on(stage, Instant::now());
    }

    /// Shows nothing until something else is done, so that there is room for what is printed.
    pub(super) fn rests(&self) {
        let mut state = lock(&self.state);
        state.doing = None;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn goes_on(&mut self, stage: Stage, now: Instant) {
        let is_same = |other: &Stage| std::mem::discriminant(other) == std::mem::discriminant(&stage);
        self.doing = Some(match self.doing.take().filter(|(known, ..)| is_same(known)) {
            Some((_, began, told)) => (stage, began, told),
            None => (stage, now, None),
        });
    }

    /// What is to be told now, if it takes long.
    fn due(&mut self, now: Instant) -> Option<String> {
        let (stage, began, told) = self.doing.as_mut()?;
        let is_due = now >= told.map_or(*began + LONG, |told| told + AGAIN);
        is_due.then(|| {
            *told = Some(now);
            words(*stage)
        })
    }

    fn draw(&mut self) {
        let Some((stage, ..)) = self.doing else { return };
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        bar.set_message(words(stage));
        bar.tick();
    }
}

fn words(stage: Stage) -> String {
    match stage {
        Stage::Replay(nth, of) => format!("playing it again to see what varies, {nth} of {of}: as long as it took"),
        Stage::Run(nth, of) => format!("running the spec to see that it passes each time, {nth} of {of} or fewer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_told_and_now_and_then_again() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut state = State::default();
        assert_eq!(state.due(at(9)), None, "nothing is done");
        state.goes_on(Stage::Replay(1, 3), began);
        assert_eq!(state.due(at(1)), None);
        state.goes_on(Stage::Replay(2, 3), at(1));
        assert_eq!(state.due(at(2)), Some(words(Stage::Replay(2, 3))));
        assert_eq!(state.due(at(3)), None, "it was told");
        state.goes_on(Stage::Replay(3, 3), at(5));
        assert_eq!(state.due(at(12)), Some(words(Stage::Replay(3, 3))));
        state.goes_on(Stage::Run(1, 20), at(13));
        assert_eq!(state.due(at(14)), None, "this has only begun");
        assert_eq!(state.due(at(15)), Some(words(Stage::Run(1, 20))));
    }
}
