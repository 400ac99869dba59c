//! What a thread keeps from one send to the next: buffers for serializers, and the topics it sent to last.
//!
//! It spares each record an allocation, a lookup in a shared table and a shared reference count. It is taken out of its
//! thread-local while a send runs, so that a send inside a serializer or an interceptor finds an empty one instead of a
//! conflict.

use super::lookup::TOUCH_INTERVAL;
use super::send::partition_count;
use super::topics::TopicSlot;
use kafka_metadata::TopicMetadata;
use kafka_partitioner::{PartitionLoads, TopicQueueLengths};
use kafka_types::{Monotonic, NodeId};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Buffers above this size go back to the allocator rather than staying with every thread that once sent a giant.
const KEEP_BYTES: usize = 1 << 20;
/// Topics that a thread remembers, over all producers; beyond, the one used least recently goes.
const KEEP_TOPICS: usize = 16;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

#[derive(Default)]
pub(super) struct Scratch {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) topics: CachedTopics,
}

/// Most recently used first.
#[derive(Default)]
pub(super) struct CachedTopics(Vec<CachedTopic>);

/// A topic as this thread last saw it.
pub(super) struct CachedTopic {
    producer: u64,
    pub(super) slot: Arc<TopicSlot>,
    /// The generation that `metadata` is from.
    pub(super) generation: Option<u64>,
    pub(super) metadata: Option<Arc<TopicMetadata>>,
    /// Partitions that are led in the client's rack, ascending; empty unless that matters.
    pub(super) local: Vec<i32>,
    /// When the metadata was last told that the topic is in use.
    pub(super) touched: Option<Monotonic>,
    /// Made anew whenever a sticky choice may move on, which is once per batch.
    pub(super) loads: Option<PartitionLoads>,
    queue_lengths: Vec<u32>,
    /// When the loads were made.
    weighed: Option<Monotonic>,
}

/// Topics with up to this many partitions are weighed anew at the end of each batch; larger ones once per tick of the
/// callers' clock, since that costs what there are partitions.
const FEW_PARTITIONS: usize = 64;

impl Scratch {
    /// Runs `work` with this thread's scratch.
    #[inline(always)]
    pub(super) fn with<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let result = work(&mut scratch);
        // Bytes and text need no buffer.
        if !scratch.key.is_empty() || !scratch.value.is_empty() {
            scratch.clear();
        }
        // While a thread ends its locals may be gone: then the scratch just goes too.
        let _ = SCRATCH.try_with(|cell| cell.set(Some(scratch)));
        result
    }

    #[inline(never)]
    fn clear(&mut self) {
        for buffer in [&mut self.key, &mut self.value] {
            buffer.clear();
            if buffer.capacity() > KEEP_BYTES {
                *buffer = Vec::new();
            }
        }
    }
}

impl CachedTopic {
    /// Whether nothing has to be learned of the topic, nor told to the metadata.
    #[inline(always)]
    pub(super) fn is_fresh(&self, generation: u64, now: Monotonic) -> bool {
        self.generation == Some(generation)
            && self.touched.is_some_and(|touched| now.since(touched) < TOUCH_INTERVAL)
    }

    /// Looks at how long the partitions' queues are.
    ///
    /// Partitions of `slow` leaders are left out.
    pub(super) fn weigh(&mut self, now: Monotonic, slow: &BTreeSet<NodeId>) {
        let Some(metadata) = &self.metadata else { return };
        let count = metadata.partitions.len();
        if count > FEW_PARTITIONS && self.weighed == Some(now) {
            return;
        }
        self.weighed = Some(now);
        self.slot.queues.queue_lengths(count, &mut self.queue_lengths);
        self.loads = PartitionLoads::new(&TopicQueueLengths {
            lengths: &self.queue_lengths,
            partition_count: partition_count(metadata),
            available: &metadata.available,
            local: &self.local,
            slow: &led_by(metadata, slow),
        });
    }
}

/// The partitions that these lead, ascending.
fn led_by(topic: &TopicMetadata, leaders: &BTreeSet<NodeId>) -> Vec<i32> {
    if leaders.is_empty() {
        return Vec::new();
    }
    let led = topic.partitions.iter().zip(0..);
    led.filter(|(partition, _)| partition.leader.is_some_and(|leader| leaders.contains(&leader)))
        .map(|(_, index)| index)
        .collect()
}

impl CachedTopics {
    /// The topic that this thread sent to last, if it is this one.
    #[inline(always)]
    pub(super) fn first(&self, producer: u64, name: &str) -> Option<&CachedTopic> {
        self.0.first().filter(|topic| topic.producer == producer && *topic.slot.name == *name)
    }

    /// A topic of a producer, looked up with `find` if this thread does not remember it.
    ///
    /// # Errors
    /// Those of `find`.
    #[inline]
    pub(super) fn topic<E>(
        &mut self,
        producer: u64,
        name: &str,
        find: impl FnOnce() -> Result<Arc<TopicSlot>, E>,
    ) -> Result<&mut CachedTopic, E> {
        let known = |topic: &CachedTopic| topic.producer == producer && *topic.slot.name == *name;
        if !self.0.first().is_some_and(known) {
            self.bring_forward(known, producer, find)?;
        }
        Ok(&mut self.0[0])
    }

    #[cold]
    fn bring_forward<E>(
        &mut self,
        known: impl Fn(&CachedTopic) -> bool,
        producer: u64,
        find: impl FnOnce() -> Result<Arc<TopicSlot>, E>,
    ) -> Result<(), E> {
        match self.0.iter().position(known) {
            Some(at) => self.0[..=at].rotate_right(1),
            None => {
                let slot = find()?;
                self.0.truncate(KEEP_TOPICS - 1);
                let topic = CachedTopic {
                    producer,
                    slot,
                    generation: None,
                    metadata: None,
                    local: Vec::new(),
                    touched: None,
                    loads: None,
                    queue_lengths: Vec::new(),
                    weighed: None,
                };
                self.0.insert(0, topic);
            }
        }
        Ok(())
    }
}
