//! Messages of formats 0 and 1, as logs of old brokers hold them. They are only read.

use super::record::take;
use super::{BatchError, LOG_OVERHEAD, Record, RecordProblem};
use crate::compression::{decompress, decompress_format_0};
use bytes::Bytes;
use flate2::Crc;
use kafka_types::{Codec, Offset, Timestamp};

/// A message of format 0 or 1: one record, or a compressed set of messages around several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegacyMessage {
    offset: Offset,
    magic: i8,
    attributes: u8,
    timestamp: Timestamp,
    key: Option<Bytes>,
    value: Option<Bytes>,
    checksum: u32,
    computed: u32,
}

/// Checksum, magic, attributes, and the lengths of key and value.
const MIN_SIZE: usize = 14;
const CODEC: u8 = 0b111;
const LOG_APPEND_TIME: u8 = 1 << 3;

impl LegacyMessage {
    /// Takes one message off the front of `bytes`, which are left alone on error.
    ///
    /// # Errors
    /// [`BatchError`]: cut off, of another format, or with lengths that don't add up.
    pub fn split_from(bytes: &mut Bytes) -> Result<Self, BatchError> {
        let overhead = bytes.first_chunk::<LOG_OVERHEAD>().copied();
        let Some([o0, o1, o2, o3, o4, o5, o6, o7, l0, l1, l2, l3]) = overhead else {
            return Err(BatchError::Truncated { needed: LOG_OVERHEAD + MIN_SIZE, available: bytes.len() });
        };
        let offset = Offset(i64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]));
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        let size = usize::try_from(length)
            .ok()
            .filter(|length| *length >= MIN_SIZE)
            .ok_or(BatchError::InvalidLength(length))?;
        let needed = LOG_OVERHEAD + size;
        if bytes.len() < needed {
            return Err(BatchError::Truncated { needed, available: bytes.len() });
        }
        let message = bytes.slice(LOG_OVERHEAD..needed);
        let message = Self::parse(offset, &message)?;
        let _ = bytes.split_to(needed);
        Ok(message)
    }

    fn parse(offset: Offset, message: &Bytes) -> Result<Self, BatchError> {
        let invalid = |problem| BatchError::InvalidRecord { index: 0, problem };
        let mut cursor = message.as_ref();
        let checksum = u32::from_be_bytes(array(&mut cursor, "checksum").map_err(invalid)?);
        let mut crc = Crc::new();
        crc.update(cursor);
        let [magic, attributes] = array(&mut cursor, "magic").map_err(invalid)?;
        let magic = magic as i8;
        let timestamp = match magic {
            0 => Timestamp::NONE,
            1 => Timestamp(i64::from_be_bytes(array(&mut cursor, "timestamp").map_err(invalid)?)),
            other => return Err(BatchError::UnsupportedMagic(other)),
        };
        let key = nullable(message, &mut cursor, "key").map_err(invalid)?;
        let value = nullable(message, &mut cursor, "value").map_err(invalid)?;
        if !cursor.is_empty() {
            return Err(invalid(RecordProblem::LeftOver(cursor.len())));
        }
        let computed = crc.sum();
        Ok(LegacyMessage { offset, magic, attributes, timestamp, key, value, checksum, computed })
    }

    /// 0 or 1.
    pub fn magic(&self) -> i8 {
        self.magic
    }

    /// How the messages inside are compressed; without a codec there are none.
    pub fn codec(&self) -> Codec {
        Codec(self.attributes & CODEC)
    }

    /// Checks the message against its checksum, a CRC-32.
    ///
    /// # Errors
    /// [`BatchError::ChecksumMismatch`].
    pub fn verify(&self) -> Result<(), BatchError> {
        if self.checksum == self.computed {
            return Ok(());
        }
        Err(BatchError::ChecksumMismatch { expected: self.checksum, computed: self.computed })
    }

    /// The offset of its last record.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The record that this is, or the records inside, which may decompress to `limit` bytes.
    ///
    /// # Errors
    /// [`BatchError`]: what is inside does not decompress. Whatever is wrong with a message inside comes in its place.
    pub fn records(&self, limit: usize) -> Result<LegacyRecords, BatchError> {
        if self.codec() == Codec::NONE {
            return Ok(LegacyRecords::one(self.clone()));
        }
        let value = self.value.as_ref().ok_or(BatchError::EmptyMessage)?;
        let bytes = match self.magic {
            0 => decompress_format_0(self.codec(), value, limit)?,
            _ => decompress(self.codec(), value, limit)?,
        };
        // In format 1 (KIP-31) the offsets inside count from 0, and the last record's is that of the whole; so a broker
        // need not compress again when it assigns offsets. In format 0 they are the log's own.
        let shift = match (self.magic, last_offset(&bytes)) {
            (1, Some(last)) => self.offset.0.wrapping_sub(last),
            _ => 0,
        };
        let log_append_time = self.magic == 1 && self.attributes & LOG_APPEND_TIME != 0;
        Ok(LegacyRecords {
            one: None,
            bytes,
            magic: self.magic,
            shift,
            log_append_time: log_append_time.then_some(self.timestamp),
            delta: 0,
        })
    }

    fn record(&self, offset: Offset, offset_delta: i32, timestamp: Timestamp) -> Record {
        let (key, value) = (self.key.clone(), self.value.clone());
        Record { offset, offset_delta, timestamp, key, value, headers: Vec::new() }
    }
}

