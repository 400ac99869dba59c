//! What waits for the engine's task: one list, one wake-up.

use super::input::Input;
use parking_lot::Mutex;
use std::mem;
use std::pin::pin;
use tokio::sync::Notify;

/// Many write, the engine's task reads. Bounded by what it is about: the requests in flight, the seal jobs that are
/// running, and the calls that wait for a flush or a close.
pub(crate) struct Inbox {
    /// `None` once nobody reads any more.
    inputs: Mutex<Option<Vec<Input>>>,
    notify: Notify,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Inbox { inputs: Mutex::new(Some(Vec::new())), notify: Notify::new() }
    }

    /// Puts an input into the list. If nobody reads any more it is dropped, and with it the sender of whoever waits for
    /// an answer, who so learns of it.
    pub(crate) fn push(&self, input: Input) {
        let refused = match &mut *self.inputs.lock() {
            Some(inputs) => {
                inputs.push(input);
                None
            }
            None => Some(input),
        };
        // Dropped here, with the lock released: an input may hold a batch, whose end runs callbacks.
        drop(refused);
        self.notify.notify_one();
    }

    /// Without an input: the accumulator or the metadata have something for the engine.
    pub(crate) fn wake(&self) {
        self.notify.notify_one();
    }

    /// Everything that came since the last time. `into` must be empty; its room is reused.
    pub(super) fn take(&self, into: &mut Vec<Input>) {
        if let Some(inputs) = &mut *self.inputs.lock() {
            mem::swap(inputs, into);
        }
    }

    /// Nobody will read any more. What was in the list comes back, to be dropped with no lock held.
    pub(super) fn close(&self) -> Option<Vec<Input>> {
        self.inputs.lock().take()
    }

    /// Returns when something was pushed, or somebody woke, since the last return. A wake-up while nobody waits is
    /// kept, so none gets lost between taking and waiting.
    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// The same without sleeping, until `over` says that it is enough; true if it was woken. In between, sockets and other tasks
    /// have their turn. Those who wake need no system call meanwhile.
    pub(super) async fn woken_before(&self, over: impl Fn() -> bool) -> bool {
        let mut woken = pin!(self.notify.notified());
        // A wake-up that comes when it is over is passed on as `woken` drops, to whoever waits next.
        while !woken.as_mut().enable() {
            if over() {
                return false;
            }
            tokio::task::yield_now().await;
        }
        true
    }
}
