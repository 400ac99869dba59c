//! Transactions: what a reader of committed records gets is what was reported committed.

use crate::cluster::RealCluster;
use crate::java::{self, KAFKA_3};
use crate::log::{LogRecord, read_committed, read_topic};
use crate::outages::{await_condition, take_turns_failing};
use crate::program::{self, Running};
use anyhow::{Context, Result, bail, ensure};
use kafka_producer::{
    CommitError, ErrorKind, GroupMetadata, Offset, OffsetAndMetadata, Producer, ProducerRecord,
    TopicPartition, TransactionalProducer,
};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) fn of_both_versions_are_read_as_they_were_committed() -> Result<()> {
    let cluster = RealCluster::start(1)?;
    check_everything(&cluster, "v2").context("version 2")?;
    cluster.set_transaction_version(1)?;
    check_everything(&cluster, "v1").context("version 1")
}

pub(crate) fn of_kafka_3_are_read_as_they_were_committed() -> Result<()> {
    check_everything(&RealCluster::start_version(KAFKA_3, 1)?, "v1")
}

fn check_everything(cluster: &RealCluster, name: &str) -> Result<()> {
    let bootstrap = cluster.bootstrap_servers();
    many(cluster, &format!("{name}-many")).context("many transactions")?;
    let small = format!("{name}-small");
    cluster.create_topic(&small, 1, &[])?;
    lines(&bootstrap, &small).context("lines")?;
    fencing(&bootstrap, &small).context("fencing")?;
    time_out(&bootstrap, &small).context("time-out at the broker")?;
    offsets(&bootstrap, &small).context("offsets")?;
    let values: Vec<_> =
        read_committed(&bootstrap, &small)?.into_iter().filter_map(|record| record.value).collect();
    ensure!(
        values == ["one", "two", "three", "of the second", "after a time-out", "with offsets"],
        "read {values:?}"
    );
    Ok(())
}

/// A thousand in a row, every tenth aborted.
fn many(cluster: &RealCluster, topic: &str) -> Result<()> {
    let bootstrap = cluster.bootstrap_servers();
    cluster.create_topic(topic, 3, &[])?;
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", topic];
    arguments.extend(["--transactional-id", topic, "--transaction-size", "20", "--abort-every", "10"]);
    arguments.extend(["--max-messages", "20000", "--command-property", "linger.ms=0"]);
    let output = program::output(&arguments, b"")?;
    let mut report = Report::default();
    for line in output.lines() {
        report.read(line)?;
    }
    ensure!((report.committed, report.aborted, report.failed) == (900, 100, 0), "{report:?}");
    report.check(&read_committed(&bootstrap, topic)?)?;
    let all = read_topic(&bootstrap, topic)?.len();
    ensure!(all >= report.placed.len(), "{all} records in the log");
    Ok(())
}

/// `produce --transactional-id` commits the rest at the end of its input.
fn lines(bootstrap: &str, topic: &str) -> Result<()> {
    let mut arguments =
        vec!["produce", "--bootstrap-server", bootstrap, "--topic", topic, "--print-metadata"];
    arguments.extend(["--transactional-id", "lines", "--transaction-size", "2"]);
    let places = program::output(&arguments, b"one\ntwo\nthree\n")?;
    ensure!(places.lines().count() == 3, "{places}");
    Ok(())
}

fn producer(bootstrap: &str, id: &str, timeout: Duration) -> Result<TransactionalProducer> {
    let producer = Producer::builder()
        .bootstrap_servers(bootstrap)
        .transactional_id(id)
        .transaction_timeout(timeout)
        .build_transactional()?;
    producer.init_blocking()?;
    Ok(producer)
}

const MINUTE: Duration = Duration::from_secs(60);

