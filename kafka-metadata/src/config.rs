//! When metadata is refreshed.

use std::time::Duration;

/// How a client keeps its metadata fresh.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetadataConfig {
    /// Age at which healthy metadata is refreshed. Default 5 minutes. `metadata.max.age.ms`.
    pub max_age: Duration,
    /// How long a topic stays of interest after it was last named. Default 5 minutes. `metadata.max.idle.ms`.
    pub max_idle: Duration,
    /// Pause between refreshes, doubling while they fail or bring nothing new. Default 100 ms. `retry.backoff.ms`.
    pub retry_backoff: Duration,
    /// The longest such pause. Default 1 s. `retry.backoff.max.ms`.
    pub retry_backoff_max: Duration,
    /// Whether to start over from the bootstrap addresses when the known brokers don't answer any more (KIP-899).
    /// Default true. `metadata.recovery.strategy`.
    pub rebootstrap: bool,
    /// How long a due refresh may fail before that happens (KIP-1102). Default 5 minutes.
    /// `metadata.recovery.rebootstrap.trigger.ms`.
    pub rebootstrap_trigger: Duration,
}

impl Default for MetadataConfig {
    fn default() -> Self {
        MetadataConfig {
            max_age: Duration::from_secs(300),
            max_idle: Duration::from_secs(300),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            rebootstrap: true,
            rebootstrap_trigger: Duration::from_secs(300),
        }
    }
}
