//! The CRC-32C of a batch, joined from that of its header and that of its payload.

/// The checksum of a batch's payload, taken once: each header that goes before the payload joins it with its own.
///
/// The CRC of two byte strings in a row follows from their CRCs and the second one's length: the first CRC is advanced
/// over as many zero bytes, which is a multiplication by x^(8 · length) modulo CRC-32C's polynomial, and the second is
/// added. The factor depends on the payload alone and is kept, so that joining costs one multiplication: a header for a
/// retry costs the same whether the payload has a hundred bytes or a million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayloadChecksum {
    length: u32,
    crc: u32,
    /// x^(8 · length) modulo the polynomial.
    factor: u32,
}

impl PayloadChecksum {
    /// The checksum of these bytes: a batch's records, compressed if the batch is. They are less than 2 GiB, as all
    /// of a batch is.
    pub fn of(payload: &[u8]) -> Self {
        debug_assert!(i32::try_from(payload.len()).is_ok(), "a batch is smaller than 2 GiB");
        Self::from_parts(payload.len() as u32, crc32c::crc32c(payload))
    }

    /// The checksum of a payload of this length and CRC-32C.
    pub fn from_parts(length: u32, crc: u32) -> Self {
        PayloadChecksum { length, crc, factor: x_to_the(u64::from(length) * 8) }
    }

    /// The payload's length, in bytes.
    pub fn length(&self) -> usize {
        self.length as usize
    }

    /// The payload's CRC-32C.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// The CRC-32C of some bytes with this CRC-32C and the payload after them.
    #[inline]
    pub(crate) fn join(&self, before: u32) -> u32 {
        multiply(before, self.factor) ^ self.crc
    }

    /// What the CRC-32C of a payload of this length must be, if `whole` is that of bytes with the CRC-32C `before`
    /// and the payload.
    pub(crate) fn expected(length: u32, before: u32, whole: u32) -> Self {
        let zero = PayloadChecksum::from_parts(length, 0);
        PayloadChecksum { crc: zero.join(before) ^ whole, ..zero }
    }
}

/// CRC-32C's polynomial. Bits are reflected: the highest is the coefficient of x^0.
const POLYNOMIAL: u32 = 0x82f6_3b78;
const ONE: u32 = 1 << 31;

/// The product of two polynomials modulo [`POLYNOMIAL`].
#[inline]
const fn multiply(a: u32, b: u32) -> u32 {
    let mut product = 0;
    let mut b = b;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        // Masks instead of branches: the bits of a checksum are as good as random.
        product ^= b & ((a >> bit) & 1).wrapping_neg();
        b = (b >> 1) ^ (POLYNOMIAL & (b & 1).wrapping_neg());
    }
    product
}

/// x^(2^k) for each k that the bit lengths of payloads have.
const SQUARES: [u32; 36] = {
    let mut squares = [ONE >> 1; 36];
    let mut k = 1;
    while k < squares.len() {
        squares[k] = multiply(squares[k - 1], squares[k - 1]);
        k += 1;
    }
    squares
};

/// x to a power below 2^36, modulo [`POLYNOMIAL`].
fn x_to_the(power: u64) -> u32 {
    SQUARES
        .iter()
        .enumerate()
        .filter(|(k, _)| power >> k & 1 == 1)
        .fold(ONE, |x, (_, square)| multiply(x, *square))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_32_bits_join_as_the_library_joins() {
        for length in [0, 1, 2, 61, 16_384, 1 << 20, i32::MAX as u32, u32::MAX] {
            let joined = PayloadChecksum::from_parts(length, 0x1234_5678).join(0x9abc_def0);
            // The library advances nothing, and drops the second CRC, when there is nothing to advance over.
            let expected = match length {
                0 => 0x9abc_def0 ^ 0x1234_5678,
                _ => crc32c::crc32c_combine(0x9abc_def0, 0x1234_5678, length as usize),
            };
            assert_eq!(joined, expected, "length {length}");
        }
    }

    proptest! {
        #[test]
        fn joined_checksums_are_those_of_the_joined_bytes(
            before in prop::collection::vec(any::<u8>(), 0..100),
            payload in prop::collection::vec(any::<u8>(), 0..5_000),
        ) {
            let whole = crc32c::crc32c(&[before.as_slice(), payload.as_slice()].concat());
            let checksum = PayloadChecksum::of(&payload);
            prop_assert_eq!(checksum.join(crc32c::crc32c(&before)), whole);
            let expected = PayloadChecksum::expected(payload.len() as u32, crc32c::crc32c(&before), whole);
            prop_assert_eq!(expected, checksum);
        }
    }
}
