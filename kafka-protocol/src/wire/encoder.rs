//! Writing.

use super::{EncodeError, Records};
use crate::varint;
use bytes::{BufMut, Bytes};
use kafka_types::{ErrorCode, TopicId};

/// Writes a message's bytes: small fields into one buffer, record batches as shared pieces in between, so that a
/// payload is never copied.
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: Vec<u8>,
    /// Shared pieces, and how much of the buffer goes before each.
    shared: Vec<(usize, Bytes)>,
    shared_len: usize,
}

impl Encoder {
    /// An empty one.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Bytes written so far.
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
            self.shared.push((self.buffer.len(), bytes.clone()));
        }
    }

    /// Bytes as they are, copied.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// `bool`.
    pub fn bool(&mut self, value: bool) {
        self.buffer.put_u8(u8::from(value));
    }

    /// `int8`.
    pub fn int8(&mut self, value: i8) {
        self.buffer.put_i8(value);
    }

    /// `int16`.
    pub fn int16(&mut self, value: i16) {
        self.buffer.put_i16(value);
    }

    /// `uint16`.
    pub fn uint16(&mut self, value: u16) {
        self.buffer.put_u16(value);
    }

    /// `int32`.
    pub fn int32(&mut self, value: i32) {
        self.buffer.put_i32(value);
    }

    /// `int64`.
    pub fn int64(&mut self, value: i64) {
        self.buffer.put_i64(value);
    }

    /// `float64`.
    pub fn float64(&mut self, value: f64) {
        self.buffer.put_f64(value);
    }

    /// `int16`, an error code.
    pub fn error_code(&mut self, value: ErrorCode) {
        self.int16(value.0);
    }

    /// `uuid`.
    pub fn uuid(&mut self, value: [u8; 16]) {
        self.raw(&value);
    }

    /// `uuid`, a topic's id.
    pub fn topic_id(&mut self, value: TopicId) {
        self.raw(&value.0);
    }

    /// An unsigned varint.
    pub fn unsigned_varint(&mut self, value: u32) {
        varint::write_unsigned_varint(&mut self.buffer, value);
    }

    /// `string`, or `nullable string` if it is `None`.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 32,767 bytes.
    pub fn string(&mut self, value: Option<&str>, flexible: bool) -> Result<(), EncodeError> {
        let length = value.map(str::len);
        if length.is_some_and(|length| length > i16::MAX as usize) {
            return Err(EncodeError::TooLong { what: "string", length: length.unwrap_or(0) });
        }
        if flexible {
            self.compact_length(length, "string")?;
        } else {
            self.int16(length.map_or(-1, |length| length as i16));
        }
        self.raw(value.unwrap_or("").as_bytes());
        Ok(())
    }

    /// `bytes`, or `nullable bytes` if it is `None`.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 bytes.
    pub fn bytes(&mut self, value: Option<&Bytes>, flexible: bool) -> Result<(), EncodeError> {
        self.length(value.map(Bytes::len), flexible, "byte string")?;
        match value {
            // Below this, a copy costs less than another piece.
            Some(bytes) if bytes.len() > 512 => self.shared(bytes),
            Some(bytes) => self.raw(bytes),
            None => {}
        }
        Ok(())
    }

    /// `records`: like bytes, in pieces that are not copied.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 bytes.
    pub fn records(&mut self, value: Option<&Records>, flexible: bool) -> Result<(), EncodeError> {
        self.length(value.map(Records::len), flexible, "record set")?;
        for segment in value.map_or(&[][..], Records::segments) {
            // A batch's header is small enough to be copied beside the field's length.
            if segment.len() > 128 { self.shared(segment) } else { self.raw(segment) }
        }
        Ok(())
    }

    /// The number of an array's elements; `None` is a null array.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2,147,483,647 elements.
    pub fn array_length(&mut self, length: Option<usize>, flexible: bool) -> Result<(), EncodeError> {
        self.length(length, flexible, "array")
    }

    /// A tagged field: its tag, the length of what `write` writes, and that.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn tagged_field(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut content = Encoder::new();
        write(&mut content)?;
        let length = u32::try_from(content.len())
            .map_err(|_| EncodeError::TooLong { what: "tagged field", length: content.len() })?;
        self.unsigned_varint(tag);
        self.unsigned_varint(length);
        for segment in content.finish() {
            if segment.len() > 512 { self.shared(&segment) } else { self.raw(&segment) }
        }
        Ok(())
    }

    fn length(
        &mut self,
        length: Option<usize>,
        flexible: bool,
        what: &'static str,
    ) -> Result<(), EncodeError> {
        if flexible {
            return self.compact_length(length, what);
        }
        let prefix = match length {
            None => -1,
            Some(length) => i32::try_from(length).map_err(|_| EncodeError::TooLong { what, length })?,
        };
        self.int32(prefix);
        Ok(())
    }

    /// Compact lengths count from 1, and 0 is null (KIP-482).
    fn compact_length(&mut self, length: Option<usize>, what: &'static str) -> Result<(), EncodeError> {
        let prefix = match length {
            None => 0,
            Some(length) => {
                i32::try_from(length).map_err(|_| EncodeError::TooLong { what, length })? as u32 + 1
            }
        };
        self.unsigned_varint(prefix);
        Ok(())
    }
}
