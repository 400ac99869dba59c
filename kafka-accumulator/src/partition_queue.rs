//! The batches of one partition that the engine has not taken yet.

use crate::batch::Batch;
use crate::budget::Group;
use crate::buffer_pool::BufferPool;
use crate::completion::{Completion, RecordCallback, RecordPlace};
use crate::events::{Events, QueueEvent};
use crate::open_batch::{Limits, NoRoom, OpenBatch};
use crate::ratio::CompressionRatio;
use crate::seal::{RawBatch, SealJob};
use crate::shared::Shared;
use crate::{AppendOptions, AppendRecord, BatchId, Delivery, QueueId};
use crossbeam_utils::CachePadded;
use kafka_protocol::records::{BatchSummary, MeasuredRecord};
use kafka_types::{Monotonic, Now, TopicPartition};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// A batch behind this many others is out of every cache when its turn comes: its checksum is taken while it is still in the
/// caller's, where that takes a fraction of the time. Of a shorter queue the engine takes it, since callers have more to do.
const DEEP: u32 = 8;

/// One partition's open batch and its sealed ones, under one short lock that is its alone.
#[derive(Debug)]
pub(crate) struct PartitionQueue {
    pub(crate) id: QueueId,
    pub(crate) topic_partition: TopicPartition,
    pub(crate) ratio: Arc<CompressionRatio>,
    pub(crate) events: Arc<Events>,
    pub(crate) pool: BufferPool,
    /// Batches queued here or owned by the engine, for the choice among partitions.
    pub(crate) load: AtomicU32,
    /// Whom new batches are charged to: the leader.
    group: AtomicU8,
    state: CachePadded<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<OpenBatch>,
    /// In the order of their records.
    sealed: VecDeque<Slot>,
    /// Bytes of the last batch's records, which the next one begins with.
    last_batch: usize,
    /// Bytes of closed batches that no partitioner has heard of.
    unreported: usize,
    closed: bool,
}

/// A batch that takes no more records.
#[derive(Debug)]
enum Slot {
    Ready(Batch),
    /// Being compressed, here or at a worker, or waiting for it.
    Sealing(BatchId),
}

/// The first batch of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Head {
    /// There is none.
    Empty,
    /// It takes records.
    Open {
        /// Which.
        batch: BatchId,
        /// When its first record came.
        created: Monotonic,
        /// Bytes of its records, not compressed.
        bytes: usize,
    },
    /// It is being compressed.
    Sealing,
    /// It can be taken.
    Ready {
        /// Which.
        batch: BatchId,
        /// When its first record came.
        created: Monotonic,
        /// Its exact size on the wire.
        bytes: usize,
    },
}

/// What an append under the lock came to; what follows is done without the lock.
pub(crate) struct LockedAppend {
    pub(crate) outcome: LockedOutcome,
    /// A batch was closed.
    pub(crate) sealed: bool,
    /// What makes closed batches ready, where that takes work.
    pub(crate) jobs: Vec<SealJob>,
    /// A batch was opened.
    pub(crate) opened: Option<QueueEvent>,
    /// Bytes of batches that were closed, here or before, and not told of yet.
    pub(crate) batched: usize,
}

pub(crate) enum LockedOutcome {
    Appended(Placed),
    WouldOpenBatch,
    NeedsMemory(usize),
    Closed,
}

/// A record in a batch.
pub(crate) struct Placed {
    pub(crate) completion: Arc<Completion>,
    pub(crate) place: RecordPlace,
    pub(crate) bytes: usize,
}

impl PartitionQueue {
    pub(crate) fn new(
        id: QueueId,
        topic_partition: TopicPartition,
        ratio: Arc<CompressionRatio>,
        events: Arc<Events>,
        pool: BufferPool,
    ) -> PartitionQueue {
        PartitionQueue {
            id,
            topic_partition,
            ratio,
            events,
            pool,
            load: AtomicU32::new(0),
            group: AtomicU8::new(Group::default().index()),
            state: CachePadded::default(),
        }
    }

