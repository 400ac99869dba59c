//! What a fetch gives: batches in a row.

use super::{BatchError, LegacyMessage, Record, RecordBatch};
use bytes::Bytes;

/// Batches of format 2 in a row. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Batches {
    bytes: Bytes,
    partial_tail: bool,
}

impl Batches {
    /// The batches in these bytes.
    pub fn new(bytes: Bytes) -> Self {
        Batches { bytes, partial_tail: false }
    }

    /// Ends without an error where the bytes end within a batch: brokers cut a fetch at its size limit.
    #[must_use]
    pub fn tolerating_partial_tail(self) -> Self {
        Batches { partial_tail: true, ..self }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        next_entry(&mut self.bytes, self.partial_tail, RecordBatch::split_from)
    }
}

/// Reads all records out of batches and messages of formats 0 to 2 in a row, as a fetch gives them, with checksums
/// verified. A part of a batch at the end is left out. Each batch may decompress to `limit` bytes.
///
/// # Errors
/// The first [`BatchError`].
pub fn read_records(mut bytes: Bytes, limit: usize) -> Result<Vec<Record>, BatchError> {
    let mut records = Vec::new();
    while let Some(magic) = bytes.get(16).map(|magic| *magic as i8) {
        if magic < 2 {
            let Some(message) = next_entry(&mut bytes, true, LegacyMessage::split_from) else { break };
            let message = message?;
            message.verify()?;
            records.append(&mut message.records(limit)?);
        } else {
            let Some(batch) = next_entry(&mut bytes, true, RecordBatch::split_from) else { break };
            let batch = batch?;
            batch.verify()?;
            for record in batch.records(limit)? {
                records.push(record?);
            }
        }
    }
    Ok(records)
}

fn next_entry<T>(
    bytes: &mut Bytes,
    partial_tail: bool,
    split: impl FnOnce(&mut Bytes) -> Result<T, BatchError>,
) -> Option<Result<T, BatchError>> {
    if bytes.is_empty() {
        return None;
    }
    let entry = split(bytes);
    if entry.is_err() {
        bytes.clear();
    }
    match entry {
        Err(BatchError::Truncated { .. }) if partial_tail => None,
        entry => Some(entry),
    }
}
