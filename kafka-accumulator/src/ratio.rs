//! How well a topic's batches compress, guessed from those before.

use std::sync::atomic::{AtomicU32, Ordering};

/// Kafka's estimator: quick to give up on compression, slow to count on it.
#[derive(Debug)]
pub(crate) struct CompressionRatio(AtomicU32);

/// What an estimate is stretched by, before it is relied on.
pub(crate) const SAFETY: f32 = 1.05;
const UP: f32 = 0.05;
const DOWN: f32 = 0.005;

impl Default for CompressionRatio {
    fn default() -> Self {
        CompressionRatio(AtomicU32::new(1.0_f32.to_bits()))
    }
}

impl CompressionRatio {
    /// Compressed bytes per byte of records.
    pub(crate) fn estimate(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// A batch compressed like this.
    pub(crate) fn observe(&self, observed: f32) {
        let current = self.estimate();
        let next =
            if observed > current { (current + UP).max(observed) } else { (current - DOWN).max(observed) };
        // Two threads that race both store a sound estimate; which one wins does not matter.
        self.0.store(next.to_bits(), Ordering::Relaxed);
    }

    /// The estimate led to a batch that a broker refused as too large.
    pub(crate) fn reset(&self, ratio: f32) {
        self.0.store(ratio.max(1.0).to_bits(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        let ratio = CompressionRatio::default();
        ratio.observe(0.2);
        assert_eq!(ratio.estimate(), 0.995);
        ratio.observe(1.2);
        assert_eq!(ratio.estimate(), 1.2);
        ratio.observe(1.21);
        assert_eq!(ratio.estimate(), 1.25);
        ratio.reset(0.5);
        assert_eq!(ratio.estimate(), 1.0);
    }
}
