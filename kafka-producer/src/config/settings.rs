//! What a program said, before defaults and rules.

use super::OnFull;
use super::security::SecuritySettings;
use kafka_partitioner::HashedBy;
use kafka_types::{Acks, Codec, GzipLevel, Lz4Level, ZstdLevel};
use std::time::Duration;

/// Every setting as it was given last; `None` where nothing was said, which some rules ask about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) bootstrap_servers: Option<Vec<String>>,
    pub(crate) client_id: Option<String>,
    pub(crate) acks: Option<Acks>,
    pub(crate) idempotence: Option<bool>,
    pub(crate) retries: Option<u32>,
    pub(crate) max_in_flight: Option<usize>,
    pub(crate) linger: Option<Duration>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) buffer_memory: Option<usize>,
    pub(crate) on_full: OnFull,
    pub(crate) max_request_size: Option<usize>,
    pub(crate) max_block: Option<Duration>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) delivery_timeout: Option<Duration>,
    pub(crate) retry_backoff: Option<Duration>,
    pub(crate) retry_backoff_max: Option<Duration>,
    pub(crate) reconnect_backoff: Option<Duration>,
    pub(crate) reconnect_backoff_max: Option<Duration>,
    pub(crate) connection_setup_timeout: Option<Duration>,
    pub(crate) connection_setup_timeout_max: Option<Duration>,
    pub(crate) connections_max_idle: Option<Duration>,
    pub(crate) metadata_max_age: Option<Duration>,
    pub(crate) metadata_max_idle: Option<Duration>,
    pub(crate) metadata_rebootstrap: Option<bool>,
    pub(crate) metadata_rebootstrap_trigger: Option<Duration>,
    pub(crate) send_buffer: Option<Option<usize>>,
    pub(crate) receive_buffer: Option<Option<usize>>,
    pub(crate) codec: Option<Codec>,
    pub(crate) gzip_level: Option<GzipLevel>,
    pub(crate) lz4_level: Option<Lz4Level>,
    pub(crate) zstd_level: Option<ZstdLevel>,
    pub(crate) partitioner_ignore_keys: Option<bool>,
    pub(crate) partitioner_adaptive: Option<bool>,
    pub(crate) partitioner_availability_timeout: Option<Duration>,
    pub(crate) partitioner_rack_aware: Option<bool>,
    pub(crate) client_rack: Option<String>,
    pub(crate) transactional_id: Option<String>,
    pub(crate) transaction_timeout: Option<Duration>,
    pub(crate) partitioner: Option<PartitionerChoice>,
    pub(crate) security: SecuritySettings,
}

/// Which of the partitioners that come with the producer (`partitioner.class`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum PartitionerChoice {
    /// Keys by murmur2, keyless records sticky by load (KIP-794).
    #[default]
    BuiltIn,
    /// `org.apache.kafka.clients.producer.RoundRobinPartitioner`.
    RoundRobin,
    /// One of librdkafka's, by its name there.
    Librdkafka(HashedBy),
}
