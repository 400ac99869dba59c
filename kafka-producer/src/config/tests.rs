//! The rules between properties, as a table.

use super::{Notice, NoticeLevel, ProducerConfig, Settings};
use crate::properties;
use kafka_types::{Acks, Compression, GzipLevel};
use std::time::Duration;

struct Resolved {
    result: Result<ProducerConfig, Vec<String>>,
    notices: Vec<Notice>,
}

impl Resolved {
    fn config(&self) -> &ProducerConfig {
        self.result.as_ref().expect("a valid configuration")
    }

    fn problems(&self) -> &[String] {
        self.result.as_ref().expect_err("an invalid configuration")
    }

    fn notice(&self, level: NoticeLevel, part: &str) -> bool {
        self.notices.iter().any(|notice| notice.level == level && notice.message.contains(part))
    }
}

/// Properties, `;` between them, over a legal `bootstrap.servers`.
fn resolve(text: &str) -> Resolved {
    let mut settings = Settings::default();
    let mut notices = Vec::new();
    let pairs = text.split(';').filter(|pair| !pair.trim().is_empty());
    for (name, value) in std::iter::once(("bootstrap.servers", "localhost:9092"))
        .chain(pairs.map(|p| p.split_once('=').unwrap()))
    {
        properties::apply(&mut settings, &mut notices, name.trim(), value).unwrap();
    }
    let result = settings
        .resolve(&mut notices)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    Resolved { result, notices }
}

#[test]
fn defaults_are_kafkas() {
    let resolved = resolve("client.id=c");
    let config = resolved.config();
    assert_eq!(resolved.notices, []);
    assert_eq!((config.acks, config.idempotence, config.retries), (Acks::All, true, 2_147_483_647));
    assert_eq!((config.max_in_flight, config.batch_size, config.buffer_memory), (5, 16_384, 33_554_432));
    assert_eq!(config.max_request_size, 1_048_576);
    assert_eq!(config.linger, Duration::from_millis(5));
    assert_eq!(config.max_block, Duration::from_secs(60));
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    assert_eq!(config.delivery_timeout, Duration::from_secs(120));
    assert_eq!(config.retry_backoff, Duration::from_millis(100));
    assert_eq!(config.retry_backoff_max, Duration::from_secs(1));
    assert_eq!(config.reconnect_backoff, Duration::from_millis(50));
    assert_eq!(config.reconnect_backoff_max, Duration::from_secs(1));
    assert_eq!(config.connection_setup_timeout, Duration::from_secs(10));
    assert_eq!(config.connection_setup_timeout_max, Duration::from_secs(30));
    assert_eq!(config.connections_max_idle, Duration::from_secs(540));
    assert_eq!(config.metadata_max_age, Duration::from_secs(300));
    assert_eq!(config.metadata_max_idle, Duration::from_secs(300));
    assert!(config.metadata_rebootstrap);
    assert_eq!(config.metadata_rebootstrap_trigger, Duration::from_secs(300));
    assert_eq!((config.send_buffer, config.receive_buffer), (Some(131_072), Some(32_768)));
    assert_eq!(config.compression, Compression::None);
    assert!(config.partitioner_adaptive && !config.partitioner_ignore_keys);
}

/// What Kafka makes of acks, idempotence, retries and the number of requests in flight.
#[derive(Debug, PartialEq)]
enum Idempotence {
    On,
    /// Silently, or because it was asked for.
    Off,
    Refused,
}

fn idempotence_by_kafka(acks: &str, asked: &str, retries: &str, in_flight: &str) -> Idempotence {
    let conflict = matches!(acks, "0" | "1") || retries == "0";
    match asked {
        "false" => Idempotence::Off,
        // The limit in flight holds even if acks or retries have switched idempotence off.
        _ if in_flight == "6" => Idempotence::Refused,
        "true" if conflict => Idempotence::Refused,
        _ if conflict => Idempotence::Off,
        _ => Idempotence::On,
    }
}

