//! Has a callback told each record's outcome, and never waits while sending.

use anyhow::Result;
use kafka_producer::{Producer, ProducerRecord};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).default_partitions(3))?;
    let producer = Producer::builder().bootstrap_servers(cluster.bootstrap_servers()).build()?;

    let acknowledged = Arc::new(AtomicU64::new(0));
    for number in 0..100 {
        let acknowledged = Arc::clone(&acknowledged);
        let record = ProducerRecord::new("clicks").value(format!("click {number}"));
        // The callback runs on the producer's thread, once for each record, also if it is not accepted.
        let callback = move |outcome: Result<_, kafka_producer::Error>| match outcome {
            Ok(_) => {
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => eprintln!("click {number}: {error}"),
        };
        producer.send_with(record, callback).await;
    }
    // Every record that was accepted before has had its callback when this returns.
    producer.flush().await?;
    println!("{} clicks acknowledged", acknowledged.load(Ordering::Relaxed));

    // `try_send` hands the record back instead of waiting. A topic is new once: then its partitions are asked for.
    let mut record = ProducerRecord::new("views").value("front page");
    let delivery = loop {
        match producer.try_send(record) {
            Ok(delivery) => break delivery,
            Err(failed) if failed.would_wait() => {
                println!("not now: {failed}");
                record = failed.record;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(failed) => return Err(failed.error.into()),
        }
    };
    println!("{}", delivery.await?);
    producer.close(Duration::from_secs(30)).await?;
    Ok(())
}
