//! A number of records, as fast as it goes, every one's own acknowledgement checked.

use crate::cluster::Whereabouts;
use crate::serve::Serve;
use anyhow::{Context, Result};
use bench::failures::Failures;
use bench::meter::{Meter, Reading};
use bench::process;
use bench::values::values;
use clap::{Args, ValueEnum};
use kafka_producer::{Absent, Delivery, Present, Producer, ProducerBuilder, ProducerRecord};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// What is sent, by whom, to what.
#[derive(Args, Clone, Debug)]
pub(crate) struct Load {
    /// Records, of all threads together.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) count: u64,
    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    pub(crate) size: usize,
    /// Threads that send.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// Whether the threads share a topic.
    #[arg(long, value_enum, default_value_t = Topics::One)]
    pub(crate) topics: Topics,
    /// Who chooses a record's partition.
    #[arg(long, value_enum, default_value_t = Spread::Partitioner)]
    pub(crate) spread: Spread,
    /// Partitions of a topic, if the simulated cluster makes it.
    #[arg(long, default_value_t = 6)]
    pub(crate) partitions: u32,
    /// Brokers of the simulated cluster.
    #[arg(long, default_value_t = 1)]
    pub(crate) brokers: u32,
    /// How long the simulated cluster's answers are under way.
    #[arg(long, default_value_t = 0)]
    pub(crate) delay_ms: u64,
    /// `buffer.memory`; Kafka's default if not given.
    #[arg(long)]
    pub(crate) buffer_memory: Option<u64>,
    /// Any other property of the producer, as `name=value`.
    #[arg(long = "property", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
    /// Unacknowledged records that a thread holds at most.
    #[arg(long, default_value_t = 1 << 20)]
    pub(crate) window: usize,
    /// How often each shape is run; the figures are those of the run in the middle, by its rate.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// The topic's name, or what the threads' topics begin with.
    #[arg(long, default_value = "scale")]
    pub(crate) topic: String,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Topics {
    /// One for all.
    One,
    /// One each.
    Each,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spread {
    /// The producer's own partitioner; records have no key.
    Partitioner,
    /// The program, one partition after the other: as many batches are open as there are partitions.
    InTurn,
}

/// What a [`Load`] came to.
pub(crate) struct Figures {
    shape: String,
    count: u64,
    pub(crate) reading: Reading,
    failures: Failures,
    peak_rss_mib: f64,
}

impl Load {
    /// The shape of the cluster that it wants.
    pub(crate) fn shape(&self) -> Serve {
        Serve { brokers: self.brokers, partitions: self.partitions, delay_ms: self.delay_ms }
    }

    fn builder(&self, bootstrap: &str) -> ProducerBuilder {
        let mut builder = Producer::builder().bootstrap_servers(bootstrap).property("client.id", "scale");
        if let Some(bytes) = self.buffer_memory {
            builder = builder.property("buffer.memory", bytes.to_string());
        }
        builder.properties(self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    fn topic(&self, thread: usize) -> String {
        match self.topics {
            Topics::One => self.topic.clone(),
            Topics::Each => format!("{}-{thread}", self.topic),
        }
    }
}

/// Runs it for so many rounds.
pub(crate) fn run(at: &Whereabouts, load: &Load) -> Result<Figures> {
    let mut runs = Vec::new();
    for _ in 0..load.rounds.max(1) {
        runs.push(run_once(at, load)?);
    }
    runs.sort_by(|a, b| a.records_per_second().total_cmp(&b.records_per_second()));
    Ok(runs.swap_remove(runs.len() / 2))
}

fn run_once(at: &Whereabouts, load: &Load) -> Result<Figures> {
    let cluster = at.cluster(&load.shape())?;
    let producer = load.builder(&cluster.bootstrap).build()?;
    let values = values(load.size);
    let threads = load.threads.max(1);
    let mut partitions = 0;
    for thread in 0..threads {
        // Connecting, metadata and the producer id come before the clock starts.
        let topic = load.topic(thread);
        let known = producer.partitions_for_blocking(&topic)?.len();
        for partition in 0..if load.spread == Spread::InTurn { known } else { 1 } {
            drop(producer.send_blocking(record(&topic, &values[0]).partition(partition as i32))?);
        }
        partitions = known;
    }
    producer.flush_blocking()?.into_result()?;

    process::forget_peak_rss();
    let meter = Meter::start();
    let failures = std::thread::scope(|scope| -> Result<Failures> {
        let sending: Vec<_> = (0..threads)
            .map(|thread| {
                let (producer, values) = (&producer, &values);
                scope.spawn(move || send(load, producer, values, &load.topic(thread), partitions))
            })
            .collect();
        let mut all = Failures::default();
        for thread in sending {
            let failures = thread.join().ok().context("a sending thread panicked")??;
            all.count += failures.count;
        }
        Ok(all)
    })?;
    let (reading, peak_rss_mib) = (meter.read(), process::peak_rss_mib());
    producer.close_blocking(Duration::from_secs(10))?;

    let spread = if load.spread == Spread::InTurn { "in-turn" } else { "partitioner" };
    let topics = if load.topics == Topics::Each { threads } else { 1 };
    let shape = format!("threads={threads} topics={topics} partitions={partitions} spread={spread}");
    Ok(Figures {
        shape,
        count: load.count / threads as u64 * threads as u64,
        reading,
        failures,
        peak_rss_mib,
    })
}

fn send(
    load: &Load,
    producer: &Producer,
    values: &[Vec<u8>],
    topic: &str,
    partitions: usize,
) -> Result<Failures> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let count = load.count / load.threads.max(1) as u64;
    let mut failures = Failures::default();
    let mut window: VecDeque<Delivery> = VecDeque::new();
    runtime.block_on(async {
        for number in 0..count {
            if window.len() >= load.window
                && let Some(oldest) = window.pop_front()
            {
                failures.check(oldest.await);
            }
            let mut record = record(topic, &values[number as usize % values.len()]);
            if load.spread == Spread::InTurn {
                record = record.partition((number % partitions as u64) as i32);
            }
            window.push_back(producer.send(record).await?);
        }
        producer.flush().await?;
        for delivery in window {
            failures.check(delivery.await);
        }
        Ok(failures)
    })
}

fn record<'r>(topic: &'r str, value: &'r [u8]) -> ProducerRecord<'r, Absent, Present<&'r [u8]>> {
    ProducerRecord::new(topic).value(value)
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a property is name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Figures {
    pub(crate) fn records_per_second(&self) -> f64 {
        self.count as f64 / self.reading.seconds
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reading = &self.reading;
        write!(
            f,
            "{} records={} rec_per_s={:.0} ns_cpu_per_rec={:.0} wake_ups_per_s={:.0} peak_rss_mib={:.1} failed={}",
            self.shape,
            self.count,
            self.records_per_second(),
            reading.cpu_seconds * 1e9 / self.count as f64,
            reading.wake_ups_per_second(),
            self.peak_rss_mib,
            self.failures.count,
        )
    }
}
