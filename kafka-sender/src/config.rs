//! What the engine's behaviour depends on.

use kafka_types::Acks;
use std::time::Duration;

/// The engine's settings. The facade owns the rules between them (such as `acks=all` with idempotence).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SenderConfig {
    /// `acks`: when a record counts as acknowledged. Default: all.
    pub acks: Acks,
    /// `max.request.size`, bytes: how much a Produce request takes. A single larger batch goes alone. Default: 1 MiB.
    pub max_request_size: usize,
    /// `max.in.flight.requests.per.connection`: Produce requests without an answer on one connection; at least 1. With
    /// idempotence at most 5 per partition. Default: 5.
    pub max_in_flight: usize,
    /// `retries`: how often a batch is sent again. Default: `i32::MAX`, so that `delivery_timeout` decides.
    pub retries: u32,
    /// `retry.backoff.ms`: the wait before the first retry; doubles with each. Default: 100 ms.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest wait between retries. Default: 1 s.
    pub retry_backoff_max: Duration,
    /// `request.timeout.ms`: how long a request waits for its answer before the connection is given up. Default: 30 s.
    pub request_timeout: Duration,
    /// `delivery.timeout.ms`: from the first append to a batch until its outcome. Default: 2 min.
    pub delivery_timeout: Duration,
    /// `linger.ms`: how long an open batch waits for more. Default: 5 ms.
    pub linger: Duration,
    /// `reconnect.backoff.ms`: the wait before a node is tried again; doubles with each failure. Default: 50 ms.
    pub reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`: the longest wait before a node is tried again. Default: 1 s.
    pub reconnect_backoff_max: Duration,
    /// `socket.connection.setup.timeout.ms`: how long setting up a connection may take, ApiVersions included; doubles with each
    /// failure to connect. Default: 10 s.
    pub connection_setup_timeout: Duration,
    /// `socket.connection.setup.timeout.max.ms`: the longest that setting up may take. Default: 30 s.
    pub connection_setup_timeout_max: Duration,
    /// `connections.max.idle.ms`: after which an unused connection is closed. Default: 9 min.
    pub connections_max_idle: Duration,
    /// `partitioner.availability.timeout.ms`: a node that has not taken what is ready for it for so long is left out of the choice of
    /// partitions; zero leaves out none. Default: zero.
    pub availability_timeout: Duration,
    /// When a request waits for more batches.
    pub gather: GatherConfig,
}

/// When a request waits for batches of more partitions: while batches come so fast that it waits for a fraction of a
/// millisecond, and while another request to the same broker has no answer yet. A request with many batches costs both
/// sides little more than one with a single batch; one that nothing else keeps waiting never waits for it. There is no
/// property for it: Kafka's own producer gathers as well, by its single thread being busy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatherConfig {
    /// Ready batches that are enough; 1 never waits. Default: 8.
    pub batches: u32,
    /// Batches that come at longer intervals are not waited for. Default: 100 µs.
    pub interval: Duration,
    /// The longest wait. Default: 1 ms.
    pub patience: Duration,
}

impl Default for GatherConfig {
    fn default() -> Self {
        GatherConfig { batches: 8, interval: Duration::from_micros(100), patience: Duration::from_millis(1) }
    }
}

impl Default for SenderConfig {
    fn default() -> Self {
        SenderConfig {
            acks: Acks::All,
            max_request_size: 1024 * 1024,
            max_in_flight: 5,
            retries: i32::MAX as u32,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            request_timeout: Duration::from_secs(30),
            delivery_timeout: Duration::from_secs(120),
            linger: Duration::from_millis(5),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            connection_setup_timeout: Duration::from_secs(10),
            connection_setup_timeout_max: Duration::from_secs(30),
            connections_max_idle: Duration::from_secs(540),
            availability_timeout: Duration::ZERO,
            gather: GatherConfig::default(),
        }
    }
}
