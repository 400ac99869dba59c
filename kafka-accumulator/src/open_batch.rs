//! A batch that takes records.

use crate::budget::Charge;
use crate::completion::{Completion, RecordCallback, RecordPlace};
use crate::ratio::SAFETY;
use crate::{AppendRecord, BatchId};
use kafka_protocol::records::{BATCH_HEADER_SIZE, BatchSummary, MeasuredRecord};
use kafka_types::Monotonic;
use std::fmt;
use std::sync::Arc;

/// What a callback counts for in the budget: the box, its captures as far as they can be guessed, its place in the table.
const CALLBACK_BYTES: usize = 128;
/// What is charged for a batch itself: its completion, its place in queues.
const BATCH_BYTES: usize = 512;
/// Batches begin with at least this much room, unless `batch.size` is smaller.
const MIN_CAPACITY: usize = 512;
/// A compressible batch takes at most this many times `batch.size` of records before compression.
const MAX_UNCOMPRESSED_FACTOR: usize = 16;

/// Records in wire format, in memory that grows by the chunk and is charged by the chunk.
pub(crate) struct OpenBatch {
    pub(crate) id: BatchId,
    pub(crate) created: Monotonic,
    pub(crate) completion: Arc<Completion>,
    /// The records section; the header is written when the batch is sent.
    pub(crate) records: Vec<u8>,
    pub(crate) charge: Charge,
    pub(crate) summary: BatchSummary,
    pub(crate) callbacks: Vec<RecordCallback>,
    limits: Limits,
}

/// How much goes into a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of the batch as it will be sent, header included.
    write_limit: usize,
    /// Expected compressed bytes per byte of records; `None` without compression.
    ratio: Option<f32>,
    /// Of the records before compression.
    uncompressed: usize,
}

impl Limits {
    pub(crate) fn new(batch_size: usize, ratio: Option<f32>) -> Limits {
        let factor = if ratio.is_some() { MAX_UNCOMPRESSED_FACTOR } else { 1 };
        Limits { write_limit: batch_size, ratio, uncompressed: batch_size.saturating_mul(factor) }
    }

    /// Room for `record` bytes after `present` ones, by Kafka's rule: what is there counts compressed, stretched by a
    /// margin, the new record as it is.
    #[inline]
    fn has_room(&self, present: usize, record: usize) -> bool {
        self.write_limit >= BATCH_HEADER_SIZE + self.estimate(present) + record
            && self.uncompressed >= present + record
    }

    /// What so many bytes of records will be on the wire.
    #[inline]
    fn estimate(&self, records: usize) -> usize {
        match self.ratio {
            None => records,
            Some(ratio) => (records as f32 * ratio * SAFETY) as usize,
        }
    }
}

/// Why a record does not go into this batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoRoom {
    /// The batch is full.
    Full,
    /// The batch could grow, the budget can't.
    NoMemory,
}

impl OpenBatch {
    /// What has to be charged for a batch that begins with this much room, and whose first record may have a callback.
    pub(crate) fn first_charge(capacity: usize, with_callback: bool) -> usize {
        Self::charge_for(capacity, usize::from(with_callback))
    }

    fn charge_for(capacity: usize, callbacks: usize) -> usize {
        capacity.saturating_add(BATCH_BYTES).saturating_add(callbacks.saturating_mul(CALLBACK_BYTES))
    }

    /// The capacity to begin with: what the partition's last batch took, and at least what the first record needs. A batch
    /// that is likely to become more than half full has all its room at once, in a buffer that is used again and again.
    pub(crate) fn first_capacity(batch_size: usize, last_batch: usize, record: usize) -> usize {
        let guess = if last_batch > batch_size / 2 { batch_size } else { last_batch };
        guess.max(MIN_CAPACITY.min(batch_size)).max(record)
    }

    pub(crate) fn new(
        id: BatchId,
        created: Monotonic,
        completion: Arc<Completion>,
        records: Vec<u8>,
        charge: Charge,
        limits: Limits,
    ) -> OpenBatch {
        OpenBatch {
            id,
            created,
            completion,
            records,
            charge,
            summary: BatchSummary::EMPTY,
            callbacks: Vec::new(),
            limits,
        }
    }

    /// Makes room for one more record, or says why there is none. The first one has it from the beginning.
    pub(crate) fn make_room(&mut self, size: usize, with_callback: bool) -> Result<(), NoRoom> {
        if !self.limits.has_room(self.records.len(), size) {
            return Err(NoRoom::Full);
        }
        let needed = self.records.len() + size;
        let mut capacity = self.records.capacity();
        if needed > capacity {
            // Doubling copies each byte about once; beyond what the batch may hold there is no use for room.
            capacity = (capacity * 2).min(self.limits.uncompressed.max(needed)).max(needed);
        }
        let charge = Self::charge_for(capacity, self.callbacks.len() + usize::from(with_callback));
        let grows = charge.saturating_sub(self.charge.bytes());
        if grows > 0 && !self.grow(grows, with_callback) {
            return Err(NoRoom::NoMemory);
        }
        if capacity > self.records.capacity() {
            self.records.reserve_exact(capacity - self.records.len());
        }
        Ok(())
    }

    /// True if a record of this size fits as things are, and leaves room for one more.
    #[inline(always)]
    pub(crate) fn takes_easily(&self, size: usize) -> bool {
        let present = self.records.len();
        present + size <= self.records.capacity()
            && self.limits.has_room(present, size)
            && self.limits.has_room(present + size, 1)
    }

    /// What it will be on the wire, as far as that can be told.
    pub(crate) fn estimated_size(&self) -> usize {
        BATCH_HEADER_SIZE + self.limits.estimate(self.records.len())
    }

    fn grow(&mut self, bytes: usize, with_callback: bool) -> bool {
        // Callbacks come one by one: charge several at once, so that not each of them costs an atomic operation.
        let chunk = if with_callback { bytes.max(CALLBACK_BYTES * 16) } else { bytes };
        self.charge.try_grow(chunk) || (chunk > bytes && self.charge.try_grow(bytes))
    }

    #[inline(always)]
    pub(crate) fn measure<'r>(&self, record: &AppendRecord<'r>) -> MeasuredRecord<'r> {
        self.summary.measure(record.timestamp, record.key, record.value, record.headers)
    }

    /// What the next record's delivery is to know, if it is this one.
    #[inline(always)]
    pub(crate) fn next_place(&self, record: &AppendRecord<'_>) -> RecordPlace {
        let size =
            |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        RecordPlace {
            index: self.summary.record_count(),
            timestamp: record.timestamp,
            key_size: size(record.key),
            value_size: size(record.value),
        }
    }

    /// Appends a record that room was made for.
    #[inline(always)]
    pub(crate) fn push(&mut self, measured: &MeasuredRecord<'_>) {
        self.summary.append(&mut self.records, measured);
    }

    /// True if no record of any size would fit any more.
    pub(crate) fn is_full(&self) -> bool {
        !self.limits.has_room(self.records.len(), 1)
    }
}

/// Records stay out of it: it may end in a log.
impl fmt::Debug for OpenBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenBatch")
            .field("id", &self.id)
            .field("bytes", &self.records.len())
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RecordCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordCallback").field("place", &self.place).finish_non_exhaustive()
    }
}
