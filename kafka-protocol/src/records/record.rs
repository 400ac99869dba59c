//! Records as they are read.

use super::{BatchError, BatchHeader, RecordProblem, TimestampType};
use crate::varint::{read_varint, read_varlong};
use bytes::Bytes;
use kafka_types::{Offset, Timestamp};

/// A record that was read from a log. Its bytes share memory with what they were read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its position in the log, if its batch's base offset is.
    pub offset: Offset,
    /// Its offset, counted from its batch's base offset.
    pub offset_delta: i32,
    /// When it was created, or appended; [`Timestamp::NONE`] in format 0.
    pub timestamp: Timestamp,
    /// The key; `None` is null.
    pub key: Option<Bytes>,
    /// The value; `None` is null.
    pub value: Option<Bytes>,
    /// Headers, in order.
    pub headers: Vec<RecordHeader>,
}

/// A header of a [`Record`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordHeader {
    /// The name. Bytes that are no UTF-8 become U+FFFD, as in Java.
    pub key: String,
    /// The value; `None` is null.
    pub value: Option<Bytes>,
}

/// The records of a batch, one by one. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Records {
    /// What is not read yet.
    bytes: Bytes,
    base_offset: Offset,
    base_timestamp: Timestamp,
    /// Stands for every record's timestamp if there.
    log_append_time: Option<Timestamp>,
    read: u32,
    count: u32,
}

impl Records {
    pub(super) fn new(header: &BatchHeader, bytes: Bytes, count: u32) -> Self {
        let log_append_time = match header.attributes.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(header.max_timestamp),
        };
        Records {
            bytes,
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            log_append_time,
            read: 0,
            count,
        }
    }

    fn read(&self) -> Result<(Record, usize), RecordProblem> {
        let mut cursor = self.bytes.as_ref();
        let length = i64::from(read_varint(&mut cursor)?);
        let body = take(&mut cursor, "record", length)?;
        let mut fields = body;
        // Attributes, none of which has a meaning.
        take(&mut fields, "attributes", 1)?;
        let timestamp_delta = read_varlong(&mut fields)?;
        let offset_delta = read_varint(&mut fields)?;
        let key = self.nullable(&mut fields, "key")?;
        let value = self.nullable(&mut fields, "value")?;
        let header_count = i64::from(read_varint(&mut fields)?);
        // A header has two lengths at least: room is made for no more of them than there can be.
        let plausible = usize::try_from(header_count).ok().filter(|count| *count <= fields.len() / 2);
        let Some(header_count) = plausible else {
            let available = fields.len();
            return Err(RecordProblem::Length { field: "headers", length: header_count, available });
        };
        let mut headers = Vec::with_capacity(header_count);
        for _ in 0..header_count {
            let length = i64::from(read_varint(&mut fields)?);
            let key = take(&mut fields, "header key", length)?;
            let key = String::from_utf8_lossy(key).into_owned();
            headers.push(RecordHeader { key, value: self.nullable(&mut fields, "header value")? });
        }
        if !fields.is_empty() {
            return Err(RecordProblem::LeftOver(fields.len()));
        }
        let timestamp =
            self.log_append_time.unwrap_or(Timestamp(self.base_timestamp.0.wrapping_add(timestamp_delta)));
        let offset = Offset(self.base_offset.0.wrapping_add(i64::from(offset_delta)));
        let size = self.bytes.len() - cursor.len();
        Ok((Record { offset, offset_delta, timestamp, key, value, headers }, size))
    }

    fn nullable(&self, fields: &mut &[u8], field: &'static str) -> Result<Option<Bytes>, RecordProblem> {
        match read_varint(fields)? {
            -1 => Ok(None),
            length => Ok(Some(self.bytes.slice_ref(take(fields, field, i64::from(length))?))),
        }
    }

    fn stop(&mut self) {
        self.bytes.clear();
        self.read = self.count;
    }
}

impl Iterator for Records {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read == self.count {
            let left_over = self.bytes.len();
            self.stop();
            return (left_over > 0).then_some(Err(BatchError::TrailingBytes(left_over)));
        }
        match self.read() {
            Ok((record, size)) => {
                let _ = self.bytes.split_to(size);
                self.read += 1;
                Some(Ok(record))
            }
            Err(problem) => {
                let index = self.read as usize;
                self.stop();
                Some(Err(BatchError::InvalidRecord { index, problem }))
            }
        }
    }
}

/// Takes a field of this length off the front.
pub(super) fn take<'a>(
    bytes: &mut &'a [u8],
    field: &'static str,
    length: i64,
) -> Result<&'a [u8], RecordProblem> {
    let split = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let Some((taken, rest)) = split else {
        return Err(RecordProblem::Length { field, length, available: bytes.len() });
    };
    *bytes = rest;
    Ok(taken)
}
