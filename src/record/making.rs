//! From a conversation to a spec that passes: it is played again to see what varies, written, and run.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Child;

use super::answers::{self, Refusal};
use super::conversation::{Conversation, Side};
use super::framing::Codec;
use super::replay::{self, Party, Play, Run};
use super::script::{Act, Script, Step};
use super::understand;
use super::write::{self, Across, Head, Program, Written};
use crate::exec::Cancel;
use crate::model::address::Address;
use crate::snapshot::{self, Store, Update, place};
use crate::suite::{Layout, Outcome, Runner, SpecResult, Worker, find};

/// How often values may be found that are said again: each time everything is played anew.
const MOST_ECHOES: usize = 24;
/// How many replays let some time pass; those after them look for what happens at once.
const IN_TIME: usize = 4;
/// What clocks show changes within this time.
const TICK: Duration = Duration::from_millis(1050);
/// How often a spec is run before it counts as one that passes, and for how long at most.
const RUNS: usize = 20;
const RUNS_FOR: Duration = Duration::from_secs(20);

/// Which ends the spec is to play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// The client, against the server at this address.
    Client(Address),
    /// The server, for a client that the spec runs, or for one that somebody else runs.
    Server(Option<Program>),
    /// Both.
    Both,
}

/// What is done to be sure of a spec, each of it for the how-manieth time, from 1, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A part is played again.
    Replay(usize, usize),
    /// The spec is run.
    Run(usize, usize),
}

/// What is needed to be sure of a spec.
#[derive(Clone, Copy)]
pub struct Outside<'o> {
    /// What ends it before its time.
    pub cancel: &'o Cancel,
    /// Is told what is done next.
    pub watch: &'o dyn Fn(Stage),
    /// Starts the client, which is to connect to this address.
    pub start: &'o dyn Fn(&Address) -> io::Result<Child>,
}

/// What is known of a conversation.
#[derive(Debug)]
pub struct Understood {
    script: Script,
    codecs: Vec<Codec>,
    ends: Ends,
    runs: Vec<Run>,
}

/// What came of running a spec that was written.
#[derive(Debug)]
pub enum Verified {
    /// It passed so often.
    Passed(usize),
    /// It did not, at this run.
    Failed(Box<SpecResult>),
    /// It was interrupted.
    Interrupted,
}

impl Understood {
    /// What a conversation says by itself.
    pub fn of(conversation: &Conversation, ends: Ends) -> Self {
        let mut script = Script::of(conversation, ends.side());
        let codecs = understand::codecs(&script);
        understand::complete_messages(&mut script, &codecs);
        understand::capture_told(&mut script);
        Self { script, codecs, ends, runs: Vec::new() }
    }

    /// Whether it begins to speak TLS somewhere. What is encrypted cannot be said again.
    pub fn speaks_tls(&self) -> bool {
        let is_hello = |bytes: &[u8]| matches!(bytes, [0x16, 3, 0..=4, _, _, 1, ..]);
        self.script.steps.iter().any(|step| matches!(&step.act, Act::Say(bytes) | Act::Hear(bytes) if is_hello(bytes)))
    }

    /// What another recording of the same says beside it. Of the client's part nothing else can be known.
    pub fn add(&mut self, conversation: &Conversation) {
        let mut other = Script::of(conversation, self.ends.side());
        understand::complete_messages(&mut other, &self.codecs);
        let is_same = |(one, other): (&Step, &Step)| {
            one.link == other.link && std::mem::discriminant(&one.act) == std::mem::discriminant(&other.act)
        };
        if other.steps.len() != self.script.steps.len() || !self.script.steps.iter().zip(&other.steps).all(is_same) {
            return;
        }
        let heard = (0..other.steps.len()).map(|step| other.heard(step).map(<[u8]>::to_vec)).collect();
        let ended =
            other.steps.iter().map(|step| if let Act::HearEnd(ending) = step.act { Some(ending) } else { None });
        self.runs.push(Run { heard, ended: ended.collect(), stopped: None });
        let runs: Vec<&Run> = self.runs.iter().collect();
        while understand::find_echo(&mut self.script, &self.codecs, &runs) {}
        understand::widen_ends(&mut self.script, &runs);
    }

