//! What callers and the manager share, behind one short lock.

use crate::ClusterSnapshot;
use crate::interest::Interest;
use crate::waiters::Waiters;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

/// No waker is woken or dropped, and nothing waits, under this lock.
pub(crate) struct Shared {
    generation: AtomicU64,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) snapshot: Arc<ClusterSnapshot>,
    pub(crate) interest: Interest,
    /// Somebody wants a refresh of everything.
    pub(crate) requested: bool,
    /// A topic was added that the manager has not seen.
    pub(crate) topic_added: bool,
    pub(crate) waiters: Waiters,
    pub(crate) closed: bool,
}

impl Shared {
    pub(crate) fn new(snapshot: Arc<ClusterSnapshot>) -> Shared {
        let state = State {
            snapshot,
            interest: Interest::default(),
            requested: true,
            topic_added: false,
            waiters: Waiters::default(),
            closed: false,
        };
        Shared { generation: AtomicU64::new(0), state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Puts a snapshot in place, and gives back those who waited for one.
    pub(crate) fn publish(&self, state: &mut State, snapshot: Arc<ClusterSnapshot>) -> Vec<Waker> {
        state.snapshot = snapshot;
        // After the snapshot is in place: who sees the new number and then takes the lock sees the new snapshot. Under
        // the lock: a wait is registered before this, and gets its waker back, or after it, and sees the number.
        self.generation.fetch_add(1, Ordering::Release);
        state.waiters.take_wakers()
    }
}
