//! One of three brokers is gone.

use crate::cluster::{Cluster, Whereabouts};
use crate::serve::Serve;
use anyhow::{Context, Result};
use bench::values::values;
use clap::{Args, ValueEnum};
use kafka_producer::{NodeId, Producer, ProducerRecord};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

/// Three callers, one for the partitions of each broker, send as fast as the memory lets them; then a broker dies and
/// nobody takes over its partitions.
#[derive(Args, Debug)]
pub(crate) struct DeadBroker {
    /// `buffer.memory`.
    #[arg(long, default_value_t = 4 << 20)]
    buffer_memory: u64,
    /// How it dies.
    #[arg(long, value_enum, default_value_t = Death::Stop)]
    death: Death,
    /// Seconds before and after.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// `delivery.timeout.ms`.
    #[arg(long, default_value_t = 120_000)]
    delivery_timeout_ms: u64,
    /// Records a second that each caller sends at most.
    #[arg(long, default_value_t = 50_000)]
    rate: u64,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Death {
    /// It refuses connections.
    Stop,
    /// It takes requests and does not answer.
    Freeze,
}

const TOPIC: &str = "dead-broker";
const DEAD: i32 = 2;

/// By whether the partitions' broker dies.
struct Rates {
    healthy: f64,
    dead: f64,
}

impl DeadBroker {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        let mut cluster = at.simulated(&Serve { brokers: 3, partitions: 12, delay_ms: 0 })?;
        let producer = Producer::builder()
            .bootstrap_servers(&cluster.bootstrap)
            .client_id("scale")
            .buffer_memory(self.buffer_memory as usize)
            .request_timeout(Duration::from_millis(self.delivery_timeout_ms.min(30_000) / 2))
            .delivery_timeout(Duration::from_millis(self.delivery_timeout_ms))
            .build()?;
        let partitions = producer.partitions_for_blocking(TOPIC)?;
        let led_by = |node: i32| -> Vec<i32> {
            let led = partitions.iter().filter(|partition| partition.leader == Some(NodeId(node)));
            led.map(|partition| partition.partition.0).collect()
        };
        let (end, counts) = (AtomicBool::new(false), [const { AtomicU64::new(0) }; 3]);
        scope(|scope| -> Result<()> {
            let sending: Vec<_> = (1..)
                .zip(&counts)
                .map(|(node, count)| {
                    let (producer, partitions, end) = (&producer, led_by(node), &end);
                    scope.spawn(move || self.send(producer, &partitions, count, end))
                })
                .collect();
            let told = self.tell(&mut cluster, &counts, &producer);
            end.store(true, Relaxed);
            // Callers wait for memory that the dead broker's records hold, and closing ends that.
            producer.close_blocking(Duration::ZERO)?;
            for thread in sending {
                thread.join().ok().context("a sending thread panicked")?;
            }
            told
        })
    }

    fn tell(&self, cluster: &mut Cluster, counts: &[AtomicU64; 3], producer: &Producer) -> Result<()> {
        let verb = match self.death {
            Death::Stop => "stop",
            Death::Freeze => "freeze",
        };
        let before = self.rates(counts);
        cluster.tell(&format!("{verb} {DEAD}"))?;
        // What is left of the memory goes first.
        sleep(Duration::from_secs(1));
        let after = self.rates(counts);
        println!(
            "dead-broker death={verb} buffer_memory={} healthy_before={:.0} dead_before={:.0} healthy_after={:.0} \
             dead_after={:.0} healthy_share={:.2} free_memory_kib={}",
            self.buffer_memory,
            before.healthy,
            before.dead,
            after.healthy,
            after.dead,
            after.healthy / before.healthy,
            producer.available_memory() / 1024,
        );
        Ok(())
    }

    /// Records a second that were accepted, over so many seconds from now.
    fn rates(&self, counts: &[AtomicU64; 3]) -> Rates {
        let read = || counts.each_ref().map(|count| count.load(Relaxed) as f64);
        let before = read();
        sleep(Duration::from_secs(self.seconds));
        let after = read();
        let rate = |index: usize| (after[index] - before[index]) / self.seconds as f64;
        Rates { healthy: rate(0) + rate(2), dead: rate(DEAD as usize - 1) }
    }

    fn send(&self, producer: &Producer, partitions: &[i32], count: &AtomicU64, end: &AtomicBool) {
        let values = values(100);
        // A few hundred records at a time keep to the rate.
        let step = self.rate / 100;
        for number in 0.. {
            if end.load(Relaxed) {
                return;
            }
            if number % step.max(1) == 0 {
                sleep(Duration::from_millis(10));
            }
            let record = ProducerRecord::new(TOPIC)
                .value(&values[number as usize % values.len()])
                .partition(partitions[number as usize % partitions.len()]);
            match producer.send_blocking(record) {
                Ok(delivery) => drop(delivery),
                Err(_) if end.load(Relaxed) => return,
                Err(error) => eprintln!("not accepted: {error}"),
            }
            count.fetch_add(1, Relaxed);
        }
    }
}
