//! Keyed lines lie where Java's producer puts them, in order, at the offsets reported.

use crate::cluster::RealCluster;
use crate::log::{LogRecord, read_topic};
use crate::{java, program};
use anyhow::{Context, Result, ensure};

const LINES: usize = 100_000;

pub(crate) fn lie_record_for_record_where_javas_producer_puts_them() -> Result<()> {
    let cluster = RealCluster::start(1)?;
    let bootstrap = cluster.bootstrap_servers();
    for topic in ["by-java", "by-us"] {
        cluster.create_topic(topic, 7, &[])?;
    }
    let input = lines();
    let mut arguments = vec!["--bootstrap-server", &bootstrap, "--topic", "by-java"];
    arguments.extend(["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]);
    java::tool_output("org.apache.kafka.tools.ConsoleProducer", &arguments, input.as_bytes())?;

    let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "by-us"];
    arguments.extend(["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]);
    arguments.push("--print-metadata");
    let reported = program::output(&arguments, input.as_bytes())?;

    let (java, ours) = (read_topic(&bootstrap, "by-java")?, read_topic(&bootstrap, "by-us")?);
    ensure!(java.len() == LINES, "Java's producer wrote {} of {LINES} records", java.len());
    ensure!(ours.len() == LINES, "{} of {LINES} records arrived", ours.len());
    for (theirs, ours) in java.iter().zip(&ours) {
        ensure!(theirs == ours, "Java's producer put {theirs:?} where ours put {ours:?}");
    }
    check_reported(&reported, &input, &ours)
}

fn lines() -> String {
    (0..LINES).map(|i| format!("key-{}:value {i} für jeden\n", i * 31 % 9_973)).collect()
}

/// `kafka-cli produce --print-metadata` prints `topic-partition@offset` of each line, in the order of the lines.
fn check_reported(reported: &str, input: &str, log: &[LogRecord]) -> Result<()> {
    ensure!(
        reported.lines().count() == LINES,
        "{} of {LINES} records were reported",
        reported.lines().count()
    );
    for (reported, line) in reported.lines().zip(input.lines()) {
        let place = reported.strip_prefix("by-us-").context("another topic was reported")?;
        let (partition, offset) = place.split_once('@').context("no offset was reported")?;
        let (partition, offset): (u32, u64) = (partition.parse()?, offset.parse()?);
        let found = log
            .binary_search_by_key(&(partition, offset), |record| (record.partition, record.offset))
            .ok()
            .map(|index| &log[index])
            .with_context(|| format!("nothing lies at {reported}"))?;
        let (key, value) = line.split_once(':').context("no key")?;
        ensure!(
            found.key.as_deref() == Some(key) && found.value.as_deref() == Some(value),
            "{line:?} was reported at {reported}, where {found:?} lies"
        );
    }
    Ok(())
}
