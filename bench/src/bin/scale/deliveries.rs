//! What it costs to hold on to deliveries.

use crate::cluster::Whereabouts;
use crate::serve::Serve;
use anyhow::Result;
use bench::failures::Failures;
use bench::process::rss_mib;
use bench::values::values;
use clap::Args;
use kafka_producer::{Delivery, Producer, ProducerRecord};
use std::time::Duration;

/// Sends many records and holds every delivery until all are acknowledged.
#[derive(Args, Debug)]
pub(crate) struct Deliveries {
    /// How many.
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// The topic's name.
    #[arg(long, default_value = "deliveries")]
    topic: String,
}

impl Deliveries {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        let cluster = at.cluster(&Serve { brokers: 1, partitions: 6, delay_ms: 0 })?;
        let producer =
            Producer::builder().bootstrap_servers(&cluster.bootstrap).client_id("scale").build()?;
        let values = values(100);
        // The same once, holding nothing, so that all buffers have their size.
        for number in 0..self.count {
            drop(self.send(&producer, &values, number)?);
        }
        producer.flush_blocking()?.into_result()?;

        let before = rss_mib();
        let mut held: Vec<Delivery> = Vec::with_capacity(self.count);
        for number in 0..self.count {
            held.push(self.send(&producer, &values, number)?);
        }
        producer.flush_blocking()?;
        let after = rss_mib();
        let mut failures = Failures::default();
        for delivery in held {
            failures.check(delivery.wait());
        }
        println!(
            "deliveries held={} size_of_delivery={} bytes_per_delivery={:.1} rss_before_mib={before:.1} \
             rss_held_mib={after:.1} failed={}",
            self.count,
            size_of::<Delivery>(),
            (after - before) * 1024.0 * 1024.0 / self.count as f64,
            failures.count,
        );
        producer.close_blocking(Duration::from_secs(10))?;
        Ok(())
    }

    fn send(&self, producer: &Producer, values: &[Vec<u8>], number: usize) -> Result<Delivery> {
        let record = ProducerRecord::new(self.topic.as_str()).value(&values[number % values.len()]);
        Ok(producer.send_blocking(record)?)
    }
}
