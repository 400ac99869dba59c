//! Brokers are killed and frozen while records flow.

use crate::cluster::RealCluster;
use crate::log::read_topic;
use crate::program::Running;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const RATE: u64 = 20_000;
const SECONDS: u64 = 120;
/// How soon acknowledgements must flow again once a node is back.
const RESUME_WITHIN: Duration = Duration::from_secs(10);

pub(crate) fn every_acknowledged_record_is_there_once_and_in_order_and_none_fails() -> Result<()> {
    let mut cluster = RealCluster::start(3)?;
    cluster.create_topic("outages", 6, &["min.insync.replicas=2"])?;
    let bootstrap = cluster.bootstrap_servers();
    let (rate, total) = (RATE.to_string(), RATE * SECONDS);
    let count = total.to_string();
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "outages"];
    arguments.extend(["--throughput", &rate, "--max-messages", &count]);
    let mut producer = Running::start(&arguments)?;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let report = follow(&mut producer, Arc::clone(&acknowledged))?;

    let started = Instant::now();
    await_progress(&acknowledged, RESUME_WITHIN * 3).context("the first records")?;
    // The last outage ends well before the producer does.
    let until = started + Duration::from_secs(SECONDS - 25);
    take_turns_failing(&mut cluster, until, || await_progress(&acknowledged, RESUME_WITHIN))?;
    let status = producer.0.wait()?;
    let report = report.join().map_err(|_| anyhow::anyhow!("the reader of the output panicked"))??;
    ensure!(
        report.failures.is_empty(),
        "{} records failed, first: {}",
        report.failures.len(),
        report.failures[0]
    );
    ensure!(status.success(), "verifiable-producer ended with {status}");
    ensure!(report.placed.len() as u64 == total, "{} of {total} were acknowledged", report.placed.len());
    check_log(&bootstrap, &report, total)
}

/// Kills and freezes one node after the other; `resumed` waits until records flow again.
pub(crate) fn take_turns_failing(
    cluster: &mut RealCluster,
    until: Instant,
    resumed: impl Fn() -> Result<()>,
) -> Result<()> {
    let mut node = 0;
    let mut freeze = false;
    while Instant::now() < until {
        let outage = Duration::from_secs(8);
        if freeze {
            cluster.freeze(node)?;
            pause(outage);
            cluster.thaw(node)?;
        } else {
            cluster.kill(node)?;
            pause(outage);
            cluster.restart(node)?;
        }
        let what = if freeze { "frozen" } else { "killed" };
        resumed().with_context(|| format!("after node {node} was {what} and came back"))?;
        // The next one goes only when this one has caught up, so that a majority of each partition always lives.
        await_in_sync(cluster)?;
        if freeze {
            node = (node + 1) % 3;
        }
        freeze = !freeze;
    }
    Ok(())
}

struct Report {
    /// Value → (partition, offset) as acknowledged.
    placed: HashMap<u64, (u32, u64)>,
    failures: Vec<String>,
}

/// Reads the producer's JSON lines on a thread of its own.
fn follow(producer: &mut Running, acknowledged: Arc<AtomicU64>) -> Result<JoinHandle<Result<Report>>> {
    let lines = BufReader::new(producer.0.stdout.take().context("no stdout")?).lines();
    Ok(std::thread::spawn(move || {
        let mut report = Report { placed: HashMap::new(), failures: Vec::new() };
        for line in lines {
            let line = line?;
            let event: serde_json::Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            match event["name"].as_str() {
                Some("producer_send_success") => {
                    let value = event["value"].as_str().context("no value")?.parse()?;
                    let partition = u32::try_from(event["partition"].as_u64().context("no partition")?)?;
                    let offset = event["offset"].as_u64().context("no offset")?;
                    let twice = report.placed.insert(value, (partition, offset));
                    ensure!(twice.is_none(), "{value} was acknowledged twice");
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                Some("producer_send_error") => report.failures.push(line),
                _ => {}
            }
        }
        Ok(report)
    }))
}

/// Waits until more records are acknowledged than now.
fn await_progress(acknowledged: &AtomicU64, within: Duration) -> Result<()> {
    let before = acknowledged.load(Ordering::Relaxed);
    await_condition(within, || Ok(acknowledged.load(Ordering::Relaxed) > before))
        .context("no record was acknowledged in time")
}

/// Waits until no partition misses a replica.
pub(crate) fn await_in_sync(cluster: &RealCluster) -> Result<()> {
    let bootstrap = cluster.bootstrap_servers();
    await_condition(Duration::from_secs(60), || {
        let arguments = ["--bootstrap-server", &bootstrap, "--describe", "--under-replicated-partitions"];
        let output = crate::java::tool("org.apache.kafka.tools.TopicCommand", &arguments, b"")?;
        Ok(output.status.success() && output.stdout.iter().all(u8::is_ascii_whitespace))
    })
    .context("replicas did not catch up")
}

pub(crate) fn await_condition(within: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + within;
    while !holds()? {
        ensure!(Instant::now() < deadline, "not within {within:?}");
        pause(Duration::from_millis(20));
    }
    Ok(())
}

/// The outage itself: time passes in the world outside.
pub(crate) fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// Each record once, where it was acknowledged, in the order of sending within its partition.
fn check_log(bootstrap: &str, report: &Report, total: u64) -> Result<()> {
    let log = read_topic(bootstrap, "outages")?;
    ensure!(log.len() as u64 == total, "{} records lie in the log, {total} were sent", log.len());
    let mut last: HashMap<u32, u64> = HashMap::new();
    for record in &log {
        let value: u64 = record.value.as_deref().context("a null value")?.parse()?;
        let placed = report.placed.get(&value).with_context(|| format!("{value} was never acknowledged"))?;
        ensure!(
            *placed == (record.partition, record.offset),
            "{value} was acknowledged at {placed:?} and lies at {:?}",
            (record.partition, record.offset)
        );
        if let Some(before) = last.insert(record.partition, value) {
            ensure!(before < value, "{value} lies after {before} in partition {}", record.partition);
        }
    }
    Ok(())
}