#[test]
fn idempotence_follows_kafkas_rules_in_every_combination() {
    let given = |name: &str, value: &str| match value {
        "" => String::new(),
        _ => format!("{name}={value};"),
    };
    for acks in ["", "0", "1", "all", "-1"] {
        for asked in ["", "true", "false"] {
            for retries in ["", "0", "3"] {
                for in_flight in ["", "5", "6"] {
                    let text = given("acks", acks)
                        + &given("enable.idempotence", asked)
                        + &given("retries", retries)
                        + &given("max.in.flight.requests.per.connection", in_flight);
                    let resolved = resolve(&text);
                    let ours = match &resolved.result {
                        Ok(config) if config.idempotence => Idempotence::On,
                        Ok(_) => Idempotence::Off,
                        Err(_) => Idempotence::Refused,
                    };
                    assert_eq!(ours, idempotence_by_kafka(acks, asked, retries, in_flight), "{text}");
                    if ours == Idempotence::Off && asked.is_empty() {
                        assert!(resolved.notice(NoticeLevel::Info, "enable.idempotence is off"), "{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_conflict_names_both_properties() {
    let resolved = resolve("enable.idempotence=true;acks=1;retries=0");
    assert_eq!(
        resolved.problems(),
        [
            "enable.idempotence: true needs retries to be greater than 0, and retries=0 was set",
            "enable.idempotence: true needs acks=all, and acks=1 was set",
        ]
    );
    let problems = resolve("max.in.flight.requests.per.connection=10").problems().join("\n");
    assert!(problems.contains("enable.idempotence=false"), "{problems}");
}

#[test]
fn a_given_delivery_timeout_must_cover_linger_and_one_request() {
    let text = "linger.ms=1000;request.timeout.ms=2000;delivery.timeout.ms";
    let problems = resolve(&format!("{text}=2999")).problems().join("\n");
    assert!(problems.contains("linger.ms (1000) + request.timeout.ms (2000)"), "{problems}");
    assert_eq!(resolve(&format!("{text}=3000")).config().delivery_timeout, Duration::from_secs(3));
}

#[test]
fn a_default_delivery_timeout_grows_with_a_warning() {
    let resolved = resolve("linger.ms=100000;request.timeout.ms=50000");
    assert_eq!(resolved.config().delivery_timeout, Duration::from_millis(150_000));
    assert!(resolved.notice(NoticeLevel::Warn, "delivery.timeout.ms is raised from 120000 to 150000"));
}

#[test]
fn linger_and_the_sum_with_it_end_at_the_greatest_int() {
    let greatest = Duration::from_millis(2_147_483_647);
    let resolved = resolve("linger.ms=9223372036854775807;delivery.timeout.ms=2147483647");
    assert_eq!(resolved.config().linger, greatest);
    assert_eq!(resolve("linger.ms=9223372036854775807").config().delivery_timeout, greatest);
}

#[test]
fn reconnect_backoff_alone_does_not_grow() {
    let both = |text| {
        let resolved = resolve(text);
        let config = resolved.config();
        (config.reconnect_backoff.as_millis(), config.reconnect_backoff_max.as_millis())
    };
    assert_eq!(both("reconnect.backoff.ms=20"), (20, 20));
    assert_eq!(both("reconnect.backoff.ms=5000"), (5000, 5000));
    assert_eq!(both("reconnect.backoff.max.ms=300"), (50, 300));
    assert_eq!(both("reconnect.backoff.ms=20;reconnect.backoff.max.ms=300"), (20, 300));
}

#[test]
fn a_base_above_its_maximum_is_constant_with_a_warning() {
    let resolved = resolve("retry.backoff.ms=2000;socket.connection.setup.timeout.ms=60000");
    assert_eq!(resolved.config().retry_backoff_max, Duration::from_secs(1));
    assert!(resolved.notice(NoticeLevel::Warn, "retry.backoff.ms (2000) is more than retry.backoff.max.ms"));
    assert!(resolved.notice(NoticeLevel::Warn, "socket.connection.setup.timeout.ms (60000) is more than"));
}

#[test]
fn a_batch_size_of_zero_is_one() {
    assert_eq!(resolve("batch.size=0").config().batch_size, 1);
}

#[test]
fn clients_without_an_id_are_numbered_and_an_empty_id_stays_empty() {
    let id = |text| resolve(text).config().client_id.clone();
    let number = |id: String| id.strip_prefix("producer-").unwrap().parse::<u64>().unwrap();
    let first = number(id(""));
    assert!(first >= 1);
    assert!(number(id("")) > first);
    assert_eq!(id("client.id="), "");
    assert_eq!(id("client.id=billing"), "billing");
}

#[test]
fn a_level_belongs_to_its_codec_alone() {
    let resolved = resolve("compression.gzip.level=9;compression.zstd.level=7;compression.type=gzip");
    assert_eq!(resolved.config().compression, Compression::Gzip(GzipLevel::new(9).unwrap()));
    assert_eq!(resolve("compression.zstd.level=7").config().compression, Compression::None);
}

#[test]
fn bootstrap_servers_are_required_and_need_not_repeat() {
    let settings = Settings::default();
    assert_eq!(settings.resolve(&mut Vec::new()).unwrap_err()[0].property(), "bootstrap.servers");
    assert!(resolve("bootstrap.servers=").problems()[0].contains("empty"));
    assert!(resolve("bootstrap.servers=,,").problems()[0].contains("empty"));

    let resolved = resolve("bootstrap.servers=a:1, b:2 ,a:1,");
    let hosts: Vec<_> = resolved.config().bootstrap_servers.iter().map(|a| a.host.to_string()).collect();
    assert_eq!(hosts, ["a", "b"]);
    assert!(resolved.notice(NoticeLevel::Warn, "names a:1 twice"));
    assert!(resolved.notice(NoticeLevel::Warn, "empty entry"));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let resolved = resolve("bootstrap.servers=a,b:x;acks=1;enable.idempotence=true;delivery.timeout.ms=1");
    assert_eq!(resolved.problems().len(), 4, "{:?}", resolved.problems());
    assert!(resolved.problems()[0].contains("the entry \"a\" has no port"));
}

#[test]
fn properties_that_are_set_together_may_refer_to_the_environment() {
    let provider =
        ("config.providers.env.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
    let with = |value| {
        let pairs =
            [("bootstrap.servers", "a:1"), ("config.providers", "env"), provider, ("client.id", value)];
        crate::ProducerBuilder::new().properties(pairs).config()
    };
    assert_eq!(with("on ${env:CARGO_PKG_NAME}").unwrap().client_id, "on kafka-producer");
    let error = with("${env:NO_SUCH_VARIABLE}").unwrap_err().to_string();
    assert!(
        error.contains("client.id: ${env:NO_SUCH_VARIABLE}: the environment has no such variable"),
        "{error}"
    );
}
