//! What happens in the accumulator, and which partitions have something to send.

use crate::Output;
use crate::engine::Engine;
use crate::partition::{Partition, Place, Turn};
use crate::timers::Timer;
use kafka_accumulator::{
    BatchFailure, BatchId, FailureCause, Head, QueueEvent, QueueId, Sealed, SealedResult,
};
use kafka_types::{LeaderEpoch, Monotonic, NodeId, TopicId, TopicPartition};
use std::sync::Arc;
use std::time::Duration;

/// A batch goes along with another one that is due if it has waited for all of `linger.ms` but this part of it.
const SOON: u32 = 4;
/// And no longer than this is missing.
const SOON_AT_MOST: Duration = Duration::from_millis(5);

impl Engine {
    pub(crate) fn queue_event(&mut self, now: Monotonic, event: QueueEvent) {
        match event {
            QueueEvent::Opened { queue, created, .. } => {
                self.partition(queue).due = false;
                self.open.insert(queue);
                self.occupied.insert(queue);
                self.join_if_new(queue);
                self.timers.watch(Timer::Linger(queue), now, created + self.config.linger);
                let expiry = created + self.config.delivery_timeout;
                self.timers.watch(Timer::QueueExpiry(queue), now, expiry);
                // Its memory counts as its leader's, from the second batch on.
                self.place(queue);
                self.enlist(now, queue);
            }
            QueueEvent::Sealed { queue } => {
                // What was due is closed. If another batch was opened since, it has its own time.
                self.partition(queue).due = false;
                // Its time may have run out while a caller compressed it: then the timer has found nothing and is gone.
                if !self.timers.is_armed(Timer::QueueExpiry(queue)) {
                    self.head_left(now, queue);
                }
                self.enlist(now, queue);
                self.count_ready(queue);
            }
            QueueEvent::Lost { queue, batch, records, cause } => {
                self.partition(queue);
                self.batch_lost(now, queue, batch, records, cause);
            }
            // That somebody waits is asked for in every turn; here it matters with whom.
            QueueEvent::MemoryWaiter { queue } => {
                self.place(queue);
            }
            _ => {}
        }
    }

    /// The open batch may have waited for as long as it may; or the one that it was armed for is closed, and another open. True if a
    /// batch is due.
    pub(crate) fn linger_over(&mut self, now: Monotonic, queue: QueueId) -> bool {
        match self.drainer.open_since(queue) {
            Some(created) if created + self.config.linger > now => {
                self.timers.watch(Timer::Linger(queue), now, created + self.config.linger);
                false
            }
            Some(_) => {
                self.open_is_due(now, queue);
                true
            }
            None => {
                self.open.remove(&queue);
                false
            }
        }
    }

    /// As a batch is due, and a request goes out, those that would be due in a moment go along: each of them alone would take a wake-up
    /// and a request of its own. Where many partitions get a record now and then, that is most of what they cost.
    pub(crate) fn take_along(&mut self, now: Monotonic) {
        let soon = now + (self.config.linger / SOON).min(SOON_AT_MOST);
        for queue in self.timers.lingering_until(soon) {
            if self.drainer.open_since(queue).is_some_and(|created| created + self.config.linger <= soon) {
                self.timers.cancel(Timer::Linger(queue));
                self.open_is_due(now, queue);
            }
        }
    }

    /// The open batch is sent as soon as a request has room for it. Until then it takes more records: closed earlier, it
    /// would only wait as well, and half empty batches cost as much as full ones.
    pub(crate) fn open_is_due(&mut self, now: Monotonic, queue: QueueId) {
        self.open.remove(&queue);
        self.partition(queue).due = true;
        self.enlist(now, queue);
        self.hurry(queue);
    }

    /// What can be sent of the partition next, if nothing of it waits to be sent again.
    pub(crate) fn is_ready(&self, queue: QueueId) -> bool {
        match self.drainer.head(queue) {
            Head::Ready { .. } => true,
            Head::Open { .. } => self.partitions[queue.0 as usize].due,
            _ => false,
        }
    }

    /// The head of the queue as a request takes it: if that is an open batch that is due, it is closed now.
    pub(crate) fn close_head(&mut self, queue: QueueId) -> Head {
        let head = self.drainer.head(queue);
        if !matches!(head, Head::Open { .. }) || !self.partitions[queue.0 as usize].due {
            return head;
        }
        self.close_open(queue);
        self.drainer.head(queue)
    }

    /// Closes the open batch. If it has to be compressed, it is ready when a worker says so.
    pub(crate) fn close_open(&mut self, queue: QueueId) {
        self.open.remove(&queue);
        self.partition(queue).due = false;
        self.drainer.seal_open(queue);
    }

    /// Callers wait for memory, or the producer closes: nothing lingers.
    pub(crate) fn seal_what_cannot_wait(&mut self, now: Monotonic) {
        if !self.open.is_empty() && (self.closing.is_some() || self.drainer.has_memory_waiters()) {
            self.all_open_are_due(now);
        }
    }

    pub(crate) fn all_open_are_due(&mut self, now: Monotonic) {
        for queue in std::mem::take(&mut self.open) {
            self.open_is_due(now, queue);
        }
    }

