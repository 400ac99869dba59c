//! The properties of the Java producer that are not served: which values change nothing and are taken, and why any
//! other is refused.

use crate::config::{Notice, Problem};

pub(super) struct Refusal {
    pub(super) name: &'static str,
    /// Values that say what this producer does anyway, compared without case.
    pub(super) accepted: &'static [&'static str],
    /// Values that are taken with a notice. Defaults of the Java producer are among them: a configuration that spells its
    /// defaults out means what one without them means.
    pub(super) ignored: &'static [&'static str],
    pub(super) reason: &'static str,
}

impl Refusal {
    /// Takes a value that changes nothing.
    ///
    /// # Errors
    /// Names the property and the reason, never the value: some of these hold secrets.
    pub(super) fn judge(&self, value: &str, notices: &mut Vec<Notice>) -> Result<(), Problem> {
        let is_among = |values: &[&str]| values.iter().any(|known| known.eq_ignore_ascii_case(value));
        if is_among(self.accepted) {
            return Ok(());
        }
        if is_among(self.ignored) {
            notices.push(Notice::info(format!("{}={value} is ignored: {}", self.name, self.reason)));
            return Ok(());
        }
        let mut message = format!("not served: {}", self.reason);
        if let Some(first) = self.accepted.iter().chain(self.ignored).next() {
            let first = if first.is_empty() { "an empty value" } else { first };
            message = format!("{message} (accepted: {first})");
        }
        Err(Problem::new(self.name, message))
    }

    /// Takes a default of Java's for what it is.
    const fn unless(mut self, ignored: &'static [&'static str]) -> Refusal {
        self.ignored = ignored;
        self
    }
}

const SERIALIZER: &str =
    "a Rust program passes its own Serializer to the builder; without one, bytes and text go as they are";
const SASL: &str = "SASL authentication is not served yet; only security.protocol=PLAINTEXT is";
const TLS: &str = "TLS is not served yet; only security.protocol=PLAINTEXT is";
const TWO_PHASE: &str = "no broker serves two-phase commit yet (KIP-939)";
const METRICS: &str = "metrics are not served yet";
const JAVA_CLASS: &str = "it names Java classes, which a Rust program cannot load";

const fn refuse(name: &'static str, reason: &'static str) -> Refusal {
    Refusal { name, accepted: &[], ignored: &[], reason }
}

