//! Reading.

use super::{DecodeError, Records, StrBytes, UnknownTaggedFields};
use crate::varint;
use bytes::Bytes;
use kafka_types::{ErrorCode, TopicId};

/// Reads a message's bytes. Every read is total: it gives a value or an error, whatever the bytes are, and no length
/// that they claim makes it allocate more than they justify.
#[derive(Clone, Debug)]
pub struct Decoder {
    bytes: Bytes,
    /// How many of them were read.
    position: usize,
}

impl Decoder {
    /// Reads these bytes from their beginning. What is read shares them.
    pub fn new(bytes: Bytes) -> Decoder {
        Decoder { bytes, position: 0 }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// What was not read yet.
    pub fn into_rest(mut self) -> Bytes {
        self.bytes.split_off(self.position)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] names `what` ended before them.
    pub fn expect_end(&self, what: &'static str) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            remaining => Err(DecodeError::TrailingBytes { what, remaining }),
        }
    }

    /// The next `length` bytes, shared.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] names `what` needs them.
    pub fn take(&mut self, length: usize, what: &'static str) -> Result<Bytes, DecodeError> {
        self.need(length, what)?;
        let end = self.position + length;
        let taken = self.bytes.slice(self.position..end);
        self.position = end;
        Ok(taken)
    }

    /// `bool`: anything but zero is true.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.int8()? != 0)
    }

    /// `int8`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn int8(&mut self) -> Result<i8, DecodeError> {
        self.fixed("int8").map(i8::from_be_bytes)
    }

    /// `int16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn int16(&mut self) -> Result<i16, DecodeError> {
        self.fixed("int16").map(i16::from_be_bytes)
    }

    /// `uint16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn uint16(&mut self) -> Result<u16, DecodeError> {
        self.fixed("uint16").map(u16::from_be_bytes)
    }

    /// `int32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn int32(&mut self) -> Result<i32, DecodeError> {
        self.fixed("int32").map(i32::from_be_bytes)
    }

    /// `int64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn int64(&mut self) -> Result<i64, DecodeError> {
        self.fixed("int64").map(i64::from_be_bytes)
    }

    /// `float64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn float64(&mut self) -> Result<f64, DecodeError> {
        self.fixed("float64").map(f64::from_be_bytes)
    }

    /// `int16`, an error code.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn error_code(&mut self) -> Result<ErrorCode, DecodeError> {
        self.int16().map(ErrorCode)
    }

    /// `uuid`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn uuid(&mut self) -> Result<[u8; 16], DecodeError> {
        self.fixed("uuid")
    }

    /// `uuid`, a topic's id.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn topic_id(&mut self) -> Result<TopicId, DecodeError> {
        self.uuid().map(TopicId)
    }

    /// An unsigned varint.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::Varint`].
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut slice = self.bytes.get(self.position..).unwrap_or_default();
        let before = slice.len();
        let value = varint::read_unsigned_varint(&mut slice).map_err(|error| match error {
            varint::VarintError::Truncated => {
                DecodeError::Truncated { what: "varint", needed: before + 1, remaining: before }
            }
            _ => DecodeError::Varint,
        })?;
        self.position += before - slice.len();
        Ok(value)
    }

    /// `string` or `nullable string`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn string(&mut self, flexible: bool) -> Result<Option<StrBytes>, DecodeError> {
        let length = if flexible {
            self.compact_length()?
        } else {
            signed_length(i64::from(self.int16()?), "string")?
        };
        let Some(length) = length else { return Ok(None) };
        let bytes = self.take(length, "string")?;
        StrBytes::try_from(bytes).map(Some).map_err(|_| DecodeError::NotUtf8)
    }

    /// `bytes` or `nullable bytes`, shared.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn bytes(&mut self, flexible: bool) -> Result<Option<Bytes>, DecodeError> {
        match self.length(flexible, "byte string")? {
            Some(length) => self.take(length, "byte string").map(Some),
            None => Ok(None),
        }
    }

    /// `records`, shared.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn records(&mut self, flexible: bool) -> Result<Option<Records>, DecodeError> {
        Ok(self.bytes(flexible)?.map(Records::from))
    }

    /// The number of an array's elements, each of which takes at least a byte; `None` is a null array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if the bytes left can't hold as many.
    pub fn array_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        let length = self.length(flexible, "array")?;
        if let Some(length) = length {
            self.need(length, "array")?;
        }
        Ok(length)
    }

    /// An array, element by element; `None` is a null array.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        mut read: impl FnMut(&mut Decoder) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        // Elements may be larger in memory than on the wire: beyond some, and beyond what the bytes left would fill in
        // memory too, the vector grows as they really come.
        const FIRST_CAPACITY: usize = 256;
        let Some(length) = self.array_length(flexible)? else { return Ok(None) };
        let justified = self.remaining() / size_of::<T>().max(1);
        let mut elements = Vec::with_capacity(length.min(justified.max(FIRST_CAPACITY)));
        for _ in 0..length {
            elements.push(read(self)?);
        }
        Ok(Some(elements))
    }

    /// An array of `int32`; `None` is a null array.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn int32_array(&mut self, flexible: bool) -> Result<Option<Vec<i32>>, DecodeError> {
        let Some(length) = self.array_length(flexible)? else { return Ok(None) };
        let size = length.saturating_mul(4);
        self.need(size, "array")?;
        let end = self.position + size;
        let (numbers, _) = self.bytes[self.position..end].as_chunks::<4>();
        let numbers = numbers.iter().map(|bytes| i32::from_be_bytes(*bytes)).collect();
        self.position = end;
        Ok(Some(numbers))
    }

    /// The tagged fields at the end of a structure (KIP-482): `known` reads those it knows, by tag, and says whether it did;
    /// the others are kept.
    ///
    /// # Errors
    /// Those of `known`; tags that don't ascend; a known field that is longer than its content.
    pub fn tagged_fields(
        &mut self,
        mut known: impl FnMut(u32, &mut Decoder) -> Result<bool, DecodeError>,
    ) -> Result<UnknownTaggedFields, DecodeError> {
        let count = self.unsigned_varint()?;
        let mut unknown = UnknownTaggedFields::default();
        let mut previous = None;
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            if let Some(previous) = previous.filter(|&previous| previous >= tag) {
                return Err(DecodeError::TagOrder { tag, previous });
            }
            previous = Some(tag);
            let length = self.unsigned_varint()? as usize;
            let content = self.take(length, "tagged field")?;
            let mut field = Decoder::new(content.clone());
            if known(tag, &mut field)? {
                field.expect_end("a tagged field")?;
            } else {
                unknown.push(tag, content);
            }
        }
        Ok(unknown)
    }

    /// The next bytes, as many as a type always takes.
    #[inline]
    fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        match self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => {
                self.position += N;
                Ok(*bytes)
            }
            None => Err(DecodeError::Truncated { what, needed: N, remaining: self.remaining() }),
        }
    }

    fn length(&mut self, flexible: bool, what: &'static str) -> Result<Option<usize>, DecodeError> {
        if flexible { self.compact_length() } else { signed_length(i64::from(self.int32()?), what) }
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    fn need(&self, needed: usize, what: &'static str) -> Result<(), DecodeError> {
        let remaining = self.remaining();
        if needed > remaining { Err(DecodeError::Truncated { what, needed, remaining }) } else { Ok(()) }
    }
}

fn signed_length(length: i64, what: &'static str) -> Result<Option<usize>, DecodeError> {
    match length {
        -1 => Ok(None),
        0.. => Ok(Some(length as usize)),
        _ => Err(DecodeError::InvalidLength { what, length }),
    }
}
