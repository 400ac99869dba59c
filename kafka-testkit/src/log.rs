//! One partition's log: the leader's, which stands for all replicas.

mod transactions;

pub(crate) use transactions::{EndedTransaction, LogTransactions};

use crate::cluster::LoggedRecord;
use crate::producer_state::{ProducerStates, RememberedBatch};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::records::{BatchHeader, ControlRecord, ControlType, RecordBatch};
use kafka_types::{LeaderEpoch, Monotonic, Offset, ProducerId, Sequence, Timestamp};

/// Batches in order of offset, and the producers that wrote them.
#[derive(Debug, Default)]
pub(crate) struct Log {
    start: i64,
    batches: Vec<StoredBatch>,
    pub(crate) producers: ProducerStates,
    pub(crate) transactions: LogTransactions,
}

/// A batch as the broker keeps it: base offset, leader epoch, and where the topic says so the time, are the broker's.
#[derive(Clone, Debug)]
pub(crate) struct StoredBatch {
    pub(crate) header: BatchHeader,
    pub(crate) payload: Bytes,
    /// When the followers have it. Until then consumers don't see it, and it may be lost with its leader.
    pub(crate) replicated_at: Monotonic,
}

impl StoredBatch {
    pub(crate) fn last_offset(&self) -> i64 {
        self.header.base_offset.0 + i64::from(self.header.last_offset_delta)
    }

    pub(crate) fn size(&self) -> usize {
        self.header.batch_size()
    }

    /// The batch's records. It was checked when it came in, so that nothing is left out. Control batches have none.
    pub(crate) fn records(&self, max_decompressed_size: usize) -> Vec<LoggedRecord> {
        let header = &self.header;
        if header.attributes.is_control() {
            return Vec::new();
        }
        let bytes = Bytes::from([header.encode().as_slice(), &self.payload].concat());
        let records = RecordBatch::parse(bytes).and_then(|batch| batch.records(max_decompressed_size));
        let sequence = |delta: i32| match header.producer.is_some() {
            true => header.base_sequence.plus(delta.max(0) as u32),
            false => Sequence::NONE,
        };
        let records = records.into_iter().flatten().flatten();
        records
            .map(|record| LoggedRecord {
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: record.headers,
                producer: header.producer,
                sequence: sequence(record.offset_delta),
                leader_epoch: header.partition_leader_epoch,
                transactional: header.attributes.is_transactional(),
            })
            .collect()
    }

    /// How a transaction ended, if this is its marker.
    fn marker(&self) -> Option<bool> {
        if !self.header.attributes.is_control() {
            return None;
        }
        let bytes = Bytes::from([self.header.encode().as_slice(), &self.payload].concat());
        let record = RecordBatch::parse(bytes).ok()?.records(self.payload.len()).ok()?.next()?.ok()?;
        match ControlRecord::read(&record).ok()?.control_type() {
            ControlType::COMMIT => Some(true),
            ControlType::ABORT => Some(false),
            _ => None,
        }
    }
}

