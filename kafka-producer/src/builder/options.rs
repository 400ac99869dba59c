//! The builder's typed settings, one per property.

use super::ProducerBuilder;
use crate::OnFull;
use kafka_types::{Acks, Compression};
use std::time::Duration;

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// Where to ask for the cluster first: `host:port`, commas between several. Required. Kafka's
    /// `bootstrap.servers`.
    ///
    /// Two or three are enough: the other brokers are learned from them. Names are looked up with each connection, in
    /// the background, so that one that does not resolve does no harm as long as another does.
    pub fn bootstrap_servers(self, servers: impl AsRef<str>) -> Self {
        self.property("bootstrap.servers", servers)
    }

    /// How batches are compressed, with the codec's level. Default: not at all. Kafka's `compression.type` and
    /// `compression.*.level`.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings.codec = Some(compression.codec());
        self.problems.remove("compression.type");
        match compression {
            Compression::Gzip(level) => {
                self.settings.gzip_level = Some(level);
                self.problems.remove("compression.gzip.level");
            }
            Compression::Lz4(level) => {
                self.settings.lz4_level = Some(level);
                self.problems.remove("compression.lz4.level");
            }
            Compression::Zstd(level) => {
                self.settings.zstd_level = Some(level);
                self.problems.remove("compression.zstd.level");
            }
            Compression::None | Compression::Snappy => {}
        }
        self
    }

    /// The name of this client in the brokers' logs, metrics and quotas. Default: `producer-<n>`. Kafka's
    /// `client.id`.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings.client_id = Some(client_id.into());
        self.problems.remove("client.id");
        self
    }

    /// How many replicas must have a record before it is acknowledged. Default: all; fewer switch idempotence
    /// off. Kafka's `acks`.
    pub fn acks(mut self, acks: Acks) -> Self {
        self.settings.acks = Some(acks);
        self.problems.remove("acks");
        self
    }

    /// Whether brokers drop duplicates and keep order across retries (KIP-98). Default: on. Needs `acks` all,
    /// `retries` above 0 and at most five requests in flight. Kafka's `enable.idempotence`.
    pub fn idempotence(mut self, idempotence: bool) -> Self {
        self.settings.idempotence = Some(idempotence);
        self.problems.remove("enable.idempotence");
        self
    }

    /// How often a request that failed for the time being is sent again. Default: without limit, within
    /// [`delivery_timeout`](Self::delivery_timeout). 0 switches idempotence off. Kafka's `retries`.
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = Some(retries);
        self.problems.remove("retries");
        self
    }

    /// Unanswered requests per connection. At least 1, default 5; at most 5 with idempotence. Kafka's
    /// `max.in.flight.requests.per.connection`.
    pub fn max_in_flight(mut self, max_in_flight: usize) -> Self {
        self.settings.max_in_flight = Some(max_in_flight);
        self.problems.remove("max.in.flight.requests.per.connection");
        self
    }

    /// How long a batch waits for more records. Default 5 ms; zero sends at once. A full batch never waits.
    /// Kafka's `linger.ms`.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = Some(linger);
        self.problems.remove("linger.ms");
        self
    }

    /// Bytes of a batch before compression at which it is full. Default 16384. A greater record has a batch of
    /// its own. Kafka's `batch.size`.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.settings.batch_size = Some(batch_size);
        self.problems.remove("batch.size");
        self
    }

    /// Bytes for all records that are not yet acknowledged. Default 32 MiB; when they are spent, sends wait up
    /// to [`max_block`](Self::max_block). Where partitions have several leaders, the records for one of them take at most
    /// four fifths: one that is gone leaves the rest to the others. Kafka's `buffer.memory`.
    pub fn buffer_memory(mut self, buffer_memory: usize) -> Self {
        self.settings.buffer_memory = Some(buffer_memory);
        self.problems.remove("buffer.memory");
        self
    }

    /// What a send does when [`buffer_memory`](Self::buffer_memory) is spent: wait for room, which is the default, or fail at once.
    pub fn on_full(mut self, on_full: OnFull) -> Self {
        self.settings.on_full = on_full;
        self
    }

    /// The greatest request in bytes, and the greatest record before compression. Default 1 MiB. Kafka's
    /// `max.request.size`.
    pub fn max_request_size(mut self, max_request_size: usize) -> Self {
        self.settings.max_request_size = Some(max_request_size);
        self.problems.remove("max.request.size");
        self
    }

    /// How long a send may wait for metadata and memory together. Default 60 s. Kafka's `max.block.ms`.
    pub fn max_block(mut self, max_block: Duration) -> Self {
        self.settings.max_block = Some(max_block);
        self.problems.remove("max.block.ms");
        self
    }

    /// How long one request may take. Default 30 s. Kafka's `request.timeout.ms`.
    pub fn request_timeout(mut self, request_timeout: Duration) -> Self {
        self.settings.request_timeout = Some(request_timeout);
        self.problems.remove("request.timeout.ms");
        self
    }

    /// How long a record may take from the send to its outcome, retries included. Default 120 s; at least
    /// [`linger`](Self::linger) plus [`request_timeout`](Self::request_timeout). Kafka's `delivery.timeout.ms`.
    pub fn delivery_timeout(mut self, delivery_timeout: Duration) -> Self {
        self.settings.delivery_timeout = Some(delivery_timeout);
        self.problems.remove("delivery.timeout.ms");
        self
    }

    /// The wait before the first retry; it doubles up to [`retry_backoff_max`](Self::retry_backoff_max).
    /// Default 100 ms. Kafka's `retry.backoff.ms`.
    pub fn retry_backoff(mut self, retry_backoff: Duration) -> Self {
        self.settings.retry_backoff = Some(retry_backoff);
        self.problems.remove("retry.backoff.ms");
        self
    }

    /// The longest wait before a retry. Default 1 s. Kafka's `retry.backoff.max.ms`.
    pub fn retry_backoff_max(mut self, retry_backoff_max: Duration) -> Self {
        self.settings.retry_backoff_max = Some(retry_backoff_max);
        self.problems.remove("retry.backoff.max.ms");
        self
    }

    /// The wait before a broker is connected to again; it doubles up to
    /// [`reconnect_backoff_max`](Self::reconnect_backoff_max). Default 50 ms. Kafka's `reconnect.backoff.ms`.
    pub fn reconnect_backoff(mut self, reconnect_backoff: Duration) -> Self {
        self.settings.reconnect_backoff = Some(reconnect_backoff);
        self.problems.remove("reconnect.backoff.ms");
        self
    }

    /// The longest wait before a reconnect. Default 1 s, or [`reconnect_backoff`](Self::reconnect_backoff) if
    /// only that is set. Kafka's `reconnect.backoff.max.ms`.
    pub fn reconnect_backoff_max(mut self, reconnect_backoff_max: Duration) -> Self {
        self.settings.reconnect_backoff_max = Some(reconnect_backoff_max);
        self.problems.remove("reconnect.backoff.max.ms");
        self
    }

    /// How long a connection may take until it is usable; it doubles with each failure. Default 10 s. Kafka's
    /// `socket.connection.setup.timeout.ms`.
    pub fn connection_setup_timeout(mut self, connection_setup_timeout: Duration) -> Self {
        self.settings.connection_setup_timeout = Some(connection_setup_timeout);
        self.problems.remove("socket.connection.setup.timeout.ms");
        self
    }

    /// The longest that a connection may take until it is usable. Default 30 s. Kafka's
    /// `socket.connection.setup.timeout.max.ms`.
    pub fn connection_setup_timeout_max(mut self, connection_setup_timeout_max: Duration) -> Self {
        self.settings.connection_setup_timeout_max = Some(connection_setup_timeout_max);
        self.problems.remove("socket.connection.setup.timeout.max.ms");
        self
    }

    /// How long an unused connection stays open; [`Duration::MAX`] is for ever. Default 9 minutes. Kafka's
    /// `connections.max.idle.ms`.
    pub fn connections_max_idle(mut self, connections_max_idle: Duration) -> Self {
        self.settings.connections_max_idle = Some(connections_max_idle);
        self.problems.remove("connections.max.idle.ms");
        self
    }

    /// How old metadata may get before it is fetched again. Default 5 minutes. Kafka's `metadata.max.age.ms`.
    pub fn metadata_max_age(mut self, metadata_max_age: Duration) -> Self {
        self.settings.metadata_max_age = Some(metadata_max_age);
        self.problems.remove("metadata.max.age.ms");
        self
    }

    /// How long a topic that nothing is sent to stays in the metadata. At least 5 s, default 5 minutes. Kafka's
    /// `metadata.max.idle.ms`.
    pub fn metadata_max_idle(mut self, metadata_max_idle: Duration) -> Self {
        self.settings.metadata_max_idle = Some(metadata_max_idle);
        self.problems.remove("metadata.max.idle.ms");
        self
    }

    /// Whether to start over from the bootstrap servers when every known broker is out of reach (KIP-899).
    /// Default: yes. Kafka's `metadata.recovery.strategy`.
    pub fn metadata_rebootstrap(mut self, metadata_rebootstrap: bool) -> Self {
        self.settings.metadata_rebootstrap = Some(metadata_rebootstrap);
        self.problems.remove("metadata.recovery.strategy");
        self
    }

    /// How long metadata may be out of reach before starting over (KIP-1102). Default 5 minutes. Kafka's
    /// `metadata.recovery.rebootstrap.trigger.ms`.
    pub fn metadata_rebootstrap_trigger(mut self, metadata_rebootstrap_trigger: Duration) -> Self {
        self.settings.metadata_rebootstrap_trigger = Some(metadata_rebootstrap_trigger);
        self.problems.remove("metadata.recovery.rebootstrap.trigger.ms");
        self
    }

    /// The socket's send buffer in bytes; `None` leaves it to the system. Default 131072. Kafka's
    /// `send.buffer.bytes`.
    pub fn send_buffer(mut self, send_buffer: Option<usize>) -> Self {
        self.settings.send_buffer = Some(send_buffer);
        self.problems.remove("send.buffer.bytes");
        self
    }

    /// The socket's receive buffer in bytes; `None` leaves it to the system. Default 32768. Kafka's
    /// `receive.buffer.bytes`.
    pub fn receive_buffer(mut self, receive_buffer: Option<usize>) -> Self {
        self.settings.receive_buffer = Some(receive_buffer);
        self.problems.remove("receive.buffer.bytes");
        self
    }

    /// Whether records with keys are spread like those without. Default: no. Kafka's `partitioner.ignore.keys`.
    pub fn partitioner_ignore_keys(mut self, partitioner_ignore_keys: bool) -> Self {
        self.settings.partitioner_ignore_keys = Some(partitioner_ignore_keys);
        self.problems.remove("partitioner.ignore.keys");
        self
    }

    /// Whether keyless records prefer partitions whose brokers keep up (KIP-794). Default: yes. Kafka's
    /// `partitioner.adaptive.partitioning.enable`.
    pub fn partitioner_adaptive(mut self, partitioner_adaptive: bool) -> Self {
        self.settings.partitioner_adaptive = Some(partitioner_adaptive);
        self.problems.remove("partitioner.adaptive.partitioning.enable");
        self
    }

    /// After how long keyless records keep away from a broker that can't take what is ready for it, until it does (KIP-794). Zero, the
    /// default, is never. It counts with [`partitioner_adaptive`](Self::partitioner_adaptive). Kafka's
    /// `partitioner.availability.timeout.ms`.
    pub fn partitioner_availability_timeout(mut self, partitioner_availability_timeout: Duration) -> Self {
        self.settings.partitioner_availability_timeout = Some(partitioner_availability_timeout);
        self.problems.remove("partitioner.availability.timeout.ms");
        self
    }

    /// Whether keyless records prefer partitions whose leader is in [`client_rack`](Self::client_rack) (KIP-1123).
    /// Default: no. Kafka's `partitioner.rack.aware`.
    pub fn partitioner_rack_aware(mut self, partitioner_rack_aware: bool) -> Self {
        self.settings.partitioner_rack_aware = Some(partitioner_rack_aware);
        self.problems.remove("partitioner.rack.aware");
        self
    }

    /// The rack, or availability zone, that this client is in, as brokers name theirs. Kafka's `client.rack`.
    pub fn client_rack(mut self, client_rack: impl Into<String>) -> Self {
        self.settings.client_rack = Some(client_rack.into());
        self.problems.remove("client.rack");
        self
    }

    /// Makes it a producer for transactions, to be built with [`build_transactional`](Self::build_transactional). The name is the
    /// same after a restart, so that the new program fences the old one, and no other producer's. Kafka's
    /// `transactional.id`.
    pub fn transactional_id(mut self, transactional_id: impl Into<String>) -> Self {
        self.settings.transactional_id = Some(transactional_id.into());
        self.problems.remove("transactional.id");
        self
    }

    /// How long a transaction may be open until the cluster aborts it; brokers have a maximum of their own, 15 minutes unless
    /// configured otherwise. Default 60 s. Kafka's `transaction.timeout.ms`.
    pub fn transaction_timeout(mut self, transaction_timeout: Duration) -> Self {
        self.settings.transaction_timeout = Some(transaction_timeout);
        self.problems.remove("transaction.timeout.ms");
        self
    }

    /// Opens connections with `connector` instead of plain TCP: a proxy, or a test's own network. TLS, if
    /// [`security_protocol`](Self::security_protocol) has it, is spoken over its streams.
    #[cfg(feature = "driver")]
    pub fn connector(mut self, connector: impl kafka_network::Connector + 'static) -> Self {
        self.connector = Some(std::sync::Arc::new(connector));
        self
    }

    /// Runs the driver on this runtime instead of a thread of its own. The runtime needs its I/O and time drivers.
    ///
    /// If it shuts down before the producer is closed, every record without an outcome fails, and so does every
    /// later call.
    #[cfg(feature = "driver")]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }
}
