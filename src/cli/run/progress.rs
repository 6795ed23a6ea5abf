//! How far a run has come: a bar on a terminal; elsewhere a line now and then, where it takes long.
//!
//! The thread that waits for signals draws it, so it costs no thread of its own, and a run that is over at once has
//! nothing of it.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::Output;
use crate::cli::signals::Ticker;
use crate::report::progress;
use crate::suite::Watch;

/// After how long there is a bar.
const FIRST: Duration = Duration::from_millis(300);
/// How often it is drawn.
const REDRAWN: Duration = Duration::from_millis(200);
/// How often it is looked whether there is a line to write, where there is no terminal.
const LOOKED: Duration = Duration::from_secs(1);

/// Shows how far a run has come.
pub(super) struct Progress {
    shown: Arc<Shown>,
    is_terminal: bool,
}

struct Shown {
    watch: Arc<Watch>,
    specs: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    lines: progress::Lines,
    /// Whether the run has ended, and nothing is to be shown any more.
    is_over: bool,
}

impl Progress {
    pub(super) fn new(specs: usize, watch: &Arc<Watch>, output: &Output) -> Self {
        let is_terminal = output.shows_progress();
        let shown = Shown { watch: Arc::clone(watch), specs, state: Mutex::default() };
        Self { shown: Arc::new(shown), is_terminal }
    }

    /// What is to be done now and then.
    pub(super) fn ticker(&self) -> Ticker {
        let shown = Arc::clone(&self.shown);
        if self.is_terminal {
            Ticker { first: FIRST, every: REDRAWN, tick: Box::new(move || shown.draw()) }
        } else {
            Ticker { first: LOOKED, every: LOOKED, tick: Box::new(move || shown.tell()) }
        }
    }

    /// Prints above the bar.
    pub(super) fn print(&self, output: &mut Output, text: &str) {
        if text.is_empty() {
            return;
        }
        match &self.shown.state().bar {
            Some(bar) => bar.suspend(|| {
                output.print(text);
                output.flush();
            }),
            None => output.print(text),
        }
    }

    /// Takes the bar away for good.
    pub(super) fn finish(&self) {
        let mut state = self.shown.state();
        state.is_over = true;
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Shown {
    fn draw(&self) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        let seen = self.watch.look();
        let bar = state.bar.get_or_insert_with(|| {
            ProgressBar::with_draw_target(Some(self.specs as u64), ProgressDrawTarget::stderr())
        });
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80);
        let (template, message) = progress::bar(&seen, self.specs, Instant::now(), columns);
        bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(message);
        bar.set_position(seen.specs as u64);
        bar.tick();
    }

    fn tell(&self) {
        let mut state = self.state();
        if !state.is_over {
            let lines = state.lines.due(&self.watch.look(), self.specs, Instant::now());
            let _ = io::stderr().write_all(lines.as_bytes());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