    pub(crate) fn group(&self) -> Group {
        Group::from_index(self.group.load(Ordering::Relaxed))
    }

    /// Gives the one before.
    pub(crate) fn set_group(&self, group: Group) -> Group {
        Group::from_index(self.group.swap(group.index(), Ordering::Relaxed))
    }

    /// The way of most records: into a batch that has room for this one without a callback, and for another after it.
    ///
    /// The delivery is made before the copy, under the lock: a locked instruction waits for all writes before it, so the count of
    /// references comes before there are many, and what unlocking has waited for is read again at no cost.
    #[inline(always)]
    pub(crate) fn append_at_once(&self, record: &AppendRecord<'_>, told: bool) -> Option<(Delivery, usize)> {
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        let open = state.open.as_mut()?;
        let measured = open.measure(record);
        if !open.takes_easily(measured.size()) {
            return None;
        }
        let delivery = Delivery::near(&open.completion, open.next_place(record), told)?;
        open.push(&measured);
        Some((delivery, measured.size()))
    }

    /// Everything of an append that needs the lock: copying the record is most of it.
    pub(crate) fn append(
        self: &Arc<Self>,
        shared: &Shared,
        record: &AppendRecord<'_>,
        options: &mut AppendOptions<'_>,
        now: Now,
    ) -> LockedAppend {
        let mut state = self.state.lock();
        let mut done = LockedAppend {
            outcome: LockedOutcome::Closed,
            sealed: false,
            jobs: Vec::new(),
            opened: None,
            batched: 0,
        };
        if !state.closed {
            self.append_open(&mut state, shared, record, options, now, &mut done);
            if done.sealed || done.opened.is_some() || matches!(done.outcome, LockedOutcome::WouldOpenBatch) {
                done.batched = mem::take(&mut state.unreported);
            }
        }
        done
    }

    fn append_open(
        self: &Arc<Self>,
        state: &mut State,
        shared: &Shared,
        record: &AppendRecord<'_>,
        options: &mut AppendOptions<'_>,
        now: Now,
        done: &mut LockedAppend,
    ) {
        if let Some(open) = &mut state.open {
            let measured = open.measure(record);
            match open.make_room(measured.size(), options.callback.is_some()) {
                Ok(()) => {
                    done.outcome = push(open, record, &measured, options);
                    if open.is_full() {
                        self.seal(state, shared, done);
                    }
                    return;
                }
                // Growth that would have to wait closes the batch first, so that it can be sent and its memory returns.
                Err(NoRoom::Full | NoRoom::NoMemory) => self.seal(state, shared, done),
            }
        }
        if !options.may_open_batch {
            done.outcome = LockedOutcome::WouldOpenBatch;
            return;
        }
        match self.open(state, shared, record, options, now) {
            Ok((outcome, opened)) => {
                done.outcome = outcome;
                done.opened = Some(opened);
                // A record larger than batch.size fills its batch at once.
                if state.open.as_ref().is_some_and(OpenBatch::is_full) {
                    self.seal(state, shared, done);
                }
            }
            Err(bytes) => done.outcome = LockedOutcome::NeedsMemory(bytes),
        }
    }

