//! Flushes: which batches they wait for, and what became of them.

use crate::engine::Engine;
use crate::{FlushId, FlushSummary, Output};
use kafka_accumulator::{Batch, BatchFailure, BatchId, BatchOutcome, QueueId};
use kafka_types::{Monotonic, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Flush {
    /// How many pieces of each are left.
    waiting: BTreeMap<BatchId, usize>,
    summary: FlushSummary,
}

impl Flush {
    pub(crate) fn into_summary(self) -> FlushSummary {
        self.summary
    }

    /// True if the flush waited for it.
    fn leave(&mut self, batch: BatchId) -> bool {
        let Some(left) = self.waiting.get_mut(&batch) else { return false };
        *left -= 1;
        if *left == 0 {
            self.waiting.remove(&batch);
        }
        true
    }
}

impl Engine {
    pub(crate) fn start_flush(&mut self, now: Monotonic, id: FlushId) {
        self.read_events(now);
        let mut undrained = Vec::new();
        for queue in &self.occupied {
            self.drainer.undrained(*queue, &mut undrained);
        }
        let drained = self.batches.values().map(|batch| batch.batch.id());
        let splitting =
            self.splitting.iter().filter_map(|queue| Some(self.partitions[queue.0 as usize].splitting?.1));
        let mut flush = Flush::default();
        for batch in drained.chain(splitting).chain(undrained) {
            *flush.waiting.entry(batch).or_default() += 1;
        }
        self.flushes.insert(id, flush);
        self.all_open_are_due(now);
        self.finish_flushes();
    }

    /// Tells the batch's outcome, to its records and to whoever counts.
    pub(crate) fn complete(&mut self, batch: Batch, outcome: BatchOutcome) {
        let records = u64::from(batch.record_count());
        let failure = match &outcome {
            BatchOutcome::Acknowledged { .. } => None,
            BatchOutcome::Failed(failure) => {
                Some((batch.topic_partition().clone(), Arc::new(failure.clone())))
            }
        };
        self.count(batch.id(), records, failure);
        self.outputs.push_back(Output::Complete(batch.complete(outcome)));
        self.finish_flushes();
    }

    /// A batch has failed by other ways than [`Engine::complete`].
    pub(crate) fn count_failed(
        &mut self,
        queue: QueueId,
        batch: BatchId,
        records: u32,
        failure: BatchFailure,
    ) {
        let topic_partition = self.drainer.topic_partition(queue).clone();
        self.count(batch, u64::from(records), Some((topic_partition, Arc::new(failure))));
        self.finish_flushes();
    }

    /// Counts a batch where somebody has waited for it.
    fn count(&mut self, batch: BatchId, records: u64, failure: Option<(TopicPartition, Arc<BatchFailure>)>) {
        let summaries = self
            .flushes
            .values_mut()
            .filter_map(|flush| flush.leave(batch).then_some(&mut flush.summary))
            .chain(self.closing.as_mut().map(|closing| &mut closing.summary));
        for summary in summaries {
            match &failure {
                None => summary.acknowledged += records,
                Some(failure) => {
                    summary.failed += records;
                    summary.first_error.get_or_insert_with(|| failure.clone());
                }
            }
        }
    }

    /// A flush that waits for a batch waits for the pieces it was split into.
    pub(crate) fn split_in_flushes(&mut self, parent: BatchId, pieces: usize) {
        for flush in self.flushes.values_mut() {
            if let Some(left) = flush.waiting.get_mut(&parent) {
                *left += pieces.saturating_sub(1);
            }
        }
    }

    pub(crate) fn finish_flushes(&mut self) {
        if self.flushes.values().all(|flush| !flush.waiting.is_empty()) {
            return;
        }
        for (id, flush) in std::mem::take(&mut self.flushes) {
            if flush.waiting.is_empty() {
                self.outputs.push_back(Output::Flushed(id, flush.summary));
            } else {
                self.flushes.insert(id, flush);
            }
        }
    }
}
