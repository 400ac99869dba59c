//! Writing.

mod fields;

use super::{EncodeError, Records};
use crate::varint;
use bytes::Bytes;
use kafka_types::{ErrorCode, TopicId};

/// What the first allocation of the buffer holds; each later one is twice as large as the one before.
const FIRST_CAPACITY: usize = 256;
/// The same of shared pieces.
const FIRST_PIECES: usize = 16;

/// Writes a message's bytes: small fields into one buffer, record batches as shared pieces in between, so that a
/// payload is never copied.
#[derive(Debug)]
pub struct Encoder {
    buffer: Vec<u8>,
    /// Shared pieces, and how much of the buffer goes before each.
    shared: Vec<(usize, Bytes)>,
    shared_len: usize,
    /// What the message can't say in this version. Generated code goes on writing: what comes of that is thrown away, and the usual
    /// way has no branches for errors.
    failure: Option<EncodeError>,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder::new()
    }
}

impl Encoder {
    /// An empty one.
    pub fn new() -> Encoder {
        Encoder {
            buffer: Vec::with_capacity(FIRST_CAPACITY),
            shared: Vec::new(),
            shared_len: 0,
            failure: None,
        }
    }

    /// Bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared_len + self.buffer.len()
    }

    /// True if nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written, in pieces.
    pub fn finish(self) -> Vec<Bytes> {
        let mut rest = Bytes::from(self.buffer);
        let mut pieces = Vec::with_capacity(2 * self.shared.len() + 1);
        let mut taken = 0;
        for (before, piece) in self.shared {
            if before > taken {
                pieces.push(rest.split_to(before - taken));
                taken = before;
            }
            pieces.push(piece);
        }
        if !rest.is_empty() {
            pieces.push(rest);
        }
        pieces
    }

    /// What was written, in one piece; copied if there are several.
    pub fn finish_contiguous(self) -> Bytes {
        if self.shared.is_empty() {
            return Bytes::from(self.buffer);
        }
        let mut joined = Vec::with_capacity(self.len());
        let mut taken = 0;
        for (before, piece) in &self.shared {
            joined.extend_from_slice(&self.buffer[taken..*before]);
            joined.extend_from_slice(piece);
            taken = *before;
        }
        joined.extend_from_slice(&self.buffer[taken..]);
        Bytes::from(joined)
    }

    /// Shared bytes, without copying them.
    pub fn shared(&mut self, bytes: &Bytes) {
        if !bytes.is_empty() {
            self.shared_len += bytes.len();
            if self.shared.len() == self.shared.capacity() {
                self.shared.reserve(FIRST_PIECES.max(3 * self.shared.len()));
            }
            self.shared.push((self.buffer.len(), bytes.clone()));
        }
    }

    /// Bytes as they are, copied.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// `bool`.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.raw(&[u8::from(value)]);
    }

    /// `int8`.
    #[inline]
    pub fn int8(&mut self, value: i8) {
        self.raw(&value.to_be_bytes());
    }

    /// `int16`.
    #[inline]
    pub fn int16(&mut self, value: i16) {
        self.raw(&value.to_be_bytes());
    }

    /// `uint16`.
    #[inline]
    pub fn uint16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// `int32`.
    #[inline]
    pub fn int32(&mut self, value: i32) {
        self.raw(&value.to_be_bytes());
    }

    /// `int64`.
    #[inline]
    pub fn int64(&mut self, value: i64) {
        self.raw(&value.to_be_bytes());
    }

    /// `float64`.
    #[inline]
    pub fn float64(&mut self, value: f64) {
        self.raw(&value.to_be_bytes());
    }

    /// `int16`, an error code.
    #[inline]
    pub fn error_code(&mut self, value: ErrorCode) {
        self.int16(value.0);
    }

    /// `uuid`.
    #[inline]
    pub fn uuid(&mut self, value: [u8; 16]) {
        self.raw(&value);
    }

    /// `uuid`, a topic's id.
    #[inline]
    pub fn topic_id(&mut self, value: TopicId) {
        self.raw(&value.0);
    }

    /// An unsigned varint.
    #[inline]
    pub fn unsigned_varint(&mut self, value: u32) {
        // Most are lengths and counts below 128.
        if value < 0x80 {
            self.raw(&[value as u8]);
        } else {
            self.long_unsigned_varint(value);
        }
    }

    #[inline(never)]
    fn long_unsigned_varint(&mut self, value: u32) {
        varint::write_unsigned_varint(&mut self.buffer, value);
    }

    /// `string`, or `nullable string` if it is `None`.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 32,767 bytes.
    pub fn string(&mut self, value: Option<&str>, flexible: bool) -> Result<(), EncodeError> {
        self.write_string(value, flexible);
        self.outcome()
    }

    /// `bytes`, or `nullable bytes` if it is `None`.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 bytes.
    pub fn bytes(&mut self, value: Option<&Bytes>, flexible: bool) -> Result<(), EncodeError> {
        self.write_bytes(value, flexible);
        self.outcome()
    }

    /// `records`: like bytes, in pieces that are not copied.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 bytes.
    pub fn records(&mut self, value: Option<&Records>, flexible: bool) -> Result<(), EncodeError> {
        self.write_records(value, flexible);
        self.outcome()
    }

    /// The number of an array's elements; `None` is a null array.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 elements.
    pub fn array_length(&mut self, length: Option<usize>, flexible: bool) -> Result<(), EncodeError> {
        self.write_length(length, flexible, "array");
        self.outcome()
    }

    /// The first error since this was last asked.
    pub(super) fn outcome(&mut self) -> Result<(), EncodeError> {
        match self.failure.take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// The next `N` bytes, to be written.
    #[inline]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        self.buffer.extend_from_slice(&[0; N]);
        match self.buffer.last_chunk_mut() {
            Some(room) => room,
            None => unreachable!("{N} bytes were just appended"),
        }
    }
}
