//! The properties that are served.

use super::value::{
    Expected, boolean, count, double, int, int_millis, list, long, long_millis, long_millis_or_never, one_of,
    optional, seconds, secret, socket_buffer, text,
};
use crate::config::security::RETRIEVERS;
use crate::config::{PartitionerChoice, Settings};
use kafka_network::SecurityProtocol;
use kafka_partitioner::HashedBy;
use kafka_types::{Acks, Compression, GzipLevel, Lz4Level, ZstdLevel};

pub(super) struct Property {
    pub(super) name: &'static str,
    /// Puts a trimmed value into its field, or says what was expected.
    pub(super) set: fn(&mut Settings, &str) -> Result<(), Expected>,
}

macro_rules! properties {
    ($($name:literal => $($field:ident).+, $value:ident => $parsed:expr;)*) => {
        &[$(Property {
            name: $name,
            set: |settings, $value| {
                settings.$($field).+ = Some($parsed?);
                Ok(())
            },
        },)*]
    };
}

/// In alphabetical order.
pub(super) static TABLE: &[Property] = properties! {
    "acks" => acks, v => v.parse::<Acks>().map_err(|_| "all, -1, 0 or 1".to_owned());
    "batch.size" => batch_size, v => count(v, 0);
    "bootstrap.servers" => bootstrap_servers, v => Ok::<_, Expected>(list(v));
    "buffer.memory" => buffer_memory, v => bytes(v);
    "client.id" => client_id, v => Ok::<_, Expected>(v.to_owned());
    "client.rack" => client_rack, v => Ok::<_, Expected>(v.to_owned());
    "compression.gzip.level" => gzip_level, v => gzip_level(v);
    "compression.lz4.level" => lz4_level, v => lz4_level(v);
    "compression.type" => codec, v => v
        .parse::<Compression>()
        .map(Compression::codec)
        .map_err(|_| "none, gzip, snappy, lz4 or zstd".to_owned());
    "compression.zstd.level" => zstd_level, v => zstd_level(v);
    "connections.max.idle.ms" => connections_max_idle, v => long_millis_or_never(v);
    "delivery.timeout.ms" => delivery_timeout, v => int_millis(v);
    "enable.idempotence" => idempotence, v => boolean(v);
    "linger.ms" => linger, v => long_millis(v, 0);
    "max.block.ms" => max_block, v => long_millis(v, 0);
    "max.in.flight.requests.per.connection" => max_in_flight, v => count(v, 1);
    "max.request.size" => max_request_size, v => count(v, 0);
    "metadata.max.age.ms" => metadata_max_age, v => long_millis(v, 0);
    "metadata.max.idle.ms" => metadata_max_idle, v => long_millis(v, 5000);
    "metadata.recovery.rebootstrap.trigger.ms" => metadata_rebootstrap_trigger, v => long_millis(v, 0);
    "metadata.recovery.strategy" => metadata_rebootstrap, v => recovery_strategy(v);
    "partitioner.adaptive.partitioning.enable" => partitioner_adaptive, v => boolean(v);
    "partitioner.availability.timeout.ms" => partitioner_availability_timeout, v => long_millis(v, 0);
    "partitioner.class" => partitioner, v => partitioner_class(v);
    "partitioner.ignore.keys" => partitioner_ignore_keys, v => boolean(v);
    "partitioner.rack.aware" => partitioner_rack_aware, v => boolean(v);
    "receive.buffer.bytes" => receive_buffer, v => socket_buffer(v);
    "reconnect.backoff.max.ms" => reconnect_backoff_max, v => long_millis(v, 0);
    "reconnect.backoff.ms" => reconnect_backoff, v => long_millis(v, 0);
    "request.timeout.ms" => request_timeout, v => int_millis(v);
    "retries" => retries, v => int(v, 0..=i32::MAX).map(i32::unsigned_abs);
    "retry.backoff.max.ms" => retry_backoff_max, v => long_millis(v, 0);
    "retry.backoff.ms" => retry_backoff, v => long_millis(v, 0);
    "sasl.jaas.config" => security.jaas, v => secret(v);
    "sasl.login.connect.timeout.ms" => security.oauth.connect_timeout, v => optional(v, int_millis);
    "sasl.login.read.timeout.ms" => security.oauth.read_timeout, v => optional(v, int_millis);
    "sasl.login.refresh.buffer.seconds" => security.oauth.refresh_buffer, v => seconds(v, 0..=3600);
    "sasl.login.refresh.min.period.seconds" => security.oauth.refresh_min_period, v => seconds(v, 0..=900);
    "sasl.login.refresh.window.factor" => security.oauth.refresh_factor, v => double(v, 0.5..=1.0);
    "sasl.login.refresh.window.jitter" => security.oauth.refresh_jitter, v => double(v, 0.0..=0.25);
    "sasl.login.retry.backoff.max.ms" => security.oauth.retry_backoff_max, v => long_millis(v, 0);
    "sasl.login.retry.backoff.ms" => security.oauth.retry_backoff, v => long_millis(v, 0);
    "sasl.mechanism" => security.mechanism, v => text(v);
    "sasl.oauthbearer.assertion.algorithm" => security.oauth.assertion_algorithm, v =>
        one_of(v, &["RS256", "ES256"], "RS256 or ES256");
    "sasl.oauthbearer.assertion.claim.aud" => security.oauth.assertion_audience, v => text(v);
    "sasl.oauthbearer.assertion.claim.exp.seconds" => security.oauth.assertion_expires, v => seconds(v, 0..=86400);
    "sasl.oauthbearer.assertion.claim.iss" => security.oauth.assertion_issuer, v => text(v);
    "sasl.oauthbearer.assertion.claim.jti.include" => security.oauth.assertion_id, v => boolean(v);
    "sasl.oauthbearer.assertion.claim.nbf.seconds" => security.oauth.assertion_not_before, v => seconds(v, 0..=3600);
    "sasl.oauthbearer.assertion.claim.sub" => security.oauth.assertion_subject, v => text(v);
    "sasl.oauthbearer.assertion.file" => security.oauth.assertion_file, v => text(v);
    "sasl.oauthbearer.assertion.private.key.file" => security.oauth.assertion_key_file, v => text(v);
    "sasl.oauthbearer.assertion.private.key.passphrase" => security.oauth.assertion_passphrase, v => secret(v);
    "sasl.oauthbearer.assertion.template.file" => security.oauth.assertion_template, v => text(v);
    "sasl.oauthbearer.client.credentials.client.id" => security.oauth.client_id, v => text(v);
    "sasl.oauthbearer.client.credentials.client.secret" => security.oauth.client_secret, v => secret(v);
    "sasl.oauthbearer.header.urlencode" => security.oauth.urlencode, v => boolean(v);
    "sasl.oauthbearer.jwt.retriever.class" => security.oauth.retriever, v => retriever(v);
    "sasl.oauthbearer.scope" => security.oauth.scope, v => text(v);
    "sasl.oauthbearer.token.endpoint.url" => security.oauth.token_endpoint_url, v => text(v);
    "sasl.password" => security.password, v => secret(v);
    "sasl.username" => security.username, v => text(v);
    "security.protocol" => security.protocol, v => v
        .parse::<SecurityProtocol>()
        .map_err(|_| "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL".to_owned());
    "send.buffer.bytes" => send_buffer, v => socket_buffer(v);
    "socket.connection.setup.timeout.max.ms" => connection_setup_timeout_max, v => long_millis(v, 0);
    "socket.connection.setup.timeout.ms" => connection_setup_timeout, v => long_millis(v, 0);
    "ssl.cipher.suites" => security.ssl.cipher_suites, v => Ok::<_, Expected>(list(v));
    "ssl.enabled.protocols" => security.ssl.enabled_protocols, v => Ok::<_, Expected>(list(v));
    "ssl.endpoint.identification.algorithm" => security.ssl.verify_host_name, v => host_name_check(v);
    "ssl.key.password" => security.ssl.key_password, v => secret(v);
    "ssl.keystore.certificate.chain" => security.ssl.keystore_certificate_chain, v => secret(v);
    "ssl.keystore.key" => security.ssl.keystore_key, v => secret(v);
    "ssl.keystore.location" => security.ssl.keystore_location, v => text(v);
    "ssl.keystore.password" => security.ssl.keystore_password, v => secret(v);
    "ssl.keystore.type" => security.ssl.keystore_type, v => one_of(v, STORES, "JKS, PKCS12 or PEM");
    "ssl.protocol" => security.ssl.protocol, v => one_of(v, &["TLSv1.3", "TLSv1.2", "TLS"], "TLSv1.3, TLSv1.2 or TLS");
    "ssl.truststore.certificates" => security.ssl.truststore_certificates, v => secret(v);
    "ssl.truststore.location" => security.ssl.truststore_location, v => text(v);
    "ssl.truststore.password" => security.ssl.truststore_password, v => secret(v);
    "ssl.truststore.type" => security.ssl.truststore_type, v => one_of(v, STORES, "JKS, PKCS12 or PEM");
    "transaction.timeout.ms" => transaction_timeout, v => int_millis(v);
    "transactional.id" => transactional_id, v => Ok::<_, Expected>(v.to_owned());
};

