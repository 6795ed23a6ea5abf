//! Closes packet sockets where nobody waits for it: close(2) of one takes the kernel 15 ms (an RCU
//! grace period), which would be thirty times what the rest of an isolated network costs. Many
//! that wait at the same time share one grace period.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// So many closes at a time; the threads sleep in the kernel.
const THREADS: usize = 32;
/// How long a thread stays for more.
const IDLE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<OwnedFd>>,
    threads: usize,
    idle: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { waiting: VecDeque::new(), threads: 0, idle: 0 });
static MORE: Condvar = Condvar::new();

/// A packet socket for whose end nobody waits.
#[derive(Debug)]
pub(super) struct Unwaited(Option<Arc<OwnedFd>>);

impl Unwaited {
    /// That socket.
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self(Some(Arc::new(fd)))
    }

    /// The socket, to be known to a reactor; it must be forgotten there before this is dropped.
    pub(super) fn share(&self) -> Arc<OwnedFd> {
        self.0.clone().unwrap_or_else(|| unreachable!("it is given away when it is dropped"))
    }
}

impl AsFd for Unwaited {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().map_or_else(|| unreachable!("it is given away when it is dropped"), |fd| fd.as_fd())
    }
}

impl Drop for Unwaited {
    /// Gives the descriptor away, so that it is not closed here: whoever lets go last closes it.
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(close);
    }
}

/// Closes a packet socket, soon.
fn close(fd: Arc<OwnedFd>) {
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    queue.waiting.push_back(fd);
    if queue.idle >= queue.waiting.len() || queue.threads >= THREADS {
        MORE.notify_one();
        return;
    }
    // Where there is no thread to be had, the next one takes this with it, or the process's end.
    if thread::Builder::new().name("close".to_owned()).stack_size(64 * 1024).spawn(work).is_ok() {
        queue.threads += 1;
    }
}

fn work() {
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(fd) = queue.waiting.pop_front() {
            drop(queue);
            drop(fd);
            queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        queue.idle += 1;
        let (back, timeout) = MORE.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
        queue = back;
        queue.idle -= 1;
        if timeout.timed_out() && queue.waiting.is_empty() {
            queue.threads -= 1;
            return;
        }
    }
}
