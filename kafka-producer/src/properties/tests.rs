//! Every property of Kafka's, and how values are read.

use super::{apply, librdkafka, names, table};
use crate::config::{Notice, PartitionerChoice, Problem, Settings};
use std::time::Duration;

/// The names of Apache Kafka 4.4's `ProducerConfig`.
const KAFKAS: &str = include_str!("../../tests/data/producer-property-names.txt");

/// Name and default of those of them that have one, as Apache Kafka 4.4 documents it.
const DEFAULTS: &str = include_str!("../../tests/data/producer-property-defaults.tsv");

fn set(name: &str, value: &str) -> Result<Settings, Problem> {
    let mut settings = Settings::default();
    apply(&mut settings, &mut Vec::new(), name, value).map(|()| settings)
}

fn refused(name: &str, value: &str) -> String {
    set(name, value).expect_err(&format!("{name}={value} should be refused")).to_string()
}

#[test]
fn every_property_of_kafkas_is_known_and_no_other() {
    // Names that other clients have made customary, and Java's has not.
    let ours: Vec<_> = names().filter(|name| !["sasl.password", "sasl.username"].contains(name)).collect();
    let kafkas: Vec<_> = KAFKAS.lines().collect();
    assert_eq!(ours, kafkas);
}

#[test]
fn no_property_is_both_served_and_refused() {
    let mut all: Vec<_> = names().collect();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn what_is_not_served_is_refused_by_name_with_its_reason() {
    for name in names().filter(|name| table::TABLE.iter().all(|property| property.name != *name)) {
        let message = refused(name, "S3CR3T");
        assert!(message.starts_with(&format!("{name}: not served: ")), "{message}");
        assert!(!message.contains("S3CR3T"), "a value that may be a secret in {message}");
    }
}

#[test]
fn values_that_change_nothing_are_taken() {
    for (name, value) in [
        ("key.serializer", "org.apache.kafka.common.serialization.StringSerializer"),
        ("value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"),
        ("client.dns.lookup", "use_all_dns_ips"),
        ("enable.metrics.push", "FALSE"),
        ("interceptor.classes", ""),
        ("transaction.two.phase.commit.enable", "false"),
        ("buffer.memory.allocation.strategy", "incremental"),
    ] {
        assert!(set(name, value).is_ok(), "{name}={value}");
    }
    assert!(refused("value.serializer", "io.example.AvroSerializer").contains("Serializer"));
}

#[test]
fn what_is_taken_without_being_followed_is_mentioned() {
    for (name, value, reason) in [
        ("key.serializer", "org.apache.kafka.common.serialization.StringSerializer", "Serializer"),
        ("buffer.memory.allocation.strategy", "full", "as records arrive"),
        ("buffer.memory.allocation.strategy", "FULL", "as records arrive"),
        ("enable.metrics.push", "true", "not served yet"),
        ("ssl.keymanager.algorithm", "SunX509", "rustls"),
    ] {
        let mut notices: Vec<Notice> = Vec::new();
        apply(&mut Settings::default(), &mut notices, name, value).unwrap();
        let message = &notices[0].message;
        assert!(message.starts_with(&format!("{name}={value} is ignored: ")), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    assert!(refused("buffer.memory.allocation.strategy", "lazy").contains("accepted: incremental"));
}

/// A configuration as some tools write it, every property with its value.
#[test]
fn javas_defaults_may_be_spelled_out_and_change_nothing() {
    let resolved = |spelled_out: bool| {
        let mut settings = Settings::default();
        let mut set = |name, value| apply(&mut settings, &mut Vec::new(), name, value).unwrap();
        set("bootstrap.servers", "localhost:9092");
        set("client.id", "c");
        for line in DEFAULTS.lines().filter(|_| spelled_out) {
            let (name, value) = line.split_once('\t').unwrap();
            set(name, value);
        }
        format!("{:?}", settings.resolve(&mut Vec::new()).unwrap())
    };
    assert_eq!(resolved(true), resolved(false));
}

#[test]
fn an_unknown_name_gets_the_nearest_known_one() {
    assert_eq!(refused("linger_ms", "5"), "linger_ms: unknown property; did you mean linger.ms?");
    assert_eq!(refused("group.instance.id", "g"), "group.instance.id: unknown property");
}

#[test]
fn librdkafkas_names_get_kafkas_and_the_unit() {
    for (name, hint) in [
        ("metadata.broker.list", "librdkafka's name: set bootstrap.servers instead"),
        ("queue.buffering.max.ms", "librdkafka's name: set linger.ms instead, in whole milliseconds"),
        (
            "queue.buffering.max.kbytes",
            "librdkafka's name: set buffer.memory instead, in bytes: 1024 for each kilobyte",
        ),
        ("socket.timeout.ms", "librdkafka's name: set request.timeout.ms instead, in whole milliseconds"),
        (
            "partitioner",
            "librdkafka's name: set partitioner.class instead, which takes librdkafka's values, too",
        ),
        (
            "socket.nagle.disable",
            "a property of librdkafka's, and not needed here: Nagle's algorithm is always off",
        ),
    ] {
        assert_eq!(refused(name, "1"), format!("{name}: {hint}"));
    }
}

#[test]
fn librdkafkas_names_are_none_of_ours_and_lead_to_what_is_served() {
    let listed: Vec<_> = librdkafka::TABLE.iter().map(|(name, _)| *name).collect();
    assert!(listed.is_sorted());
    for (name, instead) in librdkafka::TABLE {
        assert!(names().all(|known| known != *name), "{name} is a property");
        let (librdkafka::Instead::Same(ours) | librdkafka::Instead::But(ours, _)) = instead else { continue };
        for ours in ours.split(", ").flat_map(|ours| ours.split(" or ")) {
            assert!(table::TABLE.iter().any(|property| property.name == ours), "{name}: {ours}");
        }
    }
}

#[test]
fn librdkafkas_partitioners_are_taken_by_their_names() {
    for name in ["random", "consistent_random", "murmur2_random", "fnv1a"] {
        let chosen = set("partitioner.class", name).unwrap().partitioner;
        assert_eq!(chosen, Some(PartitionerChoice::Librdkafka(name.parse().unwrap())));
    }
}

#[test]
fn blanks_around_a_value_do_not_count() {
    assert_eq!(set("linger.ms", "  7\t").unwrap().linger, Some(Duration::from_millis(7)));
    assert_eq!(set("enable.idempotence", " TRUE ").unwrap().idempotence, Some(true));
    let servers = set("bootstrap.servers", " a:1 , b:2 ").unwrap().bootstrap_servers;
    assert_eq!(servers, Some(vec!["a:1".to_owned(), "b:2".to_owned()]));
}

/// Name, the least and greatest legal values, and values just outside.
const RANGES: &[(&str, &[&str], &[&str])] = &[
    ("acks", &["all", "-1", "0", "1"], &["ALL", "2", "", "quorum"]),
    ("batch.size", &["0", "2147483647"], &["-1", "2147483648", "1.5", "16k", ""]),
    ("buffer.memory", &["0", "9223372036854775807"], &["-1", "9223372036854775808"]),
    ("compression.gzip.level", &["-1", "1", "9"], &["0", "10", "-2", "x"]),
    ("compression.lz4.level", &["1", "17"], &["0", "18"]),
    ("compression.type", &["none", "gzip", "snappy", "lz4", "zstd"], &["GZIP", "brotli", ""]),
    ("compression.zstd.level", &["-131072", "22"], &["-131073", "23"]),
    ("connections.max.idle.ms", &["-1", "0", "9223372036854775807"], &["", "never"]),
    ("delivery.timeout.ms", &["0", "2147483647"], &["-1", "2147483648"]),
    ("enable.idempotence", &["true", "False"], &["yes", "1", ""]),
    ("linger.ms", &["0", "9223372036854775807"], &["-1", "5ms", "0.5"]),
    ("max.block.ms", &["0", "9223372036854775807"], &["-1"]),
    ("max.in.flight.requests.per.connection", &["1", "2147483647"], &["0", "-1", "2147483648"]),
    ("max.request.size", &["0", "2147483647"], &["-1", "2147483648"]),
    ("metadata.max.age.ms", &["0"], &["-1"]),
    ("metadata.max.idle.ms", &["5000"], &["4999", "-1"]),
    ("metadata.recovery.rebootstrap.trigger.ms", &["0"], &["-1"]),
    ("metadata.recovery.strategy", &["none", "NONE", "rebootstrap", "REBOOTSTRAP"], &["", "retry"]),
    ("partitioner.adaptive.partitioning.enable", &["true", "false"], &["on"]),
    ("partitioner.availability.timeout.ms", &["0", "9223372036854775807"], &["-1"]),
    (
        "partitioner.class",
        &["", "org.apache.kafka.clients.producer.RoundRobinPartitioner", "consistent_random"],
        &["com.example.P", "fnv"],
    ),
    ("partitioner.ignore.keys", &["true", "false"], &["on"]),
    ("partitioner.rack.aware", &["true", "false"], &["on"]),
    ("receive.buffer.bytes", &["-1", "0", "2147483647"], &["-2", "2147483648"]),
    ("reconnect.backoff.max.ms", &["0"], &["-1"]),
    ("reconnect.backoff.ms", &["0"], &["-1"]),
    ("request.timeout.ms", &["0", "2147483647"], &["-1", "2147483648"]),
    ("retries", &["0", "2147483647"], &["-1", "2147483648"]),
    ("retry.backoff.max.ms", &["0"], &["-1"]),
    ("retry.backoff.ms", &["0"], &["-1"]),
    ("sasl.jaas.config", &["", "anything"], &[]),
    ("sasl.login.connect.timeout.ms", &["", "0", "2147483647"], &["-1", "2147483648"]),
    ("sasl.login.read.timeout.ms", &["", "0", "2147483647"], &["-1", "2147483648"]),
    ("sasl.login.refresh.buffer.seconds", &["0", "3600"], &["-1", "3601"]),
    ("sasl.login.refresh.min.period.seconds", &["0", "900"], &["-1", "901"]),
    ("sasl.login.refresh.window.factor", &["0.5", "1.0", "1"], &["0.49", "1.01", "NaN", ""]),
    ("sasl.login.refresh.window.jitter", &["0", "0.25"], &["-0.1", "0.26"]),
    ("sasl.login.retry.backoff.max.ms", &["0"], &["-1"]),
    ("sasl.login.retry.backoff.ms", &["0"], &["-1"]),
    ("sasl.mechanism", &["PLAIN", ""], &[]),
    ("sasl.oauthbearer.assertion.algorithm", &["RS256", "es256"], &["HS256", ""]),
    ("sasl.oauthbearer.assertion.claim.aud", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.claim.exp.seconds", &["0", "86400"], &["-1", "86401"]),
    ("sasl.oauthbearer.assertion.claim.iss", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.claim.jti.include", &["true", "false"], &["yes"]),
    ("sasl.oauthbearer.assertion.claim.nbf.seconds", &["0", "3600"], &["-1", "3601"]),
    ("sasl.oauthbearer.assertion.claim.sub", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.file", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.private.key.file", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.private.key.passphrase", &["", "a"], &[]),
    ("sasl.oauthbearer.assertion.template.file", &["", "a"], &[]),
    ("sasl.oauthbearer.client.credentials.client.id", &["", "a"], &[]),
    ("sasl.oauthbearer.client.credentials.client.secret", &["", "a"], &[]),
    ("sasl.oauthbearer.header.urlencode", &["true", "false"], &["yes"]),
    (
        "sasl.oauthbearer.jwt.retriever.class",
        &["org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever", "FileJwtRetriever"],
        &["com.example.Retriever", ""],
    ),
    ("sasl.oauthbearer.scope", &["", "a"], &[]),
    ("sasl.oauthbearer.token.endpoint.url", &["", "a"], &[]),
    ("sasl.password", &["", "a"], &[]),
    ("sasl.username", &["", "a"], &[]),
    ("security.protocol", &["PLAINTEXT", "ssl", "SASL_PLAINTEXT", "Sasl_Ssl"], &["TLS", ""]),
    ("ssl.cipher.suites", &["", "TLS_AES_256_GCM_SHA384"], &[]),
    ("ssl.enabled.protocols", &["TLSv1.2,TLSv1.3"], &[]),
    ("ssl.endpoint.identification.algorithm", &["", "https", "HTTPS"], &["none"]),
    ("ssl.key.password", &["", "a"], &[]),
    ("ssl.keystore.certificate.chain", &["", "a"], &[]),
    ("ssl.keystore.key", &["", "a"], &[]),
    ("ssl.keystore.location", &["", "a"], &[]),
    ("ssl.keystore.password", &["", "a"], &[]),
    ("ssl.keystore.type", &["JKS", "pkcs12", "PEM"], &["JCEKS", ""]),
    ("ssl.protocol", &["TLSv1.3", "TLSv1.2", "TLS"], &["SSLv3", ""]),
    ("ssl.truststore.certificates", &["", "a"], &[]),
    ("ssl.truststore.location", &["", "a"], &[]),
    ("ssl.truststore.password", &["", "a"], &[]),
    ("ssl.truststore.type", &["JKS", "pkcs12", "PEM"], &["JCEKS", ""]),
    ("send.buffer.bytes", &["-1", "0", "2147483647"], &["-2", "2147483648"]),
    ("socket.connection.setup.timeout.max.ms", &["0"], &["-1"]),
    ("socket.connection.setup.timeout.ms", &["0"], &["-1"]),
    ("transaction.timeout.ms", &["1", "2147483647"], &["-1", "2147483648"]),
];

#[test]
fn every_value_keeps_its_range_and_says_what_was_expected() {
    for (name, legal, illegal) in RANGES {
        for value in *legal {
            assert!(set(name, value).is_ok(), "{name}={value}");
        }
        for value in *illegal {
            let message = refused(name, value);
            assert!(message.starts_with(&format!("{name}: invalid value {value:?}: expected ")), "{message}");
        }
    }
}

#[test]
fn every_served_property_has_its_range_tested() {
    for property in table::TABLE
        .iter()
        .filter(|p| !matches!(p.name, "bootstrap.servers" | "client.id" | "client.rack" | "transactional.id"))
    {
        assert!(RANGES.iter().any(|(name, ..)| *name == property.name), "{}", property.name);
    }
}

#[test]
fn minus_one_leaves_socket_buffers_to_the_system_and_keeps_idle_connections() {
    assert_eq!(set("send.buffer.bytes", "-1").unwrap().send_buffer, Some(None));
    assert_eq!(set("receive.buffer.bytes", "0").unwrap().receive_buffer, Some(Some(0)));
    assert_eq!(set("connections.max.idle.ms", "-1").unwrap().connections_max_idle, Some(Duration::MAX));
}
