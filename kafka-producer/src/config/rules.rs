//! From what was said to what holds: defaults, and the rules between properties (Kafka's `ProducerConfig`).

use super::bootstrap;
use super::{Notice, Problem, ProducerConfig, Settings};
use kafka_types::{Acks, BrokerAddress, Codec, Compression};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The greatest `INT` of a Java configuration, as milliseconds: some sums are capped there.
const INT_MAX_MILLIS: Duration = Duration::from_millis(i32::MAX as u64);
/// Brokers remember the last five batches of a producer per partition: more in flight could not be told apart.
const MAX_IN_FLIGHT_WITH_IDEMPOTENCE: usize = 5;

/// Numbers producers without a `client.id`, from 1, over the whole process as Kafka does.
static NEXT_CLIENT: AtomicU64 = AtomicU64::new(1);

impl Settings {
    /// Completes the settings, appending what was adjusted to `notices`.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first thing.
    pub(crate) fn resolve(&self, notices: &mut Vec<Notice>) -> Result<ProducerConfig, Vec<Problem>> {
        let mut problems = Vec::new();
        let bootstrap_servers = self.resolve_bootstrap(notices, &mut problems);
        let idempotence = self.resolve_idempotence(notices, &mut problems);
        let linger = self.linger.unwrap_or(Duration::from_millis(5)).min(INT_MAX_MILLIS);
        let request_timeout = self.request_timeout.unwrap_or(Duration::from_secs(30));
        let delivery_timeout = self.resolve_delivery_timeout(linger, request_timeout, notices, &mut problems);
        let retry_backoff = self.retry_backoff.unwrap_or(Duration::from_millis(100));
        let retry_backoff_max = self.retry_backoff_max.unwrap_or(Duration::from_secs(1));
        warn_constant(notices, "retry.backoff.ms", retry_backoff, "retry.backoff.max.ms", retry_backoff_max);
        let reconnect_backoff = self.reconnect_backoff.unwrap_or(Duration::from_millis(50));
        let reconnect_backoff_max = match (self.reconnect_backoff_max, self.reconnect_backoff) {
            (Some(max), _) => max,
            // Kafka's rule: who gives only the base wants exactly that, without growth.
            (None, Some(base)) => base,
            (None, None) => Duration::from_secs(1),
        };
        let security = self.security.resolve(notices, &mut problems);
        self.check_typed_ranges(&mut problems);
        let setup_timeout = self.connection_setup_timeout.unwrap_or(Duration::from_secs(10));
        let setup_timeout_max = self.connection_setup_timeout_max.unwrap_or(Duration::from_secs(30));
        warn_constant(
            notices,
            "socket.connection.setup.timeout.ms",
            setup_timeout,
            "socket.connection.setup.timeout.max.ms",
            setup_timeout_max,
        );
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(ProducerConfig {
            bootstrap_servers,
            client_id: self.client_id.clone().unwrap_or_else(|| match &self.transactional_id {
                Some(id) => format!("producer-{id}"),
                None => next_client_id(),
            }),
            acks: self.acks.unwrap_or_default(),
            idempotence,
            retries: self.retries.unwrap_or(i32::MAX as u32),
            max_in_flight: self.max_in_flight.unwrap_or(5),
            linger,
            batch_size: self.batch_size.unwrap_or(16_384).max(1),
            buffer_memory: self.buffer_memory.unwrap_or(33_554_432),
            on_full: self.on_full,
            max_request_size: self.max_request_size.unwrap_or(1_048_576),
            max_block: self.max_block.unwrap_or(Duration::from_secs(60)),
            request_timeout,
            delivery_timeout,
            retry_backoff,
            retry_backoff_max,
            reconnect_backoff,
            reconnect_backoff_max,
            connection_setup_timeout: setup_timeout,
            connection_setup_timeout_max: setup_timeout_max,
            connections_max_idle: self.connections_max_idle.unwrap_or(Duration::from_secs(540)),
            metadata_max_age: self.metadata_max_age.unwrap_or(Duration::from_secs(300)),
            metadata_max_idle: self.metadata_max_idle.unwrap_or(Duration::from_secs(300)),
            metadata_rebootstrap: self.metadata_rebootstrap.unwrap_or(true),
            metadata_rebootstrap_trigger: self
                .metadata_rebootstrap_trigger
                .unwrap_or(Duration::from_secs(300)),
            send_buffer: self.send_buffer.unwrap_or(Some(131_072)),
            receive_buffer: self.receive_buffer.unwrap_or(Some(32_768)),
            compression: self.compression(),
            partitioner_ignore_keys: self.partitioner_ignore_keys.unwrap_or(false),
            partitioner_adaptive: self.partitioner_adaptive.unwrap_or(true),
            partitioner_availability_timeout: self.partitioner_availability_timeout.unwrap_or_default(),
            partitioner_rack_aware: self.partitioner_rack_aware.unwrap_or(false),
            client_rack: self.client_rack.clone().unwrap_or_default(),
            transactional_id: self.transactional_id.clone(),
            transaction_timeout: self.transaction_timeout.unwrap_or(Duration::from_secs(60)),
            security,
            partitioner: self.partitioner.unwrap_or_default(),
        })
    }

