//! `buffer.memory`: one number of bytes, and those who wait for some of it.

mod charge;
mod shares;
mod wait;

pub(crate) use charge::Charge;
pub(crate) use shares::Group;
pub use wait::{Grant, MemoryWait};

use crate::QueueId;
use kafka_types::Monotonic;
use parking_lot::Mutex;
use shares::{GROUPS, Room, Shares};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;

/// Bytes that batches hold, and a queue of callers for whom there was not enough.
///
/// Memory is charged by the chunk, to the group of the batch that it is for: its partition's leader. Callers who wait are
/// served in the order of their arrival, but those whose group holds its share stand aside until it holds less, and hold up
/// nobody: so the partitions of a leader that is gone do not starve the others. While somebody waits whose turn it is,
/// nobody else gets any; nor does anybody pass those of the own group.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shares: Shares,
    /// How many wait; read without the lock, as are the two that follow, to keep newcomers from barging.
    waiting: AtomicUsize,
    /// How many of each group.
    waiting_of: [AtomicUsize; GROUPS],
    /// Somebody whose turn it is waits until there is more.
    blocked: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Default, Debug)]
struct Queue {
    next_ticket: u64,
    /// By ticket, which is the order of arrival.
    waiters: BTreeMap<u64, Waiter>,
    /// The tickets of those who still wait.
    lines: BTreeMap<Group, BTreeSet<u64>>,
    /// Of those who still wait.
    deadlines: BTreeSet<(Monotonic, u64)>,
    closed: bool,
}

