//! What a thread keeps from one send to the next: buffers for serializers, and the topics it sent to last.
//!
//! It spares each record an allocation, a lookup in a shared table and a shared reference count. It is taken out of its
//! thread-local while a send runs, so that a send inside a serializer or an interceptor finds an empty one instead of a
//! conflict.

use super::topics::TopicSlot;
use kafka_metadata::TopicMetadata;
use kafka_partitioner::PartitionLoads;
use kafka_types::Monotonic;
use std::cell::Cell;
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
    pub(super) queue_lengths: Vec<u32>,
}

impl Scratch {
    /// Runs `work` with this thread's scratch.
    pub(super) fn with<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let result = work(&mut scratch);
        for buffer in [&mut scratch.key, &mut scratch.value] {
            buffer.clear();
            if buffer.capacity() > KEEP_BYTES {
                *buffer = Vec::new();
            }
        }
        // While a thread ends its locals may be gone: then the scratch just goes too.
        let _ = SCRATCH.try_with(|cell| cell.set(Some(scratch)));
        result
    }
}

impl CachedTopics {
    /// A topic of a producer, looked up with `find` if this thread does not remember it.
    pub(super) fn topic(
        &mut self,
        producer: u64,
        name: &str,
        find: impl FnOnce() -> Arc<TopicSlot>,
    ) -> &mut CachedTopic {
        let known = |topic: &CachedTopic| topic.producer == producer && *topic.slot.name == *name;
        match self.0.iter().position(known) {
            Some(at) => self.0[..=at].rotate_right(1),
            None => {
                self.0.truncate(KEEP_TOPICS - 1);
                let topic = CachedTopic {
                    producer,
                    slot: find(),
                    generation: None,
                    metadata: None,
                    local: Vec::new(),
                    touched: None,
                    loads: None,
                    queue_lengths: Vec::new(),
                };
                self.0.insert(0, topic);
            }
        }
        &mut self.0[0]
    }
}
