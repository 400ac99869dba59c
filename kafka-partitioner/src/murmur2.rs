//! The hash that assigns keys to partitions, the same in every Kafka client.

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// The 32-bit MurmurHash2 of these bytes, with Kafka's seed; signed, as Kafka prints it.
///
/// ```
/// assert_eq!(kafka_partitioner::murmur2(b"foobar"), -790332482);
/// ```
pub fn murmur2(data: &[u8]) -> i32 {
    // Kafka's arrays are no longer than an i32 says; only the low 32 bits of a length can take part.
    let mut hash = SEED ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(MULTIPLIER);
        k ^= k >> SHIFT;
        hash = hash.wrapping_mul(MULTIPLIER) ^ k.wrapping_mul(MULTIPLIER);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        // Bytes are unsigned here: sign extension would move every key with a byte above 0x7f in its tail.
        let tail = tail.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        hash = (hash ^ tail).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^= hash >> 15;
    hash as i32
}

/// The partition of a serialized key in a topic of so many partitions, with or without leader: equal keys always meet,
/// and where every other Kafka client puts them. -1 if `partition_count` is not positive.
///
/// The hash's sign bit is masked off, not negated.
pub fn partition_for_key(key: &[u8], partition_count: i32) -> i32 {
    if partition_count <= 0 {
        return -1;
    }
    (murmur2(key) & i32::MAX) % partition_count
}