/// The second producer of an id ends what the first left open, and the first is told.
fn fencing(bootstrap: &str, topic: &str) -> Result<()> {
    let first = producer(bootstrap, "fenced", MINUTE)?;
    let open = first.begin_blocking()?;
    open.send_blocking(ProducerRecord::new(topic).value("of the first"))?.wait()?;
    let second = producer(bootstrap, "fenced", MINUTE)?;
    match open.commit_blocking() {
        Err(CommitError::Fatal(error)) if error.kind() == ErrorKind::Fenced => {}
        other => bail!("the first producer's commit: {other:?}"),
    }
    ensure!(first.begin_blocking().is_err_and(|error| error.is_fatal()), "the first went on");
    let transaction = second.begin_blocking()?;
    drop(transaction.send_blocking(ProducerRecord::new(topic).value("of the second"))?);
    transaction.commit_blocking()?;
    Ok(())
}

/// The cluster aborts what takes longer than `transaction.timeout.ms`; a new producer goes on.
fn time_out(bootstrap: &str, topic: &str) -> Result<()> {
    let slow = producer(bootstrap, "slow", Duration::from_secs(1))?;
    let transaction = slow.begin_blocking()?;
    transaction.send_blocking(ProducerRecord::new(topic).value("too late"))?.wait()?;
    await_condition(MINUTE, || {
        let arguments = ["--bootstrap-server", bootstrap, "describe", "--transactional-id", "slow"];
        let state = java::tool_output("org.apache.kafka.tools.TransactionsCommand", &arguments, b"")?;
        Ok(state.contains("CompleteAbort"))
    })?;
    match transaction.commit_blocking() {
        // Version 1 fences the producer; version 2 says that there is no such transaction, which Java takes for fatal as well.
        Err(CommitError::Fatal(error)) if error.to_string().contains("transaction.timeout.ms") => {}
        other => bail!("the commit of an aborted transaction: {other:?}"),
    }
    let next = producer(bootstrap, "slow", MINUTE)?;
    let transaction = next.begin_blocking()?;
    drop(transaction.send_blocking(ProducerRecord::new(topic).value("after a time-out"))?);
    transaction.commit_blocking()?;
    Ok(())
}

/// A group's offsets are committed with the transaction, and not with an aborted one.
fn offsets(bootstrap: &str, topic: &str) -> Result<()> {
    let producer = producer(bootstrap, "offsets", MINUTE)?;
    let group = GroupMetadata::new(format!("group-of-{topic}"));
    let of = TopicPartition::new(topic, 0);
    for (next, commit) in [(2, true), (3, false)] {
        let transaction = producer.begin_blocking()?;
        if commit {
            drop(transaction.send_blocking(ProducerRecord::new(topic).value("with offsets"))?);
        }
        let offset = OffsetAndMetadata::from(Offset(next));
        transaction.send_offsets_blocking([(of.clone(), offset)], &group)?;
        match commit {
            true => transaction.commit_blocking()?,
            false => transaction.abort_blocking()?,
        }
    }
    let arguments = ["--bootstrap-server", bootstrap, "--describe", "--group", &group.group_id, "--offsets"];
    let described =
        java::tool_output("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &arguments, b"")?;
    let row = described.lines().find(|line| line.contains(topic)).context("the group has no offsets")?;
    ensure!(row.split_whitespace().nth(3) == Some("2"), "{row}");
    Ok(())
}

/// What `verifiable-producer` reported.
#[derive(Default)]
struct Report {
    /// Value → (partition, offset), of committed transactions.
    placed: HashMap<u64, (u32, u64)>,
    committed: u64,
    /// On purpose.
    aborted: u64,
    failed: u64,
    unknown: Vec<(u64, u64)>,
    failures: Vec<String>,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report { committed, aborted, failed, unknown, failures, .. } = self;
        write!(
            f,
            "{committed} committed, {aborted} aborted, {failed} failed, unknown {unknown:?}, {failures:?}"
        )
    }
}

