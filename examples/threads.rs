//! Sends from plain threads, without any async runtime.

use anyhow::Result;
use kafka_producer::{Producer, ProducerRecord};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::time::Duration;

fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).default_partitions(3))?;
    let producer = Producer::builder().bootstrap_servers(cluster.bootstrap_servers()).build()?;

    let workers: Vec<_> = (0..4)
        .map(|worker| {
            // A clone is the same producer: its threads share batches, memory and connections.
            let producer = producer.clone();
            std::thread::spawn(move || -> Result<String> {
                let mut deliveries = Vec::new();
                for number in 0..1000 {
                    let record = ProducerRecord::new("measurements")
                        .key(format!("worker-{worker}"))
                        .value(number.to_string());
                    // Waits for room in the buffer, if need be, and not for the broker.
                    deliveries.push(producer.send_blocking(record)?);
                }
                let mut last = String::new();
                for delivery in deliveries {
                    last = delivery.wait()?.to_string();
                }
                Ok(last)
            })
        })
        .collect();
    for (number, worker) in workers.into_iter().enumerate() {
        let last = worker.join().map_err(|_| anyhow::anyhow!("worker {number} panicked"))??;
        println!("worker {number} sent 1000 records, the last to {last}");
    }
    println!("closed: {}", producer.close_blocking(Duration::from_secs(30))?);
    Ok(())
}
