//! Seeded randomness: ids, and which part of an unreplicated tail survives.

use kafka_types::SplitMix64;

#[derive(Debug)]
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(SplitMix64::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.draw()
    }

    /// A number from 0 to `bound`, both included.
    pub(crate) fn up_to(&mut self, bound: usize) -> usize {
        (self.next() % (bound as u64).saturating_add(1).max(1)) as usize
    }

    /// Sixteen bytes in the form of a random UUID (version 4).
    pub(crate) fn uuid(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes
    }
}