    /// A new batch with this record in it, or how many bytes that needs.
    fn open(
        &self,
        state: &mut State,
        shared: &Shared,
        record: &AppendRecord<'_>,
        options: &mut AppendOptions<'_>,
        now: Now,
    ) -> Result<(LockedOutcome, QueueEvent), usize> {
        let batch_size = shared.config.batch_size.max(1);
        let size =
            BatchSummary::EMPTY.measure(record.timestamp, record.key, record.value, record.headers).size();
        let wanted = OpenBatch::first_capacity(batch_size, state.last_batch, size);
        let charge = |capacity: usize| OpenBatch::first_charge(capacity, options.callback.is_some());
        let (least, preferred) = (charge(size), charge(wanted));
        let enough = |bytes: usize| bytes >= least;
        let (capacity, charge) = if options.grant.as_ref().is_some_and(|grant| enough(grant.0.bytes()))
            && let Some(grant) = options.grant.take()
        {
            // What was waited for is taken; by now a batch may like to begin with more or less.
            let granted = grant.0.bytes() - charge(0);
            (wanted.min(granted).max(size), grant.0)
        } else if let Some(charge) = shared.budget.try_charge(self.group(), preferred) {
            (wanted, charge)
        } else if preferred > shared.budget.limit()
            && let Some(charge) = shared.budget.try_charge(self.group(), least)
        {
            (size, charge)
        } else {
            // A batch that begins with less than it will need grows bit by bit, or not at all: then it ends small, and small
            // batches cost as much as full ones. So it is worth waiting for all of it, unless there never is so much.
            return Err(if preferred <= shared.budget.limit() { preferred } else { least });
        };
        let ratio = shared.compresses().then(|| self.ratio.estimate());
        let limits = Limits::new(batch_size, ratio);
        let id = shared.next_batch();
        let completion =
            Completion::new(self.topic_partition.clone(), Arc::clone(&shared.unseen), record.timestamp);
        let buffer = self.pool.take(capacity);
        let mut open = OpenBatch::new(id, now.mono, completion, buffer, charge, limits);
        let measured = open.measure(record);
        let outcome = push(&mut open, record, &measured, options);
        state.open = Some(open);
        self.load.fetch_add(1, Ordering::Relaxed);
        Ok((outcome, QueueEvent::Opened { queue: self.id, batch: id, created: now.mono }))
    }

    fn seal(self: &Arc<Self>, state: &mut State, shared: &Shared, done: &mut LockedAppend) {
        if let Some(open) = state.open.take() {
            done.sealed = true;
            // However full it is: as much as it could take.
            state.unreported += shared.config.batch_size.saturating_sub(open.estimated_size());
            done.jobs.extend(self.enqueue_sealed(state, shared, open));
        }
    }

    /// A closed batch enters the queue: ready, or to be made so by the job.
    fn enqueue_sealed(
        self: &Arc<Self>,
        state: &mut State,
        shared: &Shared,
        open: OpenBatch,
    ) -> Option<SealJob> {
        state.last_batch = open.records.len();
        state.unreported += open.estimated_size();
        let (id, raw) = (open.id, RawBatch::new(open, Arc::clone(self)));
        if shared.compresses() {
            state.sealed.push_back(Slot::Sealing(id));
            Some(SealJob::compress(raw, shared.config.compression))
        } else {
            let batch = raw.into_batch();
            if self.load.load(Ordering::Relaxed) >= DEEP {
                batch.checksum();
            }
            state.sealed.push_back(Slot::Ready(batch));
            None
        }
    }

    /// Closes the open batch, if there is one, and gives the job that makes it ready, if it needs one.
    pub(crate) fn seal_open(self: &Arc<Self>, shared: &Shared) -> Option<SealJob> {
        let mut state = self.state.lock();
        let open = state.open.take()?;
        self.enqueue_sealed(&mut state, shared, open)
    }

    /// A batch that was being compressed is ready. It comes back if its place is gone, since everything was drained
    /// meanwhile.
    #[allow(clippy::result_large_err, reason = "it is the batch itself that comes back")]
    pub(crate) fn place(&self, batch: Batch) -> Result<(), Batch> {
        let mut state = self.state.lock();
        let place =
            state.sealed.iter_mut().find(|slot| matches!(slot, Slot::Sealing(id) if *id == batch.id()));
        match place {
            Some(slot) => {
                *slot = Slot::Ready(batch);
                Ok(())
            }
            None => Err(batch),
        }
    }