    pub(crate) fn sealed(&mut self, now: Monotonic, sealed: Sealed) {
        match self.drainer.handle_sealed(sealed) {
            SealedResult::Placed(queue) => {
                self.head_left(now, queue);
                self.enlist(now, queue);
                self.count_ready(queue);
            }
            SealedResult::Split { queue, parent, children } => {
                self.outputs.push_back(Output::Complete(parent));
                if self.closed {
                    children.into_iter().for_each(|child| self.fail_late(now, child));
                } else {
                    self.place_children(now, queue, children);
                }
            }
            SealedResult::Failed { queue, batch, completed } => {
                let records = completed.record_count();
                self.outputs.push_back(Output::Complete(completed));
                self.batch_lost(now, queue, batch, records, FailureCause::Compression);
            }
            SealedResult::Orphaned(batch) => self.fail_late(now, batch),
        }
    }

    /// A batch has failed without the engine: nothing may go on waiting for it.
    fn batch_lost(
        &mut self,
        now: Monotonic,
        queue: QueueId,
        batch: BatchId,
        records: u32,
        cause: FailureCause,
    ) {
        let failure =
            BatchFailure { in_transaction: self.transactional.is_some(), ..BatchFailure::not_written(cause) };
        self.tell_transaction(queue, &failure);
        self.count_failed(queue, batch, records, failure);
        self.split_failed(now, queue, batch);
        self.head_left(now, queue);
    }

    /// Puts the partition into its leader's ready list, if it has something to send and nothing keeps it from that.
    pub(crate) fn enlist(&mut self, now: Monotonic, queue: QueueId) {
        if self.partition(queue).listed {
            return;
        }
        match self.partitions[queue.0 as usize].turn(&self.batches) {
            Turn::Blocked => return,
            Turn::Resend(id) => {
                let leader_epoch = self.place(queue).leader_epoch;
                let Some(batch) = self.batches.get_mut(&id) else { return };
                if batch.retry_at > now && leader_epoch <= batch.leader_epoch {
                    self.backing_off.insert(queue);
                    self.timers.set(Timer::Retry(queue), batch.retry_at);
                    return;
                }
                // Due; or there is a newer leader, which has not refused it (KIP-951).
                batch.retry_at = Monotonic::ZERO;
                if self.backing_off.remove(&queue) {
                    self.timers.cancel(Timer::Retry(queue));
                }
                self.hurry(queue);
            }
            Turn::Fresh if self.is_ready(queue) => {}
            Turn::Fresh => return,
        }
        match self.leader(queue) {
            Some(node) if self.learn_node(node) => {
                self.leaderless.remove(&queue);
                self.partitions[queue.0 as usize].listed = true;
                if let Some(node) = self.nodes.get_mut(&node) {
                    node.ready.push_back(queue);
                }
                self.dirty.insert(node);
            }
            _ => {
                if self.leaderless.insert(queue) {
                    let topic = self.drainer.topic_partition(queue).topic.clone();
                    self.metadata.keep_topic(now, &topic);
                    self.metadata.request_update();
                }
            }
        }
    }

    /// Leaders may have moved: ready lists are made anew. Costs what has something to send, not what exists.
    pub(crate) fn relist(&mut self, now: Monotonic) {
        let mut pending: Vec<QueueId> = std::mem::take(&mut self.leaderless).into_iter().collect();
        for node in self.nodes.values_mut() {
            pending.extend(node.ready.drain(..));
        }
        for queue in pending {
            self.partition(queue).listed = false;
            self.enlist(now, queue);
        }
        for queue in self.backing_off.iter().copied().collect::<Vec<_>>() {
            self.enlist(now, queue);
        }
        for queue in self.drainer.waited_for() {
            self.place(queue);
        }
    }

    pub(crate) fn leader(&mut self, queue: QueueId) -> Option<NodeId> {
        self.place(queue).leader
    }

    /// Where the partition is. Looked up once per snapshot: names of topics are not compared for each batch.
    pub(crate) fn place(&mut self, queue: QueueId) -> Place {
        let snapshot = self.metadata.snapshot();
        if self.places_of.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, snapshot)) {
            self.places_of = Some(snapshot.clone());
            self.places += 1;
        }
        self.partition(queue);
        let TopicPartition { topic, partition } = self.drainer.topic_partition(queue);
        let snapshot = self.metadata.snapshot();
        let mut looked_up = false;
        let place = self.partitions[queue.0 as usize].place(self.places, || {
            looked_up = true;
            let known = snapshot.partition(topic, *partition);
            Place {
                leader: known.and_then(|known| known.leader),
                leader_epoch: known.map_or(LeaderEpoch::UNKNOWN, |known| known.leader_epoch),
                topic_id: snapshot.topic(topic).map_or(TopicId::ZERO, |topic| topic.id),
            }
        });
        if looked_up {
            let wakers = self.drainer.set_leader(queue, place.leader);
            self.wake(wakers);
        }
        place
    }

    pub(crate) fn partition(&mut self, queue: QueueId) -> &mut Partition {
        let index = queue.0 as usize;
        if index >= self.partitions.len() {
            self.partitions.resize_with(index + 1, Partition::default);
        }
        &mut self.partitions[index]
    }

    /// The queue has another head, or none.
    pub(crate) fn head_left(&mut self, now: Monotonic, queue: QueueId) {
        match self.drainer.head(queue) {
            Head::Empty => {
                self.open.remove(&queue);
                self.occupied.remove(&queue);
            }
            Head::Open { created, .. } | Head::Ready { created, .. } => {
                let expiry = created + self.config.delivery_timeout;
                self.timers.watch(Timer::QueueExpiry(queue), now, expiry);
            }
            _ => {}
        }
    }
}
