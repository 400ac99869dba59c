//! The properties of the Java producer that are not served: which values change nothing and are taken, and why any
//! other is refused.

use crate::config::{Notice, Problem};

pub(super) struct Refusal {
    pub(super) name: &'static str,
    /// Values that say what this producer does anyway, compared without case.
    accepted: &'static [&'static str],
    reason: &'static str,
}

impl Refusal {
    /// Takes a value that changes nothing.
    ///
    /// # Errors
    /// Names the property and the reason, never the value: some of these hold secrets.
    pub(super) fn judge(&self, value: &str, notices: &mut Vec<Notice>) -> Result<(), Problem> {
        if self.accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(value)) {
            if self.reason == SERIALIZER {
                notices.push(Notice::info(format!("{} is ignored: {SERIALIZER}", self.name)));
            }
            return Ok(());
        }
        let mut message = format!("not served: {}", self.reason);
        if let [first, ..] = self.accepted {
            let first = if first.is_empty() { "an empty value" } else { first };
            message = format!("{message} (accepted: {first})");
        }
        Err(Problem::new(self.name, message))
    }
}

const SERIALIZER: &str =
    "a Rust program passes its own Serializer to the builder; without one, bytes and text go as they are";
const SASL: &str = "SASL authentication is not served yet; only security.protocol=PLAINTEXT is";
const TLS: &str = "TLS is not served yet; only security.protocol=PLAINTEXT is";
const TRANSACTIONS: &str = "transactions are not served yet";
const METRICS: &str = "metrics are not served yet";
const JAVA_CLASS: &str = "it names Java classes, which a Rust program cannot load";

const fn refuse(name: &'static str, reason: &'static str) -> Refusal {
    Refusal { name, accepted: &[], reason }
}

