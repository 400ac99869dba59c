//! One partition's sequences.
//!
//! A stream holds, in order of sequence, the batches that have a sequence and no outcome yet. Three conditions:
//!
//! - **Sound**: what is in the log continues with the first entry. Everything may be sent, and sent again.
//! - **Gap**: a batch failed, so that a sequence may be missing in the log. Nothing gets a sequence of this identity any more.
//!   Entries that may have been written are sent again as they were, for an answer; when none is left, the others lose their
//!   sequences and start over under a newer identity.
//! - **Dead**: the broker refused the first entry's sequence or the epoch itself. Nothing is sent under this identity any more.
//!   Entries that may have been written fail as unknown: a late copy of them may still reach the log.

use kafka_types::{ProducerIdentity, Sequence};
use std::collections::VecDeque;

/// Brokers recognise a producer's last five batches in a partition; more may not be without an outcome.
pub const MAX_OUTSTANDING_BATCHES: usize = 5;

/// A partition, by whatever dense number its owner uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StreamKey(pub u32);

/// A batch, by whatever number its owner uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BatchKey(pub u64);

/// What goes into a batch's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Producer id and epoch; [`ProducerIdentity::NONE`] without idempotence.
    pub identity: ProducerIdentity,
    /// The sequence of the first record; [`Sequence::NONE`] without idempotence.
    pub base_sequence: Sequence,
}

impl Stamp {
    /// What batches of a producer without idempotence carry.
    pub const NONE: Stamp = Stamp { identity: ProducerIdentity::NONE, base_sequence: Sequence::NONE };
}

/// Whether a batch may be sent now. Exhaustive: it may, or it may not yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamping {
    /// Yes, with this. It counts as in flight from here on.
    Stamp(Stamp),
    /// Not before another batch of the partition has an outcome, or the producer an identity.
    Blocked,
}

/// What becomes of a batch that was not acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Verdict {
    /// Whether it may be sent again; otherwise it has to fail.
    pub retry: bool,
    /// Others of the partition that have to fail as unknown: they may have been written, and their identity is dead.
    pub condemned: Vec<BatchKey>,
}

impl Verdict {
    /// It may be sent again.
    pub(crate) const RETRY: Verdict = Verdict { retry: true, condemned: Vec::new() };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Condition {
    Sound,
    Gap,
    Dead,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    batch: BatchKey,
    base: Sequence,
    count: u32,
    in_flight: bool,
    maybe_written: bool,
}

#[derive(Debug)]
pub(crate) struct Stream {
    identity: ProducerIdentity,
    next: Sequence,
    /// Something was acknowledged under this producer id, and not long ago. Until then one batch at a time: a broker without state
    /// takes any sequence, so the second could be accepted while the first is refused.
    acknowledged: bool,
    condition: Condition,
    entries: VecDeque<Entry>,
}

impl Stream {
    pub(crate) fn new() -> Stream {
        Stream {
            identity: ProducerIdentity::NONE,
            next: Sequence::FIRST,
            acknowledged: false,
            condition: Condition::Sound,
            entries: VecDeque::new(),
        }
    }

    pub(crate) fn identity(&self) -> ProducerIdentity {
        self.identity
    }

    /// The stream needs a newer identity than its own before it can take another batch.
    pub(crate) fn is_broken(&self) -> bool {
        self.condition != Condition::Sound
    }

    /// Nothing of its identity is accepted any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.condition == Condition::Dead
    }

    /// Whether a batch without a sequence may get one of `current`, which the stream adopts when nothing of an older identity
    /// is left.
    pub(crate) fn may_assign(&mut self, current: ProducerIdentity) -> bool {
        if self.identity != current || self.is_broken() {
            if !self.entries.is_empty() || (self.is_broken() && self.identity == current) {
                return false;
            }
            // A broker that knows the producer takes nothing but the first sequence of a newer epoch first.
            let known = self.acknowledged && !self.is_broken() && self.identity.id == current.id;
            *self = Stream { identity: current, acknowledged: known, ..Stream::new() };
        }
        if !self.acknowledged {
            return self.entries.is_empty();
        }
        self.entries.len() < MAX_OUTSTANDING_BATCHES
    }

    pub(crate) fn contains(&self, batch: BatchKey) -> bool {
        self.position(batch).is_some()
    }

    /// Gives the next sequences to a batch; only after [`Stream::may_assign`].
    pub(crate) fn assign(&mut self, batch: BatchKey, count: u32) -> Stamp {
        let base = self.next;
        self.next = base.plus(count);
        self.entries.push_back(Entry { batch, base, count, in_flight: true, maybe_written: false });
        Stamp { identity: self.identity, base_sequence: base }
    }