impl Report {
    fn read(&mut self, line: &str) -> Result<()> {
        let event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let number = |name: &str| event[name].as_u64().with_context(|| format!("no {name} in {line}"));
        let text = |name: &str| -> Result<u64> { Ok(event[name].as_str().context("no text")?.parse()?) };
        match event["name"].as_str() {
            Some("producer_send_success") => {
                let place = (u32::try_from(number("partition")?)?, number("offset")?);
                ensure!(self.placed.insert(text("value")?, place).is_none(), "told twice: {line}");
            }
            Some("transaction_committed") => self.committed += 1,
            Some("transaction_aborted") if event["exception"].is_null() => self.aborted += 1,
            Some("transaction_aborted") => {
                self.failed += 1;
                self.failures.push(line.to_owned());
            }
            Some("transaction_unknown") => self.unknown.push((text("first")?, text("last")?)),
            _ => {}
        }
        Ok(())
    }

    /// Each committed record once, where it was acknowledged, in the order of sending; nothing of the others, but whole
    /// transactions whose end is not known.
    fn check(&self, read: &[LogRecord]) -> Result<()> {
        let mut last: HashMap<u32, u64> = HashMap::new();
        let mut unexpected = BTreeSet::new();
        let mut seen = 0;
        for record in read {
            let value: u64 = record.value.as_deref().context("a null value")?.parse()?;
            match self.placed.get(&value) {
                Some(place) => {
                    ensure!(*place == (record.partition, record.offset), "{value} lies elsewhere");
                    seen += 1;
                }
                None => ensure!(unexpected.insert(value), "{value} was read twice"),
            }
            if let Some(before) = last.insert(record.partition, value) {
                ensure!(before < value, "{value} lies after {before} in partition {}", record.partition);
            }
        }
        ensure!(seen == self.placed.len(), "{seen} of {} committed records were read", self.placed.len());
        for (first, last) in &self.unknown {
            let of_it = unexpected.range(first..=last).count() as u64;
            ensure!(of_it == 0 || of_it == last - first + 1, "{first} to {last} was read in part");
            unexpected.retain(|value| !(first..=last).contains(&value));
        }
        ensure!(unexpected.is_empty(), "read though not committed: {:?} …", unexpected.first());
        Ok(())
    }
}

const RATE: u64 = 5000;
const SECONDS: u64 = 120;
const SIZE: u64 = 500;
const ABORT_EVERY: u64 = 7;

pub(crate) fn are_read_whole_or_not_at_all_while_nodes_are_killed_and_frozen() -> Result<()> {
    let mut cluster = RealCluster::start(3)?;
    cluster.create_topic("transactions", 6, &["min.insync.replicas=2"])?;
    let bootstrap = cluster.bootstrap_servers();
    let total = RATE * SECONDS;
    let mut arguments =
        vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "transactions"];
    let options = [RATE, total, SIZE, ABORT_EVERY].map(|number| number.to_string());
    let names = ["--throughput", "--max-messages", "--transaction-size", "--abort-every"];
    for (name, value) in names.into_iter().zip(&options) {
        arguments.extend([name, value]);
    }
    arguments.extend(["--transactional-id", "in-outages"]);
    let mut producer = Running::start(&arguments)?;
    let ended = Arc::new(AtomicU64::new(0));
    let lines = BufReader::new(producer.0.stdout.take().context("no stdout")?).lines();
    let reader = std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || -> Result<Report> {
            let mut report = Report::default();
            for line in lines {
                report.read(&line?)?;
                ended.store(report.committed, Ordering::Relaxed);
            }
            Ok(report)
        }
    });
    let started = Instant::now();
    take_turns_failing(&mut cluster, started + Duration::from_secs(SECONDS - 25), || {
        let before = ended.load(Ordering::Relaxed);
        await_condition(Duration::from_secs(30), || Ok(ended.load(Ordering::Relaxed) > before))
            .context("no transaction was committed in time")
    })?;
    let status = producer.0.wait()?;
    let report = reader.join().map_err(|_| anyhow::anyhow!("the reader of the output panicked"))??;
    let quiet = total / SIZE - total / SIZE / ABORT_EVERY;
    ensure!(report.committed * 2 >= quiet, "of {quiet} transactions only: {report:?}");
    let whole = report.failed == 0 && report.unknown.is_empty();
    ensure!(status.success() == whole, "the program ended with {status}: {report:?}");
    println!("{report:?}");
    report.check(&read_committed(&bootstrap, "transactions")?)
}
