//! From ready partitions to Produce requests, node by node.

use crate::ConnectionId;
use crate::drained::DrainedBatch;
use crate::engine::Engine;
use crate::partition::Turn;
use crate::produce_request::ProduceBuilder;
use crate::timers::Timer;
use kafka_accumulator::{Head, QueueId};
use kafka_transactions::{BatchKey, MAX_OUTSTANDING_BATCHES, Stamp, Stamping, StreamKey};
use kafka_types::{Monotonic, NodeId};
use std::time::Duration;

/// Brokers forget producers that rest (`producer.id.expiration.ms`, a day unless configured otherwise).
const REST: Duration = Duration::from_secs(60);

/// What a partition gives to a request.
enum Taken {
    Batch(BatchKey, Stamp),
    /// It would not fit any more.
    Full,
    /// Nothing now; an event of the partition will list it again.
    Nothing,
}

impl Engine {
    pub(crate) fn drain_nodes(&mut self, now: Monotonic) {
        while let Some(node) = self.dirty.pop_first() {
            self.drain_node(now, node);
        }
    }

    fn drain_node(&mut self, now: Monotonic, id: NodeId) {
        loop {
            if self.nodes.get(&id).is_none_or(|node| node.ready.is_empty()) {
                self.node_keeps_up(id);
                return;
            }
            let Some(connection) = self.usable(id, now) else {
                self.node_waits(now, id);
                self.connect(now, id);
                return;
            };
            let full = self
                .connections
                .get(&connection)
                .is_none_or(|state| state.produces >= self.config.max_in_flight.max(1));
            if full {
                self.node_waits(now, id);
                return;
            }
            self.node_keeps_up(id);
            if self.gathers(now, id, connection) || !self.fill_request(now, id, connection) {
                return;
            }
        }
    }

    /// Sends one request with a batch of each partition that has one, as many as fit. False if there was none.
    ///
    /// Partitions take turns: who gave a batch goes to the end of the list, who did not fit goes first next time. A partition
    /// that is blocked leaves the list and holds up nobody.
    fn fill_request(&mut self, now: Monotonic, id: NodeId, connection: ConnectionId) -> bool {
        let Some(mut request) = ProduceBuilder::new(self, connection) else {
            self.refuse_node(now, id);
            return false;
        };
        let count = self.nodes.get(&id).map_or(0, |node| node.ready.len());
        for _ in 0..count {
            let Some(queue) = self.nodes.get_mut(&id).and_then(|node| node.ready.pop_front()) else { break };
            self.partition(queue).listed = false;
            if self.leader(queue) != Some(id) {
                self.enlist(now, queue);
                continue;
            }
            let space = if request.is_empty() {
                usize::MAX
            } else {
                self.config.max_request_size.saturating_sub(request.size())
            };
            match self.take(now, queue, connection, space) {
                Taken::Batch(batch, stamp) => {
                    request.add(self, now, batch, stamp);
                    self.enlist(now, queue);
                }
                Taken::Full => {
                    self.partition(queue).listed = true;
                    if let Some(node) = self.nodes.get_mut(&id) {
                        node.ready.push_front(queue);
                    }
                    break;
                }
                Taken::Nothing => {}
            }
        }
        self.gathered(id, request.batches());
        request.send(self, now)
    }

    /// The partition's next batch: the first that waits to be sent again, else the head of its queue.
    fn take(&mut self, now: Monotonic, queue: QueueId, connection: ConnectionId, space: usize) -> Taken {
        let idempotent = self.transactions.is_idempotent();
        let stream = StreamKey(queue.0);
        let partition = self.partition(queue);
        if partition.in_flight > 0 && partition.connection != Some(connection) {
            return Taken::Nothing;
        }
        if idempotent && partition.in_flight >= MAX_OUTSTANDING_BATCHES {
            return Taken::Nothing;
        }
        if !self.may_produce(now, queue) {
            return Taken::Nothing;
        }
        match self.partitions[queue.0 as usize].turn(&self.batches) {
            Turn::Blocked => Taken::Nothing,
            Turn::Resend(id) => {
                let Some(batch) = self.batches.get(&id) else { return Taken::Nothing };
                if batch.retry_at > now {
                    self.timers.set(Timer::Retry(queue), batch.retry_at);
                    return Taken::Nothing;
                }
                if self.is_known_too_large(batch) {
                    if self.partitions[queue.0 as usize].splitting.is_none() {
                        self.begin_split(now, id);
                    }
                    return Taken::Nothing;
                }
                if batch.batch.wire_size() > space {
                    return Taken::Full;
                }
                let records = batch.batch.record_count();
                match self.transactions.stamp(stream, id, records) {
                    Stamping::Stamp(stamp) => Taken::Batch(id, stamp),
                    Stamping::Blocked => self.wait_for_identity(queue),
                }
            }
            Turn::Fresh => {
                if !self.is_ready(queue) {
                    return Taken::Nothing;
                }
                let partition = &self.partitions[queue.0 as usize];
                if partition.line.is_empty() && now.since(partition.last_sent) >= REST {
                    self.transactions.handle_rested(stream);
                }
                if !self.transactions.may_assign(stream) {
                    return self.wait_for_identity(queue);
                }
                // Last, so that an open batch which can't go is not closed in vain.
                let Head::Ready { bytes, .. } = self.close_head(queue) else { return Taken::Nothing };
                if bytes > space {
                    return Taken::Full;
                }
                let Some(batch) = self.drainer.pop(queue) else { return Taken::Nothing };
                self.head_left(now, queue);
                let (id, records) = (self.new_batch_key(), batch.record_count());
                self.own(now, DrainedBatch::new(batch, id, false));
                self.partition(queue).line.push_back(id);
                match self.transactions.stamp(stream, id, records) {
                    Stamping::Stamp(stamp) => Taken::Batch(id, stamp),
                    Stamping::Blocked => self.wait_for_identity(queue),
                }
            }
        }
    }

    /// The engine owns the batch from now on, until its outcome or its deadline.
    pub(crate) fn own(&mut self, now: Monotonic, batch: DrainedBatch) {
        let expiry = batch.batch.created() + self.config.delivery_timeout;
        self.timers.watch(Timer::LineExpiry(batch.queue), now, expiry);
        self.batches.insert(batch.key, Box::new(batch));
    }

    /// If it is the identity that the partition waits for; otherwise an answer to one of its batches lists it again.
    fn wait_for_identity(&mut self, queue: QueueId) -> Taken {
        if self.transactions.is_idempotent() && self.transactions.identity().is_none() {
            self.nameless.insert(queue);
        }
        Taken::Nothing
    }
}
