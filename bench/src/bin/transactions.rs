//! Committed transactions a second on a real cluster, beside the same load in other languages (`bench/peers/transactions`).
//!
//! `transactions BOOTSTRAP TOPIC COUNT RECORDS SIZE` commits COUNT transactions of RECORDS records of SIZE bytes each, one after
//! the other; RECORDS of 0 sends COUNT records without transactions instead. It prints transactions and records per second,
//! and CPU time per record.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use anyhow::{Context, Result, ensure};
use bench::process::cpu_seconds;
use kafka_producer::{Producer, ProducerRecord};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, topic, count, records, size] = &arguments[..] else {
        anyhow::bail!("usage: transactions BOOTSTRAP TOPIC COUNT RECORDS SIZE");
    };
    let (count, records): (u64, u64) = (count.parse()?, records.parse()?);
    let value = vec![b'x'; size.parse()?];
    let builder = Producer::builder().bootstrap_servers(bootstrap.as_str()).linger(Duration::ZERO);
    let (started, cpu) = if records == 0 {
        let producer = builder.build()?;
        producer.send_blocking(ProducerRecord::new(topic.as_str()).value(&value))?.wait()?;
        let start = (Instant::now(), cpu_seconds());
        for _ in 0..count {
            drop(producer.send_blocking(ProducerRecord::new(topic.as_str()).value(&value))?);
        }
        let summary = producer.flush_blocking()?;
        ensure!(summary.failed == 0, "{summary}");
        start
    } else {
        let producer = builder.transactional_id(format!("bench-{topic}")).build_transactional()?;
        producer.init_blocking()?;
        let transact = || -> Result<()> {
            let transaction = producer.begin_blocking()?;
            for _ in 0..records {
                drop(transaction.send_blocking(ProducerRecord::new(topic.as_str()).value(&value))?);
            }
            transaction.commit_blocking().context("commit")
        };
        transact()?;
        let start = (Instant::now(), cpu_seconds());
        for _ in 0..count {
            transact()?;
        }
        start
    };
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let sent = (count * records.max(1)) as f64;
    println!(
        "{:.1} transactions/s, {:.0} records/s, {:.0} ns of CPU per record",
        if records == 0 { 0.0 } else { count as f64 / seconds },
        sent / seconds,
        cpu * 1e9 / sent
    );
    Ok(())
}
