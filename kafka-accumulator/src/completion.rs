//! A batch's outcome, and everybody who wants to know it.

use crate::callback::{Callback, run_user_code};
use crate::unseen::Unseen;
use crate::{BatchFailure, DeliveryFailure};
use kafka_types::{Offset, Placed, RecordMetadata, Timestamp, TopicPartition};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::task::Waker;

/// Shared by a batch and the deliveries of its records.
#[derive(Debug)]
pub(crate) struct Completion {
    topic_partition: TopicPartition,
    /// The deliveries of a split batch's records hold the completion of the batch that was split.
    of_split: bool,
    /// The first record's, which deliveries tell theirs by.
    base_timestamp: Timestamp,
    /// Of records whose timestamp is too far from the first one's, by index.
    far_timestamps: Mutex<BTreeMap<u32, Timestamp>>,
    unseen: Arc<Unseen>,
    outcome: OnceLock<Outcome>,
    /// By index of the record. Those who come after the outcome was set find it there instead.
    wakers: Mutex<BTreeMap<u32, Waker>>,
}

/// Set once.
#[derive(Debug)]
pub(crate) enum Outcome {
    Acknowledged {
        base_offset: Offset,
        log_append_time: Option<Timestamp>,
    },
    Failed(Arc<BatchFailure>),
    /// The batch was too large for the broker: its records live on in these, each from the index given.
    Split(Vec<(u32, Arc<Completion>)>),
}

/// What a delivery knows of its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordPlace {
    pub(crate) index: u32,
    pub(crate) timestamp: Timestamp,
    /// -1 for null.
    pub(crate) key_size: i32,
    /// -1 for null.
    pub(crate) value_size: i32,
}

impl Completion {
    /// For a batch whose first record has this timestamp.
    pub(crate) fn new(
        topic_partition: TopicPartition,
        unseen: Arc<Unseen>,
        base_timestamp: Timestamp,
    ) -> Arc<Completion> {
        Completion::make(topic_partition, unseen, base_timestamp, false)
    }

    /// For a part of a batch that was too large: deliveries know their timestamps by that batch's completion.
    pub(crate) fn of_split(topic_partition: TopicPartition, unseen: Arc<Unseen>) -> Arc<Completion> {
        Completion::make(topic_partition, unseen, Timestamp::NONE, true)
    }

    fn make(
        topic_partition: TopicPartition,
        unseen: Arc<Unseen>,
        base_timestamp: Timestamp,
        of_split: bool,
    ) -> Arc<Completion> {
        Arc::new(Completion {
            topic_partition,
            of_split,
            base_timestamp,
            far_timestamps: Mutex::default(),
            unseen,
            outcome: OnceLock::new(),
            wakers: Mutex::default(),
        })
    }

    pub(crate) fn base_timestamp(&self) -> Timestamp {
        self.base_timestamp
    }

    pub(crate) fn keep_timestamp(&self, index: u32, timestamp: Timestamp) {
        self.far_timestamps.lock().insert(index, timestamp);
    }

    pub(crate) fn kept_timestamp(&self, index: u32) -> Timestamp {
        self.far_timestamps.lock().get(&index).copied().unwrap_or(Timestamp::NONE)
    }

    pub(crate) fn unseen(&self) -> &Arc<Unseen> {
        &self.unseen
    }

    pub(crate) fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    #[inline]
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.get()
    }

    /// Leaves a waker for a record; false if the outcome is there already.
    pub(crate) fn register(&self, index: u32, waker: &Waker) -> bool {
        // Cloning, comparing and dropping wakers is the program's code: it happens outside of the lock.
        let waker = waker.clone();
        let mut wakers = self.wakers.lock();
        // The outcome is set before the wakers are taken: either it is seen here, or the waker is taken.
        if self.outcome.get().is_some() {
            drop(wakers);
            return false;
        }
        let replaced = wakers.insert(index, waker);
        drop(wakers);
        drop(replaced);
        true
    }

    /// Sets the outcome, and gives back who waits for it.
    fn set(&self, outcome: Outcome) -> BTreeMap<u32, Waker> {
        // A second outcome can't be: a batch is consumed by its completion.
        let second = self.outcome.set(outcome).is_err();
        debug_assert!(!second, "a batch got two outcomes");
        std::mem::take(&mut *self.wakers.lock())
    }
}

impl Outcome {
    /// One record's share, unless the batch was split.
    #[inline(always)]
    pub(crate) fn of(&self, topic_partition: &TopicPartition, place: RecordPlace) -> Option<Share> {
        match self {
            Outcome::Acknowledged { base_offset, log_append_time } => {
                let offset = if base_offset.is_known() {
                    Offset(base_offset.0.saturating_add(i64::from(place.index)))
                } else {
                    Offset::UNKNOWN
                };
                Some(Share::Acknowledged { offset, timestamp: log_append_time.unwrap_or(place.timestamp) })
            }
            Outcome::Failed(failure) => {
                Some(Share::Failed(DeliveryFailure::of(failure, topic_partition, place.index)))
            }
            Outcome::Split(_) => None,
        }
    }
}

