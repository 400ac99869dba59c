//! Making batches ready, outside every lock: compressing them, and splitting those that are too large.

use crate::batch::{Batch, charged};
use crate::budget::Charge;
use crate::completion::{CompletedBatch, Outcome};
use crate::open_batch::OpenBatch;
use crate::partition_queue::PartitionQueue;
use crate::pending::Pending;
use crate::{BatchFailure, BatchId, FailureCause, QueueId, split};
use kafka_protocol::compression::compress;
use kafka_protocol::records::BatchSummary;
use kafka_types::{Codec, Compression, Monotonic};
use std::cell::OnceCell;
use std::fmt;
use std::mem;
use std::sync::Arc;

/// Batches up to this many bytes are cheap to compress whatever the codec: the caller who filled one does it itself.
const CHEAP_BYTES: usize = 4 * 1024;

/// A closed batch before it is compressed.
pub(crate) struct RawBatch {
    id: BatchId,
    created: Monotonic,
    summary: BatchSummary,
    records: Vec<u8>,
    charge: Charge,
    pending: Pending,
}

/// Work that makes a batch ready. It may run on any thread; whoever runs it holds no lock. Dropping it fails the batch.
#[derive(Debug)]
#[must_use = "the batch is not sent before the job has run"]
pub struct SealJob(Work);

#[derive(Debug)]
enum Work {
    Compress { raw: RawBatch, compression: Compression },
    Split { batch: Batch, target: usize },
}

/// What a [`SealJob`] came to.
#[derive(Debug)]
#[must_use = "the batch is not sent before the drainer has it back"]
pub struct Sealed(pub(crate) SealedKind);

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and moved at once")]
pub(crate) enum SealedKind {
    Compressed(Batch),
    Split { queue: QueueId, parent: CompletedBatch, children: Vec<Batch> },
    Failed { queue: Arc<PartitionQueue>, id: BatchId, completed: CompletedBatch },
}

impl RawBatch {
    pub(crate) fn new(open: OpenBatch, queue: Arc<PartitionQueue>) -> RawBatch {
        let OpenBatch { id, created, completion, records, charge, summary, callbacks, .. } = open;
        let pending = Pending::new(id, queue, completion, callbacks, summary.record_count());
        RawBatch { id, created, summary, records, charge, pending }
    }

    /// As it is, not compressed.
    pub(crate) fn into_batch(self) -> Batch {
        let uncompressed = self.records.len();
        self.with_payload(Codec::NONE, uncompressed)
    }

    fn with_payload(self, codec: Codec, uncompressed: usize) -> Batch {
        let RawBatch { id, created, summary, records, charge, pending } = self;
        let charge = Arc::new(charge);
        let payload = charged(records, &pending.queue().pool, &charge);
        let checksum = OnceCell::new();
        Batch { id, created, summary, codec, payload, charge, checksum, uncompressed, pending }
    }

    fn compress(mut self, compression: Compression) -> SealedKind {
        let uncompressed = self.records.len();
        let mut compressed = Vec::with_capacity(uncompressed / 2 + 64);
        if compress(compression, &self.records, &mut compressed).is_err() {
            let (queue, id) = (Arc::clone(self.pending.queue()), self.id);
            let failure = BatchFailure::not_written(FailureCause::Compression);
            let completed = self.pending.settle(Outcome::Failed(Arc::new(failure)));
            return SealedKind::Failed { queue, id, completed };
        }
        compressed.shrink_to_fit();
        self.pending.queue().ratio.observe(compressed.len() as f32 / uncompressed.max(1) as f32);
        // What the batch itself is charged for stays; incompressible records may exceed it by a few bytes.
        let given_up = self.records.capacity().saturating_sub(compressed.capacity());
        self.charge.shrink_to(self.charge.bytes().saturating_sub(given_up));
        let records = mem::replace(&mut self.records, compressed);
        self.pending.queue().pool.put(records);
        SealedKind::Compressed(self.with_payload(compression.codec(), uncompressed))
    }
}

impl SealJob {
    pub(crate) fn compress(raw: RawBatch, compression: Compression) -> SealJob {
        SealJob(Work::Compress { raw, compression })
    }

    pub(crate) fn split(batch: Batch, target: usize) -> SealJob {
        SealJob(Work::Split { batch, target })
    }

    /// True if it is done sooner than handed to another thread.
    pub(crate) fn is_cheap(&self) -> bool {
        match &self.0 {
            Work::Compress { raw, compression } => {
                matches!(compression, Compression::Lz4(_) | Compression::Snappy)
                    || raw.records.len() <= CHEAP_BYTES
            }
            Work::Split { .. } => false,
        }
    }

    /// Does the work.
    pub fn run(self) -> Sealed {
        Sealed(match self.0 {
            Work::Compress { raw, compression } => raw.compress(compression),
            Work::Split { batch, target } => split::split(batch, target),
        })
    }
}

/// Records stay out of it: it may end in a log.
impl fmt::Debug for RawBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBatch")
            .field("id", &self.id)
            .field("bytes", &self.records.len())
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