    /// Properties are checked as they are read; typed values come here unchecked.
    fn check_typed_ranges(&self, problems: &mut Vec<Problem>) {
        if self.max_in_flight == Some(0) {
            let message = "0 would send nothing: expected at least 1";
            problems.push(Problem::new("max.in.flight.requests.per.connection", message));
        }
        if let Some(idle) = self.metadata_max_idle.filter(|idle| *idle < Duration::from_secs(5)) {
            let message = format!("{} is too short: expected at least 5000", idle.as_millis());
            problems.push(Problem::new("metadata.max.idle.ms", message));
        }
        if self.transactional_id.as_deref() == Some("") {
            let message = "empty: expected a name that is the same after a restart, and no other producer's";
            problems.push(Problem::new("transactional.id", message));
        }
        if self.transaction_timeout == Some(Duration::ZERO) {
            problems.push(Problem::new("transaction.timeout.ms", "0 is no time at all: expected at least 1"));
        }
    }

    fn resolve_bootstrap(
        &self,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Vec<BrokerAddress> {
        const NAME: &str = "bootstrap.servers";
        let Some(entries) = &self.bootstrap_servers else {
            problems.push(Problem::new(NAME, "not set: expected at least one `host:port`"));
            return Vec::new();
        };
        let mut addresses: Vec<BrokerAddress> = Vec::new();
        let mut wrong = false;
        for entry in entries.iter().map(|entry| entry.trim()) {
            if entry.is_empty() {
                notices.push(Notice::warn(format!("{NAME} has an empty entry, which is ignored")));
                continue;
            }
            match bootstrap::parse(entry, self.security.protocol.unwrap_or_default()) {
                Ok(address) if addresses.contains(&address) => {
                    notices.push(Notice::warn(format!("{NAME} names {address} twice; once is enough")));
                }
                Ok(address) => addresses.push(address),
                Err(reason) => {
                    wrong = true;
                    problems.push(Problem::new(NAME, format!("the entry {reason}")));
                }
            }
        }
        if addresses.is_empty() && !wrong {
            problems.push(Problem::new(NAME, "empty: expected at least one `host:port`"));
        }
        addresses
    }

    fn resolve_idempotence(&self, notices: &mut Vec<Notice>, problems: &mut Vec<Problem>) -> bool {
        const NAME: &str = "enable.idempotence";
        // A transaction without idempotence would have doubles in it.
        let asked = self.idempotence.or(self.transactional_id.as_ref().map(|_| true));
        if asked == Some(false) {
            if self.transactional_id.is_some() {
                problems
                    .push(Problem::new(NAME, "false does not go with transactional.id: remove one of them"));
            }
            return false;
        }
        let mut enabled = true;
        let mut conflict = |other: String| {
            if asked == Some(true) {
                problems.push(Problem::new(NAME, format!("true needs {other}")));
            } else {
                notices.push(Notice::info(format!("{NAME} is off, since it needs {other}")));
                enabled = false;
            }
        };
        if self.retries == Some(0) {
            conflict("retries to be greater than 0, and retries=0 was set".to_owned());
        }
        match self.acks {
            None | Some(Acks::All) => {}
            Some(acks) => conflict(format!("acks=all, and acks={acks} was set")),
        }
        // Kafka checks this even when acks or retries have just switched idempotence off.
        if self.max_in_flight.is_some_and(|count| count > MAX_IN_FLIGHT_WITH_IDEMPOTENCE) {
            problems.push(Problem::new(
                "max.in.flight.requests.per.connection",
                format!(
                    "{} is more than {MAX_IN_FLIGHT_WITH_IDEMPOTENCE}, the most that idempotence can order: \
                     lower it, or set {NAME}=false",
                    self.max_in_flight.unwrap_or_default()
                ),
            ));
        }
        enabled
    }

    fn resolve_delivery_timeout(
        &self,
        linger: Duration,
        request_timeout: Duration,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Duration {
        const NAME: &str = "delivery.timeout.ms";
        let least = linger.saturating_add(request_timeout).min(INT_MAX_MILLIS);
        let given = self.delivery_timeout.unwrap_or(Duration::from_secs(120));
        if given >= least {
            return given;
        }
        let sum = format!(
            "linger.ms ({}) + request.timeout.ms ({})",
            linger.as_millis(),
            request_timeout.as_millis()
        );
        if self.delivery_timeout.is_some() {
            let message =
                format!("{} is less than {sum}: raise it, or lower one of those", given.as_millis());
            problems.push(Problem::new(NAME, message));
        } else {
            notices.push(Notice::warn(format!(
                "{NAME} is raised from {} to {}, since it may not be less than {sum}",
                given.as_millis(),
                least.as_millis()
            )));
        }
        least
    }

    fn compression(&self) -> Compression {
        match self.codec.unwrap_or(Codec::NONE) {
            Codec::GZIP => Compression::Gzip(self.gzip_level.unwrap_or_default()),
            Codec::SNAPPY => Compression::Snappy,
            Codec::LZ4 => Compression::Lz4(self.lz4_level.unwrap_or_default()),
            Codec::ZSTD => Compression::Zstd(self.zstd_level.unwrap_or_default()),
            _ => Compression::None,
        }
    }
}

fn warn_constant(notices: &mut Vec<Notice>, base_name: &str, base: Duration, max_name: &str, max: Duration) {
    if base > max {
        notices.push(Notice::warn(format!(
            "{base_name} ({}) is more than {max_name} ({}), so it is always the latter",
            base.as_millis(),
            max.as_millis()
        )));
    }
}

fn next_client_id() -> String {
    format!("producer-{}", NEXT_CLIENT.fetch_add(1, Ordering::Relaxed))
}
