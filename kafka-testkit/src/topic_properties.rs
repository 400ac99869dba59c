//! A topic's settings by their names in Kafka.

use crate::config::TopicConfig;
use kafka_protocol::records::TimestampType;
use std::str::FromStr;
use std::time::Duration;

/// Settings that a real topic has and that mean nothing here: taken, and forgotten.
const WITHOUT_MEANING: &[&str] = &[
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "preallocate",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
];

/// Sets one; the error says what is wrong.
pub(crate) fn set(config: &mut TopicConfig, name: &str, value: Option<&str>) -> Result<(), String> {
    // Null leaves the default.
    let Some(value) = value else { return Ok(()) };
    match name {
        "max.message.bytes" => config.max_message_bytes = Some(number(name, value)?),
        "min.insync.replicas" => config.min_insync_replicas = number(name, value)?,
        "message.timestamp.before.max.ms" => config.timestamp_before_max = age(number(name, value)?),
        "message.timestamp.after.max.ms" => config.timestamp_after_max = age(number(name, value)?),
        "message.timestamp.type" => {
            config.timestamp_type = match value {
                "CreateTime" => TimestampType::CreateTime,
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => return Err(format!("{name}={value}: expected CreateTime or LogAppendTime")),
            }
        }
        "cleanup.policy" => {
            let mut policies = value.split(',').map(str::trim);
            if !policies.clone().all(|policy| matches!(policy, "delete" | "compact" | "")) {
                return Err(format!("{name}={value}: expected delete, compact, or both"));
            }
            config.compacted = policies.any(|policy| policy == "compact");
        }
        name if WITHOUT_MEANING.contains(&name) => {}
        _ => return Err(format!("Unknown topic config name: {name}")),
    }
    Ok(())
}

/// Those that mean something here, with their values; and whether somebody set them.
pub(crate) fn describe_with_origin(
    config: &TopicConfig,
    max_message_bytes: usize,
) -> Vec<(&'static str, String, bool)> {
    let defaults = describe(&TopicConfig::new("", 1), max_message_bytes);
    let settings = describe(config, max_message_bytes).into_iter().zip(defaults);
    settings.map(|((name, value), (_, default))| (name, value.clone(), value != default)).collect()
}

fn describe(config: &TopicConfig, max_message_bytes: usize) -> Vec<(&'static str, String)> {
    let ms = |age: Option<Duration>| age.map_or(i64::MAX.to_string(), |age| age.as_millis().to_string());
    let timestamp_type = match config.timestamp_type {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    vec![
        ("cleanup.policy", if config.compacted { "compact" } else { "delete" }.to_owned()),
        ("compression.type", "producer".to_owned()),
        ("max.message.bytes", config.max_message_bytes.unwrap_or(max_message_bytes).to_string()),
        ("message.timestamp.after.max.ms", ms(config.timestamp_after_max)),
        ("message.timestamp.before.max.ms", ms(config.timestamp_before_max)),
        ("message.timestamp.type", timestamp_type.to_owned()),
        ("min.insync.replicas", config.min_insync_replicas.to_string()),
    ]
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.trim().parse().map_err(|_| format!("{name}={value}: expected a number of its range"))
}

/// The greatest number stands for "any".
fn age(ms: u64) -> Option<Duration> {
    (ms < i64::MAX as u64).then(|| Duration::from_millis(ms))
}
