//! The promise of an outcome.

use crate::completion::{CompletedBatch, Completion, Outcome, RecordCallback};
use crate::partition_queue::PartitionQueue;
use crate::unseen::Unseen;
use crate::{BatchFailure, BatchId, FailureCause, QueueEvent, Written};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Records that have no outcome yet. Whatever happens to it, they get exactly one: dropped without any, it fails them.
#[derive(Debug)]
pub(crate) struct Pending {
    id: BatchId,
    queue: Arc<PartitionQueue>,
    completion: Arc<Completion>,
    callbacks: Vec<RecordCallback>,
    record_count: u32,
    /// What is true if it is dropped.
    written: Written,
    settled: bool,
}

impl Pending {
    pub(crate) fn new(
        id: BatchId,
        queue: Arc<PartitionQueue>,
        completion: Arc<Completion>,
        callbacks: Vec<RecordCallback>,
        record_count: u32,
    ) -> Pending {
        Pending {
            id,
            queue,
            completion,
            callbacks,
            record_count,
            written: Written::NotWritten,
            settled: false,
        }
    }

    pub(crate) fn queue(&self) -> &Arc<PartitionQueue> {
        &self.queue
    }

    pub(crate) fn unseen(&self) -> &Arc<Unseen> {
        self.completion.unseen()
    }

    pub(crate) fn record_count(&self) -> u32 {
        self.record_count
    }

    pub(crate) fn callbacks(&mut self) -> Vec<RecordCallback> {
        std::mem::take(&mut self.callbacks)
    }

    pub(crate) fn set_written(&mut self, written: Written) {
        self.written = written;
    }

    pub(crate) fn settle(mut self, outcome: Outcome) -> CompletedBatch {
        self.decide(outcome)
    }

    fn decide(&mut self, outcome: Outcome) -> CompletedBatch {
        self.settled = true;
        self.queue.load.fetch_sub(1, Ordering::Relaxed);
        let callbacks = self.callbacks();
        CompletedBatch::new(Arc::clone(&self.completion), outcome, callbacks, self.record_count)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.settled {
            let failure = BatchFailure {
                written: self.written,
                ..BatchFailure::not_written(FailureCause::EngineStopped)
            };
            // A job that was dropped, or that panicked, must not leave a place that nobody fills: what stands behind it would
            // never be sent, and whoever waits for it would wait for good.
            self.queue.forget(self.id);
            let (queue, batch, records, cause) = (self.queue.id, self.id, self.record_count, failure.cause);
            self.queue.events.push_quietly(QueueEvent::Lost { queue, batch, records, cause });
            self.decide(Outcome::Failed(Arc::new(failure))).run();
        }
    }
}
