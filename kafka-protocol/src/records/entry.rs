//! An entry of a log: a batch, or a message of an old format.

use super::{BatchError, LegacyMessage, LegacyRecords, Record, RecordBatch, Records};
use bytes::Bytes;
use kafka_types::{Codec, Offset};

/// What a log holds one after the other: batches of format 2, and before them what brokers older than 0.11 wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogEntry {
    /// Format 0 or 1.
    Message(LegacyMessage),
    /// Format 2.
    Batch(RecordBatch),
}

/// Where all formats have their number.
const MAGIC_AT: usize = 16;

impl LogEntry {
    /// Takes one entry off the front of `bytes`, which are left alone on error.
    ///
    /// # Errors
    /// [`BatchError::Truncated`], and those of [`RecordBatch::split_from`] and [`LegacyMessage::split_from`].
    pub fn split_from(bytes: &mut Bytes) -> Result<Self, BatchError> {
        match bytes.get(MAGIC_AT) {
            None => Err(BatchError::Truncated { needed: MAGIC_AT + 1, available: bytes.len() }),
            Some(0 | 1) => LegacyMessage::split_from(bytes).map(LogEntry::Message),
            // Another number than 2 is an error of the header's.
            Some(_) => RecordBatch::split_from(bytes).map(LogEntry::Batch),
        }
    }

    /// 0, 1 or 2.
    pub fn magic(&self) -> i8 {
        match self {
            LogEntry::Message(message) => message.magic(),
            LogEntry::Batch(_) => super::MAGIC,
        }
    }

    /// How its records are compressed.
    pub fn codec(&self) -> Codec {
        match self {
            LogEntry::Message(message) => message.codec(),
            LogEntry::Batch(batch) => batch.header().attributes.codec(),
        }
    }

    /// The offset of its last record, without decompressing it.
    pub fn last_offset(&self) -> Offset {
        match self {
            LogEntry::Message(message) => message.offset(),
            LogEntry::Batch(batch) => batch.last_offset(),
        }
    }

    /// Checks it against its checksum.
    ///
    /// # Errors
    /// [`BatchError::ChecksumMismatch`].
    pub fn verify(&self) -> Result<(), BatchError> {
        match self {
            LogEntry::Message(message) => message.verify(),
            LogEntry::Batch(batch) => batch.verify(),
        }
    }

    /// Its records, one by one; they may decompress to `limit` bytes.
    ///
    /// # Errors
    /// Those of [`RecordBatch::records`] and [`LegacyMessage::records`].
    pub fn records(&self, limit: usize) -> Result<EntryRecords, BatchError> {
        Ok(EntryRecords(match self {
            LogEntry::Message(message) => Inner::Message(message.records(limit)?),
            LogEntry::Batch(batch) => Inner::Batch(batch.records(limit)?),
        }))
    }
}

/// The records of an entry, one by one. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct EntryRecords(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Message(LegacyRecords),
    Batch(Records),
}

impl Iterator for EntryRecords {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Message(records) => records.next(),
            Inner::Batch(records) => records.next(),
        }
    }
}
