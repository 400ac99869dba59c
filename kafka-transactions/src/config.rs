//! What the producer's identity depends on.

use std::time::Duration;

/// How a [`TransactionManager`](crate::TransactionManager) behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionConfig {
    /// `enable.idempotence`: batches carry an identity and sequences. Without it no request is ever made, and every batch
    /// is stamped with [`ProducerIdentity::NONE`](kafka_types::ProducerIdentity::NONE). Default: true.
    pub idempotence: bool,
    /// `transactional.id` is set: identities come from the transaction's coordinator, and only its transactions move an epoch
    /// on. A partition whose sequences broke waits for that. Default: false.
    pub transactional: bool,
    /// `retry.backoff.ms`: the wait after the first failed `InitProducerId`; it doubles from there. Default: 100 ms.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest wait. Default: 1 s.
    pub retry_backoff_max: Duration,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        TransactionConfig {
            idempotence: true,
            transactional: false,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
        }
    }
}
