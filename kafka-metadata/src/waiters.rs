//! Who waits for metadata.

use crate::MetadataError;
use kafka_types::Monotonic;
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// The waits that are not over, and those that failed and were not told yet. Hands wakers out instead of waking: it
/// lives under a lock.
#[derive(Default)]
pub(crate) struct Waiters {
    next: u64,
    waiters: BTreeMap<u64, Waiter>,
    /// Of those that have not failed.
    deadlines: BTreeSet<(Monotonic, u64)>,
}

struct Waiter {
    deadline: Monotonic,
    waker: Option<Waker>,
    failed: Option<MetadataError>,
}

impl Waiters {
    pub(crate) fn register(&mut self, deadline: Monotonic) -> u64 {
        let id = self.next;
        self.next += 1;
        self.waiters.insert(id, Waiter { deadline, waker: None, failed: None });
        self.deadlines.insert((deadline, id));
        id
    }

    /// The failure, if it has failed; else keeps `waker` there, and leaves the one before in its place for dropping
    /// outside the lock.
    pub(crate) fn poll(&mut self, id: u64, waker: &mut Option<Waker>) -> Result<(), MetadataError> {
        let Some(waiter) = self.waiters.get_mut(&id) else { return Err(MetadataError::Closed) };
        match &waiter.failed {
            Some(error) => Err(error.clone()),
            None => {
                std::mem::swap(&mut waiter.waker, waker);
                Ok(())
            }
        }
    }

    /// Forgets a wait; its waker is given back for dropping outside the lock.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Waker> {
        let waiter = self.waiters.remove(&id)?;
        self.deadlines.remove(&(waiter.deadline, id));
        waiter.waker
    }

    pub(crate) fn next_deadline(&self) -> Monotonic {
        self.deadlines.first().map_or(Monotonic::NEVER, |(deadline, _)| *deadline)
    }

    /// There is news: everybody looks again. Who registered after it does not sit here yet.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        self.waiters.values_mut().filter_map(|waiter| waiter.waker.take()).collect()
    }

    pub(crate) fn expire(&mut self, now: Monotonic) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some((deadline, id)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            wakers.extend(self.fail_one(id, &MetadataError::TimedOut));
        }
        wakers
    }

    pub(crate) fn fail_all(&mut self, error: &MetadataError) -> Vec<Waker> {
        let waiting = std::mem::take(&mut self.deadlines);
        waiting.into_iter().filter_map(|(_, id)| self.fail_one(id, error)).collect()
    }

    fn fail_one(&mut self, id: u64, error: &MetadataError) -> Option<Waker> {
        let waiter = self.waiters.get_mut(&id)?;
        waiter.failed = Some(error.clone());
        waiter.waker.take()
    }
}