/// Formats of key stores.
const STORES: &[&str] = &["JKS", "PKCS12", "PEM"];

fn retriever(value: &str) -> Result<String, Expected> {
    let class = value.rsplit('.').next().unwrap_or_default();
    if RETRIEVERS.contains(&class) {
        return Ok(value.to_owned());
    }
    Err("DefaultJwtRetriever, ClientCredentialsJwtRetriever, JwtBearerJwtRetriever or FileJwtRetriever, with or without \
         its package: a Rust program passes its own Login with the builder's `login`"
        .to_owned())
}

/// True for `https`.
fn host_name_check(value: &str) -> Result<bool, Expected> {
    match value.to_ascii_lowercase().as_str() {
        "https" => Ok(true),
        "" => Ok(false),
        _ => Err("https, or nothing".to_owned()),
    }
}

/// A `LONG` of bytes; what does not fit this machine's memory at all is as good as its greatest size.
fn bytes(value: &str) -> Result<usize, Expected> {
    let number = long(value, 0..=i64::MAX)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn gzip_level(value: &str) -> Result<GzipLevel, Expected> {
    level(value, GzipLevel::new, "a whole number from 1 to 9, or -1")
}

fn lz4_level(value: &str) -> Result<Lz4Level, Expected> {
    level(value, Lz4Level::new, "a whole number from 1 to 17")
}

fn zstd_level(value: &str) -> Result<ZstdLevel, Expected> {
    level(value, ZstdLevel::new, "a whole number from -131072 to 22")
}

fn level<L, E>(value: &str, new: fn(i32) -> Result<L, E>, expected: &str) -> Result<L, Expected> {
    value.parse::<i32>().ok().and_then(|number| new(number).ok()).ok_or_else(|| expected.to_owned())
}

/// True to start over from `bootstrap.servers`.
fn recovery_strategy(value: &str) -> Result<bool, Expected> {
    match value.to_ascii_lowercase().as_str() {
        "rebootstrap" => Ok(true),
        "none" => Ok(false),
        _ => Err("rebootstrap or none".to_owned()),
    }
}

/// The partitioners that Kafka itself ships and this producer has too, and librdkafka's.
fn partitioner_class(value: &str) -> Result<PartitionerChoice, Expected> {
    match (value, value.parse()) {
        ("", _) => Ok(PartitionerChoice::BuiltIn),
        ("org.apache.kafka.clients.producer.RoundRobinPartitioner", _) => Ok(PartitionerChoice::RoundRobin),
        (_, Ok(hashed_by)) => Ok(PartitionerChoice::Librdkafka(hashed_by)),
        _ => Err(format!(
            "nothing, org.apache.kafka.clients.producer.RoundRobinPartitioner, or librdkafka's {}: a Rust program \
             passes its own with the builder's `partitioner`",
            HashedBy::ALL.map(HashedBy::name).join(", ")
        )),
    }
}
