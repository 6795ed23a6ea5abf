//! A review: where it is, what has been decided, and what a key does. It knows no terminal.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::item::{Decision, Files, Item};
use super::keys::{self, Key};
use crate::diagnostic::Style;
use crate::report::diagram::{self, Diagram};
use crate::report::review::{self, heading, quiet, strong};
use crate::suite::waiting::State;

/// What is shown of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Face {
    #[default]
    Difference,
    DiagramNow,
    DiagramBefore,
    Help,
}

/// What the terminal has to do after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// To draw again.
    Draw,
    /// To open an editor at a line of a file.
    Edit(PathBuf, u32),
    /// To end.
    Quit,
}

/// One decision, of one trace or of several that are alike, as it is taken back.
type Step = Vec<(usize, Files, Option<Decision>)>;

/// A review.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) items: Vec<Item>,
    at: usize,
    top: usize,
    /// How many lines the page could be scrolled when it was last drawn, and how many it has.
    room: usize,
    height: usize,
    face: Face,
    message: Option<String>,
    done: Vec<Step>,
}

impl Session {
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self { items, at: 0, top: 0, room: 0, height: 0, face: Face::default(), message: None, done: Vec::new() }
    }

    /// How many were decided so, and how many are left.
    pub(super) fn count(&self, decision: Option<Decision>) -> usize {
        self.items.iter().filter(|item| item.decision == decision).count()
    }

    pub(super) fn press(&mut self, key: Key) -> Effect {
        self.message = None;
        if self.face == Face::Help {
            self.show(Face::Difference);
            return if key == Key::Quit { Effect::Quit } else { Effect::Draw };
        }
        match key {
            Key::Accept => self.decide(Decision::Accepted, false),
            Key::Reject => self.decide(Decision::Rejected, false),
            Key::Skip => self.decide(Decision::Skipped, false),
            Key::AcceptAlike => self.decide(Decision::Accepted, true),
            Key::RejectAlike => self.decide(Decision::Rejected, true),
            Key::Undo => self.undo(),
            Key::Next => self.go(self.at + 1),
            Key::Previous => match self.at.checked_sub(1) {
                Some(at) => self.go(at),
                None => self.say("this is the first"),
            },
            Key::Diagram => self.show(match self.face {
                Face::Difference => Face::DiagramNow,
                Face::DiagramNow if self.items[self.at].waiting.state == State::Changed => Face::DiagramBefore,
                _ => Face::Difference,
            }),
            Key::Help => self.show(Face::Help),
            Key::Up => self.top = self.top.saturating_sub(1),
            Key::Down => self.top = (self.top + 1).min(self.room),
            Key::PageUp => self.top = self.top.saturating_sub(self.height.saturating_sub(1).max(1)),
            Key::PageDown => self.top = (self.top + self.height.saturating_sub(1).max(1)).min(self.room),
            Key::Top => self.top = 0,
            Key::Bottom => self.top = self.room,
            Key::Edit => match self.items[self.at].place() {
                Some((path, line)) => return Effect::Edit(path, line),
                None => self.say("there is no spec to edit"),
            },
            Key::Quit => return Effect::Quit,
        }
        Effect::Draw
    }

    pub(super) fn say(&mut self, message: impl Into<String>) {
        self.message = Some(message.into());
    }

    /// What an editor may have changed is read again.
    pub(super) fn reload(&mut self) {
        let item = &mut self.items[self.at];
        if item.decision.is_none()
            && let Err(error) = item.reload()
        {
            self.message = Some(error.to_string());
        }
    }

    fn show(&mut self, face: Face) {
        (self.face, self.top) = (face, 0);
    }

    fn go(&mut self, at: usize) {
        if at >= self.items.len() {
            self.say("this is the last");
            return;
        }
        (self.at, self.top, self.face) = (at, 0, Face::Difference);
    }

    /// Decides on this trace, and on all like it that are not decided yet.
    fn decide(&mut self, decision: Decision, alike: bool) {
        let here = self.at;
        if let Some(decided) = self.items[here].decision.filter(|decided| *decided != Decision::Skipped) {
            let word = decided.word(self.items[here].waiting.state);
            self.say(format!("this is {word} already; u takes the last decision back"));
            return;
        }
        let is_open = |item: &Item| item.decision.is_none_or(|decision| decision == Decision::Skipped);
        let others: Vec<usize> = (0..self.items.len())
            .filter(|at| {
                *at == here || alike && is_open(&self.items[*at]) && self.items[here].is_like(&self.items[*at])
            })
            .collect();
        let (mut step, mut missed) = (Step::new(), Vec::new());
        for at in others {
            let item = &mut self.items[at];
            let before = item.decision;
            match item.decide(decision) {
                Ok(Some(files)) => step.push((at, files, before)),
                Ok(None) => missed.push(at),
                Err(error) => {
                    self.message = Some(error.to_string());
                    break;
                }
            }
        }
        let count = step.len();
        if count > 0 {
            self.done.push(step);
        }
        for at in &missed {
            self.refresh(*at);
        }
        if !missed.is_empty() {
            self.say("another run has written these files since; nothing was done: look again");
            if missed.contains(&here) {
                self.show(Face::Difference);
                return;
            }
        }
        if self.message.is_none() {
            let state = self.items[here].waiting.state;
            let word = decision.word(state);
            self.say(match count {
                1 => format!("{word} {}", self.items[here].waiting.name()),
                count => format!("{word} {count} that are alike"),
            });
        }
        if count > 0 {
            self.advance();
        }
    }

    /// Reads again what another run has written. What is gone counts as skipped.
    fn refresh(&mut self, at: usize) {
        let item = &mut self.items[at];
        if !item.is_there() {
            item.decision = Some(Decision::Skipped);
        } else if let Err(error) = item.reload() {
            self.message = Some(error.to_string());
        }
    }

    /// Goes to the next that is not decided, after this one or from the beginning.
    fn advance(&mut self) {
        let open = |at: &usize| self.items[*at].decision.is_none();
        let next = (self.at + 1..self.items.len()).find(open).or_else(|| (0..self.at).find(open));
        if let Some(at) = next {
            self.go(at);
        } else {
            let said = self.message.take().unwrap_or_default();
            self.say(format!("{said}; all are decided: q ends, u takes back"));
        }
    }

    fn undo(&mut self) {
        let Some(step) = self.done.pop() else {
            self.say("there is no decision to take back");
            return;
        };
        let (first, count) = (step[0].0, step.len());
        let mut kept = 0;
        for (at, files, decision) in step.iter().rev() {
            match self.items[*at].undo(files, *decision) {
                Ok(true) => {}
                Ok(false) => kept += 1,
                Err(error) => self.message = Some(error.to_string()),
            }
        }
        self.go(first);
        if kept > 0 {
            self.say(format!("{kept} of {count} stay: somebody else has written their files since"));
        } else if self.message.is_none() {
            self.say(match count {
                1 => "the last decision is taken back".to_owned(),
                count => format!("the last decision is taken back, of {count} that are alike"),
            });
        }
    }

    /// The whole screen, so many lines of so many columns.
    pub(super) fn draw(&mut self, height: usize, style: Style) -> Vec<String> {
        let item = &self.items[self.at];
        let decided = item.decision.map_or("", |decision| decision.word(item.waiting.state));
        let counter = format!("{} of {}", self.at + 1, self.items.len());
        let mut lines = vec![heading(&counter, item.waiting.state.word(), &item.waiting.name(), decided, style)];
        let refs = if item.refs.is_empty() { String::new() } else { format!(" ({})", item.refs.join(", ")) };
        if !item.about.is_empty() {
            lines.push(quiet(&(item.about.clone() + &refs), style));
        }
        lines.push(quiet(&"─".repeat(style.width), style));
        let page = self.page(style);
        self.height = height.saturating_sub(lines.len() + 2).max(1);
        self.room = page.len().saturating_sub(self.height);
        self.top = self.top.min(self.room);
        lines.extend(page.iter().skip(self.top).take(self.height).cloned());
        lines.resize(height.saturating_sub(2).max(lines.len().min(height)), String::new());
        lines.push(self.status(page.len(), style));
        lines.push(quiet(keys::footer(style.width), style));
        // Of a terminal that is too low, the beginning is seen.
        lines.truncate(height);
        lines
    }

    fn status(&self, lines: usize, style: Style) -> String {
        if let Some(message) = &self.message {
            return strong(message, style);
        }
        let below = lines.saturating_sub(self.top + self.height);
        let mut said = match self.face {
            Face::DiagramNow => "as it is now; ".to_owned(),
            Face::DiagramBefore => "as it was before; ".to_owned(),
            Face::Difference | Face::Help => String::new(),
        };
        if below > 0 {
            let _ = write!(said, "{below} more lines below (space)");
        }
        quiet(said.trim_end_matches("; "), style)
    }

    fn page(&self, style: Style) -> Vec<String> {
        let item = &self.items[self.at];
        match self.face {
            Face::Help => keys::help(style),
            Face::DiagramNow => drawn(item, &item.comparison.new, style),
            Face::DiagramBefore => drawn(item, &item.comparison.old, style),
            Face::Difference => {
                let mut lines = review::sentences(&item.sentences, style);
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(match item.waiting.state {
                    State::Changed => review::difference(&item.comparison, |line| item.step(line), style),
                    State::New | State::Stale => review::whole(item.trace(), |line| item.step(line), style),
                });
                lines
            }
        }
    }
}

fn drawn(item: &Item, trace: &crate::trace::TraceText, style: Style) -> Vec<String> {
    let record = trace.to_record(&item.waiting.name(), |line| line);
    diagram::text(&[Diagram::of(&record)], style).lines().map(str::to_owned).collect()
}
