//! Everything that is due at some time, by when it is due.

use crate::{CallId, ConnectionId, WaitReason};
use kafka_accumulator::QueueId;
use kafka_types::{Monotonic, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a timer is for. Its order breaks ties, so that the same inputs give the same outputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Timer {
    /// The open batch of the queue has waited long enough for more records.
    Linger(QueueId),
    /// The oldest batch in the queue has run out of time.
    QueueExpiry(QueueId),
    /// The oldest of the partition's drained batches has run out of time.
    LineExpiry(QueueId),
    /// The partition's first batch may be tried again.
    Retry(QueueId),
    /// The oldest request of the connection has waited long enough for its answer.
    RequestTimeout(ConnectionId),
    /// Setting up has taken too long.
    ConnectTimeout(ConnectionId),
    /// Nobody has used the connection for long.
    Idle(ConnectionId),
    /// The broker's quota allows the next request.
    Throttle(ConnectionId),
    /// The node may be tried again.
    Reconnect(NodeId),
    /// Somebody has waited for a call as long as it may take.
    Call(CallId),
    /// The end of the last transaction has had its time.
    Hold,
    /// Closing has taken as long as it may.
    Close,
    /// The node has not taken what is ready for it for long.
    Slow(NodeId),
}

impl Timer {
    fn reason(self) -> WaitReason {
        match self {
            Timer::Linger(_) => WaitReason::Linger,
            Timer::QueueExpiry(_) | Timer::LineExpiry(_) => WaitReason::Delivery,
            Timer::Retry(_) => WaitReason::Retry,
            Timer::Call(_) | Timer::Hold => WaitReason::Transaction,
            Timer::Close => WaitReason::Close,
            _ => WaitReason::Connection,
        }
    }
}

/// Deadlines that are far away are looked at this often on the way: see [`Timers::watch`].
const GRID: Duration = Duration::from_secs(1);

/// At most one deadline per [`Timer`].
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Monotonic, Timer)>,
    armed: BTreeMap<Timer, Monotonic>,
}

impl Timers {
    /// Arms the timer, in place of its earlier deadline.
    pub(crate) fn set(&mut self, timer: Timer, at: Monotonic) {
        self.cancel(timer);
        if !at.is_never() {
            self.armed.insert(timer, at);
            self.due.insert((at, timer));
        }
    }

    /// Arms the timer for `at` or earlier, unless it is armed for that: whoever it wakes looks what is due, and watches what
    /// is left.
    ///
    /// Deadlines of batches are watched rather than set. Most batches are done long before theirs: moving a timer for
    /// each would cost more than a look now and then, and far deadlines are rounded, so that a look at one is a look at all.
    pub(crate) fn watch(&mut self, timer: Timer, now: Monotonic, at: Monotonic) {
        let at = if now.until(at) > 2 * GRID { floor(at) } else { at };
        if self.armed.get(&timer).is_none_or(|armed| *armed > at) {
            self.set(timer, at);
        }
    }

    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.armed.remove(&timer) {
            self.due.remove(&(at, timer));
        }
    }

    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.armed.contains_key(&timer)
    }

    /// The earliest timer that is due; it is disarmed.
    pub(crate) fn pop(&mut self, now: Monotonic) -> Option<Timer> {
        let (at, timer) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.cancel(timer);
        Some(timer)
    }

    /// The queues whose linger timer is due by then.
    pub(crate) fn lingering_until(&self, soon: Monotonic) -> Vec<QueueId> {
        let due = self.due.iter().take_while(|(at, _)| *at <= soon);
        due.filter_map(|(_, timer)| if let Timer::Linger(queue) = timer { Some(*queue) } else { None })
            .collect()
    }

    pub(crate) fn next(&self) -> (Monotonic, WaitReason) {
        match self.due.first() {
            Some((at, timer)) => (*at, timer.reason()),
            None => (Monotonic::NEVER, WaitReason::Idle),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.due.clear();
        self.armed.clear();
    }
}

fn floor(at: Monotonic) -> Monotonic {
    let grid = GRID.as_nanos() as u64;
    if at.is_never() { at } else { Monotonic::from_nanos(at.as_nanos() / grid * grid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_deadline_is_never_missed_and_far_ones_share_their_looks() {
        let mut timers = Timers::default();
        let (now, at) = (Monotonic::from_millis(100), Monotonic::from_millis);
        let watched = Timer::QueueExpiry(QueueId(1));
        timers.watch(watched, now, at(120_300));
        assert_eq!(timers.next().0, at(120_000));
        timers.watch(watched, now, at(125_000));
        assert_eq!(timers.next().0, at(120_000), "a look too early, but none too late");
        timers.watch(Timer::QueueExpiry(QueueId(2)), now, at(120_900));
        assert_eq!(timers.next().0, at(120_000));
        assert_eq!(timers.pop(at(120_000)), Some(watched));
        timers.watch(watched, at(120_000), at(120_300));
        timers.watch(watched, at(120_000), Monotonic::NEVER);
        assert_eq!(timers.pop(at(120_000)), Some(Timer::QueueExpiry(QueueId(2))));
        assert_eq!(timers.pop(at(120_299)), None);
        assert_eq!(timers.pop(at(120_300)), Some(watched));
        assert_eq!(timers.next().0, Monotonic::NEVER);
    }

    #[test]
    fn a_timer_has_one_deadline_and_none_after_it_fired() {
        let mut timers = Timers::default();
        let at = Monotonic::from_millis;
        timers.set(Timer::Close, at(5));
        timers.set(Timer::Close, at(9));
        timers.set(Timer::Retry(QueueId(1)), at(7));
        assert_eq!(timers.next(), (at(7), WaitReason::Retry));
        assert_eq!(timers.pop(at(6)), None);
        assert_eq!(timers.pop(at(9)), Some(Timer::Retry(QueueId(1))));
        assert_eq!(timers.pop(at(9)), Some(Timer::Close));
        assert_eq!(timers.pop(at(99)), None);
        assert_eq!(timers.next(), (Monotonic::NEVER, WaitReason::Idle));
    }
}