    /// A batch whose compression failed has no place any more.
    pub(crate) fn forget(&self, batch: BatchId) {
        self.state.lock().sealed.retain(|slot| !matches!(slot, Slot::Sealing(id) if *id == batch));
    }

    pub(crate) fn head(&self) -> Head {
        let state = self.state.lock();
        match (state.sealed.front(), &state.open) {
            (Some(Slot::Ready(batch)), _) => {
                Head::Ready { batch: batch.id(), created: batch.created(), bytes: batch.wire_size() }
            }
            (Some(Slot::Sealing(_)), _) => Head::Sealing,
            (None, Some(open)) => {
                Head::Open { batch: open.id, created: open.created, bytes: open.records.len() }
            }
            (None, None) => Head::Empty,
        }
    }

    pub(crate) fn open_since(&self) -> Option<Monotonic> {
        self.state.lock().open.as_ref().map(|open| open.created)
    }

    pub(crate) fn pop(&self) -> Option<Batch> {
        let mut state = self.state.lock();
        match state.sealed.pop_front() {
            Some(Slot::Ready(batch)) => Some(batch),
            Some(sealing) => {
                state.sealed.push_front(sealing);
                None
            }
            None => None,
        }
    }

    pub(crate) fn undrained(&self, ids: &mut Vec<BatchId>) {
        let state = self.state.lock();
        ids.extend(state.sealed.iter().map(|slot| match slot {
            Slot::Ready(batch) => batch.id(),
            Slot::Sealing(id) => *id,
        }));
        ids.extend(state.open.as_ref().map(|open| open.id));
    }

    /// Takes out what has `expired` by its creation. A batch that is being compressed stays until it comes back. Gives the
    /// creation of the oldest of the others that stay.
    pub(crate) fn expire(
        self: &Arc<Self>,
        expired: impl Fn(Monotonic) -> bool,
        into: &mut Vec<Batch>,
    ) -> Option<Monotonic> {
        let mut state = self.state.lock();
        if state.open.as_ref().is_some_and(|open| expired(open.created))
            && let Some(open) = state.open.take()
        {
            // Nobody will send it, so nobody compresses it.
            state.sealed.push_back(Slot::Ready(RawBatch::new(open, Arc::clone(self)).into_batch()));
        }
        // Creation times ascend, but a batch being compressed may stand before others that are due as well.
        let mut index = 0;
        while let Some(slot) = state.sealed.get(index) {
            match slot {
                Slot::Ready(batch) if expired(batch.created()) => {
                    if let Some(Slot::Ready(batch)) = state.sealed.remove(index) {
                        into.push(batch);
                    }
                }
                Slot::Ready(batch) => return Some(batch.created()),
                Slot::Sealing(_) => index += 1,
            }
        }
        state.open.as_ref().map(|open| open.created)
    }

    /// Takes everything out, also the open batch, and refuses what comes.
    pub(crate) fn close(self: &Arc<Self>, into: &mut Vec<Batch>) {
        let mut state = self.state.lock();
        state.closed = true;
        for slot in state.sealed.drain(..) {
            // What is being compressed finds its place gone when it comes back.
            if let Slot::Ready(batch) = slot {
                into.push(batch);
            }
        }
        if let Some(open) = state.open.take() {
            into.push(RawBatch::new(open, Arc::clone(self)).into_batch());
        }
    }

    /// Refuses what comes; what is there stays.
    pub(crate) fn refuse(&self) {
        self.state.lock().closed = true;
    }
}

fn push(
    open: &mut OpenBatch,
    record: &AppendRecord<'_>,
    measured: &MeasuredRecord<'_>,
    options: &mut AppendOptions<'_>,
) -> LockedOutcome {
    let place = open.next_place(record);
    open.push(measured);
    if let Some(callback) = options.callback.take() {
        open.callbacks.push(RecordCallback { place, callback, told: options.told });
    }
    LockedOutcome::Appended(Placed {
        completion: Arc::clone(&open.completion),
        place,
        bytes: measured.size(),
    })
}
