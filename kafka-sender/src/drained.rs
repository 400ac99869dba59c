//! Batches that the engine owns: out of the accumulator, without an outcome.

use crate::RequestId;
use kafka_accumulator::{Batch, QueueId};
use kafka_transactions::{BatchKey, StreamKey};
use kafka_types::{LeaderEpoch, Monotonic, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Boxed, so that the map moves pointers only.
pub(crate) type DrainedBatches = BTreeMap<BatchKey, Box<DrainedBatch>>;

#[derive(Debug)]
pub(crate) struct DrainedBatch {
    /// The engine's own number; pieces of a split batch share the accumulator's.
    pub(crate) key: BatchKey,
    pub(crate) batch: Batch,
    pub(crate) queue: QueueId,
    /// The request it is in, if it is in one.
    pub(crate) request: Option<RequestId>,
    /// Requests it was in, recalled ones apart.
    pub(crate) attempts: u32,
    /// Some attempt may have put it into the log.
    pub(crate) maybe_written: bool,
    pub(crate) retry_at: Monotonic,
    pub(crate) first_sent: Option<Monotonic>,
    /// The leader's epoch that the last attempt went by.
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) last_broker: Option<(NodeId, Arc<str>)>,
    pub(crate) last_error: Option<Arc<str>>,
    /// It came from a split: the next one makes halves.
    pub(crate) split: bool,
}

impl DrainedBatch {
    pub(crate) fn new(batch: Batch, key: BatchKey, split: bool) -> DrainedBatch {
        DrainedBatch {
            key,
            queue: batch.queue(),
            batch,
            request: None,
            attempts: 0,
            maybe_written: false,
            retry_at: Monotonic::ZERO,
            first_sent: None,
            leader_epoch: LeaderEpoch::UNKNOWN,
            last_broker: None,
            last_error: None,
            split,
        }
    }

    pub(crate) fn stream(&self) -> StreamKey {
        StreamKey(self.queue.0)
    }
}
