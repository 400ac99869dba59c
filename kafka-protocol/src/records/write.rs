//! Writing records: straight into the caller's memory, one copy, no allocation of their own.

use super::{BATCH_HEADER_SIZE, MAX_RECORD_OVERHEAD};
use crate::varint::{self, varint_size, varlong_size, zigzag_32, zigzag_64};
use bytes::BytesMut;
use kafka_types::{Header, Timestamp};

/// Memory that records are appended to.
pub trait RecordBuffer {
    /// Makes room for this many bytes.
    fn reserve(&mut self, additional: usize);
    /// Appends bytes.
    fn extend_from_slice(&mut self, bytes: &[u8]);
    /// Appends the first `length` bytes of a few.
    #[inline]
    fn extend_from_few(&mut self, few: &[u8; FEW], length: usize) {
        self.extend_from_slice(&few[..length]);
    }
}

/// A copy of so many bytes is two instructions, whereas one of a number known only at run time is a call.
const FEW: usize = 16;

impl RecordBuffer for Vec<u8> {
    #[inline]
    fn reserve(&mut self, additional: usize) {
        Vec::reserve(self, additional);
    }

    #[inline(always)]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        Vec::extend_from_slice(self, bytes);
    }

    #[inline(always)]
    fn extend_from_few(&mut self, few: &[u8; FEW], length: usize) {
        // Not beyond the capacity: it is not ours to change.
        if self.capacity() - self.len() < FEW {
            return Vec::extend_from_slice(self, &few[..length]);
        }
        let end = self.len() + length;
        Vec::extend_from_slice(self, few);
        self.truncate(end);
    }
}

impl RecordBuffer for BytesMut {
    #[inline]
    fn reserve(&mut self, additional: usize) {
        BytesMut::reserve(self, additional);
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        BytesMut::extend_from_slice(self, bytes);
    }
}

/// What a batch's header says about the records written so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchSummary {
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
    record_count: u32,
}

impl BatchSummary {
    /// Of no records yet.
    pub const EMPTY: BatchSummary =
        BatchSummary { base_timestamp: Timestamp::NONE, max_timestamp: Timestamp::NONE, record_count: 0 };

    /// The first record's timestamp (not the earliest); [`Timestamp::NONE`] without records.
    pub const fn base_timestamp(&self) -> Timestamp {
        self.base_timestamp
    }

    /// The latest timestamp; [`Timestamp::NONE`] without records.
    pub const fn max_timestamp(&self) -> Timestamp {
        self.max_timestamp
    }

    /// How many records there are.
    pub const fn record_count(&self) -> u32 {
        self.record_count
    }

    /// True without records.
    pub const fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// The last record's place in the batch, from 0; -1 without records.
    pub const fn last_offset_delta(&self) -> i32 {
        self.record_count as i32 - 1
    }

    /// The next record, with the exact size that it will have in this batch.
    #[inline]
    pub fn measure<'a>(
        &self,
        timestamp: Timestamp,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [Header<'a>],
    ) -> MeasuredRecord<'a> {
        let timestamp_delta =
            if self.is_empty() { 0 } else { timestamp.0.wrapping_sub(self.base_timestamp.0) };
        let offset_delta = self.record_count as i32;
        let body_size = body_size(offset_delta, timestamp_delta, key, value, headers);
        MeasuredRecord { timestamp, timestamp_delta, offset_delta, body_size, key, value, headers }
    }

    /// Appends the record to the records that this is the summary of.
    ///
    /// The record was measured against the batch as it is now: nothing was appended since.
    #[inline(always)]
    pub fn append<B: RecordBuffer>(&mut self, buf: &mut B, record: &MeasuredRecord<'_>) {
        debug_assert_eq!(record.offset_delta, self.record_count as i32, "measured against another state");
        if self.is_empty() {
            self.base_timestamp = record.timestamp;
            self.max_timestamp = record.timestamp;
        } else {
            self.max_timestamp = self.max_timestamp.max(record.timestamp);
        }
        self.record_count += 1;
        record.write(buf);
    }
}