#[derive(Debug)]
struct Waiter {
    queue: QueueId,
    group: Group,
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
            shares: Shares::new(limit),
            waiting: AtomicUsize::new(0),
            waiting_of: [const { AtomicUsize::new(0) }; GROUPS],
            blocked: AtomicBool::new(false),
            queue: Mutex::default(),
        }))
    }

    pub(crate) fn limit(&self) -> usize {
        self.0.shares.limit()
    }

    pub(crate) fn available(&self) -> usize {
        self.limit().saturating_sub(self.used())
    }

    pub(crate) fn used(&self) -> usize {
        self.0.shares.used()
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    /// So many leaders have partitions here, or had.
    pub(crate) fn set_leaders(&self, leaders: usize) {
        self.0.shares.set_leaders(leaders);
    }

    /// Charges `bytes`, unless they are not there, or the group's share is spent, or somebody waits whose turn it is.
    pub(crate) fn try_charge(&self, group: Group, bytes: usize) -> Option<Charge> {
        self.0.try_take(group, bytes).then(|| Charge { budget: self.clone(), group, bytes })
    }

    /// Enters the line of the group's, for memory that a queue needs.
    pub(crate) fn wait(&self, of: QueueId, group: Group, bytes: usize, deadline: Monotonic) -> MemoryWait {
        let mut queue = self.0.queue.lock();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        let closed = queue.closed;
        let state = if closed { State::Failed(MemoryError::Closed) } else { State::Waiting(None) };
        queue.waiters.insert(ticket, Waiter { queue: of, group, bytes, deadline, state });
        if !closed {
            queue.deadlines.insert((deadline, ticket));
            // Counted before another look at what is free: a release that this look does not see yet will see the count
            // and come for the lock.
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
            self.0.line_up(&mut queue, ticket, group);
        }
        let wakers = self.0.grant(&mut queue);
        drop(queue);
        wake_all(wakers);
        MemoryWait { budget: self.clone(), ticket: Some(ticket) }
    }

    /// The queues that memory is waited for.
    pub(crate) fn waited_for(&self) -> BTreeSet<QueueId> {
        if !self.has_waiters() {
            return BTreeSet::new();
        }
        self.0.queue.lock().waiters.values().map(|waiter| waiter.queue).collect()
    }

    /// The queue has another leader: those who wait for memory for it wait with the others of that one.
    pub(crate) fn regroup(&self, of: QueueId, group: Group) -> Vec<Waker> {
        if !self.has_waiters() {
            return Vec::new();
        }
        let mut queue = self.0.queue.lock();
        let waits = |waiter: &Waiter| waiter.queue == of && matches!(waiter.state, State::Waiting(_));
        let moved: Vec<u64> =
            queue.waiters.iter().filter(|(_, waiter)| waits(waiter)).map(|(ticket, _)| *ticket).collect();
        for ticket in moved {
            let Some(waiter) = queue.waiters.get_mut(&ticket) else { continue };
            let from = mem::replace(&mut waiter.group, group);
            self.0.leave_line(&mut queue, ticket, from);
            self.0.line_up(&mut queue, ticket, group);
        }
        self.0.grant(&mut queue)
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
    /// Takes what nobody waits for whose turn it is. No lock: callers have one already.
    fn try_take(&self, group: Group, bytes: usize) -> bool {
        let barred = self.waiting.load(Ordering::SeqCst) > 0
            && (self.blocked.load(Ordering::SeqCst) || self.line(group).load(Ordering::SeqCst) > 0);
        !barred && self.shares.take(group, bytes) == Room::Enough
    }

    fn release(&self, group: Group, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.shares.give_back(group, bytes);
        self.serve();
    }

    /// There may be room for those who wait.
    fn serve(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            let wakers = self.grant(&mut self.queue.lock());
            wake_all(wakers);
        }
    }

    /// Serves waiters in the order of their arrival, as far as the memory goes. Groups that hold their share stand aside.
    fn grant(&self, queue: &mut Queue) -> Vec<Waker> {
        let (mut wakers, mut aside, mut blocked) = (Vec::new(), [false; GROUPS], false);
        while let Some(ticket) = queue.next(&aside) {
            let Some(waiter) = queue.waiters.get_mut(&ticket) else { break };
            let group = waiter.group;
            match self.shares.take(group, waiter.bytes) {
                Room::Enough => {
                    if let State::Waiting(Some(waker)) = mem::replace(&mut waiter.state, State::Granted) {
                        wakers.push(waker);
                    }
                    let deadline = waiter.deadline;
                    self.stop_waiting(queue, ticket, group, deadline);
                }
                Room::BeyondShare => aside[usize::from(group.index())] = true,
                // Nobody passes it, or it would never find room.
                Room::TooLittle => {
                    blocked = true;
                    break;
                }
            }
        }
        self.blocked.store(blocked, Ordering::SeqCst);
        wakers
    }

    fn fail(&self, queue: &mut Queue, ticket: u64, error: MemoryError) -> Option<Waker> {
        let waiter = queue.waiters.get_mut(&ticket)?;
        let (group, deadline) = (waiter.group, waiter.deadline);
        let state = mem::replace(&mut waiter.state, State::Failed(error));
        self.stop_waiting(queue, ticket, group, deadline);
        match state {
            State::Waiting(waker) => waker,
            State::Granted | State::Failed(_) => None,
        }
    }

    fn stop_waiting(&self, queue: &mut Queue, ticket: u64, group: Group, deadline: Monotonic) {
        queue.deadlines.remove(&(deadline, ticket));
        self.leave_line(queue, ticket, group);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn line_up(&self, queue: &mut Queue, ticket: u64, group: Group) {
        queue.lines.entry(group).or_default().insert(ticket);
        self.line(group).fetch_add(1, Ordering::SeqCst);
    }

    fn leave_line(&self, queue: &mut Queue, ticket: u64, group: Group) {
        if let Some(line) = queue.lines.get_mut(&group)
            && line.remove(&ticket)
        {
            self.line(group).fetch_sub(1, Ordering::SeqCst);
            if line.is_empty() {
                queue.lines.remove(&group);
            }
        }
    }

    fn line(&self, group: Group) -> &AtomicUsize {
        &self.waiting_of[usize::from(group.index())]
    }
}

impl Queue {
    /// Whose turn it is among the first of each group.
    fn next(&self, aside: &[bool; GROUPS]) -> Option<u64> {
        let turn = self.lines.iter().filter(|(group, _)| !aside[usize::from(group.index())]);
        turn.filter_map(|(_, line)| line.first().copied()).min()
    }
}

/// Wakers are the program's code: they run with no lock held.
fn wake_all(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests;
