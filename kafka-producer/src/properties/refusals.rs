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
const HANDLER: &str = "a Rust program passes its own Login with the builder's `login`";
const KERBEROS: &str = "GSSAPI (Kerberos) is not served yet";
const TOKEN: &str = "checking tokens is the broker's business";
const PROVIDER: &str = "TLS is spoken by rustls, whose provider is chosen when the program is built";
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
    accept(
        "config.providers",
        &[""],
        "it counts for properties that are set together, with the builder's `properties`",
    ),
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
        "sasl.client.callback.handler.class",
        &["", "software.amazon.msk.auth.iam.IAMClientCallbackHandler"],
        HANDLER,
    ),
    refuse("sasl.kerberos.kinit.cmd", KERBEROS).unless(&["/usr/bin/kinit"]),
    refuse("sasl.kerberos.min.time.before.relogin", KERBEROS).unless(&["60000"]),
    refuse("sasl.kerberos.service.name", KERBEROS),
    refuse("sasl.kerberos.ticket.renew.jitter", KERBEROS).unless(&["0.05"]),
    refuse("sasl.kerberos.ticket.renew.window.factor", KERBEROS).unless(&["0.8"]),
    accept(
        "sasl.login.callback.handler.class",
        &[
            "",
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
        ],
        HANDLER,
    ),
    accept("sasl.login.class", &[""], HANDLER),
    refuse("sasl.oauthbearer.allow.unverified.audience", TOKEN).unless(&["false", "true"]),
    refuse("sasl.oauthbearer.allow.unverified.issuer", TOKEN).unless(&["false", "true"]),
    refuse("sasl.oauthbearer.clock.skew.seconds", TOKEN).unless(&["30"]),
    refuse("sasl.oauthbearer.expected.audience", TOKEN).unless(&[""]),
    refuse("sasl.oauthbearer.expected.issuer", TOKEN),
    refuse("sasl.oauthbearer.jwks.endpoint.refresh.ms", TOKEN).unless(&["3600000"]),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", TOKEN).unless(&["10000"]),
    refuse("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", TOKEN).unless(&["100"]),
    refuse("sasl.oauthbearer.jwks.endpoint.url", TOKEN),
    refuse("sasl.oauthbearer.jwt.validator.class", TOKEN)
        .unless(&["org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"]),
    refuse("sasl.oauthbearer.scope.claim.name", TOKEN).unless(&["scope"]),
    refuse("sasl.oauthbearer.sub.claim.name", TOKEN).unless(&["sub"]),
    accept("security.providers", &[""], JAVA_CLASS),
    accept("ssl.engine.factory.class", &[""], JAVA_CLASS),
    refuse("ssl.keymanager.algorithm", PROVIDER).unless(&["SunX509", "PKIX"]),
    accept("ssl.provider", &[""], PROVIDER),
    accept("ssl.secure.random.implementation", &[""], PROVIDER),
    refuse("ssl.trustmanager.algorithm", PROVIDER).unless(&["PKIX"]),
    accept("transaction.two.phase.commit.enable", &["false"], TWO_PHASE),
    refuse("value.serializer", SERIALIZER).unless(PLAIN_SERIALIZERS),
];
