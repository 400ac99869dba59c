//! Little to do, in many places.

use crate::cluster::Whereabouts;
use crate::quiet::open;
use crate::serve::Serve;
use anyhow::Result;
use bench::failures::Failures;
use bench::meter::Meter;
use bench::values::values;
use clap::Args;
use kafka_producer::{Delivery, Producer, ProducerRecord};
use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Every partition gets a record a second, spread over the second in steps.
#[derive(Args, Debug)]
pub(crate) struct Trickle {
    /// Partitions of the topic.
    #[arg(long, default_value_t = 10_000)]
    partitions: u32,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often in a second the program sends: 1,000 times ten records to ten partitions, or fewer times more.
    #[arg(long, default_value_t = 1_000)]
    steps: u32,
    /// `linger.ms`.
    #[arg(long, default_value_t = 5)]
    linger_ms: u64,
    /// The topic's name.
    #[arg(long, default_value = "trickle")]
    topic: String,
}

impl Trickle {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        let cluster = at.cluster(&Serve { brokers: 1, partitions: self.partitions, delay_ms: 0 })?;
        let producer = Producer::builder()
            .bootstrap_servers(&cluster.bootstrap)
            .client_id("scale")
            .linger(Duration::from_millis(self.linger_ms))
            .build()?;
        let partitions = open(&producer, &self.topic)?;
        let values = values(100);
        let mut failures = Failures::default();
        let mut held: VecDeque<Delivery> = VecDeque::new();
        let steps = u64::from(self.steps.max(1));
        let (meter, started) = (Meter::start(), Instant::now());
        let mut next = 0;
        for step in 0..self.seconds * steps {
            sleep(
                (started + Duration::from_secs(step) / steps as u32)
                    .saturating_duration_since(Instant::now()),
            );
            let until = (step + 1) * partitions as u64 / steps;
            for number in next..until {
                let record = ProducerRecord::new(self.topic.as_str())
                    .value(&values[number as usize % values.len()])
                    .partition((number % partitions as u64) as i32);
                held.push_back(producer.send_blocking(record)?);
            }
            next = until;
            while let Some(outcome) = held.front_mut().and_then(Delivery::try_result) {
                failures.check(outcome);
                held.pop_front();
            }
        }
        let reading = meter.read();
        for delivery in held {
            failures.check(delivery.wait());
        }
        println!(
            "trickle partitions={partitions} linger_ms={} steps_per_s={steps} rec_per_s={:.0} cpu_percent={:.2} \
             producer_threads_cpu_percent={:.2} wake_ups_per_s={:.0} failed={}",
            self.linger_ms,
            next as f64 / reading.seconds,
            reading.cpu_percent(),
            reading.others_cpu_percent(),
            reading.wake_ups_per_second(),
            failures.count,
        );
        producer.close_blocking(Duration::from_secs(10))?;
        Ok(())
    }
}
