//! The topics of one producer: each name once, with all that goes with it.

use kafka_accumulator::{Accumulator, TopicQueues};
use kafka_partitioner::StickyState;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Interns topics. Threads remember the slots they used (see `scratch`), so this is for a thread's first send to a
/// topic.
pub(super) struct TopicTable {
    slots: RwLock<BTreeMap<Arc<str>, Arc<TopicSlot>>>,
    seed: u64,
}

/// What the producer keeps of a topic.
pub(super) struct TopicSlot {
    pub(super) name: Arc<str>,
    pub(super) queues: Arc<TopicQueues>,
    pub(super) sticky: StickyState,
}

impl TopicTable {
    pub(super) fn new(seed: u64) -> Self {
        TopicTable { slots: RwLock::new(BTreeMap::new()), seed }
    }

    /// The slot of a topic; a new one for a new name.
    pub(super) fn slot(&self, name: &str, accumulator: &Accumulator) -> Arc<TopicSlot> {
        if let Some(slot) = self.slots.read().get(name) {
            return slot.clone();
        }
        // Made before the lock is taken, since the accumulator has one of its own; of two that race one is dropped.
        let queues = accumulator.topic(name);
        let sticky = StickyState::new(self.seed ^ fnv1a(name));
        let slot = Arc::new(TopicSlot { name: queues.name().clone(), queues, sticky });
        self.slots.write().entry(slot.name.clone()).or_insert(slot).clone()
    }
}

/// Gives each topic a seed of its own, the same one in every run.
fn fnv1a(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