const fn accept(name: &'static str, accepted: &'static [&'static str], reason: &'static str) -> Refusal {
    Refusal { name, accepted, reason }
}

/// Serializers of Kafka's own whose effect is the default here.
const PLAIN_SERIALIZERS: &[&str] = &[
    "org.apache.kafka.common.serialization.ByteArraySerializer",
    "org.apache.kafka.common.serialization.StringSerializer",
];

/// In alphabetical order.
pub(super) static TABLE: &[Refusal] = &[
    accept("bootstrap.resolve.timeout.ms", &["0"], "names resolve in the background, with each connection"),
    accept("buffer.memory.allocation.strategy", &["incremental"], "memory is always taken as records arrive"),
    accept(
        "client.dns.lookup",
        &["use_all_dns_ips"],
        "all addresses of a name are tried, whatever this says",
    ),
    accept("config.providers", &[""], JAVA_CLASS),
    accept("enable.metrics.push", &["false"], "pushing client metrics to brokers is not served yet"),
    accept(
        "interceptor.classes",
        &[""],
        "a Rust program passes its interceptors with the builder's `interceptor`",
    ),
    accept("key.serializer", PLAIN_SERIALIZERS, SERIALIZER),
    accept("metadata.cluster.check.enable", &["false"], "checking the cluster's identity is not served yet"),
    accept("metric.reporters", &[""], JAVA_CLASS),
    refuse("metrics.num.samples", METRICS),
    refuse("metrics.recording.level", METRICS),
    refuse("metrics.sample.window.ms", METRICS),
    accept(
        "partitioner.availability.timeout.ms",
        &["0"],
        "leaving out partitions of slow brokers by time is not served yet",
    ),
    refuse("sasl.client.callback.handler.class", SASL),
    refuse("sasl.jaas.config", SASL),
    refuse("sasl.kerberos.kinit.cmd", SASL),
    refuse("sasl.kerberos.min.time.before.relogin", SASL),
    refuse("sasl.kerberos.service.name", SASL),
    refuse("sasl.kerberos.ticket.renew.jitter", SASL),
    refuse("sasl.kerberos.ticket.renew.window.factor", SASL),
    refuse("sasl.login.callback.handler.class", SASL),
    refuse("sasl.login.class", SASL),
    refuse("sasl.login.connect.timeout.ms", SASL),
    refuse("sasl.login.read.timeout.ms", SASL),
    refuse("sasl.login.refresh.buffer.seconds", SASL),
    refuse("sasl.login.refresh.min.period.seconds", SASL),
    refuse("sasl.login.refresh.window.factor", SASL),
    refuse("sasl.login.refresh.window.jitter", SASL),
    refuse("sasl.login.retry.backoff.max.ms", SASL),
    refuse("sasl.login.retry.backoff.ms", SASL),
    refuse("sasl.mechanism", SASL),
    refuse("sasl.oauthbearer.allow.unverified.audience", SASL),
    refuse("sasl.oauthbearer.allow.unverified.issuer", SASL),
    refuse("sasl.oauthbearer.assertion.algorithm", SASL),
    refuse("sasl.oauthbearer.assertion.claim.aud", SASL),
    refuse("sasl.oauthbearer.assertion.claim.exp.seconds", SASL),
    refuse("sasl.oauthbearer.assertion.claim.iss", SASL),
    refuse("sasl.oauthbearer.assertion.claim.jti.include", SASL),
    refuse("sasl.oauthbearer.assertion.claim.nbf.seconds", SASL),
    refuse("sasl.oauthbearer.assertion.claim.sub", SASL),
    refuse("sasl.oauthbearer.assertion.file", SASL),
    refuse("sasl.oauthbearer.assertion.private.key.file", SASL),
    refuse("sasl.oauthbearer.assertion.private.key.passphrase", SASL),
    refuse("sasl.oauthbearer.assertion.template.file", SASL),
    refuse("sasl.oauthbearer.client.credentials.client.id", SASL),
    refuse("sasl.oauthbearer.client.credentials.client.secret", SASL),
    refuse("sasl.oauthbearer.clock.skew.seconds", SASL),
    refuse("sasl.oauthbearer.expected.audience", SASL),
    refuse("sasl.oauthbearer.expected.issuer", SASL),
    refuse("sasl.oauthbearer.header.urlencode", SASL),
    refuse("sasl.oauthbearer.jwks.endpoint.refresh.ms", SASL),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", SASL),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", SASL),
    refuse("sasl.oauthbearer.jwks.endpoint.url", SASL),
    refuse("sasl.oauthbearer.jwt.retriever.class", SASL),
    refuse("sasl.oauthbearer.jwt.validator.class", SASL),
    refuse("sasl.oauthbearer.scope", SASL),
    refuse("sasl.oauthbearer.scope.claim.name", SASL),
    refuse("sasl.oauthbearer.sub.claim.name", SASL),
    refuse("sasl.oauthbearer.token.endpoint.url", SASL),
    accept("security.protocol", &["PLAINTEXT"], "TLS and SASL are not served yet"),
    accept("security.providers", &[""], JAVA_CLASS),
    refuse("ssl.cipher.suites", TLS),
    refuse("ssl.enabled.protocols", TLS),
    refuse("ssl.endpoint.identification.algorithm", TLS),
    refuse("ssl.engine.factory.class", TLS),
    refuse("ssl.key.password", TLS),
    refuse("ssl.keymanager.algorithm", TLS),
    refuse("ssl.keystore.certificate.chain", TLS),
    refuse("ssl.keystore.key", TLS),
    refuse("ssl.keystore.location", TLS),
    refuse("ssl.keystore.password", TLS),
    refuse("ssl.keystore.type", TLS),
    refuse("ssl.protocol", TLS),
    refuse("ssl.provider", TLS),
    refuse("ssl.secure.random.implementation", TLS),
    refuse("ssl.trustmanager.algorithm", TLS),
    refuse("ssl.truststore.certificates", TLS),
    refuse("ssl.truststore.location", TLS),
    refuse("ssl.truststore.password", TLS),
    refuse("ssl.truststore.type", TLS),
    refuse("transaction.timeout.ms", TRANSACTIONS),
    accept("transaction.two.phase.commit.enable", &["false"], TRANSACTIONS),
    refuse("transactional.id", TRANSACTIONS),
    accept("value.serializer", PLAIN_SERIALIZERS, SERIALIZER),
];
