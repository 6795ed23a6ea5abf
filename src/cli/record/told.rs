//! What a recording tells on the terminal.

use std::io;
use std::path::{Path, PathBuf};

use super::given::placeholders;
use super::session::Recorded;
use super::{Record, Side, written};
use crate::cli::Exit;
use crate::cli::new::place::shown;
use crate::cli::output::Output;
use crate::diagnostic::{Format, Style};
use crate::record::proxy::Over;
use crate::record::{Understood, What, Written};
use crate::report::terminal;
use crate::report::way_out::WayOut;
use crate::suite::{Outcome, SpecResult};

impl Record {
    /// Says that there is nothing, and what may be the reason.
    pub(super) fn tell_nobody_came(&self, over: Over, output: &mut Output) -> Exit {
        output.error("nobody came, so nothing was recorded");
        let says_where = self.command.iter().any(|argument| placeholders(argument).next().is_some());
        if !self.command.is_empty() && !says_where && self.listen.is_none() {
            output.note(format!(
                "nothing tells {} where to connect: write `{{address}}`, or `{{host}}` and `{{port}}`, in the command",
                self.command[0]
            ));
        }
        if over == Over::Stopped { Exit::Interrupted } else { Exit::Failed }
    }

    /// Says how the recording shows that the server could not be reached. `false` where it never could: a typing
    /// error in its address looks like that, and nothing was said.
    pub(super) fn tell_refusals(&self, recorded: &Recorded, output: &mut Output) -> bool {
        let conversation = &recorded.conversation;
        let is_refusal = |what: &What| matches!(what, What::Refused(_) | What::Unreachable { .. });
        let refused = conversation.events.iter().filter(|event| is_refusal(&event.what)).count();
        let server = written(&self.server());
        if recorded.is_untold {
            output.note(
                "of the refused datagrams the client has heard nothing: only root may hand that on (CAP_NET_RAW)",
            );
        }
        if conversation.is_refused() {
            let network = self.server().network();
            let (verb, way_out) = if network.is_udp() {
                ("answered", "recv: {rest: true}, fails: ECONNREFUSED".to_owned())
            } else {
                ("took a connection", format!("connect: \"{server}\", fails: ECONNREFUSED"))
            };
            output.error(format!(
                "nobody {verb} at {server}, so nothing was written: start the server, or see whether `--to` has its \
                 address (that nobody is there is a spec, too: `client: {{{way_out}}}`)"
            ));
            return false;
        }
        match self.side() {
            _ if refused == 0 => {}
            Side::Server => output.note(format!(
                "{server} could not be reached {}; the spec, which is the server itself, does not show that",
                times(refused)
            )),
            Side::Client | Side::Both => {
                output.note(format!("{server} could not be reached {}, and the spec shows that, too", times(refused)));
            }
        }
        true
    }

    pub(super) fn tell_written(&self, written: &Written, output: &mut Output) {
        output.line(format_args!("wrote     {}", self.output.display()));
        for (name, bytes) in &written.files {
            let path = self.output.with_file_name(name);
            output.line(format_args!("wrote     {}  ({} bytes that it sends)", path.display(), bytes.len()));
        }
    }
}

pub(super) fn tell_removed(gone: &[PathBuf], output: &mut Output) -> io::Result<()> {
    let here = std::env::current_dir()?;
    for path in gone {
        let path = shown(&std::path::absolute(path)?, &here);
        output.line(format_args!("removed   {path}  (of the spec that was there before)"));
    }
    Ok(())
}

/// Shows what a run of the spec has come to.
pub(super) fn explain(result: &SpecResult, output: &mut Output) {
    let way_out = WayOut::Sockspec { snapshots: None, is_trial: true };
    let style = Style { color: false, ..output.style };
    let options = terminal::Options { style, verbose: false, format: Format::Full, way_out };
    output.explain(&terminal::spec(result, options));
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Whether it is not the spec that kept it from passing.
pub(super) fn could_not_run(result: &SpecResult) -> bool {
    matches!(result.tests.first().map(|test| &test.outcome), Some(Outcome::CouldNotRun { .. }))
}

/// The end of a recording whose spec has not passed.
pub(super) fn conclude(result: &SpecResult, understood: &Understood, output: &mut Output) -> Exit {
    if could_not_run(result) {
        output.error("the spec could not be run, so it is not verified, and there is no snapshot of it");
        return Exit::CouldNotRun;
    }
    if let Some(why) = understood.stopped() {
        output.note(format!("when it was played again: {why}"));
    }
    match understood.refusals().first() {
        Some(refusal) => output.error(format!(
            "the server does not answer a replay as it answered the client, so there is no snapshot of the spec: {refusal}"
        )),
        None => output.error("the spec does not pass each time, so there is no snapshot of it"),
    }
    Exit::Failed
}

/// Removes a snapshot, and what waits to become it; gives what was there.
pub(super) fn remove_snapshot(snapshot: &Path) -> io::Result<Vec<PathBuf>> {
    use crate::snapshot::{self, place};
    let mut gone = Vec::new();
    for path in [snapshot.to_owned(), place::pending(snapshot)] {
        if snapshot::remove(&path)? {
            gone.push(path);
        }
    }
    Ok(gone)
}