impl Default for BatchSummary {
    fn default() -> Self {
        BatchSummary::EMPTY
    }
}

/// A record and where it goes in a batch: what [`BatchSummary::measure`] gives and [`BatchSummary::append`] takes, for
/// callers who must know the size before they decide.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredRecord<'a> {
    timestamp: Timestamp,
    timestamp_delta: i64,
    offset_delta: i32,
    /// What follows the record's length.
    body_size: usize,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: &'a [Header<'a>],
}

/// Length, attributes, timestamp, offset, the key's length and the value's, each as long as it can be:
/// 10 + 1 + 10 + 5 + 10 + 10.
const MAX_PREFIX_SIZE: usize = 46;

impl MeasuredRecord<'_> {
    /// The record's exact size, in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        size_with_length(self.body_size)
    }

    /// As most records are: no key, no headers, and each small field in one or two bytes. Put together in registers: bytes written
    /// to memory one by one and read again at once as a word would be waited for.
    #[inline(always)]
    fn write<B: RecordBuffer>(&self, buf: &mut B) {
        buf.reserve(self.size());
        let small = [
            (self.body_size as u64) << 1,
            zigzag_64(self.timestamp_delta),
            u64::from(zigzag_32(self.offset_delta)),
            length(self.value),
        ];
        if self.key.is_some() || !self.headers.is_empty() || small.iter().any(|&number| number >= 1 << 14) {
            return self.write_any(buf);
        }
        let [size, timestamp, offset, value_length] = small;
        let mut first = Word::default();
        first.put(size);
        // The record's attributes: no bit has a meaning yet.
        first.put(0);
        first.put(timestamp);
        first.put(offset);
        // No key.
        first.put(1);
        let mut second = Word::default();
        second.put(value_length);
        let both = u128::from(first.bytes) | u128::from(second.bytes) << first.bits;
        buf.extend_from_few(&both.to_le_bytes(), ((first.bits + second.bits) / 8) as usize);
        if let Some(value) = self.value {
            buf.extend_from_slice(value);
        }
        // No headers.
        buf.extend_from_slice(&[0]);
    }

    /// Small fields are put together on the stack, so that the buffer grows in a few steps, each of a known length.
    #[inline(never)]
    fn write_any<B: RecordBuffer>(&self, buf: &mut B) {
        let mut prefix = Prefix { bytes: [0; MAX_PREFIX_SIZE], length: 0 };
        prefix.put((self.body_size as u64) << 1);
        // The record's attributes: no bit has a meaning yet.
        prefix.length += 1;
        prefix.put(zigzag_64(self.timestamp_delta));
        prefix.put(u64::from(zigzag_32(self.offset_delta)));
        prefix.put(length(self.key));
        if let Some(key) = self.key {
            prefix.write(buf);
            buf.extend_from_slice(key);
            write_length(buf, length(self.value));
        } else {
            prefix.put(length(self.value));
            prefix.write(buf);
        }
        if let Some(value) = self.value {
            buf.extend_from_slice(value);
        }
        write_length(buf, (self.headers.len() as u64) << 1);
        for header in self.headers {
            write_length(buf, (header.key.len() as u64) << 1);
            buf.extend_from_slice(header.key.as_bytes());
            let value = header.value.as_deref();
            write_length(buf, length(value));
            if let Some(value) = value {
                buf.extend_from_slice(value);
            }
        }
    }
}

/// A few numbers below 2^14 on their way into a buffer: eight bytes at most.
#[derive(Default)]
struct Word {
    bytes: u64,
    bits: u32,
}

