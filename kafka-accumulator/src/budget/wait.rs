//! Waiting for memory.

use super::{Budget, Charge, MemoryError, State, Waiter, wake_all};
use std::task::{Poll, Waker};

/// A place among those who wait for memory. Dropped, it is given up, and what it was granted goes to the next.
#[derive(Debug)]
#[must_use = "dropping it gives the place up"]
pub struct MemoryWait {
    pub(super) budget: Budget,
    pub(super) ticket: Option<u64>,
}

/// Memory that was waited for; it goes back unless a record is appended with it.
#[derive(Debug)]
#[must_use = "dropping it gives the memory back"]
pub struct Grant(pub(crate) Charge);

impl MemoryWait {
    /// Ready when the memory is there, or won't be. The waker is woken once for the outcome; only the last one given is
    /// kept.
    ///
    /// # Panics
    /// If it is polled again after it was ready.
    pub fn poll(&mut self, waker: &Waker) -> Poll<Result<Grant, MemoryError>> {
        let ticket = self.ticket.expect("a memory wait was polled after it was ready");
        // Cloning and dropping wakers is the program's code: it happens outside of the lock.
        let waker = waker.clone();
        let mut queue = self.budget.0.queue.lock();
        let waiter = queue.waiters.get_mut(&ticket).expect("a waiter stays until its wait is over");
        if let State::Waiting(kept) = &mut waiter.state {
            let replaced = kept.replace(waker);
            drop(queue);
            drop(replaced);
            return Poll::Pending;
        }
        let waiter = queue.waiters.remove(&ticket);
        drop(queue);
        self.ticket = None;
        Poll::Ready(match waiter {
            Some(Waiter { state: State::Failed(error), .. }) => Err(error),
            Some(Waiter { group, bytes, .. }) => {
                Ok(Grant(Charge { budget: self.budget.clone(), group, bytes }))
            }
            None => Err(MemoryError::Closed),
        })
    }
}

impl Drop for MemoryWait {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let inner = &self.budget.0;
        let mut queue = inner.queue.lock();
        let Some(waiter) = queue.waiters.remove(&ticket) else { return };
        let mut wakers = Vec::new();
        match waiter.state {
            State::Waiting(_) => {
                inner.stop_waiting(&mut queue, ticket, waiter.group, waiter.deadline);
                // It may have been what kept smaller ones waiting.
                wakers = inner.grant(&mut queue);
                drop(queue);
            }
            State::Granted => {
                drop(queue);
                inner.release(waiter.group, waiter.bytes);
            }
            State::Failed(_) => drop(queue),
        }
        wake_all(wakers);
    }
}
