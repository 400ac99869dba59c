//! The engine's side.

use crate::batch::Batch;
use crate::budget::Group;
use crate::completion::CompletedBatch;
use crate::events::QueueEvent;
use crate::partition_queue::{Head, PartitionQueue};
use crate::seal::{SealJob, Sealed, SealedKind};
use crate::shared::Shared;
use crate::{BatchFailure, BatchId, BatchOutcome, FailureCause, QueueId};
use kafka_types::{Monotonic, NodeId, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

/// Takes batches out; the engine owns the only one.
///
/// Dropping it ends everything: no more records are taken, those who wait are woken with an error, and what was not taken out
/// fails.
#[derive(Debug)]
pub struct Drainer {
    shared: Arc<Shared>,
    /// By number; grows with the partitions that are used.
    queues: Vec<Arc<PartitionQueue>>,
    /// Those there ever were, with their groups.
    leaders: BTreeMap<NodeId, Group>,
}

/// What became of a batch that was compressed or split.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and moved at once")]
pub enum SealedResult {
    /// It is ready in its queue.
    Placed(QueueId),
    /// Its records live on in these, in order. Run the parent's completion, so that deliveries follow.
    Split {
        /// The queue that the batch came from.
        queue: QueueId,
        /// To be run.
        parent: CompletedBatch,
        /// To be sent in its place.
        children: Vec<Batch>,
    },
    /// It could not be compressed or split; its records fail when this is run.
    Failed {
        /// The queue that the batch came from.
        queue: QueueId,
        /// Which it was.
        batch: BatchId,
        /// To be run.
        completed: CompletedBatch,
    },
    /// Its queue was emptied meanwhile: the batch is the engine's to fail.
    Orphaned(Batch),
}

impl Drainer {
    pub(crate) fn new(shared: Arc<Shared>) -> Drainer {
        Drainer { shared, queues: Vec::new(), leaders: BTreeMap::new() }
    }

    /// What has happened since the last call. The engine counts as awake from here on.
    pub fn take_events(&mut self, into: &mut Vec<QueueEvent>) {
        self.shared.events.take(into);
        self.shared.new_queues(&mut self.queues);
    }

    /// The engine is about to sleep until `deadline`; false if something has happened that it has not taken yet, and then it
    /// must not sleep. While it sleeps, callers who have something due earlier are told to wake it; and whoever closes the
    /// `patience`-th batch (0 counts as 1).
    pub fn publish_sleep(&mut self, deadline: Monotonic, patience: u32) -> bool {
        self.shared.events.publish_sleep(deadline, patience)
    }

    /// The partition of a queue that an event named.
    pub fn topic_partition(&self, queue: QueueId) -> &TopicPartition {
        &self.queue(queue).topic_partition
    }

    /// Who leads the partition of a queue: its batches are charged to that leader's share of the memory from now on. With `None`
    /// they stay with the leader that is gone, so that a partition without one does not get a second share. Wake these with no
    /// lock held: they wait for memory no longer.
    pub fn set_leader(&mut self, queue: QueueId, leader: Option<NodeId>) -> Vec<Waker> {
        let Some(leader) = leader else { return Vec::new() };
        let next = Group::of_leader(self.leaders.len());
        let group = *self.leaders.entry(leader).or_insert(next);
        if self.queue(queue).set_group(group) == group {
            return Vec::new();
        }
        self.shared.budget.set_leaders(self.leaders.len());
        self.shared.budget.regroup(queue, group)
    }

    /// How many queues events have named so far, or may have.
    pub fn queue_count(&self) -> usize {
        self.queues.len()
    }

    /// The first batch of a queue.
    pub fn head(&self, queue: QueueId) -> Head {
        self.queue(queue).head()
    }

    /// When the queue's open batch got its first record; `None` if there is no open batch.
    pub fn open_since(&self, queue: QueueId) -> Option<Monotonic> {
        self.queue(queue).open_since()
    }

    /// The numbers of the batches in a queue, in order.
    pub fn undrained(&self, queue: QueueId, ids: &mut Vec<BatchId>) {
        self.queue(queue).undrained(ids);
    }

    /// Closes a queue's open batch for more records: linger is over, or nobody can wait. If it is to be compressed,
    /// [`take_seal_jobs`](Self::take_seal_jobs) has the job.
    pub fn seal_open(&mut self, queue: QueueId) {
        if let Some(job) = self.queue(queue).seal_open(&self.shared) {
            self.shared.jobs.lock().push(job);
        }
    }

    /// The jobs that nobody has taken yet: run each, and hand back what comes of it.
    pub fn take_seal_jobs(&mut self, into: &mut Vec<SealJob>) {
        into.append(&mut self.shared.jobs.lock());
    }

    /// A job is done.
    pub fn handle_sealed(&mut self, sealed: Sealed) -> SealedResult {
        match sealed.0 {
            SealedKind::Compressed(batch) => {
                let queue = batch.queue();
                match self.queue(queue).place(batch) {
                    Ok(()) => SealedResult::Placed(queue),
                    Err(batch) => SealedResult::Orphaned(batch),
                }
            }
            SealedKind::Split { parent, children, queue } => SealedResult::Split { queue, parent, children },
            SealedKind::Failed { queue, id, completed } => {
                queue.forget(id);
                SealedResult::Failed { queue: queue.id, batch: id, completed }
            }
        }
    }

    /// Takes a queue's first batch, if it is ready.
    pub fn pop(&mut self, queue: QueueId) -> Option<Batch> {
        self.queue(queue).pop()
    }

    /// Takes out the batches whose `delivery.timeout.ms` is over, and says when the next one's is. One that is being compressed
    /// comes later, and counts when it is back.
    pub fn expire(&mut self, queue: QueueId, now: Monotonic, into: &mut Vec<Batch>) -> Monotonic {
        let timeout = self.shared.config.delivery_timeout;
        let next = self.queue(queue).expire(|created| created + timeout <= now, into);
        next.map_or(Monotonic::NEVER, |created| created + timeout)
    }

    /// True while somebody waits for memory: then nothing should linger.
    pub fn has_memory_waiters(&self) -> bool {
        self.shared.budget.has_waiters()
    }

    /// The queues that memory is waited for, of those that events have named.
    pub fn waited_for(&self) -> Vec<QueueId> {
        let waited_for = self.shared.budget.waited_for().into_iter();
        waited_for.filter(|queue| (queue.0 as usize) < self.queues.len()).collect()
    }

    /// When the first of those who wait for memory gives up.
    pub fn next_waiter_deadline(&self) -> Monotonic {
        self.shared.budget.next_deadline()
    }

    /// Ends the waits whose time is over. Wake these with no lock held.
    pub fn expire_waiters(&mut self, now: Monotonic) -> Vec<Waker> {
        self.shared.budget.expire(now)
    }

    /// No more records are taken, and those who wait for memory are woken with an error. What was accepted stays.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// Takes everything out of all queues, and no more records in. What is being compressed comes back as
    /// [`SealedResult::Orphaned`].
    pub fn drain_all(&mut self, into: &mut Vec<Batch>) {
        self.shared.close();
        self.shared.new_queues(&mut self.queues);
        self.queues.iter().for_each(|queue| queue.close(into));
    }

    /// Says whether a leader has not been able to take anything for longer than `partitioner.availability.timeout.ms`: what may go
    /// anywhere then keeps away from it (KIP-794).
    pub fn set_slow_leader(&mut self, node: NodeId, slow: bool) {
        self.shared.slow_leaders.set(node, slow);
    }

    /// Bytes of `buffer.memory` that nothing holds.
    pub fn available_memory(&self) -> usize {
        self.shared.budget.available()
    }

    fn queue(&self, queue: QueueId) -> &Arc<PartitionQueue> {
        &self.queues[queue.0 as usize]
    }
}

impl Drop for Drainer {
    fn drop(&mut self) {
        let mut batches = Vec::new();
        self.drain_all(&mut batches);
        for batch in batches {
            batch
                .complete(BatchOutcome::Failed(BatchFailure::not_written(FailureCause::EngineStopped)))
                .run();
        }
        // Jobs that nobody will run fail their batches.
        let jobs = std::mem::take(&mut *self.shared.jobs.lock());
        drop(jobs);
    }
}
