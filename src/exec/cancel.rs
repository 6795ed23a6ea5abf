//! Cancelling every test that runs, from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Says that whatever runs shall end now. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    changed: Notify,
}

impl Cancel {
    /// Ends every test that runs with this, and those that begin later.
    pub fn cancel(&self) {
        self.state.cancelled.store(true, Ordering::SeqCst);
        self.state.changed.notify_waiters();
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        self.state.cancelled.load(Ordering::Relaxed)
    }

    /// Waits until it is said.
    pub async fn cancelled(&self) {
        let changed = self.state.changed.notified();
        tokio::pin!(changed);
        // Registered before the flag is read: what is said between the two is not missed.
        changed.as_mut().enable();
        if !self.is_cancelled() {
            changed.await;
        }
    }
}
