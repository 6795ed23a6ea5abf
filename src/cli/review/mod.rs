//! `sockspec review`

mod git;
mod item;
mod keys;
mod page;
mod screen;
mod session;

use std::io::{self, IsTerminal};

use clap::Args;

use super::choose::{Choose, Stale};
use super::output::Output;
use super::{Exit, signals};
use crate::diagnostic::Style;
use item::{Decision, Item};
use page::Page;
use screen::{Input, Screen};
use session::{Effect, Session};

/// Go through what waits for a decision, one after the other: what has changed in words, the events that
/// differ with the steps of the spec beside them, and the diagram
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all is decided, 1 something still waits, 3 something could not be read or \
written, 4 nothing of that name waits, 64 there is no terminal. Without one: `sockspec pending --format json`, \
`sockspec accept NAME`, `sockspec reject NAME`. With `--html`: 0 the page is written, whatever is on it.")]
pub(super) struct Review {
    #[command(flatten)]
    pub(super) choose: Choose,

    #[command(flatten)]
    page: Page,
}

impl Review {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        if let Some(exit) = self.page.write(&self.choose, output) {
            return exit;
        }
        let waiting = match self.choose.choose(Stale::Included, output) {
            Ok(waiting) => waiting,
            Err(exit) => return exit,
        };
        if waiting.is_empty() {
            output.line("nothing is pending");
            return Exit::Success;
        }
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            output.error(
                "`sockspec review` needs a terminal; without one `sockspec pending` lists what waits (`--format json` \
                 for programs), and `sockspec accept NAME` and `sockspec reject NAME` decide",
            );
            return Exit::Usage;
        }
        let mut items = Vec::with_capacity(waiting.len());
        for waiting in waiting {
            match Item::load(waiting) {
                Ok(item) => items.push(item),
                Err(error) => {
                    output.error(error);
                    return Exit::CouldNotRun;
                }
            }
        }
        let mut session = Session::new(items);
        if let Err(error) = run(&mut session, output.style) {
            output.error(format!("cannot use the terminal: {error}"));
            return Exit::CouldNotRun;
        }
        conclude(&session, output)
    }
}

fn run(session: &mut Session, style: Style) -> io::Result<()> {
    signals::restore_at_end(screen::restore);
    let screen = Screen::open()?;
    loop {
        let (width, height) = Screen::size();
        screen.draw(&session.draw(height, Style { width, ..style }))?;
        let Input::Key(key) = screen.next()? else { continue };
        match session.press(key) {
            Effect::Draw => {}
            Effect::Quit => return Ok(()),
            Effect::Edit(file, line) => {
                let edited = screen.edit(&file, line);
                session.reload();
                if let Err(message) = edited {
                    session.say(message);
                }
            }
        }
    }
}

/// Says what was decided.
fn conclude(session: &Session, output: &mut Output) -> Exit {
    for item in &session.items {
        if let Some(decision @ (Decision::Accepted | Decision::Rejected)) = item.decision {
            output.line(format_args!("{:<8}  {}", decision.word(item.waiting.state), item.waiting.name()));
        }
    }
    match session.count(None) + session.count(Some(Decision::Skipped)) {
        0 => Exit::Success,
        1 => {
            output.line("1 still waits");
            Exit::Failed
        }
        left => {
            output.line(format_args!("{left} still wait"));
            Exit::Failed
        }
    }
}