impl Log {
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The offset that the next record gets.
    pub(crate) fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |batch| batch.last_offset() + 1)
    }

    /// The end of what all replicas have: consumers see nothing beyond.
    pub(crate) fn high_watermark(&self, now: Monotonic) -> i64 {
        let replicated = self.batches.iter().rev().find(|batch| batch.replicated_at <= now);
        replicated.map_or(self.start, |batch| batch.last_offset() + 1)
    }

    /// The end of what readers of committed records see: nothing beyond the first transaction that may still be aborted.
    pub(crate) fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        let unstable = self.transactions.first_unstable(high_watermark).unwrap_or(high_watermark);
        unstable.min(high_watermark).max(self.start)
    }

    pub(crate) fn has_open_transaction(&self, producer: ProducerId) -> bool {
        self.transactions.is_open(producer)
    }

    pub(crate) fn batches(&self) -> &[StoredBatch] {
        &self.batches
    }

    /// Appends a checked batch and gives its base offset.
    pub(crate) fn append(
        &mut self,
        mut header: BatchHeader,
        payload: Bytes,
        epoch: LeaderEpoch,
        replicated_at: Monotonic,
    ) -> i64 {
        let base = self.end();
        header.base_offset = Offset(base);
        header.partition_leader_epoch = epoch;
        let batch = StoredBatch { header, payload, replicated_at };
        self.remember(&batch);
        self.batches.push(batch);
        base
    }

    /// All that was appended is replicated: the leader handed over in peace.
    pub(crate) fn settle(&mut self, now: Monotonic) {
        for batch in self.batches.iter_mut().rev() {
            if batch.replicated_at <= now {
                break;
            }
            batch.replicated_at = now;
        }
    }

    /// How many batches at the end are not replicated yet.
    pub(crate) fn unreplicated(&self, now: Monotonic) -> usize {
        self.batches.iter().rev().take_while(|batch| batch.replicated_at > now).count()
    }

    /// Drops batches from the end, and what their producers are known by.
    pub(crate) fn truncate(&mut self, batches: usize) {
        if batches == 0 {
            return;
        }
        let kept = self.batches.len().saturating_sub(batches);
        self.batches.truncate(kept);
        self.producers.clear();
        self.transactions.clear();
        let batches = std::mem::take(&mut self.batches);
        for batch in &batches {
            self.remember(batch);
        }
        self.batches = batches;
    }

    /// Drops what lies wholly before an offset (DeleteRecords, retention). Producers stay known.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        let offset = offset.clamp(self.start, self.end());
        // An empty log must not fall back to its old start.
        self.batches.retain(|batch| batch.last_offset() >= offset);
        self.start = offset;
    }

    /// The bytes of whole batches from the one with `offset` on, below `end`, at most `max_bytes`; at least one batch if
    /// `one_at_least`.
    pub(crate) fn read(&self, offset: i64, end: i64, max_bytes: usize, one_at_least: bool) -> Bytes {
        let first = self.batches.partition_point(|batch| batch.last_offset() < offset);
        let mut bytes = BytesMut::new();
        for batch in &self.batches[first..] {
            let fits = bytes.len() + batch.size() <= max_bytes;
            if batch.last_offset() >= end || !(fits || one_at_least && bytes.is_empty()) {
                break;
            }
            bytes.put_slice(&batch.header.encode());
            bytes.put_slice(&batch.payload);
        }
        bytes.freeze()
    }

    /// The last epoch not above `epoch` that wrote here, with the offset where it ended (KIP-320).
    pub(crate) fn epoch_end(&self, epoch: i32, current: i32) -> Option<(i32, i64)> {
        if epoch == current {
            return Some((current, self.end()));
        }
        let after = self.batches.partition_point(|batch| batch.header.partition_leader_epoch.0 <= epoch);
        let last = self.batches[..after].last()?;
        let end = self.batches.get(after).map_or(self.end(), |next| next.header.base_offset.0);
        Some((last.header.partition_leader_epoch.0, end))
    }

    fn remember(&mut self, batch: &StoredBatch) {
        let header = &batch.header;
        if !header.producer.is_some() {
            return;
        }
        if let Some(committed) = batch.marker() {
            self.producers.end_transaction(header.producer);
            self.transactions.ended(header.producer.id, batch.last_offset(), committed);
            return;
        }
        if header.attributes.is_transactional() {
            self.transactions.wrote(header.producer.id, header.base_offset.0);
        }
        let remembered = RememberedBatch {
            first_sequence: header.base_sequence,
            last_sequence: header.base_sequence.plus(header.last_offset_delta.max(0) as u32),
            base_offset: header.base_offset,
            last_offset: Offset(batch.last_offset()),
            max_timestamp: Timestamp(header.max_timestamp.0),
        };
        self.producers.record(header.producer, remembered);
    }
}
