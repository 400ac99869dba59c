//! The callers' side.

use crate::manager::MetadataManager;
use crate::shared::Shared;
use crate::{ClusterSnapshot, MetadataConfig, MetadataError};
use kafka_types::{BrokerAddress, Monotonic};
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// The callers' view of the metadata that a [`MetadataManager`] keeps fresh. Cheap to clone; any thread may use it.
#[derive(Clone)]
pub struct Metadata {
    shared: Arc<Shared>,
    max_idle: Duration,
}

impl Metadata {
    /// Knows nothing but the bootstrap addresses, whose node ids are -1, -2 and so on. The `seed` spreads the pauses
    /// between refreshes.
    pub fn new(
        config: MetadataConfig,
        bootstrap: Vec<BrokerAddress>,
        seed: u64,
    ) -> (Metadata, MetadataManager) {
        let snapshot = Arc::new(ClusterSnapshot::bootstrap(&bootstrap));
        let shared = Arc::new(Shared::new(snapshot));
        let metadata = Metadata { shared: shared.clone(), max_idle: config.max_idle };
        (metadata, MetadataManager::new(config, bootstrap, shared, seed))
    }

    /// Changes with every snapshot. Read it before the snapshot: then a change in between shows as another number.
    pub fn generation(&self) -> u64 {
        self.shared.generation()
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<ClusterSnapshot> {
        self.shared.lock().snapshot.clone()
    }

    /// Names a topic, which keeps it of interest for `max_idle`. True if it was not of interest before: it is asked for
    /// at once, so the manager's owner has to be woken.
    pub fn touch(&self, topic: &str, now: Monotonic) -> bool {
        let expires = now + self.max_idle;
        let mut state = self.shared.lock();
        let new = state.interest.touch(topic, expires);
        state.topic_added |= new;
        new
    }

    /// Asks for a refresh of all topics of interest, as soon as the pause since the last one allows. The manager's
    /// owner has to be woken.
    pub fn request_update(&self) {
        self.shared.lock().requested = true;
    }

    /// As [`Metadata::request_update`], for the sake of this topic: if no answer has mentioned it yet it is asked for
    /// already, and nothing else is.
    pub fn request_topic(&self, topic: &str) {
        let mut state = self.shared.lock();
        if !state.interest.new_ones().contains(topic) {
            state.requested = true;
        }
    }

    /// Waits for a snapshot after `generation`, until `deadline` at most.
    pub fn wait(&self, generation: u64, deadline: Monotonic) -> MetadataWait {
        let id = self.shared.lock().waiters.register(deadline);
        MetadataWait { shared: self.shared.clone(), generation, id }
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

/// A wait for news. The manager expires it, so it needs no timer; dropping it ends it.
#[must_use = "a wait does nothing unless polled"]
pub struct MetadataWait {
    shared: Arc<Shared>,
    generation: u64,
    id: u64,
}

impl MetadataWait {
    /// Ready once there is a newer snapshot, or none will come; else `waker` is woken when that changes.
    ///
    /// # Errors
    /// [`MetadataError::TimedOut`] at the deadline, [`MetadataError::Closed`], or the cause that refreshing failed for
    /// good, which everybody gets who waits at that moment.
    pub fn poll(&mut self, waker: &Waker) -> Poll<Result<(), MetadataError>> {
        // Cloned before the lock and dropped after it: a waker is user code.
        let mut waker = Some(waker.clone());
        // The lock is held from the look at the number to the registration: news can't come in between.
        let mut state = self.shared.lock();
        if self.shared.generation() != self.generation {
            return Poll::Ready(Ok(()));
        }
        if state.closed {
            return Poll::Ready(Err(MetadataError::Closed));
        }
        match state.waiters.poll(self.id, &mut waker) {
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) => Poll::Pending,
        }
    }
}

impl Drop for MetadataWait {
    fn drop(&mut self) {
        let waker = self.shared.lock().waiters.remove(self.id);
        drop(waker);
    }
}

impl fmt::Debug for MetadataWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataWait").field("generation", &self.generation).finish_non_exhaustive()
    }
}
