//! A review: where it is, what has been decided, and what a key does. It knows no terminal.

use std::path::PathBuf;

use super::item::{Decision, Files, Item};
use super::keys::{self, Key};
use crate::diagnostic::Style;
use crate::report::diagram::Drawn;
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

/// What is drawn below the heading.
#[derive(Debug, Default)]
struct Page {
    /// What stays where it is when the rest is scrolled.
    head: Vec<String>,
    lines: Vec<String>,
    /// Where it is looked at first.
    first: usize,
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
    /// Whether all sentences are shown, however many they are.
    has_all_words: bool,
    /// Whether the page is drawn for the first time, so that it is not known yet where to look.
    is_fresh: bool,
    message: Option<String>,
    done: Vec<Step>,
}

impl Session {
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self {
            items,
            at: 0,
            top: 0,
            room: 0,
            height: 0,
            face: Face::default(),
            has_all_words: false,
            is_fresh: true,
            message: None,
            done: Vec::new(),
        }
    }

    /// How many were decided so, and how many are left.
    pub(super) fn count(&self, decision: Option<Decision>) -> usize {
        self.items.iter().filter(|item| item.decision == decision).count()
    }

    pub(super) fn press(&mut self, key: Key) -> Effect {
        self.message = None;
        if self.scroll(key) {
            return Effect::Draw;
        }
        if self.face == Face::Help && key != Key::Quit {
            self.show(Face::Difference);
            return Effect::Draw;
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
            Key::More => {
                self.has_all_words = !self.has_all_words;
                self.show(Face::Difference);
            }
            Key::Up | Key::Down | Key::PageUp | Key::PageDown | Key::Top | Key::Bottom | Key::Other => {}
            Key::Edit => match self.items[self.at].place() {
                Some((path, line)) => return Effect::Edit(path, line),
                None => self.say("there is no spec to edit"),
            },
            Key::Quit => return Effect::Quit,
        }
        Effect::Draw
    }

    /// Scrolls, where the key is for that and there is something to scroll.
    fn scroll(&mut self, key: Key) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let top = match key {
            Key::Up => self.top.saturating_sub(1),
            Key::Down => self.top + 1,
            Key::PageUp => self.top.saturating_sub(page),
            Key::PageDown => self.top + page,
            Key::Top => 0,
            Key::Bottom => self.room,
            _ => return false,
        };
        self.top = top.min(self.room);
        self.room > 0
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
        (self.face, self.top, self.is_fresh) = (face, 0, true);
    }

    fn go(&mut self, at: usize) {
        if at >= self.items.len() {
            self.say("this is the last");
            return;
        }
        (self.at, self.has_all_words) = (at, false);
        self.show(Face::Difference);
    }

    /// Decides on this trace, and on all like it that are not decided yet.
    fn decide(&mut self, decision: Decision, alike: bool) {
        let here = self.at;
        if let Some(decided) = self.items[here].decision.filter(|decided| *decided != Decision::Skipped) {
            let word = decided.word(self.items[here].waiting.state);
            self.say(format!("this is {word} already; u takes the last decision back"));
            return;
        }
        let others = if alike { self.alike() } else { vec![here] };
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
        let left = missed.iter().filter(|at| !self.refresh(**at)).count();
        if missed.contains(&here) && self.items[here].decision.is_none() {
            self.say("another run has written these files since; nothing was done: look again");
            self.show(Face::Difference);
            return;
        }
        if self.message.is_none() && count > 0 {
            let word = decision.word(self.items[here].waiting.state);
            let others = match left {
                0 => String::new(),
                left => format!("; another run has written {left} since, which still wait"),
            };
            self.say(match count {
                1 => format!("{word} {}{others}", self.items[here].waiting.name()),
                count => format!("{word} {count} that are alike{others}"),
            });
        }
        if count > 0 || self.items[here].decision.is_some() {
            self.advance();
        }
    }

    /// The one that is shown, and all like it that are not decided yet.
    fn alike(&self) -> Vec<usize> {
        let is_open = |item: &Item| item.decision.is_none_or(|decision| decision == Decision::Skipped);
        let here = &self.items[self.at];
        let is_alike = |at: &usize| *at == self.at || is_open(&self.items[*at]) && here.is_like(&self.items[*at]);
        (0..self.items.len()).filter(is_alike).collect()
    }

    /// Reads again what somebody else has written. Tells whether there is nothing to decide any more.
    fn refresh(&mut self, at: usize) -> bool {
        let item = &mut self.items[at];
        match item.decided_elsewhere() {
            Ok(Some(what)) => {
                item.decision = Some(Decision::Elsewhere);
                let name = item.waiting.name();
                self.say(format!("{name} was {what} meanwhile; nothing waits there any more"));
                return true;
            }
            Ok(None) => {
                item.decision = None;
                if let Err(error) = item.reload() {
                    self.message = Some(error.to_string());
                }
            }
            Err(error) => self.message = Some(error.to_string()),
        }
        false
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
        let room = height.saturating_sub(lines.len() + 2).max(1);
        let page = self.page(room, style);
        // Names that would take most of a small screen are scrolled with what is below them.
        let (head, page) = match page {
            Page { head, lines, first } if 3 * head.len() > room => {
                let first = if first == 0 { 0 } else { first + head.len() };
                (Vec::new(), Page { head: Vec::new(), lines: head.into_iter().chain(lines).collect(), first })
            }
            page => (page.head.clone(), page),
        };
        self.height = room.saturating_sub(head.len()).max(1);
        self.room = page.lines.len().saturating_sub(self.height);
        if std::mem::take(&mut self.is_fresh) {
            self.top = page.first;
        }
        self.top = self.top.min(self.room);
        lines.extend(head);
        lines.extend(page.lines.iter().skip(self.top).take(self.height).cloned());
        lines.resize(height.saturating_sub(2).max(lines.len().min(height)), String::new());
        lines.push(self.status(page.lines.len(), style));
        lines.push(quiet(&self.footer(style.width), style));
        // Of a terminal that is too low, the beginning is seen.
        lines.truncate(height);
        lines
    }

    fn footer(&self, width: usize) -> String {
        match self.face {
            Face::Help => keys::help_footer(self.room > 0).to_owned(),
            _ => keys::footer(width, self.alike().len()),
        }
    }

    fn status(&self, lines: usize, style: Style) -> String {
        if let Some(message) = &self.message {
            return strong(message, style);
        }
        let item = &self.items[self.at];
        let face = match self.face {
            Face::DiagramNow if item.waiting.state == State::Changed => "as it is now (d: as it was)",
            Face::DiagramBefore => "as it was before",
            _ => "",
        };
        let scrolled = match (self.top, lines.saturating_sub(self.top + self.height)) {
            (_, 1) => "1 more line below (space)".to_owned(),
            (0, 0) => String::new(),
            (above, 0) => format!("{above} above (b)"),
            (0, below) => format!("{below} more lines below (space)"),
            (above, below) => format!("{below} more lines below (space), {above} above (b)"),
        };
        let said = if face.is_empty() || scrolled.is_empty() { "" } else { "; " };
        quiet(&format!("{face}{said}{scrolled}"), style)
    }

    fn page(&self, room: usize, style: Style) -> Page {
        let item = &self.items[self.at];
        let diagram = |is_new| {
            let Drawn { head, lines, first } = review::diagram(&item.comparison, is_new, &item.waiting.name(), style);
            // What led there is seen, too.
            Page { head, lines, first: first.unwrap_or(0).saturating_sub(room / 3) }
        };
        match self.face {
            Face::Help => Page { lines: keys::help(style), ..Page::default() },
            Face::DiagramNow => diagram(true),
            Face::DiagramBefore => diagram(false),
            Face::Difference => {
                let most = if self.has_all_words { usize::MAX } else { room / 2 };
                let mut lines = review::sentences(&item.sentences, most, style);
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(match item.waiting.state {
                    State::Changed => review::difference(&item.comparison, |line| item.step(line), style),
                    State::New | State::Stale => review::whole(item.trace(), |line| item.step(line), style),
                });
                Page { lines, ..Page::default() }
            }
        }
    }
}