    /// Whether the part that the spec plays can be played again: the client's, or the server's for a client that
    /// is run anew each time and does all by itself.
    pub fn can_be_played(&self) -> bool {
        match &self.ends {
            Ends::Client(_) => true,
            Ends::Server(Some(_)) => replay::can_serve(&self.script),
            Ends::Server(None) | Ends::Both => false,
        }
    }

    /// Plays the part of the spec so often against the other side, to see what that varies. `false` where that
    /// was interrupted.
    ///
    /// # Errors
    /// Where it cannot be played at all.
    pub fn replay(&mut self, times: usize, outside: &Outside<'_>) -> io::Result<bool> {
        if !self.can_be_played() {
            return Ok(true);
        }
        let ends = self.ends.clone();
        let party = if let Ends::Client(server) = &ends { Party::Server(server) } else { Party::Client(outside.start) };
        let cancel = outside.cancel;
        let wanted = self.runs.len() + times;
        let began = Instant::now();
        let mut echoes = 0;
        // The best of the runs before the last guess.
        let mut unguessed: Option<(usize, usize)> = None;
        let mut set_aside = Vec::new();
        while self.runs.len() < wanted || self.is_doubtful() && began.elapsed() < answers::SURE_FOR {
            // Whatever counts seconds has counted on then; the next one finds what the one before has left.
            (outside.watch)(Stage::Replay(self.runs.len() + 1, wanted.max(self.runs.len() + 1)));
            if self.runs.len() % 2 == 1 && self.runs.len() < IN_TIME {
                replay::pass(TICK, cancel)?;
            }
            let play = Play { script: &self.script, codecs: &self.codecs, party, before: &self.runs };
            let Some(run) = replay::play(play, cancel)? else { return Ok(false) };
            let success = answers::success(&self.script, &self.codecs, &run);
            // A token is none by chance, and answers that name it have other words in them each time.
            let is_worse = |best: (usize, usize)| success.0 < best.0 || success < best && !self.has_guessed_token();
            if unguessed.take().is_some_and(is_worse) {
                // It went better before this value was taken for one that is said again.
                understand::drop_echo(&mut self.script);
                self.runs = std::mem::take(&mut set_aside);
            } else {
                self.runs.push(run);
            }
            let runs: Vec<&Run> = self.runs.iter().collect();
            if echoes < MOST_ECHOES && understand::find_echo(&mut self.script, &self.codecs, &runs) {
                // What came after it was an answer to the wrong value.
                echoes += 1;
                let success = |run: &Run| answers::success(&self.script, &self.codecs, run);
                unguessed = self.runs.iter().map(success).max();
                set_aside = std::mem::take(&mut self.runs);
            }
        }
        if let Party::Server(_) = party {
            self.script.refused = answers::refusals(&self.script, &self.codecs, &self.runs);
        }
        let runs: Vec<&Run> = self.runs.iter().collect();
        while understand::find_heard_again(&mut self.script, &self.codecs, &runs) {}
        understand::drop_lost(&mut self.script, &self.codecs, &runs);
        understand::widen_ends(&mut self.script, &runs);
        Ok(true)
    }

