//! Variable-length integers: base 128, least significant group first, the top bit of a byte says that more follow.
//!
//! Flexible messages (KIP-482) write lengths unsigned; records (KIP-98) write every number zigzag-encoded, so that
//! small negative ones stay short. A `varint` holds 32 bits in at most five bytes, a `varlong` 64 in at most ten.
//!
//! Writers append to any [`BufMut`]. Readers take their bytes off the front of a slice and leave it as it was when they
//! fail. They accept padded forms of a number (`80 00` for 0), as Kafka does, but neither a sixth (eleventh) byte nor
//! bits that don't fit the type.
//!
//! ```
//! use kafka_protocol::varint;
//!
//! let mut buf = Vec::new();
//! varint::write_varint(&mut buf, -150);
//! assert_eq!(buf, [0xab, 0x02]);
//! assert_eq!(varint::varint_size(-150), 2);
//! assert_eq!(varint::read_varint(&mut buf.as_slice()), Ok(-150));
//! ```

use bytes::BufMut;

/// The longest encoding of a 32-bit number, in bytes.
pub const MAX_VARINT_SIZE: usize = 5;
/// The longest encoding of a 64-bit number, in bytes.
pub const MAX_VARLONG_SIZE: usize = 10;

/// Why bytes are no variable-length integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VarintError {
    /// The bytes end within the number.
    #[error("the bytes end within a variable-length integer")]
    Truncated,
    /// The number goes on beyond its type: too many bytes, or bits that don't fit.
    #[error("a variable-length integer does not fit its {bits} bits")]
    Overflow {
        /// The width of the type that was read: 32 or 64.
        bits: u32,
    },
}

/// Maps signed numbers to unsigned ones, near zero first: 0, -1, 1, -2, …
#[inline]
pub const fn zigzag_32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// Maps signed numbers to unsigned ones, near zero first: 0, -1, 1, -2, …
#[inline]
pub const fn zigzag_64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag_32`].
#[inline]
pub const fn unzigzag_32(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// The inverse of [`zigzag_64`].
#[inline]
pub const fn unzigzag_64(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// How many bytes [`write_unsigned_varint`] writes.
#[inline]
pub const fn unsigned_varint_size(value: u32) -> usize {
    unsigned_varlong_size(value as u64)
}

/// How many bytes [`write_unsigned_varlong`] writes.
#[inline]
pub const fn unsigned_varlong_size(value: u64) -> usize {
    // Most numbers are short, and branches are foretold.
    if value < 1 << 7 {
        return 1;
    }
    if value < 1 << 14 {
        return 2;
    }
    // Seven bits a byte. For 1 to 64 significant bits, ceil(bits / 7) = (bits * 9 + 64) / 64, without a division.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) >> 6
}

/// How many bytes [`write_varint`] writes.
#[inline]
pub const fn varint_size(value: i32) -> usize {
    unsigned_varint_size(zigzag_32(value))
}

/// How many bytes [`write_varlong`] writes.
#[inline]
pub const fn varlong_size(value: i64) -> usize {
    unsigned_varlong_size(zigzag_64(value))
}

/// Writes an unsigned 32-bit number.
#[inline]
pub fn write_unsigned_varint<B: BufMut>(buf: &mut B, value: u32) {
    write_unsigned_varlong(buf, u64::from(value));
}

/// Writes an unsigned 64-bit number.
#[inline]
pub fn write_unsigned_varlong<B: BufMut>(buf: &mut B, value: u64) {
    if value < 1 << 7 {
        buf.put_u8(value as u8);
    } else if value < 1 << 14 {
        buf.put_slice(&[value as u8 | 0x80, (value >> 7) as u8]);
    } else {
        let mut bytes = [0; MAX_VARLONG_SIZE];
        let size = encode(&mut bytes, value);
        buf.put_slice(&bytes[..size]);
    }
}

/// Writes a signed 32-bit number, zigzag-encoded.
#[inline]
pub fn write_varint<B: BufMut>(buf: &mut B, value: i32) {
    write_unsigned_varint(buf, zigzag_32(value));
}

/// Writes a signed 64-bit number, zigzag-encoded.
#[inline]
pub fn write_varlong<B: BufMut>(buf: &mut B, value: i64) {
    write_unsigned_varlong(buf, zigzag_64(value));
}

/// Writes an unsigned number to the front of `bytes`, which has room for it, and says how many bytes that took.
#[inline]
pub(crate) fn encode(bytes: &mut [u8], mut value: u64) -> usize {
    let mut size = 0;
    while value >= 1 << 7 {
        bytes[size] = value as u8 | 0x80;
        value >>= 7;
        size += 1;
    }
    bytes[size] = value as u8;
    size + 1
}

/// Reads an unsigned 32-bit number.
///
/// # Errors
/// [`VarintError`]; `bytes` is then left as it was.
#[inline]
pub fn read_unsigned_varint(bytes: &mut &[u8]) -> Result<u32, VarintError> {
    // The fifth byte holds bits 28 to 31.
    read(bytes, 32, MAX_VARINT_SIZE, 0x0f).map(|value| value as u32)
}

/// Reads an unsigned 64-bit number.
///
/// # Errors
/// [`VarintError`]; `bytes` is then left as it was.
#[inline]
pub fn read_unsigned_varlong(bytes: &mut &[u8]) -> Result<u64, VarintError> {
    // The tenth byte holds bit 63.
    read(bytes, 64, MAX_VARLONG_SIZE, 0x01)
}

/// Reads a signed 32-bit number, zigzag-encoded.
///
/// # Errors
/// [`VarintError`]; `bytes` is then left as it was.
#[inline]
pub fn read_varint(bytes: &mut &[u8]) -> Result<i32, VarintError> {
    read_unsigned_varint(bytes).map(unzigzag_32)
}

/// Reads a signed 64-bit number, zigzag-encoded.
///
/// # Errors
/// [`VarintError`]; `bytes` is then left as it was.
#[inline]
pub fn read_varlong(bytes: &mut &[u8]) -> Result<i64, VarintError> {
    read_unsigned_varlong(bytes).map(unzigzag_64)
}

#[inline]
fn read(bytes: &mut &[u8], bits: u32, max_size: usize, last_byte_max: u8) -> Result<u64, VarintError> {
    if let [first, rest @ ..] = *bytes
        && *first < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(*first));
    }
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(max_size).enumerate() {
        if index + 1 == max_size && byte > last_byte_max {
            return Err(VarintError::Overflow { bits });
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *bytes = &bytes[index + 1..];
            return Ok(value);
        }
    }
    // The last byte allowed never asks for another one, so the slice was shorter than the number.
    Err(VarintError::Truncated)
}

#[cfg(test)]
mod tests;
