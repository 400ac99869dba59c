//! Smaller batches of one that the broker found too large.

use crate::batch::{Batch, charged};
use crate::completion::{Completion, Outcome, RecordCallback};
use crate::pending::Pending;
use crate::seal::SealedKind;
use crate::{BatchFailure, FailureCause};
use bytes::BytesMut;
use kafka_protocol::compression::compress;
use kafka_protocol::records::{BATCH_HEADER_SIZE, BatchError, BatchSummary, Record, RecordBatch};
use kafka_types::{Codec, Compression, Header, ProducerIdentity, Sequence};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Records of one child, in wire format.
#[derive(Default)]
struct Group {
    records: Vec<u8>,
    summary: BatchSummary,
}

pub(crate) fn split(mut batch: Batch, target: usize) -> SealedKind {
    let queue = Arc::clone(batch.pending.queue());
    queue.ratio.reset(batch.payload.len() as f32 / batch.uncompressed.max(1) as f32);
    let limit = before_compression(target.saturating_sub(BATCH_HEADER_SIZE), &batch);
    let groups = read(&batch).map(|records| group(&records, limit));
    let compressed = groups.ok().and_then(|groups| {
        groups.into_iter().map(|group| finish(group, batch.codec)).collect::<Option<Vec<_>>>()
    });
    let Some(groups) = compressed else {
        // What we wrote we can read, and what was compressed once can be again: nothing but memory stands against it.
        let id = batch.id;
        let failure = BatchFailure::not_written(FailureCause::Compression);
        let completed = batch.pending.settle(Outcome::Failed(Arc::new(failure)));
        return SealedKind::Failed { queue, id, completed };
    };
    let mut callbacks = batch.pending.callbacks().into_iter().peekable();
    let (mut children, mut parts, mut start) = (Vec::new(), Vec::new(), 0);
    for (group, payload, uncompressed) in groups {
        let end = start + group.summary.record_count();
        let mut own = Vec::new();
        while let Some(mut callback) =
            callbacks.next_if(|callback: &RecordCallback| callback.place.index < end)
        {
            callback.place.index -= start;
            own.push(callback);
        }
        let completion =
            Completion::of_split(queue.topic_partition.clone(), Arc::clone(batch.pending.unseen()));
        parts.push((start, Arc::clone(&completion)));
        queue.load.fetch_add(1, Ordering::Relaxed);
        let pending =
            Pending::new(batch.id, Arc::clone(&queue), completion, own, group.summary.record_count());
        children.push(Batch {
            id: batch.id,
            created: batch.created,
            summary: group.summary,
            codec: batch.codec,
            payload: charged(payload, &queue.pool, &batch.charge),
            charge: Arc::clone(&batch.charge),
            checksum: OnceCell::new(),
            uncompressed,
            pending,
        });
        start = end;
    }
    SealedKind::Split { queue: queue.id, parent: batch.pending.settle(Outcome::Split(parts)), children }
}

/// The records of a batch, as its own bytes say.
fn read(batch: &Batch) -> Result<Vec<Record>, BatchError> {
    let mut bytes = BytesMut::with_capacity(batch.wire_size());
    bytes.extend_from_slice(&batch.header(ProducerIdentity::NONE, Sequence::NONE, false));
    bytes.extend_from_slice(&batch.payload);
    RecordBatch::parse(bytes.freeze())?.records(batch.uncompressed)?.collect()
}

/// How many bytes of records will be `bytes` of payload, if they compress as the whole batch did.
fn before_compression(bytes: usize, batch: &Batch) -> usize {
    let stretched = bytes as u128 * batch.uncompressed as u128 / batch.payload.len().max(1) as u128;
    usize::try_from(stretched).unwrap_or(usize::MAX)
}

/// Records in order, in groups as near to `limit` bytes, or to half of the whole if that is less, as records allow.
///
/// There are at least two: a record joins a group that it takes beyond half only if as much is left behind it as was before it.
fn group(records: &[Record], limit: usize) -> Vec<Group> {
    let mut all = Group::default();
    records.iter().for_each(|record| all.push(record));
    let half = all.records.len() / 2;
    let limit = limit.min(half);
    let mut groups: Vec<Group> = Vec::new();
    for record in records {
        // Nearest, not below: of five records of a size three and two, instead of two, two, and one.
        let fits = |group: &Group| group.records.len() + group.size_of(record) / 2 <= limit;
        match groups.last_mut() {
            Some(last) if fits(last) => last.push(record),
            _ => {
                let mut group = Group::default();
                group.push(record);
                groups.push(group);
            }
        }
    }
    groups
}

impl Group {
    fn size_of(&self, record: &Record) -> usize {
        with_headers(record, |headers| {
            self.summary
                .measure(record.timestamp, record.key.as_deref(), record.value.as_deref(), headers)
                .size()
        })
    }

    fn push(&mut self, record: &Record) {
        with_headers(record, |headers| {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let measured = self.summary.measure(record.timestamp, key, value, headers);
            self.summary.append(&mut self.records, &measured);
        });
    }
}

fn with_headers<R>(record: &Record, work: impl FnOnce(&[Header<'_>]) -> R) -> R {
    let headers: Vec<Header<'_>> = record
        .headers
        .iter()
        .map(|header| Header {
            key: Cow::Borrowed(header.key.as_str()),
            value: header.value.as_deref().map(Cow::Borrowed),
        })
        .collect();
    work(&headers)
}

/// A group with its payload, compressed as its parent was, and the size before that.
fn finish(mut group: Group, codec: Codec) -> Option<(Group, Vec<u8>, usize)> {
    let uncompressed = group.records.len();
    let records = std::mem::take(&mut group.records);
    let compression = match codec {
        Codec::GZIP => Compression::GZIP,
        Codec::SNAPPY => Compression::Snappy,
        Codec::LZ4 => Compression::LZ4,
        Codec::ZSTD => Compression::ZSTD,
        _ => return Some((group, records, uncompressed)),
    };
    let mut compressed = Vec::with_capacity(uncompressed / 2 + 64);
    compress(compression, &records, &mut compressed).ok()?;
    Some((group, compressed, uncompressed))
}
