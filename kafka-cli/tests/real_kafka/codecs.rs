//! Kafka's own consumer reads what each codec wrote.

use crate::cluster::RealCluster;
use crate::log::read_topic;
use crate::program;
use anyhow::{Result, ensure};

const LINES: usize = 5_000;

pub(crate) fn each_codec_and_each_acks_is_read_back_by_kafkas_consumer() -> Result<()> {
    let cluster = RealCluster::start(1)?;
    let bootstrap = cluster.bootstrap_servers();
    let input: String = (0..LINES).map(|i| format!("line {i} {}\n", "lorem ipsum ".repeat(i % 20))).collect();
    let cases = ["none", "gzip", "snappy", "lz4", "zstd"].map(|codec| (codec, "all")).into_iter();
    for (codec, acks) in cases.chain([("lz4", "1"), ("none", "0")]) {
        let topic = format!("codec-{codec}-{acks}");
        cluster.create_topic(&topic, 1, &[])?;
        let (compression, acks) = (format!("compression.type={codec}"), format!("acks={acks}"));
        let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", &topic];
        arguments.extend(["--command-property", &compression, "--command-property", &acks]);
        arguments.extend(["--command-property", "linger.ms=20"]);
        program::output(&arguments, input.as_bytes())?;
        let records = read_topic(&bootstrap, &topic)?;
        ensure!(records.len() == LINES, "{codec}: {} of {LINES} records", records.len());
        for (record, line) in records.iter().zip(input.lines()) {
            ensure!(record.value.as_deref() == Some(line), "{codec}: {record:?} instead of {line:?}");
        }
    }
    Ok(())
}
