//! The hash of librdkafka's `consistent` partitioners.

/// The reversed polynomial of CRC-32 (IEEE 802.3), as in Ethernet, zlib and PNG.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// What each byte makes of an empty register.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut register = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            register = if register & 1 == 1 { register >> 1 ^ POLYNOMIAL } else { register >> 1 };
            bit += 1;
        }
        table[byte] = register;
        byte += 1;
    }
    table
};

/// The CRC-32 (IEEE) of these bytes; not the CRC-32C that is in record batches.
///
/// ```
/// assert_eq!(kafka_partitioner::crc32(b"123456789"), 0xcbf4_3926);
/// ```
pub fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |register: u32, &byte| TABLE[usize::from(register as u8 ^ byte)] ^ register >> 8)
}