const fn accept(name: &'static str, accepted: &'static [&'static str], reason: &'static str) -> Refusal {
    Refusal { name, accepted, ignored: &[], reason }
}

/// Serializers of Kafka's own whose effect is the default here.
const PLAIN_SERIALIZERS: &[&str] = &[
    "org.apache.kafka.common.serialization.ByteArraySerializer",
    "org.apache.kafka.common.serialization.StringSerializer",
];

/// In alphabetical order.
pub(super) static TABLE: &[Refusal] = &[
    accept("bootstrap.resolve.timeout.ms", &["0"], "names resolve in the background, with each connection"),
    accept("buffer.memory.allocation.strategy", &["incremental"], "memory is always taken as records arrive")
        .unless(&["full"]),
    accept(
        "client.dns.lookup",
        &["use_all_dns_ips"],
        "all addresses of a name are tried, whatever this says",
    ),
    accept("config.providers", &[""], JAVA_CLASS),
    accept("enable.metrics.push", &["false"], "pushing client metrics to brokers is not served yet")
        .unless(&["true"]),
    accept(
        "interceptor.classes",
        &[""],
        "a Rust program passes its interceptors with the builder's `interceptor`",
    ),
    refuse("key.serializer", SERIALIZER).unless(PLAIN_SERIALIZERS),
    accept("metadata.cluster.check.enable", &["false"], "checking the cluster's identity is not served yet")
        .unless(&["true"]),
    accept("metric.reporters", &[""], JAVA_CLASS).unless(&["org.apache.kafka.common.metrics.JmxReporter"]),
    refuse("metrics.num.samples", METRICS).unless(&["2"]),
    refuse("metrics.recording.level", METRICS).unless(&["INFO"]),
    refuse("metrics.sample.window.ms", METRICS).unless(&["30000"]),
    accept(
        "partitioner.availability.timeout.ms",
        &["0"],
        "leaving out partitions of slow brokers by time is not served yet",
    ),
    refuse("sasl.client.callback.handler.class", SASL),
    refuse("sasl.jaas.config", SASL),
    refuse("sasl.kerberos.kinit.cmd", SASL).unless(&["/usr/bin/kinit"]),
    refuse("sasl.kerberos.min.time.before.relogin", SASL).unless(&["60000"]),
    refuse("sasl.kerberos.service.name", SASL),
    refuse("sasl.kerberos.ticket.renew.jitter", SASL).unless(&["0.05"]),
    refuse("sasl.kerberos.ticket.renew.window.factor", SASL).unless(&["0.8"]),
    refuse("sasl.login.callback.handler.class", SASL),
    refuse("sasl.login.class", SASL),
    refuse("sasl.login.connect.timeout.ms", SASL),
    refuse("sasl.login.read.timeout.ms", SASL),
    refuse("sasl.login.refresh.buffer.seconds", SASL).unless(&["300"]),
    refuse("sasl.login.refresh.min.period.seconds", SASL).unless(&["60"]),
    refuse("sasl.login.refresh.window.factor", SASL).unless(&["0.8"]),
    refuse("sasl.login.refresh.window.jitter", SASL).unless(&["0.05"]),
    refuse("sasl.login.retry.backoff.max.ms", SASL).unless(&["10000"]),
    refuse("sasl.login.retry.backoff.ms", SASL).unless(&["100"]),
    refuse("sasl.mechanism", SASL).unless(&["GSSAPI"]),
    refuse("sasl.oauthbearer.allow.unverified.audience", SASL).unless(&["false"]),
    refuse("sasl.oauthbearer.allow.unverified.issuer", SASL).unless(&["false"]),
    refuse("sasl.oauthbearer.assertion.algorithm", SASL).unless(&["RS256"]),
    refuse("sasl.oauthbearer.assertion.claim.aud", SASL),
    refuse("sasl.oauthbearer.assertion.claim.exp.seconds", SASL).unless(&["300"]),
    refuse("sasl.oauthbearer.assertion.claim.iss", SASL),
    refuse("sasl.oauthbearer.assertion.claim.jti.include", SASL).unless(&["false"]),
    refuse("sasl.oauthbearer.assertion.claim.nbf.seconds", SASL).unless(&["60"]),
    refuse("sasl.oauthbearer.assertion.claim.sub", SASL),
    refuse("sasl.oauthbearer.assertion.file", SASL),
    refuse("sasl.oauthbearer.assertion.private.key.file", SASL),
    refuse("sasl.oauthbearer.assertion.private.key.passphrase", SASL),
    refuse("sasl.oauthbearer.assertion.template.file", SASL),
    refuse("sasl.oauthbearer.client.credentials.client.id", SASL),
    refuse("sasl.oauthbearer.client.credentials.client.secret", SASL),
    refuse("sasl.oauthbearer.clock.skew.seconds", SASL).unless(&["30"]),
    refuse("sasl.oauthbearer.expected.audience", SASL).unless(&[""]),
    refuse("sasl.oauthbearer.expected.issuer", SASL),
    refuse("sasl.oauthbearer.header.urlencode", SASL).unless(&["false"]),
    refuse("sasl.oauthbearer.jwks.endpoint.refresh.ms", SASL).unless(&["3600000"]),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", SASL).unless(&["10000"]),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", SASL).unless(&["100"]),
    refuse("sasl.oauthbearer.jwks.endpoint.url", SASL),
    refuse("sasl.oauthbearer.jwt.retriever.class", SASL)
        .unless(&["org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"]),
    refuse("sasl.oauthbearer.jwt.validator.class", SASL)
        .unless(&["org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"]),
    refuse("sasl.oauthbearer.scope", SASL),
    refuse("sasl.oauthbearer.scope.claim.name", SASL).unless(&["scope"]),
    refuse("sasl.oauthbearer.sub.claim.name", SASL).unless(&["sub"]),
    refuse("sasl.oauthbearer.token.endpoint.url", SASL),
    accept("security.protocol", &["PLAINTEXT"], "TLS and SASL are not served yet"),
    accept("security.providers", &[""], JAVA_CLASS),
    refuse("ssl.cipher.suites", TLS).unless(&[""]),
    refuse("ssl.enabled.protocols", TLS).unless(&["TLSv1.2,TLSv1.3"]),
    refuse("ssl.endpoint.identification.algorithm", TLS).unless(&["https"]),
    refuse("ssl.engine.factory.class", TLS),
    refuse("ssl.key.password", TLS),
    refuse("ssl.keymanager.algorithm", TLS).unless(&["SunX509"]),
    refuse("ssl.keystore.certificate.chain", TLS),
    refuse("ssl.keystore.key", TLS),
    refuse("ssl.keystore.location", TLS),
    refuse("ssl.keystore.password", TLS),
    refuse("ssl.keystore.type", TLS).unless(&["JKS"]),
    refuse("ssl.protocol", TLS).unless(&["TLSv1.3"]),
    refuse("ssl.provider", TLS),
    refuse("ssl.secure.random.implementation", TLS),
    refuse("ssl.trustmanager.algorithm", TLS).unless(&["PKIX"]),
    refuse("ssl.truststore.certificates", TLS),
    refuse("ssl.truststore.location", TLS),
    refuse("ssl.truststore.password", TLS),
    refuse("ssl.truststore.type", TLS).unless(&["JKS"]),
    accept("transaction.two.phase.commit.enable", &["false"], TWO_PHASE),
    refuse("value.serializer", SERIALIZER).unless(PLAIN_SERIALIZERS),
];
