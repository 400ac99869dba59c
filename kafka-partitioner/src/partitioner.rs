//! The seam between a producer and its partitioner.

use crate::{PartitionLoads, StickyState};
use std::fmt::Debug;

/// Chooses partitions for records that don't name one themselves (`partitioner.class`).
///
/// One partitioner serves all topics and all threads; what it remembers of a topic between records lies in
/// [`TopicView::state`]. Both calls run on the thread that sends, once per record or more: they must not block. They
/// are never made from within one another.
pub trait Partitioner: Send + Sync + Debug {
    /// Chooses a partition for a record with this serialized key (`None`: null). An empty key is a key.
    ///
    /// The caller refuses the record if the answer is outside `0..topic.partition_count`, naming the answer.
    fn partition(&self, topic: &TopicView<'_>, key: Option<&[u8]>) -> i32;

    /// Learns how the record just placed by [`partition`](Partitioner::partition) fared: it was appended; or append
    /// answered that it would have to open a new batch ([`Appended::would_open_batch`]), in which case the caller asks
    /// `partition` once more, so that a sticky choice can move on before the new batch exists, and then appends
    /// whatever the answer. Not called for records whose partition the program chose, nor for failed appends.
    fn on_appended(&self, topic: &TopicView<'_>, appended: &Appended) {
        let _ = (topic, appended);
    }

    /// False if [`on_appended`](Partitioner::on_appended) does nothing unless [`Appended::batch_complete`]: then it is not
    /// called for the records in between.
    fn learns_from_each_record(&self) -> bool {
        true
    }
}

/// A topic as a partitioner sees it for one record.
#[derive(Clone, Copy, Debug)]
pub struct TopicView<'a> {
    /// The topic's name.
    pub name: &'a str,
    /// All partitions of the topic, with or without a leader; at least 1.
    pub partition_count: i32,
    /// The partitions that have a leader, ascending. May be empty.
    pub available: &'a [i32],
    /// Those of `available` whose leader is in the client's rack (`client.rack`), ascending; empty if no rack is
    /// configured (KIP-1123).
    pub local: &'a [i32],
    /// How long the partitions' queues are; `None` if there is nothing to tell them apart by.
    pub loads: Option<&'a PartitionLoads>,
    /// What partitioners remember of this topic; one object per topic, for as long as the producer lives.
    pub state: &'a StickyState,
}

impl TopicView<'_> {
    /// True if this partition has a leader.
    #[inline]
    pub fn is_available(&self, partition: i32) -> bool {
        // With a leader everywhere, the usual case, there is nothing to search.
        if self.available.len() as i64 >= i64::from(self.partition_count) {
            (0..self.partition_count).contains(&partition)
        } else {
            self.available.binary_search(&partition).is_ok()
        }
    }
}

/// How a record fared that a partitioner had placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The partition that had been chosen.
    pub partition: i32,
    /// The record's bytes, before compression. 0 if the record was not appended because it would have opened a batch.
    pub bytes: usize,
    /// True if the partition's open batch is full now, or there was none: a new choice costs no half-filled batch.
    pub batch_complete: bool,
    /// Bytes of the partition's batches that have ended, as estimated on the wire, each counted once; a full batch as
    /// `batch.size` at least. 0 unless `batch_complete`.
    pub batched: usize,
    /// True if the record has a key.
    pub has_key: bool,
}

impl Appended {
    /// The record was not appended: it would have opened a new batch.
    pub const fn would_open_batch(partition: i32, batched: usize, has_key: bool) -> Self {
        Appended { partition, bytes: 0, batch_complete: true, batched, has_key }
    }

    /// True if this is [`Appended::would_open_batch`].
    pub const fn is_would_open_batch(&self) -> bool {
        self.bytes == 0 && self.batch_complete
    }
}
