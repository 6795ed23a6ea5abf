//! Ctrl-C, SIGTERM, and the end of the terminal.

use std::fs;
use std::future::{self, Future};
use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::exec::Cancel;

/// How long a run may take to end by itself once it was interrupted: a little longer than programs have to end.
const GRACE: Duration = Duration::from_secs(3);

/// Cancels the run at the first signal. If it has not ended shortly after, or at the second signal,
/// the program ends all the same; snapshots are moved into place whole, so none is ever half.
pub(super) fn cancel_on_interrupt(cancel: &Cancel) {
    cancel_and_tick(cancel, None);
}

/// What is done now and then until the first signal.
pub(super) struct Ticker {
    /// After how long for the first time.
    pub(super) first: Duration,
    /// And how long after that again.
    pub(super) every: Duration,
    pub(super) tick: Box<dyn FnMut() + Send>,
}

/// The same, by a thread that does something else now and then.
pub(super) fn cancel_and_tick(cancel: &Cancel, ticker: Option<Ticker>) {
    let cancel = cancel.clone();
    let (ready, is_ready) = mpsc::channel();
    // Without the thread signals end the program as they always do.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let _ = watch(&cancel, ticker, &ready);
    });
    // From here on a signal ends the run, and its reports are written.
    let _ = is_ready.recv();
}

async fn tick(ticker: Option<Ticker>) {
    let Some(Ticker { first, every, mut tick }) = ticker else { return future::pending().await };
    tokio::time::sleep(first).await;
    loop {
        tick();
        tokio::time::sleep(every).await;
    }
}

fn watch(cancel: &Cancel, ticker: Option<Ticker>, ready: &mpsc::Sender<()>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // Who runs it under nohup(1) has SIGHUP ignored.
        let mut hang_up = if hang_up_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        let _ = ready.send(());
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                Some(()) = async { hang_up.as_mut()?.recv().await } => {}
            }
        };
        tokio::select! {
            () = next() => {}
            () = tick(ticker) => {}
        }
        cancel.cancel();
        ended_or(next()).await;
        process::exit(Exit::Interrupted as i32)
    })
}

/// Has a signal that ends the program give the terminal back first.
pub(super) fn restore_at_end(restore: fn()) {
    let (ready, is_ready) = mpsc::channel();
    // Without the thread signals end the program as they always do.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut hang_up = signal(SignalKind::hangup())?;
            // Nothing is taken over before it can be given back.
            let _ = ready.send(());
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            restore();
            process::exit(Exit::Interrupted as i32)
        })
    });
    let _ = is_ready.recv();
}

/// Whether this process was started with SIGHUP ignored, proc_pid_status(5).
fn hang_up_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Waits for the future, but no longer than the grace.
async fn ended_or(future: impl Future<Output = ()>) {
    let _ = tokio::time::timeout(GRACE, future).await;
}
