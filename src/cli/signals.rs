//! Ctrl-C and SIGTERM.

use std::future::Future;
use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::exec::Cancel;

/// How long a run may take to end by itself once it was interrupted.
const GRACE: Duration = Duration::from_millis(800);

/// Cancels the run at the first signal. If it has not ended shortly after, or at the second signal,
/// the program ends all the same; snapshots are moved into place whole, so none is ever half.
pub(super) fn cancel_on_interrupt(cancel: &Cancel) {
    let cancel = cancel.clone();
    // Without the thread signals end the program as they always do.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let _ = watch(&cancel);
    });
}

fn watch(cancel: &Cancel) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        cancel.cancel();
        ended_or(next()).await;
        process::exit(Exit::Interrupted as i32)
    })
}

/// Waits for the future, but no longer than the grace.
async fn ended_or(future: impl Future<Output = ()>) {
    let _ = tokio::time::timeout(GRACE, future).await;
}