    /// Plays it again until it says something that the spec does not take yet, or has not for long enough.
    /// `false` where that was interrupted.
    ///
    /// # Errors
    /// Where it cannot be played at all.
    pub fn replay_until_otherwise(&mut self, outside: &Outside<'_>) -> io::Result<bool> {
        const AT_ONCE: usize = 6;
        const MOST: usize = 36;
        if !self.can_be_played() {
            return Ok(true);
        }
        let (began, before, runs) = (Instant::now(), self.write(&Head::default()), self.runs.len());
        while self.replay(AT_ONCE, outside)? {
            let is_long = self.runs.len() >= runs + MOST || began.elapsed() >= answers::SURE_FOR;
            if is_long || self.write(&Head::default()) != before {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The answers that the client has got, and no replay. The spec has those of the client.
    pub fn refusals(&self) -> &[Refusal] {
        &self.script.refused
    }

    /// The answers that were another one in each replay, and of which the spec takes both.
    pub fn changes(&self) -> Vec<Refusal> {
        answers::changes(&self.script, &self.codecs, &self.runs)
    }

    /// Whether the value that was last found to be said again is one that nobody says by chance.
    fn has_guessed_token(&self) -> bool {
        let Some(capture) = self.script.captures.last() else { return false };
        self.script.heard(capture.step).is_some_and(|heard| answers::is_token(&heard[capture.at.clone()]))
    }

    /// Whether more replays must say that an answer differs, and not by chance.
    fn is_doubtful(&self) -> bool {
        let is_refused = || !answers::refusals(&self.script, &self.codecs, &self.runs).is_empty();
        let is_answered = matches!(self.ends, Ends::Client(_));
        is_answered && !self.runs.is_empty() && self.runs.len() < answers::SURE && is_refused()
    }

    /// Where a replay could not go on: what it was that happened, in words.
    pub fn stopped(&self) -> Option<&str> {
        self.runs.iter().find_map(|run| run.stopped.as_ref()).map(|(_, why)| why.as_str())
    }

    /// The spec.
    pub fn write(&self, head: &Head) -> Written {
        if self.ends == Ends::Both {
            return write::both(&self.script, head);
        }
        let runs: Vec<&Run> = self.runs.iter().collect();
        let known = understand::known(&self.script, &self.codecs, &runs);
        let messages: Vec<_> = (0..self.script.steps.len())
            .map(|step| understand::message(&self.script, &self.codecs, &runs, step, &known))
            .collect();
        let across = match &self.ends {
            Ends::Client(server) => Across::Server(server),
            Ends::Server(program) => Across::Client(program.as_ref()),
            Ends::Both => Across::Client(None),
        };
        write::side(&self.script, &messages, across, head)
    }
}

impl Ends {
    /// Whose view the spec has. Where it plays both, the client's.
    fn side(&self) -> Side {
        match self {
            Self::Client(_) | Self::Both => Side::Client,
            Self::Server(_) => Side::Server,
        }
    }
}

/// Runs a spec over and over. The trace of the first run is accepted; where any run does otherwise,
/// there is no snapshot in the end. Snapshots are in the folder that is given, or else in the usual one.
///
/// # Errors
/// Where the spec is not found again.
pub fn verify(spec: &Path, snapshots: Option<&Path>, outside: &Outside<'_>) -> io::Result<Verified> {
    let cancel = outside.cancel;
    let found = find::find(&[spec.to_owned()], &Layout::Nearest { snapshots: snapshots.map(Path::to_owned) });
    let found = found.map_err(|error| io::Error::other(error.to_string()))?;
    let Some(found) = found.first() else { return Err(io::Error::other("the spec that was written is gone")) };
    let snapshot = place::file(&found.snapshots, found.stem(), None);
    let began = Instant::now();
    let mut worker = Worker::default();
    let mut passed = 0;
    while passed < RUNS && (passed < 2 || began.elapsed() < RUNS_FOR) {
        (outside.watch)(Stage::Run(passed + 1, RUNS));
        let update = if passed == 0 { Update::Force } else { Update::No };
        let settings = snapshot::Settings { update, ..snapshot::Settings::default() };
        let runner = Runner { store: Store::new(settings), cancel: cancel.clone(), ..Runner::default() };
        let Some(result) = runner.run(found, &mut worker) else { return Err(io::Error::other("nothing was run")) };
        match result.tests.first().map(|test| &test.outcome) {
            Some(Outcome::Passed { .. }) => {}
            other => {
                if passed > 0 {
                    snapshot::remove(&snapshot)?;
                }
                let is_cancelled = matches!(other, Some(Outcome::Cancelled { .. })) || cancel.is_cancelled();
                return Ok(if is_cancelled { Verified::Interrupted } else { Verified::Failed(Box::new(result)) });
            }
        }
        passed += 1;
    }
    Ok(Verified::Passed(passed))
}
