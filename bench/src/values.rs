//! What the records carry.

/// Up to 1,024 values of capital letters, as Kafka's own kafka-producer-perf-test sends.
pub fn values(size: usize) -> Vec<Vec<u8>> {
    let count = (16 * 1024 * 1024 / size.max(1)).clamp(1, 1024);
    let mut state: u64 = 0x2545_F491_4F6C_DD1D;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b'A' + ((state >> 33) % 26) as u8
    };
    (0..count).map(|_| (0..size).map(|_| letter()).collect()).collect()
}