/// The offset of the last whole message in a row, by their lengths alone.
fn last_offset(mut bytes: &[u8]) -> Option<i64> {
    let mut last = None;
    while let Some((overhead, rest)) = bytes.split_first_chunk::<LOG_OVERHEAD>() {
        let [o0, o1, o2, o3, o4, o5, o6, o7, l0, l1, l2, l3] = *overhead;
        let length = usize::try_from(i32::from_be_bytes([l0, l1, l2, l3])).ok();
        let Some((_, others)) = length.and_then(|length| rest.split_at_checked(length)) else { break };
        last = Some(i64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]));
        bytes = others;
    }
    last
}

/// The records of a [`LegacyMessage`], one by one, checksums verified. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct LegacyRecords {
    /// A message that is itself the record.
    one: Option<LegacyMessage>,
    /// Messages inside that are not read yet.
    bytes: Bytes,
    magic: i8,
    /// From an offset inside to the log's own.
    shift: i64,
    /// Stands for every record's timestamp if there.
    log_append_time: Option<Timestamp>,
    delta: i32,
}

impl LegacyRecords {
    fn one(message: LegacyMessage) -> Self {
        let magic = message.magic;
        LegacyRecords {
            one: Some(message),
            bytes: Bytes::new(),
            magic,
            shift: 0,
            log_append_time: None,
            delta: 0,
        }
    }

    fn read(&mut self) -> Result<Record, BatchError> {
        let message = LegacyMessage::split_from(&mut self.bytes)?;
        if message.codec() != Codec::NONE || message.magic != self.magic {
            return Err(BatchError::NestedMessage { magic: message.magic, codec: message.codec() });
        }
        message.verify()?;
        let timestamp = self.log_append_time.unwrap_or(message.timestamp);
        let offset = Offset(message.offset.0.wrapping_add(self.shift));
        Ok(message.record(offset, self.delta, timestamp))
    }
}

impl Iterator for LegacyRecords {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(message) = self.one.take() {
            return Some(Ok(message.record(message.offset, 0, message.timestamp)));
        }
        if self.bytes.is_empty() {
            return None;
        }
        let record = self.read();
        match record {
            Ok(_) => self.delta = self.delta.wrapping_add(1),
            Err(_) => self.bytes.clear(),
        }
        Some(record)
    }
}

fn array<const N: usize>(bytes: &mut &[u8], field: &'static str) -> Result<[u8; N], RecordProblem> {
    let taken = take(bytes, field, N as i64)?;
    let mut array = [0; N];
    array.copy_from_slice(taken);
    Ok(array)
}

fn nullable(message: &Bytes, bytes: &mut &[u8], field: &'static str) -> Result<Option<Bytes>, RecordProblem> {
    match i32::from_be_bytes(array(bytes, field)?) {
        -1 => Ok(None),
        length => Ok(Some(message.slice_ref(take(bytes, field, i64::from(length))?))),
    }
}

#[cfg(test)]
mod tests;
