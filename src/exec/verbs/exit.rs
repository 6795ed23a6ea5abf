//! `expect: exit`: a program ends.

use crate::model::signal::ExitStatus;
use crate::plan::{Call, Condition, Mode};
use crate::trace::event::What;

use super::super::lane::{Deadline, Done, Lane};
use super::super::net::Direction;
use super::super::program::Program;
use super::super::stop::Stop;
use super::expect::{Expected, Look};
use super::open_output;
use super::run::program_of;

/// Waits until it has ended, or another of the conditions holds.
pub(super) async fn run(
    lane: &Lane<'_>,
    call: &Call,
    conditions: &[Condition],
    status: &[ExitStatus],
    stderr: bool,
    deadline: Deadline,
) -> Result<Done, Stop> {
    let (endpoint, socket) = open_output(lane, &call.endpoint, stderr)?;
    let program = program_of(&endpoint)?;
    let others: Vec<Condition> = conditions.iter().copied().filter(|other| *other != Condition::Exit).collect();
    let expected = Expected { endpoint: &endpoint, socket: &socket, conditions: &others, words: &call.words };
    loop {
        if let Some(ended) = program.status() {
            return judge(call, conditions, status, &program, ended).await;
        }
        if !others.is_empty() && matches!(expected.look()?, Look::Holds) {
            // It is free to end from here on, now or later.
            program.may_end.set(true);
            return Ok(Done::words(call, Ok(())));
        }
        if call.mode == Mode::Nonblocking {
            return Ok(Done::words(call, Err(crate::model::errno::Errno(libc::EAGAIN))));
        }
        let news = async {
            tokio::select! {
                _ = program.ended() => Ok(true),
                news = deadline.wait(&socket, Direction::In), if !others.is_empty() => news,
            }
        };
        match tokio::time::timeout_at(deadline.at, news).await {
            Ok(Ok(true)) => {}
            Ok(Err(stop)) => return Err(stop),
            Ok(Ok(false)) | Err(_) => return Err(late(&program, deadline)),
        }
    }
}

async fn judge(
    call: &Call,
    conditions: &[Condition],
    allowed: &[ExitStatus],
    program: &Program,
    ended: ExitStatus,
) -> Result<Done, Stop> {
    // Which of several conditions held is not to be told by what comes later.
    if conditions.len() == 1 { &program.is_done } else { &program.may_end }.set(true);
    // What it has printed last belongs to a report, and to who receives it.
    program.quiet().await;
    if !allowed.is_empty() && !allowed.contains(&ended) {
        let wanted: Vec<String> = allowed.iter().map(|status| status.described()).collect();
        let name = &program.shown;
        let message = format!("{name}: it ended {}, not {}", ended.described(), wanted.join(" or "));
        return Err(Stop::failed(message).label(format!("ended {}", ended.described())));
    }
    let mut done = Done::words(call, Ok(()));
    if conditions.len() == 1 && allowed.is_empty() {
        // Nothing is said of the status, so the snapshot pins it.
        done.what = What::Words(format!("exit {ended}"));
    }
    Ok(done)
}

fn late(program: &Program, deadline: Deadline) -> Stop {
    let stop =
        Stop::failed(format!("{}: it did not end", program.shown)).label("still running").deadline(deadline.within);
    if program.is_blocked() {
        stop.note("so much of its output waits to be received that it may be waiting for that")
    } else {
        stop
    }
}
