//! A batch on its way to the broker.

use crate::budget::Charge;
use crate::buffer_pool::BufferPool;
use crate::completion::{CompletedBatch, Outcome};
use crate::pending::Pending;
use crate::seal::SealJob;
use crate::{BatchFailure, BatchId, QueueId, Written};
use bytes::Bytes;
use kafka_protocol::records::{Attributes, BATCH_HEADER_SIZE, BatchHeader, BatchSummary, PayloadChecksum};
use kafka_types::{Codec, Monotonic, Offset, ProducerIdentity, Sequence, Timestamp, TopicPartition};
use std::cell::OnceCell;
use std::fmt;
use std::mem;
use std::sync::Arc;

/// Records that nothing can change any more, out of the accumulator for good: whoever has it owns it.
///
/// The payload stays as it is over all attempts, and its CRC is taken once; each attempt writes a header of its own. Dropping a
/// batch fails its records: they get exactly one outcome, always.
pub struct Batch {
    pub(crate) id: BatchId,
    pub(crate) created: Monotonic,
    pub(crate) summary: BatchSummary,
    pub(crate) codec: Codec,
    pub(crate) payload: Bytes,
    pub(crate) charge: Arc<Charge>,
    pub(crate) checksum: OnceCell<PayloadChecksum>,
    /// Bytes of the records before compression.
    pub(crate) uncompressed: usize,
    pub(crate) pending: Pending,
}

/// What became of a batch.
#[derive(Debug)]
pub enum BatchOutcome {
    /// It is in the log.
    Acknowledged {
        /// The first record's offset, or [`Offset::UNKNOWN`].
        base_offset: Offset,
        /// The broker's time, where the topic has it so.
        log_append_time: Option<Timestamp>,
    },
    /// It is not, or may be.
    Failed(BatchFailure),
}

/// A payload with what it is charged for: the charge goes when the last user of the bytes lets go of them.
struct ChargedBytes {
    bytes: Vec<u8>,
    pool: BufferPool,
    /// The pieces of a split batch share their parent's charge, but not its bytes: those are gone when the pieces are there, or
    /// batches split again and again would keep the bytes of every generation.
    _charge: Arc<Charge>,
}

/// Bytes that keep their charge for as long as anybody has them.
pub(crate) fn charged(bytes: Vec<u8>, pool: &BufferPool, charge: &Arc<Charge>) -> Bytes {
    Bytes::from_owner(ChargedBytes { bytes, pool: pool.clone(), _charge: Arc::clone(charge) })
}

impl Drop for ChargedBytes {
    fn drop(&mut self) {
        self.pool.put(mem::take(&mut self.bytes));
    }
}

impl AsRef<[u8]> for ChargedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Batch {
    /// Its number; children of a split batch keep their parent's.
    pub fn id(&self) -> BatchId {
        self.id
    }

    /// The queue it comes from.
    pub fn queue(&self) -> QueueId {
        self.pending.queue().id
    }

    /// The partition it goes to.
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.pending.queue().topic_partition
    }

    /// How many records there are; at least one.
    pub fn record_count(&self) -> u32 {
        self.pending.record_count()
    }

    /// When its first record came. Retries and splits don't change it.
    pub fn created(&self) -> Monotonic {
        self.created
    }

    /// The codec it is compressed with.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Header and payload, in bytes.
    pub fn wire_size(&self) -> usize {
        BATCH_HEADER_SIZE + self.payload.len()
    }

    /// What follows the header. Sharing it keeps its memory charged.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The 61 bytes before the payload, for this identity and sequence.
    pub fn header(&self, identity: ProducerIdentity, base_sequence: Sequence, transactional: bool) -> Bytes {
        let attributes = Attributes::default().with_codec(self.codec).with_transactional(transactional);
        let header = BatchHeader::new(attributes, &self.summary, self.checksum(), identity, base_sequence);
        Bytes::copy_from_slice(&header.encode())
    }

    /// The payload's CRC, taken at the first call.
    pub(crate) fn checksum(&self) -> PayloadChecksum {
        *self.checksum.get_or_init(|| PayloadChecksum::of(&self.payload))
    }

    /// What is true of the records if this is dropped without an outcome; at first, [`Written::NotWritten`].
    pub fn set_written(&mut self, written: Written) {
        self.pending.set_written(written);
    }

    /// Decides the outcome; nobody is told before it is run.
    pub fn complete(self, outcome: BatchOutcome) -> CompletedBatch {
        self.pending.settle(match outcome {
            BatchOutcome::Acknowledged { base_offset, log_append_time } => {
                Outcome::Acknowledged { base_offset, log_append_time }
            }
            BatchOutcome::Failed(failure) => Outcome::Failed(Arc::new(failure)),
        })
    }

    /// A job that makes smaller batches of it: of about half of its bytes, or of about `target` bytes on the wire if that is less,
    /// as near as its records allow if they compress as the whole batch did.
    ///
    /// # Errors
    /// The batch back, if it has but one record.
    #[allow(clippy::result_large_err, reason = "it is the batch itself that comes back")]
    pub fn split(self, target: usize) -> Result<SealJob, Batch> {
        if self.record_count() < 2 { Err(self) } else { Ok(SealJob::split(self, target)) }
    }
}

/// Records stay out of it: it may end in a log.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("id", &self.id)
            .field("topic_partition", self.topic_partition())
            .field("records", &self.record_count())
            .field("wire_size", &self.wire_size())
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
