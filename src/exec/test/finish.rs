//! The end of a run: what its programs have done, what crossed the wire, what is still open.

use crate::exec::steer::Steer;
use crate::exec::stop::Stop;
use crate::exec::wire::{self, CapturedFrame};
use crate::exec::{Ended, Execution, settle};
use crate::source::Location;
use crate::trace::record::{Entry, Record, VERSION};

use super::{Test, failure};

impl Test<'_> {
    /// At the end, no program may have ended that nobody expects to end; a failure tells what they
    /// have printed.
    pub(super) async fn judge_programs(&self, result: Result<(), Stop>) -> Result<(), Stop> {
        if self.programs.is_empty() || matches!(result, Err(Stop::Cancelled | Stop::CouldNotRun(_))) {
            return result;
        }
        if let Err(Stop::Failed(failed)) = &result
            && let Some(endpoint) = failed.endpoint.as_deref()
            && failure::may_be_an_end(&self.open(), endpoint)
        {
            self.programs.await_cause(endpoint).await;
        }
        self.programs.settle().await;
        match result {
            Ok(()) => match self.programs.lost(false, None) {
                Some(stop) => Err(self.programs.told(self.with_unread(stop))),
                None => Ok(()),
            },
            Err(stop) => Err(self.programs.told(self.with_late(stop))),
        }
    }

    /// A failure with what waits unread.
    pub(super) fn with_unread(&self, mut stop: Stop) -> Stop {
        if let Stop::Failed(failure) = &mut stop {
            failure.unread = failure::unread(&self.open());
        }
        stop
    }

    /// A deadline that passed tells what has come a moment later.
    fn with_late(&self, stop: Stop) -> Stop {
        match &stop {
            Stop::Failed(failed) if failed.deadline.is_some() => {
                let late = failure::late(&failed.unread, &failure::unread(&self.open()));
                late.into_iter().fold(stop, Stop::note)
            }
            _ => stop,
        }
    }

    /// Waits until the frames that the steps sent have been captured; a frame that the kernel keeps
    /// back, since a window is closed or a link is cut, ends the waiting after a while.
    pub(super) async fn collect_frames(&self) {
        let (Some(wire), Some(topology)) = (&self.wire, &self.plan.topology) else { return };
        settle::until(self, || wire.is_complete(topology)).await;
    }

    /// Puts what crossed the wire under the steps that caused it, and gives the frames.
    fn put_wire(&self, entries: &mut [Entry]) -> Vec<CapturedFrame> {
        let (Some(wire), Some(topology)) = (&self.wire, &self.plan.topology) else { return Vec::new() };
        let (mut segments, frames) = wire.finish(topology, entries);
        if self.plan.wire {
            wire::put_under(entries, &mut segments);
        }
        frames
    }

    pub(super) fn finish(self, mut entries: Vec<Entry>, result: Result<(), Stop>) -> Execution {
        let frames = self.put_wire(&mut entries);
        let (ended, failure) = match result {
            Ok(()) => (Ended::Completed, None),
            Err(Stop::Failed(mut failed)) => {
                failed.line = self.source.line(failed.start);
                failed.file = self.source.included_name(failed.start).map(str::to_owned);
                if let Some(part) = &mut failed.part {
                    let Location { line, column } = self.source.location(part.start);
                    (part.line, part.column) = (line as u32, column as u32);
                }
                failed.included_from = self.source.includes(failed.start);
                (Ended::Failed, Some(*failed))
            }
            Err(Stop::CouldNotRun(reason)) => (Ended::CouldNotRun(reason), None),
            Err(Stop::Cancelled) => (self.cancelled(), None),
        };
        let ended = self.unless_lost(ended);
        let end = self.close_all();
        let record = Record { version: VERSION, test: self.plan.test.clone(), entries, end, failure };
        let turns = self.steer.map(Steer::into_turns).unwrap_or_default();
        Execution { record, ended, frames, turns }
    }

    fn cancelled(&self) -> Ended {
        let at = self.current.get();
        Ended::Cancelled {
            line: at.map_or(0, |at| self.source.line(at)),
            file: at.and_then(|at| self.source.included_name(at)).map(str::to_owned),
        }
    }

    /// Frames that were lost are a hole in what was seen, or in the network itself.
    fn unless_lost(&self, ended: Ended) -> Ended {
        let Some(net) = &self.net else { return ended };
        net.pump();
        match net.lost() {
            Ok(0) => ended,
            _ if matches!(ended, Ended::Cancelled { .. } | Ended::CouldNotRun(_)) => ended,
            Ok(lost) => Ended::CouldNotRun(format!(
                "the isolated network lost {lost} frames, since more came at once than it has room for: \
                 send less at a time, or let the receiver take it in between"
            )),
            Err(error) => Ended::CouldNotRun(format!("cannot ask whether frames were lost: {error}")),
        }
    }
}
