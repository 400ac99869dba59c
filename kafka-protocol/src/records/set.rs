//! What a fetch gives: batches in a row.

use super::{BatchError, LogEntry, Record, RecordBatch};
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

/// Entries of formats 0 to 2 in a row. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct LogEntries {
    bytes: Bytes,
    partial_tail: bool,
}

impl LogEntries {
    /// The entries in these bytes.
    pub fn new(bytes: Bytes) -> Self {
        LogEntries { bytes, partial_tail: false }
    }

    /// Ends without an error where the bytes end within an entry: brokers cut a fetch at its size limit.
    #[must_use]
    pub fn tolerating_partial_tail(self) -> Self {
        LogEntries { partial_tail: true, ..self }
    }
}

impl Iterator for LogEntries {
    type Item = Result<LogEntry, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        next_entry(&mut self.bytes, self.partial_tail, LogEntry::split_from)
    }
}

/// Reads all records out of batches and messages of formats 0 to 2 in a row, as a fetch gives them, with checksums
/// verified. A part of a batch at the end is left out. Each batch may decompress to `limit` bytes. [`LogEntries`] gives
/// them without collecting them.
///
/// # Errors
/// The first [`BatchError`].
pub fn read_records(bytes: Bytes, limit: usize) -> Result<Vec<Record>, BatchError> {
    let mut records = Vec::new();
    for entry in LogEntries::new(bytes).tolerating_partial_tail() {
        let entry = entry?;
        entry.verify()?;
        for record in entry.records(limit)? {
            records.push(record?);
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
