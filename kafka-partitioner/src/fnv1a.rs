//! The hash of librdkafka's `fnv1a` partitioners.

const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// The 32-bit FNV-1a of these bytes as librdkafka and Sarama's hash partitioner take it: read as a signed number, without
/// its sign. It is below 2³¹ but for the one number whose sign can't be taken away, which is 2³¹.
///
/// ```
/// assert_eq!(kafka_partitioner::fnv1a(b"kafka"), 0x0d33_c4e1);
/// ```
pub fn fnv1a(data: &[u8]) -> u32 {
    let hash = data.iter().fold(OFFSET, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    (hash as i32).unsigned_abs()
}