impl Word {
    #[inline(always)]
    fn put(&mut self, value: u64) {
        let (bytes, bits) =
            if value < 1 << 7 { (value, 8) } else { ((value & 0x7f) | 0x80 | (value >> 7) << 8, 16) };
        self.bytes |= bytes << self.bits;
        self.bits += bits;
    }
}

/// Numbers on their way into a buffer.
struct Prefix {
    bytes: [u8; MAX_PREFIX_SIZE],
    length: usize,
}

impl Prefix {
    /// Of one or two bytes, usually.
    #[inline(always)]
    fn put(&mut self, value: u64) {
        if value < 1 << 7 {
            self.bytes[self.length] = value as u8;
            self.length += 1;
        } else if value < 1 << 14 {
            let two = (value as u16 & 0x7f) | 0x80 | ((value >> 7) as u16) << 8;
            self.bytes[self.length..self.length + 2].copy_from_slice(&two.to_le_bytes());
            self.length += 2;
        } else {
            self.length += varint::encode(&mut self.bytes[self.length..], value);
        }
    }

    #[inline(always)]
    fn write<B: RecordBuffer>(&self, buf: &mut B) {
        match self.bytes.first_chunk() {
            Some(few) if self.length <= FEW => buf.extend_from_few(few, self.length),
            _ => buf.extend_from_slice(&self.bytes[..self.length]),
        }
    }
}

/// Appends a record to the records that `summary` is the summary of.
///
/// The record and all that is in `buf` together stay below 2 GiB ([`size_upper_bound`] tells beforehand).
#[inline]
pub fn append_record<B: RecordBuffer>(
    buf: &mut B,
    summary: &mut BatchSummary,
    timestamp: Timestamp,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header<'_>],
) {
    let record = summary.measure(timestamp, key, value, headers);
    summary.append(buf, &record);
}

/// The exact size of a record with these deltas to its batch's base, in bytes.
pub fn record_size(
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header<'_>],
) -> usize {
    size_with_length(body_size(offset_delta, timestamp_delta, key, value, headers))
}

/// The most that a batch of this one record can take uncompressed, whatever its timestamp, in bytes: what
/// `max.request.size` and `buffer.memory` are compared with.
pub fn size_upper_bound(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> usize {
    BATCH_HEADER_SIZE + MAX_RECORD_OVERHEAD + fields_size(key, value, headers)
}

#[inline]
fn size_with_length(body_size: usize) -> usize {
    varint::unsigned_varlong_size((body_size as u64) << 1) + body_size
}

#[inline(always)]
fn body_size(
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header<'_>],
) -> usize {
    1 + varlong_size(timestamp_delta) + varint_size(offset_delta) + fields_size(key, value, headers)
}

#[inline(always)]
fn fields_size(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> usize {
    bytes_size(key) + bytes_size(value) + if headers.is_empty() { 1 } else { headers_size(headers) }
}

fn headers_size(headers: &[Header<'_>]) -> usize {
    let each = headers
        .iter()
        .map(|header| bytes_size(Some(header.key.as_bytes())) + bytes_size(header.value.as_deref()));
    varint::unsigned_varlong_size((headers.len() as u64) << 1) + each.sum::<usize>()
}

#[inline]
fn bytes_size(bytes: Option<&[u8]>) -> usize {
    varint::unsigned_varlong_size(length(bytes)) + bytes.map_or(0, <[u8]>::len)
}

/// The length of nullable bytes, zigzag-encoded: null is -1, which becomes 1.
#[inline]
fn length(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(1, |bytes| (bytes.len() as u64) << 1)
}

#[inline]
fn write_length<B: RecordBuffer>(buf: &mut B, zigzag: u64) {
    let mut bytes = [0; varint::MAX_VARLONG_SIZE];
    if zigzag < 1 << 7 {
        buf.extend_from_slice(&[zigzag as u8]);
    } else {
        let size = varint::encode(&mut bytes, zigzag);
        buf.extend_from_slice(&bytes[..size]);
    }
}

#[cfg(test)]
mod tests;
