//! What the accumulator is told.

use kafka_types::Compression;
use std::time::Duration;

/// Sizes and times of batches, and the one bound on their memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccumulatorConfig {
    /// `batch.size`, in bytes: a batch is closed when the next record would take it beyond; a larger record gets a batch of
    /// its own. Default 16,384; 0 counts as 1, which makes a batch of each record.
    pub batch_size: usize,
    /// `linger.ms`: how long an open batch waits for more records. Default 5 ms.
    pub linger: Duration,
    /// `buffer.memory`, in bytes: what all batches together may take until their bytes are out of use. Default 32 MiB.
    /// Where partitions have several leaders, those of one take no more than four times what is left.
    pub buffer_memory: usize,
    /// `compression.type` with its level. Default none.
    pub compression: Compression,
    /// `delivery.timeout.ms`: from a batch's first record to its outcome. Default 2 minutes.
    pub delivery_timeout: Duration,
}

impl Default for AccumulatorConfig {
    fn default() -> Self {
        AccumulatorConfig {
            batch_size: 16 * 1024,
            linger: Duration::from_millis(5),
            buffer_memory: 32 * 1024 * 1024,
            compression: Compression::None,
            delivery_timeout: Duration::from_secs(120),
        }
    }
}
