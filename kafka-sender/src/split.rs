//! Splitting a batch that the broker finds too large.

use crate::drained::DrainedBatch;
use crate::engine::Engine;
use crate::outcome::Refusal;
use kafka_accumulator::{Batch, BatchId, FailureCause, QueueId};
use kafka_protocol::records::BATCH_HEADER_SIZE;
use kafka_transactions::{BatchKey, StreamKey};
use kafka_types::Monotonic;

impl Engine {
    /// Replaces the batch by halves, down to single records. No retry is used up. False if it is a single record, or if an
    /// earlier attempt may have written it: then its records must not get other sequences.
    ///
    /// The pieces are compressed by a worker; until they are there the parent keeps its place in the line, and nothing of the
    /// partition passes.
    pub(crate) fn split(&mut self, now: Monotonic, id: BatchKey) -> bool {
        let Some(batch) = self.batches.get(&id) else { return false };
        if batch.maybe_written || batch.batch.record_count() < 2 {
            return false;
        }
        let (queue, size) = (batch.queue, batch.batch.wire_size());
        let partition = self.partition(queue);
        partition.too_large = Some(partition.too_large.map_or(size, |known| known.min(size)));
        if partition.splitting.is_some() {
            // One at a time: pieces name their partition, not their parent. This one's turn comes when it would be sent.
            if let Some(batch) = self.batches.get_mut(&id) {
                batch.split = true;
            }
            self.enlist(now, queue);
            return true;
        }
        self.begin_split(now, id);
        true
    }

    /// Whether a piece is of a size that was refused, so that sending it would be in vain.
    pub(crate) fn is_known_too_large(&self, batch: &DrainedBatch) -> bool {
        let known = self.partitions.get(batch.queue.0 as usize).and_then(|partition| partition.too_large);
        batch.split
            && !batch.maybe_written
            && batch.batch.record_count() > 1
            && known.is_some_and(|known| batch.batch.wire_size() >= known)
    }

    /// Starts the split; the batch has its place in the line and nothing else any more.
    pub(crate) fn begin_split(&mut self, now: Monotonic, id: BatchKey) {
        let Some(batch) = self.batches.remove(&id) else { return };
        let batch = *batch;
        let queue = batch.queue;
        // Half of the records each, and a header of its own.
        let (number, target) = (batch.batch.id(), BATCH_HEADER_SIZE + batch.batch.payload().len() / 2);
        match batch.batch.split(target) {
            Ok(job) => {
                self.partition(queue).splitting = Some((id, number));
                self.splitting.insert(queue);
                self.seal(job);
            }
            Err(batch) => {
                self.own(now, DrainedBatch::new(batch, id, true));
                let message = "a record is larger than the broker takes";
                self.fail(now, id, Refusal::new(FailureCause::RecordTooLarge, message));
            }
        }
    }

    /// The pieces take their parent's place: in the line, in its sequences, and in the flushes that wait for it.
    pub(crate) fn place_children(&mut self, now: Monotonic, queue: QueueId, children: Vec<Batch>) {
        let Some((parent, number)) = self.partition(queue).splitting.take() else { return };
        self.splitting.remove(&queue);
        let children: Vec<DrainedBatch> =
            children.into_iter().map(|child| DrainedBatch::new(child, self.new_batch_key(), true)).collect();
        let partition = self.partition(queue);
        let position = partition.line.iter().position(|id| *id == parent).unwrap_or(0);
        partition.leave(parent);
        for (index, child) in children.iter().enumerate() {
            partition.line.insert(position + index, child.key);
        }
        let keys: Vec<(BatchKey, u32)> =
            children.iter().map(|child| (child.key, child.batch.record_count())).collect();
        self.transactions.handle_split(StreamKey(queue.0), parent, &keys);
        self.split_in_flushes(number, children.len());
        for child in children {
            self.own(now, child);
        }
        self.enlist(now, queue);
    }

    /// The batch failed, if it was one that was being split.
    pub(crate) fn split_failed(&mut self, now: Monotonic, queue: QueueId, number: BatchId) {
        let partition = self.partition(queue);
        if let Some((parent, _)) = partition.splitting.take_if(|(_, splitting)| *splitting == number) {
            partition.leave(parent);
            self.splitting.remove(&queue);
            self.transactions.handle_failed(StreamKey(queue.0), parent, false);
        }
        self.enlist(now, queue);
    }
}
