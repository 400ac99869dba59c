//! `producer-bench bootstrap topic count size compression [batch_bytes] [linger_ms]`
//!
//! Sends `count` values of `size` bytes without a key, awaits and checks every record's own acknowledgement, oldest
//! first, and prints one line of figures. `BENCH_WINDOW` bounds how many unacknowledged records the task holds; with
//! `BENCH_AHEAD=1` one more, as the next record is sent before the oldest is awaited. With `BENCH_RUNTIME=shared` the producer has no
//! thread of its own: it runs on the runtime of the program. `BENCH_PROPERTIES` names a file of more properties; TLS needs the
//! feature `tls`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use anyhow::{Context, Result, ensure};
use bench::failures::Failures;
use bench::process;
use bench::values::values;
use kafka_producer::{Delivery, Producer, ProducerRecord};
use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The default window: as many as the other clients' benches hold.
const WINDOW: usize = 1 << 17;

struct Arguments {
    bootstrap: String,
    topic: String,
    count: u64,
    size: usize,
    compression: String,
    batch_bytes: String,
    linger_ms: String,
    window: usize,
}

impl Arguments {
    fn parse() -> Result<Arguments> {
        let given: Vec<String> = std::env::args().skip(1).collect();
        ensure!(
            (5..=7).contains(&given.len()),
            "usage: producer-bench bootstrap topic count size compression [batch_bytes=16384] [linger_ms=5]"
        );
        let or =
            |index: usize, default: &str| given.get(index).cloned().unwrap_or_else(|| default.to_owned());
        let window = match std::env::var("BENCH_WINDOW") {
            Ok(text) => text.parse().with_context(|| format!("BENCH_WINDOW={text:?} is not a number"))?,
            Err(_) => WINDOW,
        };
        Ok(Arguments {
            bootstrap: given[0].clone(),
            topic: given[1].clone(),
            count: given[2].parse().with_context(|| format!("count {:?} is not a number", given[2]))?,
            size: given[3].parse().with_context(|| format!("size {:?} is not a number", given[3]))?,
            compression: given[4].clone(),
            batch_bytes: or(5, "16384"),
            linger_ms: or(6, "5"),
            window: window.max(1),
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse()?;
    let mut builder = Producer::builder()
        .bootstrap_servers(&arguments.bootstrap)
        .property("client.id", "producer-bench")
        .property("compression.type", &arguments.compression)
        .property("batch.size", &arguments.batch_bytes)
        .property("linger.ms", &arguments.linger_ms);
    if let Ok(file) = std::env::var("BENCH_PROPERTIES") {
        let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        builder = builder.properties(kafka_producer::properties::parse_file_text(&text)?);
    }
    if std::env::var("BENCH_RUNTIME").is_ok_and(|value| value == "shared") {
        builder = builder.runtime(tokio::runtime::Handle::current());
    }
    let producer = builder.build()?;
    let values = values(arguments.size);
    let record = |value| ProducerRecord::new(arguments.topic.as_str()).value(value);
    // Connecting, metadata and the producer id come before the clock starts.
    producer.send(record(&values[0])).await?.await?;

    let mut window: VecDeque<Delivery> = VecDeque::with_capacity(arguments.window.min(WINDOW));
    let mut failures = Failures::default();
    let ahead = usize::from(std::env::var("BENCH_AHEAD").is_ok_and(|value| value == "1"));
    let most = arguments.window + ahead;
    let (cpu, started) = (process::cpu_seconds(), Instant::now());
    for (_, value) in (0..arguments.count).zip(values.iter().cycle()) {
        if window.len() >= most
            && let Some(oldest) = window.pop_front()
        {
            failures.check(oldest.await);
        }
        window.push_back(producer.send(record(value)).await?);
    }
    // The last batches need not wait for their linger time.
    producer.flush().await?;
    for delivery in window {
        failures.check(delivery.await);
    }
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), process::cpu_seconds() - cpu);
    producer.close(Duration::from_secs(10)).await?;

    let (count, size) = (arguments.count as f64, arguments.size);
    eprintln!("cpu_secs={cpu:.3} peak_rss_mib={:.1} errors={}", process::peak_rss_mib(), failures.count);
    println!(
        "peer=ours records={} bytes={size} secs={seconds:.6} rec_per_s={:.1} mb_per_s={:.3}",
        arguments.count,
        count / seconds,
        count * size as f64 / 1e6 / seconds,
    );
    Ok(if failures.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
