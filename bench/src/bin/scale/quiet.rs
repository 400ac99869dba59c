//! Nothing to do.

use crate::cluster::Whereabouts;
use crate::serve::Serve;
use anyhow::Result;
use bench::meter::Meter;
use clap::Args;
use kafka_producer::{Producer, ProducerRecord};
use std::thread::sleep;
use std::time::Duration;

/// Sends one record to each partition, waits until all are acknowledged, and then sends nothing.
#[derive(Args, Debug)]
pub(crate) struct Idle {
    /// Partitions of the topic.
    #[arg(long, default_value_t = 10_000)]
    partitions: u32,
    /// For how long nothing is sent.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The topic's name.
    #[arg(long, default_value = "idle")]
    topic: String,
}

impl Idle {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        let cluster = at.cluster(&Serve { brokers: 1, partitions: self.partitions, delay_ms: 0 })?;
        let producer =
            Producer::builder().bootstrap_servers(&cluster.bootstrap).client_id("scale").build()?;
        let partitions = open(&producer, &self.topic)?;
        let meter = Meter::start();
        sleep(Duration::from_secs(self.seconds));
        let reading = meter.read();
        println!(
            "idle partitions={partitions} seconds={:.1} cpu_percent={:.3} wake_ups_per_s={:.2} rss_mib={:.1}",
            reading.seconds,
            reading.cpu_percent(),
            reading.wake_ups_per_second(),
            bench::process::rss_mib(),
        );
        producer.close_blocking(Duration::from_secs(10))?;
        Ok(())
    }
}

/// Sends a record to each of a topic's partitions, and waits for all.
pub(crate) fn open(producer: &Producer, topic: &str) -> Result<usize> {
    let partitions = producer.partitions_for_blocking(topic)?.len();
    for partition in 0..partitions {
        drop(producer.send_blocking(ProducerRecord::new(topic).value("first").partition(partition as i32))?);
    }
    producer.flush_blocking()?.into_result()?;
    Ok(partitions)
}
