//! The queues of one topic.

use crate::events::QueueEvent;
use crate::open_batch::OpenBatch;
use crate::partition_queue::{LockedOutcome, PartitionQueue, Placed};
use crate::ratio::CompressionRatio;
use crate::seal::{SealJob, SealedKind};
use crate::shared::Shared;
use crate::{Callback, Delivery, FailureCause, Grant, MemoryWait};
use kafka_protocol::records::size_upper_bound;
use kafka_types::{Header, Monotonic, Now, PartitionId, Timestamp};
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// A topic's place in the accumulator: made once, and then reached without looking its name up.
pub struct TopicQueues {
    name: Arc<str>,
    ratio: Arc<CompressionRatio>,
    shared: Arc<Shared>,
    /// Chunk k holds 16 · 2^k queues, so that a queue, once made, is found without a lock and never moves.
    chunks: [OnceLock<Chunk>; CHUNKS],
}

type Chunk = Box<[OnceLock<Arc<PartitionQueue>>]>;

/// Enough for every partition that a 32-bit index can name.
const CHUNKS: usize = 28;
const FIRST_CHUNK: usize = 16;

/// A record as it goes into a batch.
#[derive(Clone, Copy, Debug)]
pub struct AppendRecord<'r> {
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// The key's bytes; `None` is null.
    pub key: Option<&'r [u8]>,
    /// The value's bytes; `None` is null.
    pub value: Option<&'r [u8]>,
    /// Headers, in order.
    pub headers: &'r [Header<'r>],
}

/// How a record may be appended.
pub struct AppendOptions<'o> {
    /// False if a new batch should not be opened: the answer is then [`Append::WouldOpenBatch`], so that a sticky partitioner
    /// can choose once more.
    pub may_open_batch: bool,
    /// Memory that was waited for; taken if a new batch needs it. It is given back if it was waited for with another partition,
    /// and this one's leader has its share of the memory.
    pub grant: &'o mut Option<Grant>,
    /// Told of the outcome; taken if the record is appended.
    pub callback: &'o mut Option<Callback>,
    /// True if the callback tells the program of it: a failure is then seen, whoever drops the delivery unread.
    pub told: bool,
}

/// What came of an append. Exhaustive: a caller has to deal with each.
#[derive(Debug)]
pub enum Append {
    /// The record is in a batch.
    Appended(Appended),
    /// It is not: the partition has no open batch with room for it, and none may be opened.
    WouldOpenBatch {
        /// As [`Appended::batched`].
        batched: usize,
        /// True if the engine sleeps and has to be woken, by the caller: a full batch was closed.
        wake: bool,
    },
    /// It is not: a new batch needs memory. [`reserve`](TopicQueues::reserve) it and append again with the grant.
    NeedsMemory {
        /// How much.
        bytes: usize,
        /// True if the engine sleeps and has to be woken, by the caller, also if it does not wait: a batch that could not grow
        /// was closed.
        wake: bool,
    },
}

/// A record in a batch.
#[derive(Debug)]
pub struct Appended {
    /// Its acknowledgement to come.
    pub delivery: Delivery,
    /// How many bytes it takes there, before compression.
    pub bytes: usize,
    /// True if its batch was opened by it or is full with it: where a sticky partitioner may move on.
    pub batch_complete: bool,
    /// Bytes of the partition's batches that were closed, as estimated on the wire, each reported once; one that was closed
    /// because it is full counts as `batch.size` at least. 0 unless a batch ends or begins.
    pub batched: usize,
    /// True if the engine sleeps and has to be woken, by the caller.
    pub wake: bool,
}

/// Why a record can't be appended, ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The accumulator takes no more records.
    #[error("the producer is closed")]
    Closed,
    /// The record alone is larger than all the memory there is.
    #[error("a record of up to {bytes} bytes is larger than buffer.memory ({limit})")]
    TooLargeForMemory {
        /// The most it may take.
        bytes: usize,
        /// `buffer.memory`.
        limit: usize,
    },
}

impl TopicQueues {
    pub(crate) fn new(name: Arc<str>, shared: Arc<Shared>) -> TopicQueues {
        TopicQueues { name, ratio: Arc::default(), shared, chunks: [const { OnceLock::new() }; CHUNKS] }
    }

    /// The topic's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Copies a record into the partition's open batch, or into a new one.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was taken from `options`.
    pub fn append(
        &self,
        partition: PartitionId,
        record: &AppendRecord<'_>,
        mut options: AppendOptions<'_>,
        now: Now,
    ) -> Result<Append, AppendError> {
        if options.callback.is_none()
            && let Some((delivery, bytes)) = self.append_at_once(partition, record, options.told)
        {
            let (batch_complete, batched, wake) = (false, 0, false);
            return Ok(Append::Appended(Appended { delivery, bytes, batch_complete, batched, wake }));
        }
        let shared = &*self.shared;
        let bytes = size_upper_bound(record.key, record.value, record.headers);
        let limit = shared.budget.limit();
        // What a batch itself and a callback are charged for comes on top of the record.
        if OpenBatch::first_charge(bytes, options.callback.is_some()) > limit {
            return Err(AppendError::TooLargeForMemory { bytes, limit });
        }
        let queue = self.queue(partition);
        if options.may_open_batch
            && options.grant.as_mut().is_some_and(|grant| !grant.0.move_to(queue.group()))
        {
            *options.grant = None;
        }
        let locked = queue.append(shared, record, &mut options, now);
        let mut wake = locked.sealed && self.finish_sealed(queue, locked.jobs);
        let batched = locked.batched;
        let batch_complete = locked.opened.is_some() || locked.sealed;
        if let Some(event) = locked.opened {
            wake |= shared.events.push(event, now.mono + shared.config.linger);
        }
        match locked.outcome {
            LockedOutcome::Appended(Placed { completion, place, bytes }) => {
                let delivery = Delivery::new(completion, place, options.told);
                Ok(Append::Appended(Appended { delivery, bytes, batch_complete, batched, wake }))
            }
            LockedOutcome::WouldOpenBatch => Ok(Append::WouldOpenBatch { batched, wake }),
            LockedOutcome::NeedsMemory(bytes) => Ok(Append::NeedsMemory { bytes, wake }),
            LockedOutcome::Closed => Err(AppendError::Closed),
        }
    }

