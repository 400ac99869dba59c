//! The producer's configuration: typed values, and the rules between them.
//!
//! [`Settings`] is what a program said, value by value; [`ProducerConfig`] is what follows from it, complete and
//! checked. Only `rules` makes the one into the other.

pub(crate) mod bootstrap;
mod notice;
mod on_full;
pub(crate) mod problem;
mod rules;
pub(crate) mod security;
mod settings;

#[cfg(test)]
mod tests;

use kafka_network::SecurityConfig;
use kafka_types::{Acks, BrokerAddress, Compression};
use std::time::Duration;

pub use notice::{Notice, NoticeLevel};
pub use on_full::OnFull;
pub use problem::Problem;
pub(crate) use settings::{PartitionerChoice, Settings};

/// A complete and checked configuration, as the builder makes it from properties and typed values.
///
/// It is for reading: what a producer runs with after defaults and adjustments. Each field names Kafka's property.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProducerConfig {
    /// `bootstrap.servers`: where to ask for the cluster first. Never empty, no duplicates.
    pub bootstrap_servers: Vec<BrokerAddress>,
    /// `client.id`: the name in the brokers' logs and quotas; `producer-<n>` unless given.
    pub client_id: String,
    /// `acks`: all.
    pub acks: Acks,
    /// `enable.idempotence`: on, unless `acks` or `retries` contradict and it was not asked for.
    pub idempotence: bool,
    /// `retries`: 2147483647; `delivery.timeout.ms` is the real bound.
    pub retries: u32,
    /// `max.in.flight.requests.per.connection`: 5; at most 5 with idempotence.
    pub max_in_flight: usize,
    /// `linger.ms`: 5 ms; how long a batch waits for company.
    pub linger: Duration,
    /// `batch.size`: 16384 bytes; at least 1.
    pub batch_size: usize,
    /// `buffer.memory`: 33554432 bytes for all that is not yet acknowledged.
    pub buffer_memory: usize,
    /// What a send does when those are spent: it waits.
    pub on_full: OnFull,
    /// `max.request.size`: 1048576 bytes; the limit of a request, and of a record before compression.
    pub max_request_size: usize,
    /// `max.block.ms`: 60 s; how long a send may wait for metadata and memory together.
    pub max_block: Duration,
    /// `request.timeout.ms`: 30 s per request on the wire.
    pub request_timeout: Duration,
    /// `delivery.timeout.ms`: 120 s from the append to the outcome, retries included.
    pub delivery_timeout: Duration,
    /// `retry.backoff.ms`: 100 ms before the first retry; then it doubles.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: 1 s; where the doubling ends.
    pub retry_backoff_max: Duration,
    /// `reconnect.backoff.ms`: 50 ms before a broker is tried again; then it doubles.
    pub reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`: 1 s; equal to `reconnect.backoff.ms` if only that was given.
    pub reconnect_backoff_max: Duration,
    /// `socket.connection.setup.timeout.ms`: 10 s for a connection to become usable; doubles with each failure.
    pub connection_setup_timeout: Duration,
    /// `socket.connection.setup.timeout.max.ms`: 30 s; where the doubling ends.
    pub connection_setup_timeout_max: Duration,
    /// `connections.max.idle.ms`: 9 minutes; [`Duration::MAX`] (a negative property) keeps idle connections.
    pub connections_max_idle: Duration,
    /// `metadata.max.age.ms`: 5 minutes between refreshes of healthy metadata.
    pub metadata_max_age: Duration,
    /// `metadata.max.idle.ms`: 5 minutes until a topic that nothing is sent to is forgotten.
    pub metadata_max_idle: Duration,
    /// `metadata.recovery.strategy`: whether to start over from `bootstrap.servers` when every known broker is gone.
    pub metadata_rebootstrap: bool,
    /// `metadata.recovery.rebootstrap.trigger.ms`: 5 minutes without metadata also start over.
    pub metadata_rebootstrap_trigger: Duration,
    /// `send.buffer.bytes`: 131072; `None` (-1) leaves it to the system.
    pub send_buffer: Option<usize>,
    /// `receive.buffer.bytes`: 32768; `None` (-1) leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// `compression.type` with its level: none.
    pub compression: Compression,
    /// `partitioner.ignore.keys`: false; true spreads keyed records as if they had no key.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable`: true; prefers partitions with short queues.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`: zero; how long a broker may take nothing until keyless records keep away from it.
    pub partitioner_availability_timeout: Duration,
    /// `partitioner.rack.aware`: false; true prefers partitions led in `client_rack` for keyless records (KIP-1123).
    pub partitioner_rack_aware: bool,
    /// `client.rack`: where this client is; empty if that is not known.
    pub client_rack: String,
    /// `transactional.id`: not empty; `None` unless the producer is a transactional one.
    pub transactional_id: Option<String>,
    /// `transaction.timeout.ms`: 60 s until the cluster aborts a transaction that was not ended.
    pub transaction_timeout: Duration,
    /// `security.protocol`, `ssl.*`, `sasl.*`: plain text.
    pub security: SecurityConfig,
    pub(crate) partitioner: PartitionerChoice,
}
