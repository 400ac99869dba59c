//! Reading.

mod fields;

use super::{DecodeError, Int32Array, Records, StrBytes, UnknownTaggedFields};
use crate::varint;
use bytes::Bytes;
use fields::truncated;
use kafka_types::{ErrorCode, TopicId};

/// How many elements an array may get room for at once, whatever they take in memory.
const FIRST_CAPACITY: usize = 256;

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
    #[inline]
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
    #[inline]
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
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.int8()? != 0)
    }

    /// `int8`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn int8(&mut self) -> Result<i8, DecodeError> {
        self.fixed("int8").map(i8::from_be_bytes)
    }

    /// `int16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn int16(&mut self) -> Result<i16, DecodeError> {
        self.fixed("int16").map(i16::from_be_bytes)
    }

    /// `uint16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn uint16(&mut self) -> Result<u16, DecodeError> {
        self.fixed("uint16").map(u16::from_be_bytes)
    }

    /// `int32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn int32(&mut self) -> Result<i32, DecodeError> {
        self.fixed("int32").map(i32::from_be_bytes)
    }

    /// `int64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn int64(&mut self) -> Result<i64, DecodeError> {
        self.fixed("int64").map(i64::from_be_bytes)
    }

    /// `float64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn float64(&mut self) -> Result<f64, DecodeError> {
        self.fixed("float64").map(f64::from_be_bytes)
    }

    /// `int16`, an error code.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn error_code(&mut self) -> Result<ErrorCode, DecodeError> {
        self.int16().map(ErrorCode)
    }

    /// `uuid`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn uuid(&mut self) -> Result<[u8; 16], DecodeError> {
        self.fixed("uuid")
    }

    /// `uuid`, a topic's id.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn topic_id(&mut self) -> Result<TopicId, DecodeError> {
        self.uuid().map(TopicId)
    }

    /// An unsigned varint.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::Varint`].
    #[inline]
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        // Most are lengths and counts below 128.
        match self.bytes.get(self.position) {
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                Ok(u32::from(byte))
            }
            _ => match self.long_unsigned_varint() {
                Some(value) => Ok(value),
                None => self.checked_unsigned_varint(),
            },
        }
    }

    /// Two to four bytes in one go, without a loop; `None` if it is longer, or ends too early.
    #[inline]
    fn long_unsigned_varint(&mut self) -> Option<u32> {
        let word = u32::from_le_bytes(*self.bytes.get(self.position..)?.first_chunk()?);
        let last = !word & 0x8080_8080;
        if last == 0 {
            return None;
        }
        // All bits up to the highest of the first byte that has no more behind it.
        let word = word & (last ^ last.wrapping_sub(1));
        self.position += last.trailing_zeros() as usize / 8 + 1;
        Some(word & 0x7f | word >> 1 & 0x3f80 | word >> 2 & 0x1f_c000 | word >> 3 & 0xfe0_0000)
    }

    #[cold]
    fn checked_unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut slice = self.bytes.get(self.position..).unwrap_or_default();
        let before = slice.len();
        match varint::read_unsigned_varint(&mut slice) {
            Ok(value) => {
                self.position += before - slice.len();
                Ok(value)
            }
            Err(varint::VarintError::Truncated) => Err(truncated("varint", before + 1, before)),
            Err(_) => Err(DecodeError::Varint),
        }
    }

    /// `string` or `nullable string`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn string(&mut self, flexible: bool) -> Result<Option<StrBytes>, DecodeError> {
        let Some(length) = self.string_length(flexible)? else { return Ok(None) };
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
    #[inline]
    pub fn array_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        let length = self.length(flexible, "array")?;
        if let Some(length) = length {
            self.need(length, "array")?;
        }
        Ok(length)
    }

    /// An array of `int32`; `None` is a null array.
    ///
    /// # Errors
    /// [`DecodeError`].
    #[inline]
    pub fn int32_array(&mut self, flexible: bool) -> Result<Option<Int32Array>, DecodeError> {
        let Some(length) = self.array_length(flexible)? else { return Ok(None) };
        let mut array = Int32Array::new();
        self.fill_int32_array(&mut array, length)?;
        Ok(Some(array))
    }

    /// The tagged fields at the end of a structure (KIP-482) that knows none of them.
    ///
    /// # Errors
    /// [`DecodeError`]: tags must ascend.
    pub fn unknown_tagged_fields(&mut self) -> Result<UnknownTaggedFields, DecodeError> {
        let mut unknown = UnknownTaggedFields::default();
        self.read_unknown_tagged_fields(&mut unknown)?;
        Ok(unknown)
    }

    /// An empty vector for as many elements.
    fn vector<T>(&self, length: usize) -> Vec<T> {
        // Elements may be larger in memory than on the wire: beyond some, and beyond what the bytes left would fill in
        // memory too, the vector grows as they really come.
        let justified = self.remaining() / size_of::<T>().max(1);
        Vec::with_capacity(length.min(justified.max(FIRST_CAPACITY)))
    }

    /// The next bytes, as many as a type always takes.
    #[inline]
    fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        match self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => {
                self.position += N;
                Ok(*bytes)
            }
            None => Err(truncated(what, N, self.remaining())),
        }
    }

    #[inline]
    fn string_length(&mut self, flexible: bool) -> Result<Option<usize>, DecodeError> {
        if flexible { self.compact_length() } else { signed_length(i64::from(self.int16()?), "string") }
    }

    #[inline]
    fn length(&mut self, flexible: bool, what: &'static str) -> Result<Option<usize>, DecodeError> {
        if flexible { self.compact_length() } else { signed_length(i64::from(self.int32()?), what) }
    }

    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    #[inline]
    fn need(&self, needed: usize, what: &'static str) -> Result<(), DecodeError> {
        let remaining = self.remaining();
        if needed > remaining { Err(truncated(what, needed, remaining)) } else { Ok(()) }
    }
}

fn signed_length(length: i64, what: &'static str) -> Result<Option<usize>, DecodeError> {
    match length {
        -1 => Ok(None),
        0.. => Ok(Some(length as usize)),
        _ => Err(DecodeError::InvalidLength { what, length }),
    }
}