    /// What [`append`](TopicQueues::append) does for most records: into an open batch that has room for this one and for another
    /// after it, without a callback. `None`, and nothing done, if there is no such batch. With the delivery come the bytes that the
    /// record takes.
    #[inline(always)]
    pub fn append_at_once(
        &self,
        partition: PartitionId,
        record: &AppendRecord<'_>,
        told: bool,
    ) -> Option<(Delivery, usize)> {
        let index = usize::try_from(partition.0).ok()?;
        self.slot(index)?.get()?.append_at_once(record, told)
    }

    /// Waits for memory for a batch of the partition, in order of arrival; but where the partition's leader has its share of the
    /// memory, others pass. The caller wakes the engine: it closes batches so that memory comes free, and ends the wait at
    /// `deadline`.
    pub fn reserve(&self, partition: PartitionId, bytes: usize, deadline: Monotonic) -> MemoryWait {
        let queue = self.queue(partition);
        let wait = self.shared.budget.wait(queue.id, queue.group(), bytes, deadline);
        self.shared.events.push_quietly(QueueEvent::MemoryWaiter { queue: queue.id });
        wait
    }

    /// How many batches each partition has, queued here or on their way: what an adaptive partitioner weighs. `lengths` gets one
    /// number for each partition below `partition_count`.
    pub fn queue_lengths(&self, partition_count: usize, lengths: &mut Vec<u32>) {
        lengths.clear();
        lengths.extend((0..partition_count).map(|index| {
            let load = |queue: &Arc<PartitionQueue>| queue.load.load(Ordering::Relaxed);
            self.slot(index).and_then(OnceLock::get).map_or(0, load)
        }));
    }

    /// After a batch was closed: compresses it here if that is cheap, leaves it to the workers otherwise, and tells the engine.
    /// True if the engine has to be woken.
    fn finish_sealed(&self, queue: &Arc<PartitionQueue>, jobs: Vec<SealJob>) -> bool {
        for job in jobs {
            if !job.is_cheap() {
                self.shared.jobs.lock().push(job);
                continue;
            }
            match job.run().0 {
                // Its place is gone only if everything was drained; dropping the batch tells its records.
                SealedKind::Compressed(batch) => drop(queue.place(batch)),
                SealedKind::Failed { queue, id, completed } => {
                    queue.forget(id);
                    let (records, cause) = (completed.record_count(), FailureCause::Compression);
                    self.shared.events.push_quietly(QueueEvent::Lost {
                        queue: queue.id,
                        batch: id,
                        records,
                        cause,
                    });
                    completed.run();
                }
                SealedKind::Split { .. } => {}
            }
        }
        self.shared.events.push_closed(QueueEvent::Sealed { queue: queue.id })
    }

    #[inline]
    fn queue(&self, partition: PartitionId) -> &Arc<PartitionQueue> {
        let index = usize::try_from(partition.0).unwrap_or(0);
        // Every non-negative 32-bit index has a slot.
        let slot = self.slot_or_chunk(index);
        slot.get_or_init(|| self.shared.add_queue(&self.name, partition, &self.ratio))
    }

    fn slot_or_chunk(&self, index: usize) -> &OnceLock<Arc<PartitionQueue>> {
        let (chunk, at) = locate(index);
        let chunk_size = FIRST_CHUNK << chunk;
        let slots = self.chunks[chunk].get_or_init(|| (0..chunk_size).map(|_| OnceLock::new()).collect());
        &slots[at]
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> Option<&OnceLock<Arc<PartitionQueue>>> {
        let (chunk, at) = locate(index);
        self.chunks.get(chunk)?.get()?.get(at)
    }
}

/// The chunk of a partition's index, and its place there.
#[inline]
fn locate(index: usize) -> (usize, usize) {
    // Most topics have few partitions.
    if index < FIRST_CHUNK {
        return (0, index);
    }
    let chunk = ((index / FIRST_CHUNK) + 1).ilog2() as usize;
    (chunk, index - FIRST_CHUNK * ((1 << chunk) - 1))
}

impl fmt::Debug for TopicQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicQueues").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for AppendOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppendOptions")
            .field("may_open_batch", &self.may_open_batch)
            .field("grant", &self.grant)
            .field("callback", &self.callback.is_some())
            .field("told", &self.told)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_lie_side_by_side() {
        let mut expected = (0, 0);
        for index in 0..5_000 {
            assert_eq!(locate(index), expected, "partition {index}");
            expected.1 += 1;
            if expected.1 == FIRST_CHUNK << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(locate(i32::MAX as usize).0 < CHUNKS);
    }
}
