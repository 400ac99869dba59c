//! Other tooling: segments that `kafka-protocol` writes, and examples of `kafka-network`'s client.

use crate::cluster::RealCluster;
use crate::{java, program};
use anyhow::{Context, Result, ensure};
use kafka_protocol::records::{
    Attributes, BatchHeader, BatchSummary, PayloadChecksum, RecordBatch, append_record,
};
use kafka_types::{Compression, LeaderEpoch, Offset, ProducerIdentity, Sequence, Timestamp};
use std::process::Command;

const PER_BATCH: i64 = 50;

pub(crate) fn a_segment_of_ours_is_read_by_kafkas_own_tool() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // A segment's name is its first offset.
    let file = folder.path().join("00000000000000000000.log");
    let mut segment = Vec::new();
    let codecs = [
        Compression::None,
        Compression::Gzip(Default::default()),
        Compression::Snappy,
        Compression::Lz4(Default::default()),
        Compression::Zstd(Default::default()),
    ];
    for (index, codec) in codecs.into_iter().enumerate() {
        let batch = batch(index)?.recompress(codec, 1 << 20)?;
        for piece in batch.placed_at(Offset(index as i64 * PER_BATCH), LeaderEpoch(3)).segments() {
            segment.extend_from_slice(&piece);
        }
    }
    std::fs::write(&file, segment)?;
    let path = file.to_str().context("a path in UTF-8")?;
    let arguments = ["--files", path, "--deep-iteration", "--print-data-log"];
    let dumped = java::tool_output("org.apache.kafka.tools.DumpLogSegments", &arguments, b"")?;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let of_it =
            |line: &&str| line.contains("baseOffset") && line.contains(&format!("compresscodec: {codec}"));
        let line = dumped.lines().find(of_it).with_context(|| format!("no batch in {codec}:\n{dumped}"))?;
        ensure!(line.contains("isvalid: true") && line.contains("count: 50"), "{line}");
    }
    for offset in 0..5 * PER_BATCH {
        let record = format!("| offset: {offset} ");
        let payload = format!("payload: value {offset}");
        let found = dumped.lines().find(|line| line.starts_with(&record));
        ensure!(found.is_some_and(|line| line.contains(&payload)), "offset {offset}: {found:?}");
    }
    Ok(())
}

fn batch(index: usize) -> Result<RecordBatch> {
    let (mut payload, mut summary) = (Vec::new(), BatchSummary::EMPTY);
    for number in 0..PER_BATCH {
        let (key, value) = (format!("key {number}"), format!("value {}", index as i64 * PER_BATCH + number));
        let time = Timestamp(1_700_000_000_000 + number);
        append_record(&mut payload, &mut summary, time, Some(key.as_bytes()), Some(value.as_bytes()), &[]);
    }
    let checksum = PayloadChecksum::of(&payload);
    let header =
        BatchHeader::new(Attributes::default(), &summary, checksum, ProducerIdentity::NONE, Sequence::NONE);
    Ok(RecordBatch::parse([header.encode().as_slice(), &payload].concat().into())?)
}

pub(crate) fn tools_of_the_small_client_see_what_a_real_cluster_has() -> Result<()> {
    let cluster = RealCluster::start(1)?;
    let bootstrap = cluster.bootstrap_servers();
    cluster.create_topic("seen", 1, &[])?;
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "seen"];
    arguments.extend([
        "--transactional-id",
        "seen-by-tools",
        "--transaction-size",
        "5",
        "--abort-every",
        "2",
    ]);
    arguments.extend(["--max-messages", "20"]);
    program::output(&arguments, b"")?;

    let sizes = example("topic_sizes", &[&bootstrap])?;
    let row = sizes.lines().find(|line| line.ends_with(" seen")).with_context(|| sizes.clone())?;
    let mut columns = row.split_whitespace();
    let bytes: u64 = columns.next().context("no size")?.parse()?;
    ensure!(bytes > 0 && columns.next() == Some("1"), "{row}");

    let described = example("describe_transaction", &[&bootstrap, "seen-by-tools"])?;
    ensure!(described.contains("Complete"), "{described}");

    let tail = example("tail_partition", &[&bootstrap, "seen", "0", "0", "10"])?;
    let values: Vec<&str> = tail.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    ensure!(values == ["0", "1", "2", "3", "4", "10", "11", "12", "13", "14"], "{tail}");
    Ok(())
}

/// An example of `kafka-network`, which has to be built before in the same profile.
fn example(name: &str, arguments: &[&str]) -> Result<String> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(|deps| deps.parent()).context("no build folder")?;
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&path).args(arguments).output().with_context(|| {
        format!("{}; build it before: `cargo build --workspace --example {name}`, with `--release` if these tests are", path.display())
    })?;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{name}: {out}{err}");
    Ok(out)
}
