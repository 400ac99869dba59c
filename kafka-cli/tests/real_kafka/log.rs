//! What lies in a topic, read by Kafka's own consumer.

use crate::java;
use anyhow::{Context, Result, ensure};

/// One record of a topic's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogRecord {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    /// `None` is null.
    pub(crate) key: Option<String>,
    /// `None` is null.
    pub(crate) value: Option<String>,
}

/// How the console consumer prints null; the tests send no such text.
const NULL: &str = "\u{2400}";

/// Everything in a topic, by partition and offset. Keys and values must be text without tabs and line ends.
pub(crate) fn read_topic(bootstrap_servers: &str, topic: &str) -> Result<Vec<LogRecord>> {
    read(bootstrap_servers, topic, &[])
}

/// What was committed in a topic, by partition and offset.
pub(crate) fn read_committed(bootstrap_servers: &str, topic: &str) -> Result<Vec<LogRecord>> {
    read(bootstrap_servers, topic, &["--isolation-level", "read_committed"])
}

fn read(bootstrap_servers: &str, topic: &str, options: &[&str]) -> Result<Vec<LogRecord>> {
    let null = format!("null.literal={NULL}");
    let mut arguments = vec!["--bootstrap-server", bootstrap_servers, "--topic", topic, "--from-beginning"];
    arguments.extend(options);
    // Ends when nothing has come for this long: also what nobody expects must be seen.
    arguments.extend(["--timeout-ms", "10000"]);
    for property in ["print.partition=true", "print.offset=true", "print.key=true", &null] {
        arguments.extend(["--formatter-property", property]);
    }
    let output = java::tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &arguments, b"")?;
    let text = String::from_utf8(output.stdout).context("the consumer's output is not UTF-8")?;
    ensure!(
        !text.is_empty(),
        "the console consumer read nothing from {topic}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut records = text.lines().map(parse).collect::<Result<Vec<_>>>()?;
    records.sort_by_key(|record| (record.partition, record.offset));
    Ok(records)
}

fn parse(line: &str) -> Result<LogRecord> {
    let mut fields = line.split('\t');
    let mut field = || fields.next().with_context(|| format!("the consumer printed {line:?}"));
    let partition = field()?.strip_prefix("Partition:").context("no partition")?.parse()?;
    let offset = field()?.strip_prefix("Offset:").context("no offset")?.parse()?;
    let text = |field: &str| if field == NULL { None } else { Some(field.to_owned()) };
    Ok(LogRecord { partition, offset, key: text(field()?), value: text(field()?) })
}
