//! Plays a script again against the real server, to see what varies, or for the real client. It waits
//! as a patient client does, and takes what comes: whether that is what it should be is not its concern.

mod channel;
mod player;
mod serve;

use std::io;
use std::time::Duration;

use tokio::process::Child;
use tokio::runtime::Builder;

use super::framing::Codec;
use super::script::{Ending, Script};
use crate::exec::Cancel;
use crate::model::address::Address;
use player::Player;
pub(super) use serve::can_serve;

/// What was heard in one run of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// For each step, what was heard in it, if anything was to be heard.
    pub(super) heard: Vec<Option<Vec<u8>>>,
    /// For each step, how the stream ended in it, if it was to.
    pub(super) ended: Vec<Option<Ending>>,
    /// The step in which it went so differently that it could not go on, and what came of it.
    pub(super) stopped: Option<(usize, String)>,
}

/// The other side.
#[derive(Clone, Copy)]
pub(super) enum Party<'p> {
    /// A server at this address.
    Server(&'p Address),
    /// A client that this starts, and that is to connect to the address.
    Client(&'p dyn Fn(&Address) -> io::Result<Child>),
}

/// What a run needs to know.
#[derive(Clone, Copy)]
pub(super) struct Play<'p> {
    /// What is played.
    pub(super) script: &'p Script,
    /// How what is heard is framed, link by link.
    pub(super) codecs: &'p [Codec],
    /// Whom it is played with.
    pub(super) party: Party<'p>,
    /// The runs that were made before, which say what varies.
    pub(super) before: &'p [Run],
}

/// Plays a script once. `None` where it was cancelled.
///
/// # Errors
/// Where there is no runtime to be had.
pub(super) fn play(play: Play<'_>, cancel: &Cancel) -> io::Result<Option<Run>> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        tokio::select! {
            run = Player::new(play).run() => Ok(Some(run)),
            () = cancelled(cancel) => Ok(None),
        }
    })
}

/// Lets some time pass, unless it is cancelled.
pub(super) fn pass(time: Duration, cancel: &Cancel) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = cancelled(cancel) => {}
        }
    });
    Ok(())
}

async fn cancelled(cancel: &Cancel) {
    cancel.cancelled().await;
}