/// What a batch's outcome is for one of its records.
pub(crate) enum Share {
    Acknowledged { offset: Offset, timestamp: Timestamp },
    Failed(DeliveryFailure),
}

impl Share {
    /// With the sizes that the record's place has, and whoever knows the partition.
    #[inline(always)]
    pub(crate) fn into_result(
        self,
        place: RecordPlace,
        completion: impl FnOnce() -> Arc<Completion>,
    ) -> Result<RecordMetadata, DeliveryFailure> {
        match self {
            Share::Acknowledged { offset, timestamp } => {
                let mut metadata = RecordMetadata::new(completion(), offset, timestamp);
                metadata.serialized_key_size = u32::try_from(place.key_size).ok();
                metadata.serialized_value_size = u32::try_from(place.value_size).ok();
                Ok(metadata)
            }
            Share::Failed(failure) => Err(failure),
        }
    }
}

impl Placed for Completion {
    fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }
}

/// A record's callback, with what its metadata needs.
pub(crate) struct RecordCallback {
    pub(crate) place: RecordPlace,
    pub(crate) callback: Callback,
    /// It tells the program.
    pub(crate) told: bool,
}

/// A batch whose outcome is decided, and nobody told yet.
///
/// [`run`](CompletedBatch::run) tells them, and runs the program's code: whoever calls it holds no lock. Dropping it runs it.
#[must_use = "nobody is told before it is run"]
pub struct CompletedBatch {
    completion: Arc<Completion>,
    outcome: Option<Outcome>,
    callbacks: Vec<RecordCallback>,
    record_count: u32,
}

impl CompletedBatch {
    pub(crate) fn new(
        completion: Arc<Completion>,
        outcome: Outcome,
        callbacks: Vec<RecordCallback>,
        record_count: u32,
    ) -> CompletedBatch {
        CompletedBatch { completion, outcome: Some(outcome), callbacks, record_count }
    }

    /// The partition.
    pub fn topic_partition(&self) -> &TopicPartition {
        self.completion.topic_partition()
    }

    /// How many records there are.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Why its records failed (the first one's failure); `None` if they did not.
    pub fn failure(&self) -> Option<DeliveryFailure> {
        match &self.outcome {
            Some(Outcome::Failed(failure)) => Some(DeliveryFailure::of(failure, self.topic_partition(), 0)),
            _ => None,
        }
    }

    /// How many of its records nobody is told of: they have no callback that tells the program, and their deliveries were
    /// dropped already. A record of a batch that was split counts only if all the deliveries of that batch are gone.
    pub fn unheard(&self) -> u32 {
        let holders = Arc::strong_count(&self.completion) - 1;
        if self.completion.of_split && holders > 0 {
            return 0;
        }
        let told = self.callbacks.iter().filter(|callback| callback.told).count();
        let heard = u32::try_from(holders + told).unwrap_or(u32::MAX);
        self.record_count.saturating_sub(heard)
    }

    /// Sets the outcome, runs callbacks in the order of the records, then wakes those who await deliveries. Whoever
    /// [watches](crate::Accumulator::watch_unseen) is told of the failures that nobody hears of.
    pub fn run(mut self) {
        self.tell();
    }

    /// True if callbacks are among those who are told: running them may take long.
    pub fn has_callbacks(&self) -> bool {
        !self.callbacks.is_empty()
    }

    fn tell(&mut self) {
        let unheard = self.failure().map(|failure| (failure, self.unheard()));
        let Some(outcome) = self.outcome.take() else { return };
        if let Some((failure, unheard)) = unheard
            && unheard > 0
        {
            run_user_code("a watcher", || self.completion.unseen.note(failure, unheard));
        }
        let wakers = self.completion.set(outcome);
        for RecordCallback { place, callback, .. } in self.callbacks.drain(..) {
            let result = self
                .completion
                .outcome()
                .and_then(|outcome| outcome.of(self.completion.topic_partition(), place))
                .map(|share| share.into_result(place, || Arc::clone(&self.completion)));
            // A split batch has handed its callbacks to its children.
            if let Some(result) = result {
                run_user_code("a callback", || callback(result));
            }
        }
        for waker in wakers.into_values() {
            run_user_code("a waker", || waker.wake());
        }
    }
}

impl Drop for CompletedBatch {
    fn drop(&mut self) {
        self.tell();
    }
}

impl std::fmt::Debug for CompletedBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompletedBatch")
            .field("topic_partition", self.topic_partition())
            .field("records", &self.record_count)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
