//! How long a step, or a block of steps, may take.

use std::time::Duration;

use tokio::time::Instant;

use crate::exec::net::{Direction, Socket};
use crate::exec::stop::Stop;

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
    pub(crate) fn new(within: Duration) -> Self {
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

/// A deadline, or that of the block around where it passes first.
pub(crate) fn earlier(own: Deadline, around: Option<Deadline>) -> Deadline {
    around.filter(|around| around.at < own.at).unwrap_or(own)
}
