//! `buffer.memory`: one number of bytes, and those who wait for some of it.

use kafka_types::Monotonic;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

/// Bytes that batches hold, and a queue of callers for whom there was not enough.
///
/// Memory is charged by the chunk, with one atomic operation. Callers who wait are served in the order of their arrival:
/// while somebody waits, nobody else gets any.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    used: AtomicUsize,
    /// How many wait; read without the lock, to keep newcomers from barging.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default, Debug)]
struct Queue {
    next_ticket: u64,
    /// By ticket, which is the order of arrival.
    waiters: BTreeMap<u64, Waiter>,
    /// Of those who still wait.
    deadlines: BTreeSet<(Monotonic, u64)>,
    closed: bool,
}

#[derive(Debug)]
struct Waiter {
    bytes: usize,
    deadline: Monotonic,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    /// The bytes are charged.
    Granted,
    Failed(MemoryError),
}

/// Why there was no memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// None came free in time.
    #[error("no room in the buffer (buffer.memory) in time")]
    TimedOut,
    /// The producer closed meanwhile.
    #[error("the producer was closed while a record waited for room in the buffer")]
    Closed,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Budget {
        Budget(Arc::new(Inner {
            limit,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
        }))
    }

    pub(crate) fn limit(&self) -> usize {
        self.0.limit
    }

    pub(crate) fn available(&self) -> usize {
        self.0.limit.saturating_sub(self.0.used.load(Ordering::Relaxed))
    }

    pub(crate) fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    /// Charges `bytes`, unless they are not there or somebody waits for some.
    pub(crate) fn try_charge(&self, bytes: usize) -> Option<Charge> {
        if self.has_waiters() || !self.0.take(bytes) {
            return None;
        }
        Some(Charge { budget: self.clone(), bytes })
    }

    /// Enters the queue of those who wait.
    pub(crate) fn wait(&self, bytes: usize, deadline: Monotonic) -> MemoryWait {
        let mut queue = self.0.queue.lock();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        if queue.closed {
            queue
                .waiters
                .insert(ticket, Waiter { bytes, deadline, state: State::Failed(MemoryError::Closed) });
        } else {
            queue.waiters.insert(ticket, Waiter { bytes, deadline, state: State::Waiting(None) });
            queue.deadlines.insert((deadline, ticket));
            // Counted before another look at what is free: a release that this look does not see yet will see the count
            // and come for the lock.
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
        }
        let wakers = self.0.grant(&mut queue);
        drop(queue);
        wake_all(wakers);
        MemoryWait { budget: self.clone(), ticket: Some(ticket) }
    }

    /// When the first waiter's time is over.
    pub(crate) fn next_deadline(&self) -> Monotonic {
        if !self.has_waiters() {
            return Monotonic::NEVER;
        }
        self.0.queue.lock().deadlines.first().map_or(Monotonic::NEVER, |(deadline, _)| *deadline)
    }

    /// Fails those whose time is over.
    pub(crate) fn expire(&self, now: Monotonic) -> Vec<Waker> {
        if !self.has_waiters() {
            return Vec::new();
        }
        let mut queue = self.0.queue.lock();
        let mut wakers = Vec::new();
        while let Some((deadline, ticket)) = queue.deadlines.first().copied()
            && deadline <= now
        {
            wakers.extend(self.0.fail(&mut queue, ticket, MemoryError::TimedOut));
        }
        // The head may have been what kept smaller ones waiting.
        wakers.extend(self.0.grant(&mut queue));
        wakers
    }

    /// Fails all who wait, and all who come.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut queue = self.0.queue.lock();
        queue.closed = true;
        let mut wakers = Vec::new();
        while let Some((_, ticket)) = queue.deadlines.first().copied() {
            wakers.extend(self.0.fail(&mut queue, ticket, MemoryError::Closed));
        }
        wakers
    }
}

impl Inner {
    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|&after| after <= self.limit);
        self.used.fetch_update(Ordering::SeqCst, Ordering::Relaxed, fits).is_ok()
    }

    fn release(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let wakers = self.grant(&mut self.queue.lock());
            wake_all(wakers);
        }
    }

    /// Serves waiters in order, as far as the memory goes.
    fn grant(&self, queue: &mut Queue) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for (ticket, waiter) in &mut queue.waiters {
            let State::Waiting(waker) = &mut waiter.state else { continue };
            if !self.take(waiter.bytes) {
                break;
            }
            wakers.extend(waker.take());
            waiter.state = State::Granted;
            queue.deadlines.remove(&(waiter.deadline, *ticket));
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        wakers
    }

    fn fail(&self, queue: &mut Queue, ticket: u64, error: MemoryError) -> Option<Waker> {
        let waiter = queue.waiters.get_mut(&ticket)?;
        queue.deadlines.remove(&(waiter.deadline, ticket));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        match mem::replace(&mut waiter.state, State::Failed(error)) {
            State::Waiting(waker) => waker,
            State::Granted | State::Failed(_) => None,
        }
    }
}

/// Wakers are the program's code: they run with no lock held.
fn wake_all(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// Bytes that are charged for as long as this lives.
pub(crate) struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Charges more, unless it is not there or somebody waits for it.
    pub(crate) fn try_grow(&mut self, bytes: usize) -> bool {
        let grown = !self.budget.has_waiters() && self.budget.0.take(bytes);
        if grown {
            self.bytes += bytes;
        }
        grown
    }

    /// Gives back what goes beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes);
        self.bytes -= excess;
        self.budget.0.release(excess);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.release(self.bytes);
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charge({} bytes)", self.bytes)
    }
}

/// A place among those who wait for memory. Dropped, it is given up, and what it was granted goes to the next.
#[derive(Debug)]
#[must_use = "dropping it gives the place up"]
pub struct MemoryWait {
    budget: Budget,
    ticket: Option<u64>,
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
            Some(Waiter { bytes, .. }) => Ok(Grant(Charge { budget: self.budget.clone(), bytes })),
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
                queue.deadlines.remove(&(waiter.deadline, ticket));
                inner.waiting.fetch_sub(1, Ordering::SeqCst);
                // It may have been what kept smaller ones waiting.
                wakers = inner.grant(&mut queue);
                drop(queue);
            }
            State::Granted => {
                drop(queue);
                inner.release(waiter.bytes);
            }
            State::Failed(_) => drop(queue),
        }
        wake_all(wakers);
    }
}

#[cfg(test)]
mod tests;