    /// Sends an entry again, with the stamp it has.
    pub(crate) fn resend(&mut self, batch: BatchKey) -> Stamping {
        let Some(position) = self.position(batch) else { return Stamping::Blocked };
        let may = match self.condition {
            Condition::Sound => true,
            Condition::Gap => self.entries.iter().skip(position).any(|entry| entry.maybe_written),
            Condition::Dead => false,
        };
        let mut others = self.entries.iter().filter(|entry| entry.batch != batch);
        let first_of_identity = !self.acknowledged && others.clone().any(|entry| entry.in_flight);
        let outstanding = others.clone().filter(|entry| entry.in_flight || entry.maybe_written).count();
        // What is behind in flight was sent before this: overtaking is fine, as its sequence is refused. But nothing
        // passes an entry ahead that waits.
        let passes = others.any(|entry| !entry.in_flight && self.position(entry.batch) < Some(position));
        if !may || first_of_identity || passes || outstanding >= MAX_OUTSTANDING_BATCHES {
            return Stamping::Blocked;
        }
        let identity = self.identity;
        let entry = &mut self.entries[position];
        entry.in_flight = true;
        Stamping::Stamp(Stamp { identity, base_sequence: entry.base })
    }

    pub(crate) fn acknowledge(&mut self, batch: BatchKey) {
        if let Some(position) = self.position(batch) {
            self.entries.remove(position);
            self.acknowledged = true;
            self.settle();
        }
    }

    /// Whether the batch may be sent again; not a byte of its last request went out.
    pub(crate) fn recall(&mut self, batch: BatchKey) -> bool {
        self.answered(batch, false)
    }

    /// The broker may have forgotten the producer, and would take any sequence.
    pub(crate) fn rest(&mut self) {
        if self.entries.is_empty() {
            self.acknowledged = false;
        }
    }

    /// Whether the batch may be sent again after an attempt that may have written it.
    pub(crate) fn doubt(&mut self, batch: BatchKey) -> bool {
        self.answered(batch, true)
    }

    /// Whether the batch may be sent again after an attempt that surely did not write it.
    pub(crate) fn refuse(&mut self, batch: BatchKey) -> bool {
        self.answered(batch, false)
    }

    /// The broker does not know the sequence that came before this one, or the producer.
    ///
    /// Unless the batch is the lowest without an outcome, this only follows from what happened to those ahead of it.
    pub(crate) fn refuse_sequence(&mut self, batch: BatchKey) -> Verdict {
        let lowest = self.entries.front().is_none_or(|entry| entry.batch == batch);
        if !lowest || self.condition == Condition::Dead {
            return Verdict { retry: self.answered(batch, false), condemned: Vec::new() };
        }
        self.die(batch)
    }

    /// Nothing of this identity is accepted any more.
    pub(crate) fn die(&mut self, batch: BatchKey) -> Verdict {
        self.condition = Condition::Dead;
        let retry = self.answered(batch, false);
        let condemned: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| !entry.in_flight && entry.maybe_written)
            .map(|entry| entry.batch)
            .collect();
        self.entries.retain(|entry| entry.in_flight);
        Verdict { retry, condemned }
    }

    /// The batch left without being acknowledged. True if its sequences may now be missing in the log.
    pub(crate) fn fail(&mut self, batch: BatchKey, maybe_written: bool) -> bool {
        let Some(position) = self.position(batch) else { return self.is_broken() };
        let Some(entry) = self.entries.remove(position) else { return self.is_broken() };
        if self.condition == Condition::Sound {
            let last = position == self.entries.len();
            if last && !maybe_written && !entry.maybe_written {
                self.next = entry.base;
            } else {
                self.condition = Condition::Gap;
            }
        }
        self.settle();
        self.is_broken()
    }

    /// The children share the parent's sequences; only a parent that surely was not written is ever split.
    pub(crate) fn split(&mut self, parent: BatchKey, children: &[(BatchKey, u32)]) {
        let Some(position) = self.position(parent) else { return };
        let Some(entry) = self.entries.remove(position) else { return };
        if self.condition == Condition::Dead {
            return;
        }
        debug_assert_eq!(children.iter().map(|(_, count)| count).sum::<u32>(), entry.count);
        let mut base = entry.base;
        for (index, (batch, count)) in children.iter().enumerate() {
            let child = Entry { batch: *batch, base, count: *count, in_flight: false, maybe_written: false };
            self.entries.insert(position + index, child);
            base = base.plus(*count);
        }
        self.settle();
    }

    fn answered(&mut self, batch: BatchKey, maybe_written: bool) -> bool {
        let Some(position) = self.position(batch) else { return true };
        let dead = self.condition == Condition::Dead;
        let entry = &mut self.entries[position];
        entry.in_flight = false;
        entry.maybe_written |= maybe_written;
        let retry = !(dead && entry.maybe_written);
        if dead {
            self.entries.remove(position);
        }
        self.settle();
        retry
    }

    /// Behind a gap, when nothing may be in the log any more, the rest starts over without sequences.
    fn settle(&mut self) {
        if self.condition == Condition::Gap
            && !self.entries.iter().any(|entry| entry.in_flight || entry.maybe_written)
        {
            self.entries.clear();
        }
    }

    fn position(&self, batch: BatchKey) -> Option<usize> {
        self.entries.iter().position(|entry| entry.batch == batch)
    }
}

#[cfg(test)]
mod tests;
