//! What callers and the engine share.

use crate::budget::Budget;
use crate::buffer_pool::BufferPool;
use crate::events::Events;
use crate::partition_queue::PartitionQueue;
use crate::ratio::CompressionRatio;
use crate::seal::SealJob;
use crate::slow_leaders::SlowLeaders;
use crate::topic::TopicQueues;
use crate::unseen::Unseen;
use crate::{AccumulatorConfig, BatchId, QueueId};
use kafka_types::{Compression, PartitionId, TopicPartition};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: AccumulatorConfig,
    pub(crate) budget: Budget,
    pool: BufferPool,
    pub(crate) events: Arc<Events>,
    pub(crate) unseen: Arc<Unseen>,
    /// Compressions too large for the callers who filled the batches.
    pub(crate) jobs: Mutex<Vec<SealJob>>,
    pub(crate) topics: RwLock<BTreeMap<Arc<str>, Arc<TopicQueues>>>,
    queues: Mutex<Vec<Arc<PartitionQueue>>>,
    pub(crate) slow_leaders: SlowLeaders,
    batches: AtomicU64,
    closed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(config: AccumulatorConfig) -> Shared {
        Shared {
            budget: Budget::new(config.buffer_memory),
            pool: BufferPool::new(config.batch_size, config.buffer_memory),
            config,
            events: Arc::new(Events::new()),
            unseen: Arc::default(),
            jobs: Mutex::default(),
            topics: RwLock::default(),
            queues: Mutex::default(),
            slow_leaders: SlowLeaders::default(),
            batches: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn compresses(&self) -> bool {
        self.config.compression != Compression::None
    }

    pub(crate) fn next_batch(&self) -> BatchId {
        BatchId(self.batches.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// A new queue, with the next number.
    pub(crate) fn add_queue(
        &self,
        topic: &Arc<str>,
        partition: PartitionId,
        ratio: &Arc<CompressionRatio>,
    ) -> Arc<PartitionQueue> {
        let topic_partition = TopicPartition { topic: Arc::clone(topic), partition };
        let mut queues = self.queues.lock();
        let id = QueueId(queues.len() as u32);
        let (ratio, events, pool) = (Arc::clone(ratio), Arc::clone(&self.events), self.pool.clone());
        let queue = Arc::new(PartitionQueue::new(id, topic_partition, ratio, events, pool));
        queues.push(Arc::clone(&queue));
        drop(queues);
        // Closing marks first and refuses each queue it finds then; a queue that it did not find sees the mark.
        if self.is_closed() {
            queue.refuse();
        }
        queue
    }

    /// Those that are not in `known` yet.
    pub(crate) fn new_queues(&self, known: &mut Vec<Arc<PartitionQueue>>) {
        let queues = self.queues.lock();
        known.extend(queues.iter().skip(known.len()).cloned());
    }

    /// No more records are taken.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let queues = self.queues.lock().clone();
        queues.iter().for_each(|queue| queue.refuse());
        self.budget.close().into_iter().for_each(std::task::Waker::wake);
    }
}
